"""The list of the accepted orders of all tenants: filtered, sorted, page by page behind a key.

One statement finds a page, one counts the people on its orders, one counts what matches up to a bound: however
many orders there are, and whatever they are sorted by.
"""

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

Row = dict[str, Any]
Sort = Literal["changed", "number", "tenant", "customer", "status", "term_start", "term_end"]

COUNTED = 10_000  # what matches is counted so far, then it is "10,000+"

# What a filter by mark can ask for: the flags of the domain, and what keeps newer data of an order back.
MARKS = ("cancelled", "deleted", "missing", "moved", "rejected", "held")


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """What to list; None does not restrict. `mark` is one of MARKS, or `any` of the first four.

    `text` is looked for in numbers and in names of customers, without regard to case; it may be a customer's
    or an order's NetSuite id. `changed_since` is by the time of acceptance.
    """

    tenant: str | None = None
    customer: int | None = None
    status: str | None = None
    mark: str | None = None
    ends_from: date | None = None
    ends_to: date | None = None
    text: str | None = None
    changed_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """Where a page begins: behind the order with this sort value, or `before` it."""

    value: str
    order_id: int
    tenant_id: int
    before: bool = False


# Names are sorted by so much of them as fits in an address, where keys of pages are kept.
_SORTS: dict[str, str] = {
    "changed": "o.accepted_at",
    "number": "o.number",
    "tenant": "left(t.name, 200)",
    "customer": "left(coalesce(c.name, o.customer_id::text), 200)",
    "status": "o.status",
    "term_start": "coalesce(o.term_start, 'infinity')",
    "term_end": "coalesce(o.term_end, 'infinity')",
}
_TYPES: dict[str, str] = {"changed": "timestamptz", "term_start": "date", "term_end": "date"}

_CONDITIONS: dict[str, str] = {
    "tenant": "o.tenant_id = (select id from tenant where key = :tenant)",
    "customer": "o.customer_id = :customer",
    "status": "o.status = :status",
    "ends_from": "o.term_end >= :ends_from",
    "ends_to": "o.term_end <= :ends_to",
    "text": "(o.number ilike :text or o.id = :text_id or o.customer_id = :text_id"
    " or o.customer_id in (select n.id from customer n where n.name ilike :text))",
    "changed_since": "o.accepted_at >= :changed_since",
}
_MARKED: dict[str, str] = {
    "any": "o.flag is not null",
    "rejected": "exists (select from landing_order r where r.order_id = o.id and r.reject_code is not null)",
    "held": "exists (select from landing_due d where d.tenant_id = o.tenant_id and d.order_id = o.id"
    " and d.hold_id is not null)",
}
# What a sort needs beside the orders; names are joined to the rows of a page only.
_JOINS: dict[str, str] = {
    "tenant": "join tenant t on t.id = o.tenant_id",
    "customer": "left join customer c on c.id = o.customer_id",
}

# An order whose history is empty was accepted once: it is new to its tenant. What landed and is not accepted is
# told by the landing row.
_PAGE = """
with page as (
    select o.*, {sort} as sort_value from sales_order o {join} where {where}
    order by {sort} {direction}, o.id {direction}, o.tenant_id {direction} limit :limit
)
select p.id, p.tenant_id, p.number, p.customer_id, c.name as customer_name, t.key as tenant,
    t.name as tenant_name, t.time_zone, t.grace_days, p.status, p.term_start, p.term_end, p.flag, p.flagged_at,
    p.modified_at, p.accepted_at, p.reviewed_at >= p.flagged_at as reviewed, p.sort_value::text as sort_value,
    l.reject_code,
    (select d.hold_id from landing_due d where d.tenant_id = p.tenant_id and d.order_id = p.id) as hold_id,
    case
        when p.accepted_at < :marked_since then null
        when exists (select from sales_order_event v where v.order_id = p.id and v.tenant_id = p.tenant_id)
            then 'changed'
        else 'new'
    end as news
from page p
join tenant t on t.id = p.tenant_id left join customer c on c.id = p.customer_id
left join landing_order l on l.order_id = p.id
order by p.sort_value {direction}, p.id {direction}, p.tenant_id {direction}
"""
_COUNT = "select count(*) from (select from sales_order o where {where} limit :counted) counted"

PEOPLE = text("""
select e.sales_order_id, e.tenant_id, count(*) filter (where s.status = 'E') as enrolled,
    count(*) filter (where s.status = 'X') as expired, count(*) as people
from unnest(cast(:order_ids as bigint[]), cast(:tenant_ids as bigint[])) as page(order_id, tenant_id)
join tenant t on t.id = page.tenant_id
join enrollment e on e.sales_order_id = page.order_id and e.tenant_id = page.tenant_id
cross join lateral (select status_at(e.status, e.boundary, t.paused_at, t.pause_until, :now) as status) s
group by e.sales_order_id, e.tenant_id
""")


def orders(
    session: Session,
    wanted: OrderFilter,
    now: datetime,
    *,
    sort: Sort = "changed",
    descending: bool = True,
    key: Key | None = None,
    limit: int = 50,
    marked_since: datetime | None = None,
) -> list[Row]:
    """A page of orders with the people on them, in the asked order, also when it lies before its key.

    `news` is `new` or `changed` for what was accepted at or after `marked_since`, else None. `enrolled`,
    `expired` and `people` are numbers of enrollments as they read at `now`; `people` counts the unenrolled too.
    """
    backwards = key is not None and key.before
    statement, parameters = _page(wanted, sort, descending is not backwards, key)
    parameters |= {"limit": limit, "marked_since": marked_since or now}
    found = [dict(row) for row in session.execute(statement, parameters).mappings()]
    _count_people(session, found, now)
    return found[::-1] if backwards else found


def _page(wanted: OrderFilter, sort: str, descending: bool, key: Key | None) -> tuple[TextClause, Row]:
    where, parameters = _where(wanted)
    if key is not None:
        beyond = "<" if descending else ">"
        value = f"cast(:key_value as {_TYPES.get(sort, 'text')})"
        where += f" and ({_SORTS[sort]}, o.id, o.tenant_id) {beyond} ({value}, :key_id, :key_tenant)"
        parameters |= {"key_value": key.value, "key_id": key.order_id, "key_tenant": key.tenant_id}
    direction = "desc" if descending else "asc"
    parts = {"sort": _SORTS[sort], "join": _JOINS.get(sort, ""), "where": where, "direction": direction}
    return text(_PAGE.format(**parts)), parameters


def _where(wanted: OrderFilter) -> tuple[str, Row]:
    """The conditions of a filter and their parameters."""
    given: Row = {field.name: getattr(wanted, field.name) for field in fields(wanted)}
    given = {name: value for name, value in given.items() if value is not None}
    conditions = [condition for name, condition in _CONDITIONS.items() if name in given]
    mark = given.pop("mark", None)
    if mark is not None:
        conditions.append(_MARKED.get(mark, "o.flag = :mark"))
        given["mark"] = mark
    if "text" in given:
        given |= text_parameters(given["text"])
    return " and ".join(conditions) or "true", given


def text_parameters(sought: str) -> Row:
    """`text`: the ILIKE pattern of what contains `sought`; `text_id`: the id it may be, else null."""
    escaped = sought.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    is_id = sought.isascii() and sought.isdigit() and len(sought) < 19
    return {"text": f"%{escaped}%", "text_id": int(sought) if is_id else None}


def _count_people(session: Session, rows: list[Row], now: datetime) -> None:
    parameters = {
        "order_ids": [row["id"] for row in rows],
        "tenant_ids": [row["tenant_id"] for row in rows],
        "now": now,
    }
    counted = {(row.sales_order_id, row.tenant_id): row for row in session.execute(PEOPLE, parameters)}
    for row in rows:
        people = counted.get((row["id"], row["tenant_id"]))
        row["enrolled"], row["expired"], row["people"] = (
            (people.enrolled, people.expired, people.people) if people else (0, 0, 0)
        )


def tenant_names(session: Session, limit: int = 2000) -> list[tuple[str, str]]:
    """(key, name) of the tenants by name: what a filter offers."""
    found = session.execute(text("select key, name from tenant order by name, key limit :limit"), {"limit": limit})
    return [(row.key, row.name) for row in found]


def newest(session: Session) -> datetime | None:
    """When the last order was accepted: another instant tells that some order arrived or changed."""
    at: datetime | None = session.execute(text("select max(accepted_at) from sales_order")).scalar_one()
    return at


def count(session: Session, wanted: OrderFilter) -> int:
    """How many orders match, at most COUNTED + 1."""
    where, parameters = _where(wanted)
    statement = text(_COUNT.format(where=where))
    found: int = session.execute(statement, {**parameters, "counted": COUNTED + 1}).scalar_one()
    return found


_NEWS = """
select count(*) as orders, max(o.accepted_at) as newest from sales_order o
where {where} and o.accepted_at > :after
"""


def news(session: Session, wanted: OrderFilter, after: datetime) -> tuple[int, datetime | None]:
    """How many matching orders were accepted behind the instant `after`, and when the last was."""
    where, parameters = _where(wanted)
    row = session.execute(text(_NEWS.format(where=where)), {**parameters, "after": after}).one()
    return row.orders, row.newest
