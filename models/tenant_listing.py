"""Tenants as staff look after them: a page of them with their numbers, and one with its customers.

Enrollments are counted for the tenants of one page only: a million rows of all tenants would take longer than a
page may. What is counted is what is true now; nothing is kept.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TenantSearch:
    """Which tenants: words in name or key; `state`: paused, held (a hold is open), unmapped, behind, or any."""

    words: str = ""
    state: str = ""

    def parameters(self, now: datetime) -> Row:
        like = self.words.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
        return {"words": f"%{like}%", "state": self.state, "now": now}


_PAUSED = "(t.paused_at is not null and (t.pause_until is null or t.pause_until > :now))"
_HELD = "exists (select from hold h where h.tenant_id = t.id and h.state = 'open')"
_WHERE = f"""
where (t.name ilike :words or t.key ilike :words) and case cast(:state as text)
    when 'paused' then {_PAUSED}
    when 'held' then {_HELD}
    when 'unmapped' then not exists (select from customer c where c.tenant_id = t.id)
    when 'behind' then exists (select from landing_due d where d.tenant_id = t.id)
    else true end
"""
# Changes wait since they were read; the oldest says how old what the tenant's people feel is.
_COLUMNS = f"""
    t.id, t.key, t.name, t.time_zone, t.grace_days, t.pause_reason, t.paused_by, t.paused_at, t.pause_until,
    {_PAUSED} as paused, t.guard_min, t.guard_share, t.guard_orders_min, t.guard_orders_share,
    (select count(*) from customer c where c.tenant_id = t.id) as customers,
    (select count(*) from sales_order o where o.tenant_id = t.id and o.flag is not null) as flagged,
    (select h.id from hold h where h.tenant_id = t.id and h.state = 'open') as hold_id,
    (select min(l.read_at) from landing_due d join landing_order l on l.order_id = d.order_id
        where d.tenant_id = t.id) as waiting_since
"""
_NUMBERS = """
cross join lateral (
    select count(*) filter (where s.status = 'E') as enrolled, count(*) filter (where s.status = 'X') as expired,
        count(*) filter (where s.status = 'U') as unenrolled
    from enrollment e
    cross join lateral (select status_at(e.status, e.boundary, p.paused_at, p.pause_until, :now) as status) s
    where e.tenant_id = p.id
) n
"""
_PAGE = text(f"""
with page as materialized (
    select {_COLUMNS} from tenant t {_WHERE} order by lower(t.name), t.id offset :skip limit :limit
)
select p.*, n.enrolled, n.expired, n.unenrolled from page p {_NUMBERS} order by lower(p.name), p.id
""")
_COUNT = text(f"select count(*) from tenant t {_WHERE}")
_ONE = text(f"""
with page as materialized (select {_COLUMNS}, t.created_at from tenant t where t.key = :key)
select p.*, n.enrolled, n.expired, n.unenrolled from page p {_NUMBERS}
""")
_CUSTOMERS = text("""
select c.id, c.name, c.mapped_at, c.mapped_by,
    (select count(*) from (select from landing_order l where l.customer_id = c.id limit 10001) l) as orders
from customer c join tenant t on t.id = c.tenant_id
where t.key = :key order by lower(c.name), c.id limit :limit
""")


def page(session: Session, search: TenantSearch, now: datetime, skip: int = 0, limit: int = 25) -> list[Row]:
    """Tenants by name, with how many of their enrollments read as E, X and U at `now`."""
    parameters = {**search.parameters(now), "skip": skip, "limit": limit}
    return [dict(row) for row in session.execute(_PAGE, parameters).mappings()]


def count(session: Session, search: TenantSearch, now: datetime) -> int:
    """How many tenants a search finds."""
    found: int = session.execute(_COUNT, search.parameters(now)).scalar_one()
    return found


def one(session: Session, key: str, now: datetime) -> Row | None:
    """One tenant with the same numbers."""
    row = session.execute(_ONE, {"key": key, "now": now}).mappings().one_or_none()
    return None if row is None else dict(row)


def names(session: Session) -> list[Row]:
    """Key, name and time zone of every tenant, by name."""
    query = text("select key, name, time_zone from tenant order by lower(name), id")
    return [dict(row) for row in session.execute(query).mappings()]


def customers(session: Session, key: str, limit: int = 200) -> list[Row]:
    """NetSuite customers mapped to the tenant, with how many orders they have (counted up to 10,001)."""
    return [dict(row) for row in session.execute(_CUSTOMERS, {"key": key, "limit": limit}).mappings()]
