"""What waits for a person: customers without a tenant, flagged orders, orders that end while a renewal is there,
and the people a hold is about. Rejected rows are in `models.rejects`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from models.boundaries import DAY_MAP, day_map
from models.order_listing import PEOPLE, text_parameters
from models.rejects import OPEN_REJECTS
from models.renewal import RENEWAL, assignable

Row = dict[str, Any]

ENDS_SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits for a decision, kind by kind: for the headings and the navigation."""

    unmatched: int
    rejected: int
    holds: int
    flagged: int

    @property
    def total(self) -> int:
        return self.unmatched + self.rejected + self.holds + self.flagged


# A flag nobody has looked at since it was raised.
UNREVIEWED = "o.flag is not null and (o.reviewed_at is null or o.reviewed_at < o.flagged_at)"
_LIVE = "l.gone is null and l.reject_code is null"
_HAS_PEOPLE = """
exists (select from enrollment e where e.sales_order_id = o.id and e.tenant_id = o.tenant_id
    and status_at(e.status, e.boundary, t.paused_at, t.pause_until, :now) = 'E')
"""
# Whatever outlasts the order is a renewal of it, so the latest end of the tenant tells whether there is one.
_TENANTS = f"""
tenants as materialized (
    select t.*, cast(cast(:now as timestamptz) at time zone t.time_zone as date) as today,
        latest.term_end as latest_end
    from tenant t join (
        select n.tenant_id, max(coalesce(n.term_end, 'infinity')) as term_end from sales_order n
        where {assignable("n")} group by n.tenant_id
    ) latest on latest.tenant_id = t.id
)
"""
# Dates of UTC come first: they leave few orders of which the tenant's own date is to be asked.
_ENDING = f"""
from sales_order o join tenants t on t.id = o.tenant_id
where {assignable("o")}
    and o.term_end < cast(:now as date) + cast(:days as int) + 2
    and o.term_end between t.today - t.grace_days and t.today + cast(:days as int)
    and o.term_end < t.latest_end and {_HAS_PEOPLE}
"""
_WAITING = text(f"""
select
    (select count(*) from customer c where c.tenant_id is null
        and exists (select from landing_order l where l.customer_id = c.id and {_LIVE})) as unmatched,
    {OPEN_REJECTS} as rejected,
    (select count(*) from hold where state = 'open') as holds,
    (select count(*) from sales_order o where {UNREVIEWED}) as flagged
""")


def waiting(session: Session) -> Waiting:
    """Count what waits. Cheap enough for every page."""
    return Waiting(*session.execute(_WAITING).one())


_UNMATCHED = text(f"""
select c.id as customer_id, c.name, count(*) as orders, min(l.first_seen_at) as waiting_since,
    max(l.term_end) as latest_term_end, (array_agg(l.number order by l.order_id desc))[1:3] as numbers,
    count(*) filter (where coalesce(l.term_end, 'infinity') >= cast(:now as date)) as current_orders
from customer c join landing_order l on l.customer_id = c.id
where c.tenant_id is null and {_LIVE}
    and (cast(:text as text) is null or c.name ilike :text or c.id = :text_id
        or c.id in (select customer_id from landing_order where number ilike :text))
group by c.id order by min(l.first_seen_at), c.id limit :limit offset :offset
""")
_ALIKE = text("""
select c.id as customer_id, t.key, t.name
from unnest(cast(:customer_ids as bigint[])) as page(id) join customer c on c.id = page.id
join lateral (
    select t.key, t.name from tenant t
    where length(t.name) > 3 and (c.name ilike t.name or starts_with(lower(c.name), lower(t.name))
        or starts_with(lower(t.name), lower(c.name)))
    order by c.name ilike t.name desc, length(t.name) desc limit 1
) t on true
""")
_LANDED = text(f"""
select asked.id as customer_id, c.id is not null as known, c.name, t.key as tenant, t.name as tenant_name,
    count(l.order_id) as orders,
    count(*) filter (where l.order_id is not null and coalesce(l.term_end, 'infinity') >= cast(:now as date))
        as current_orders
from unnest(cast(:customer_ids as bigint[])) as asked(id) left join customer c on c.id = asked.id
left join tenant t on t.id = c.tenant_id
left join landing_order l on l.customer_id = c.id and {_LIVE}
group by asked.id, c.id, t.id order by c.name, asked.id
""")


def unmatched(
    session: Session, now: datetime, sought: str | None = None, limit: int = 50, offset: int = 0
) -> list[Row]:
    """Customers with orders and without a tenant, those that wait longest first.

    `sought` is in the name or a number of an order, or the id. `likely` is the tenant (key, name) that is named
    like the customer, or None.
    """
    parameters = {"text": None, "text_id": None} if sought is None else text_parameters(sought)
    found = _rows(session, _UNMATCHED, **parameters, now=now, limit=limit, offset=offset)
    alike = likely_tenants(session, [row["customer_id"] for row in found])
    for row in found:
        row["likely"] = alike.get(row["customer_id"])
    return found


def likely_tenants(session: Session, customer_ids: list[int]) -> dict[int, tuple[str, str]]:
    """(key, name) of the tenant that is named like the customer, for those of which there is one."""
    found = session.execute(_ALIKE, {"customer_ids": customer_ids})
    return {row.customer_id: (row.key, row.name) for row in found}


def customers(session: Session, customer_ids: list[int], now: datetime) -> list[Row]:
    """These customers, `known` or not, with their tenant and the numbers of their landed orders: what mapping
    them brings in.
    """
    return _rows(session, _LANDED, customer_ids=customer_ids, now=now)


_FLAGGED = text(f"""
select o.id, o.tenant_id, o.number, o.status, o.term_start, o.term_end, o.flag, o.flagged_at, o.customer_id,
    c.name as customer_name, t.key as tenant, t.name as tenant_name, t.time_zone
from sales_order o join tenant t on t.id = o.tenant_id left join customer c on c.id = o.customer_id
where {UNREVIEWED} and (cast(:flag as text) is null or o.flag = :flag)
    and (cast(:text as text) is null or o.number ilike :text or c.name ilike :text or t.name ilike :text)
order by o.flagged_at desc, o.id, o.tenant_id limit :limit offset :offset
""")


def flagged(
    session: Session,
    now: datetime,
    flag: str | None = None,
    sought: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> list[Row]:
    """Flagged orders nobody has reviewed since, the latest first, with the people on them."""
    parameters = {"text": None} if sought is None else text_parameters(sought)
    found = _rows(session, _FLAGGED, flag=flag, text=parameters["text"], limit=limit, offset=offset)
    return _with_people(session, found, now)


_ENDING_ROWS = text(f"""
with {_TENANTS}
select o.id, o.tenant_id, o.number, o.term_end, o.customer_id, c.name as customer_name, t.key as tenant,
    t.name as tenant_name, t.time_zone, t.grace_days, r.id as renewal_id, r.number as renewal_number,
    r.term_start as renewal_start, r.term_end as renewal_end, o.total
from (
    select o.*, count(*) over () as total {_ENDING} order by o.term_end, o.id limit :limit offset :offset
) o
join tenant t on t.id = o.tenant_id left join customer c on c.id = o.customer_id
join lateral ({RENEWAL}) r on true
order by o.term_end, o.id
""")


def ending(
    session: Session, now: datetime, ends_soon: timedelta = ENDS_SOON, limit: int = 50, offset: int = 0
) -> list[Row]:
    """Orders that end within `ends_soon` with people on them, each with the order that outlasts it.

    The first to end comes first; `total` is how many there are in all. Of several later orders that of the same
    customer is named, then the longest.
    """
    found = _rows(session, _ENDING_ROWS, now=now, days=ends_soon.days, limit=limit, offset=offset)
    return _with_people(session, found, now)


_HOLD_ENDS = text("""
select distinct i.term_end + t.grace_days, t.time_zone
from hold h join tenant t on t.id = h.tenant_id join hold_item i on i.hold_id = h.id
where h.id = :hold_id and i.term_end is not null and i.term_end is distinct from i.term_end_before
""")
# Whose access approving would end earlier: those the guard counted, and those whose end lies beyond its horizon.
_OF_HOLD = f"""
from hold h join tenant t on t.id = h.tenant_id join hold_item i on i.hold_id = h.id
join {DAY_MAP} on day_map.day = i.term_end + t.grace_days
join enrollment e on e.sales_order_id = i.order_id and e.tenant_id = h.tenant_id
join users u on u.id = e.user_id
join course_version cv on cv.id = e.course_version_id join course c on c.id = cv.course_id
where h.id = :hold_id and i.term_end is distinct from i.term_end_before
    and e.status = 'E' and e.expiration_date is null
    and (e.boundary is null or e.boundary > greatest(day_map.boundary, :now))
"""
_HOLD_PEOPLE = text(f"""
select u.key as user, u.name, u.email, u.active, c.key as course, cv.title, i.number, i.order_id,
    i.term_end_before, i.term_end, e.boundary, day_map.boundary as new_boundary, t.time_zone
{_OF_HOLD} order by u.name, u.id, e.id limit :limit offset :offset
""")
_COUNT_HOLD_PEOPLE = text(f"select count(*) as people {_OF_HOLD}")


def hold_people(session: Session, hold_id: int, now: datetime, limit: int = 50, offset: int = 0) -> list[Row]:
    """The enrollments whose access approving the hold at `now` would end earlier, by name."""
    return _of_hold(session, _HOLD_PEOPLE, hold_id, now, limit=limit, offset=offset)


def count_hold_people(session: Session, hold_id: int, now: datetime) -> int:
    """How many `hold_people` there are in all."""
    found = _of_hold(session, _COUNT_HOLD_PEOPLE, hold_id, now)
    return found[0]["people"] if found else 0


def _of_hold(session: Session, query: TextClause, hold_id: int, now: datetime, **parameters: object) -> list[Row]:
    ends = session.execute(_HOLD_ENDS, {"hold_id": hold_id}).all()
    if not ends:
        return []
    days = day_map((day for day, _ in ends), ends[0][1])
    return _rows(session, query, hold_id=hold_id, now=now, **parameters, **days)


def _with_people(session: Session, rows: list[Row], now: datetime) -> list[Row]:
    """The rows with `enrolled`, `expired` and `people` of their orders."""
    ids = {"order_ids": [row["id"] for row in rows], "tenant_ids": [row["tenant_id"] for row in rows]}
    counted = {(row.sales_order_id, row.tenant_id): row for row in session.execute(PEOPLE, {**ids, "now": now})}
    for row in rows:
        people = counted.get((row["id"], row["tenant_id"]))
        row["enrolled"] = people.enrolled if people else 0
        row["expired"] = people.expired if people else 0
        row["people"] = people.people if people else 0
    return rows


def _rows(session: Session, query: TextClause, **parameters: object) -> list[Row]:
    return [dict(row) for row in session.execute(query, parameters).mappings()]
