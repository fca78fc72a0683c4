"""Orders whose term ends soon while people are still on them: what the weekly list to staff is made of."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.renewal import RENEWAL

MOST_ORDERS = 10_000


@dataclass(frozen=True, slots=True)
class EndingOrder:
    """One order. `people` would lose access with it; `renewal` is an order of the tenant that lasts longer.

    `paused`: they keep it beyond the last day, up to `pause_until` or, with None, until somebody resumes expiry.
    """

    tenant: str
    tenant_name: str
    number: str
    customer: str | None
    flag: str | None
    last_day: date
    days_left: int
    people: int
    renewal: str | None
    renewal_end: date | None
    paused: bool
    pause_until: datetime | None


# Who is moved to a later order is on that one. Nor does anybody count who has a later date of their own, or goes
# on in another version of the same course.
_PEOPLE = """
select count(*) as people, max(e.boundary) as boundary
from enrollment e join course_version v on v.id = e.course_version_id
where e.sales_order_id = o.id and e.tenant_id = o.tenant_id
    and status_at(e.status, e.boundary, t.paused_at, t.pause_until, :now) = 'E'
    and (e.expiration_date is null or e.expiration_date <= o.term_end + t.grace_days)
    and not exists (
        select from enrollment l join course_version w on w.id = l.course_version_id
        where l.user_id = e.user_id and l.tenant_id = e.tenant_id and w.course_id = v.course_id and l.id <> e.id
            and status_at(l.status, l.boundary, t.paused_at, t.pause_until, :now) = 'E'
            and coalesce(l.boundary, 'infinity') > e.boundary
    )
"""
_ENDING = text(f"""
select t.key, t.name, o.number, c.name, o.flag, o.term_end + t.grace_days,
    o.term_end + t.grace_days - t.today as days_left, p.people, r.number, r.term_end,
    status_at('E', p.boundary, t.paused_at, t.pause_until, p.boundary) = 'E' as paused, t.pause_until
from (
    select t.*, cast(cast(:now as timestamptz) at time zone t.time_zone as date) as today from tenant t
    where cast(:tenant_id as bigint) is null or t.id = :tenant_id
) t
join sales_order o on o.tenant_id = t.id
left join customer c on c.id = o.customer_id
cross join lateral ({_PEOPLE}) p
left join lateral ({RENEWAL}) r on true
where o.term_end + t.grace_days between t.today and t.today + cast(:days as int) and p.people > 0
order by t.name, t.key, o.term_end, o.number limit {MOST_ORDERS}
""")


def ending(session: Session, now: datetime, days: int, tenant_id: int | None = None) -> list[EndingOrder]:
    """Orders whose last day is within so many days of the tenant's today, of one tenant or, with None, of all."""
    asked: dict[str, Any] = {"now": now, "days": days, "tenant_id": tenant_id}
    return [EndingOrder(*row) for row in session.execute(_ENDING, asked)]
