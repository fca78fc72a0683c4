"""Landing: what NetSuite said goes in page by page, newest wins, unchanged rows are not written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import NamedTuple

from psycopg import Cursor as PsycopgCursor
from sqlalchemy import text
from sqlalchemy.orm import Session


class Landed(NamedTuple):
    """One row of a page as it is copied in: parsed values, or the reason why there are none."""

    order_id: int
    customer_id: int | None
    number: str | None
    status: str | None
    term_start: date | None
    term_end: date | None
    modified_at: datetime | None
    payload: str
    reject_code: str | None = None
    reject_detail: str | None = None


@dataclass(frozen=True, slots=True)
class LandingCounts:
    """What one page did to the landing rows."""

    read: int = 0
    new: int = 0
    changed: int = 0
    rejected: int = 0
    accepted: int = 0

    def __add__(self, other: "LandingCounts") -> "LandingCounts":
        return LandingCounts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


_CREATE = text("""
create temporary table if not exists page (
    order_id bigint, customer_id bigint, number text, status text, term_start date, term_end date,
    modified_at timestamptz, payload text, reject_code text, reject_detail text
) on commit delete rows
""")
# Binary, because it halves the time of a COPY from Python: numbers and dates need not be printed and read again.
_COPY = (
    "copy page (order_id, customer_id, number, status, term_start, term_end,"
    " modified_at, payload, reject_code, reject_detail) from stdin (format binary)"
)
_COPY_TYPES = ("int8", "int8", "text", "text", "date", "date", "timestamptz", "text", "text", "text")
_IS_FILLED = text("select exists (select from page)")
_EMPTY = text("truncate page")

# A customer is mapped to a tenant alone, pages are landed together: so that a page either sees the new mapping or
# is seen by it, and no order can fall between the two.
_MAPPING = 7_305_012
_LAND_LOCK = text(f"select pg_advisory_xact_lock_shared({_MAPPING})")
_MAP_LOCK = text(f"select pg_advisory_xact_lock({_MAPPING})")

_CUSTOMERS = text("""
insert into customer (id)
select distinct customer_id from page
where customer_id is not null and not exists (select from customer c where c.id = page.customer_id)
on conflict do nothing
""")

# Newer by NetSuite's modification time wins; at the same time, the later reading does (a changed line need not
# move the time). A row whose time cannot be read may be newer than every time that is known: it yields only to
# what was read after it. Gone stays gone until a page read after that names the order: a late page cannot bring
# it back. A rejected row changes no term, but is due where the order is accepted or held: its flag may. Ordered by
# id, so that two pages that overlap take their row locks in the same order.
# An order not landed before, of a tenant that had none, is accepted as it lands: nobody can be on it, and there is
# nothing the guard could weigh it against. It spares a first load half of its work.
_LAND = text("""
with newest as (
    select distinct on (order_id) * from page
    order by order_id, modified_at desc nulls last, reject_code nulls first, payload
), previous as (
    select l.order_id, l.customer_id from landing_order l join newest n on n.order_id = l.order_id
), landed as (
    insert into landing_order as l (
        order_id, customer_id, number, status, term_start, term_end, modified_at, modified_known, payload,
        reject_code, reject_detail, read_at, first_seen_at
    )
    select order_id, customer_id, number, status, term_start, term_end, modified_at, modified_at is not null,
        payload, reject_code, reject_detail, :read_at, :now
    from newest
    on conflict (order_id) do update set
        customer_id = coalesce(excluded.customer_id, l.customer_id),
        number = excluded.number,
        status = excluded.status,
        term_start = excluded.term_start,
        term_end = excluded.term_end,
        modified_at = coalesce(excluded.modified_at, l.modified_at),
        modified_known = excluded.modified_known,
        payload = excluded.payload,
        reject_code = excluded.reject_code,
        reject_detail = excluded.reject_detail,
        read_at = excluded.read_at,
        gone = case when excluded.read_at > l.gone_at then null else l.gone end,
        gone_at = case when excluded.read_at > l.gone_at then null else l.gone_at end
    where (
            (excluded.modified_at > l.modified_at and l.modified_known)
            or (excluded.read_at >= l.read_at
                and coalesce(excluded.modified_at >= l.modified_at, true))
        )
        and (
            (excluded.payload, excluded.reject_code) is distinct from (l.payload, l.reject_code)
            or (l.gone is not null and excluded.read_at > l.gone_at)
        )
    returning order_id, customer_id, number, status, term_start, term_end, modified_at, reject_code,
        (xmax = 0) as is_new
), accepted as (
    insert into sales_order (
        id, tenant_id, customer_id, number, status, term_start, term_end, flag, flagged_at, modified_at,
        accepted_at
    )
    select l.order_id, c.tenant_id, l.customer_id, l.number, l.status, l.term_start, l.term_end,
        case when l.status = 'C' then 'cancelled' end,
        case when l.status = 'C' then cast(:now as timestamptz) end, l.modified_at, :now
    from landed l join customer c on c.id = l.customer_id
    where c.tenant_id = any(:first_load) and l.is_new and l.reject_code is null
    returning 1
), due as (
    insert into landing_due (tenant_id, order_id)
    select c.tenant_id, l.order_id
    from landed l join customer c on c.id = l.customer_id
    where c.tenant_id is not null and l.reject_code is null
        and not (c.tenant_id = any(:first_load) and l.is_new)
    union
    select o.tenant_id, o.id
    from landed l join sales_order o on o.id = l.order_id
    union  -- the tenant that may hold the order, or be accepting it, not yet visibly, while it moves away
    select c.tenant_id, l.order_id
    from landed l join previous p on p.order_id = l.order_id join customer c on c.id = p.customer_id
    where c.tenant_id is not null and not l.is_new
    order by 1, 2
    on conflict (tenant_id, order_id) do update set hold_id = null
)
select count(*) filter (where is_new), count(*) filter (where not is_new),
    count(*) filter (where reject_code is not null), (select count(*) from accepted)
from landed
""")


_FIRST_LOADS = text("""
select t.id from tenant t
where not exists (select from sales_order o where o.tenant_id = t.id)
    and not exists (select from hold h where h.tenant_id = t.id)
order by t.id
""")


def first_loads(session: Session) -> list[int]:
    """Ids of tenants that never had an order accepted, nor one held."""
    return list(session.execute(_FIRST_LOADS).scalars())


def land(
    session: Session, rows: Iterable[Landed], read_at: datetime, now: datetime, first_load: Sequence[int] = ()
) -> LandingCounts:
    """Land one page. `read_at` is when it was asked for; rows may repeat and may be older than what is landed.

    Orders not landed before are accepted at once for the tenants in `first_load`, and made due for all others.
    """
    session.execute(_LAND_LOCK)
    session.execute(_CREATE)
    # It is empty but for a second page in one transaction. Truncating has every statement on it planned anew.
    if session.execute(_IS_FILLED).scalar_one():
        session.execute(_EMPTY)
    read = 0
    with _cursor(session) as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(_COPY_TYPES)
        for row in rows:
            copy.write_row(row)
            read += 1
    session.execute(_CUSTOMERS)
    counts = session.execute(_LAND, {"read_at": read_at, "now": now, "first_load": list(first_load)}).one()
    return LandingCounts(read, *counts)


def _cursor(session: Session) -> "PsycopgCursor[tuple[object, ...]]":
    driver = session.connection().connection.driver_connection
    assert driver is not None
    cursor: PsycopgCursor[tuple[object, ...]] = driver.cursor()
    return cursor


_PARK = text("""
insert into parked_row (code, detail, payload, run_id, first_seen_at)
select code, detail, payload, :run_id, :now
from unnest(cast(:codes as text[]), cast(:details as text[]), cast(:payloads as text[]))
    as p(code, detail, payload)
on conflict (md5(payload)) do nothing
returning 1
""")


def park(session: Session, rows: Sequence[tuple[str, str, str]], run_id: int | None, now: datetime) -> int:
    """Keep (code, detail, payload) rows that name no order, each once. Returns how many are new."""
    if not rows:
        return 0
    codes, details, payloads = (list(column) for column in zip(*rows, strict=True))
    parameters = {"codes": codes, "details": details, "payloads": payloads, "run_id": run_id, "now": now}
    return len(session.execute(_PARK, parameters).all())


_MARK_GONE = text("""
with gone as (
    update landing_order l set gone = :gone, gone_at = :now
    where order_id = any(:order_ids) and gone is distinct from 'deleted' and gone is distinct from :gone
    returning order_id
), due as (
    insert into landing_due (tenant_id, order_id)
    select o.tenant_id, o.id from gone join sales_order o on o.id = gone.order_id
    union
    select d.tenant_id, d.order_id from gone join landing_due d on d.order_id = gone.order_id
    order by 1, 2
    on conflict (tenant_id, order_id) do update set hold_id = null
)
select count(*) from gone
""")


def mark_gone(session: Session, order_ids: Sequence[int], gone: str, now: datetime) -> int:
    """Note that NetSuite no longer has these orders (`deleted`: it said so; `missing`: it stopped naming them).

    Ends nothing: the accepted order is flagged when the tenant is reconciled. Returns how many were noted.
    """
    noted: int = session.execute(
        _MARK_GONE, {"order_ids": sorted(order_ids), "gone": gone, "now": now}
    ).scalar_one()
    return noted


_NOTE_UNSEEN = text("""
insert into pull_missing (run_id, order_id)
select :run_id, l.order_id from landing_order l
where l.order_id > :low and (cast(:high as bigint) is null or l.order_id <= :high) and l.gone is null
    and not exists (select from page p where p.order_id = l.order_id)
on conflict do nothing
""")


def note_unseen(session: Session, run_id: int, low: int, high: int | None) -> None:
    """After `land`, in the same transaction: landed orders in (low, high] that the page did not name."""
    session.execute(_NOTE_UNSEEN, {"run_id": run_id, "low": low, "high": high})


_UNSEEN = text("""
select l.order_id from landing_order l
where l.order_id > :low and (cast(:high as bigint) is null or l.order_id <= :high) and l.gone is null
    and l.order_id <> all(:met)
""")


def unseen(session: Session, met: Sequence[int], low: int, high: int | None) -> list[int]:
    """Ids of landed orders in (low, high] that are not among `met`."""
    return list(session.execute(_UNSEEN, {"met": list(met), "low": low, "high": high}).scalars())


_REDUE_CUSTOMER = text("""
insert into landing_due (tenant_id, order_id)
select c.tenant_id, l.order_id
from landing_order l join customer c on c.id = l.customer_id
where l.customer_id = any(:customer_ids) and c.tenant_id is not null and l.reject_code is null
union
select o.tenant_id, o.id from landing_order l join sales_order o on o.id = l.order_id
where l.customer_id = any(:customer_ids)
union  -- the tenant that holds the order, or is yet to look at it
select d.tenant_id, d.order_id from landing_order l join landing_due d on d.order_id = l.order_id
where l.customer_id = any(:customer_ids)
order by 1, 2
on conflict (tenant_id, order_id) do update set hold_id = null
returning 1
""")


def lock_mapping(session: Session) -> None:
    """Before a customer is mapped or unmapped: wait for the pages being landed, and make later ones wait."""
    session.execute(_MAP_LOCK)


def due_again(session: Session, customer_ids: Sequence[int]) -> int:
    """Compare all orders of these customers anew, for their present tenant and for any that had or held them."""
    return len(session.execute(_REDUE_CUSTOMER, {"customer_ids": list(customer_ids)}).all())
