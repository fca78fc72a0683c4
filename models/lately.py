"""What is coming and what has just been, in few groups: for the first page of staff.

However much there is, the statements read the boundaries that come next and the changes that came last.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.history import NEWEST

Row = dict[str, Any]

ENDS_SOON = timedelta(days=14)
BOUNDARIES = 20  # of a tenant and a day each
LOOKED_THROUGH = 20_000  # changes of enrollments

_ENDING = text("""
with soon as materialized (
    select tenant_id, at from due_boundary
    where open and at > :now and at <= :until order by at, tenant_id limit :boundaries
)
select t.key as tenant, t.name as tenant_name, o.id as order_id, o.number, n.people,
    cast((soon.at - interval '1 microsecond') at time zone t.time_zone as date) as last_day,
    status_at('E', soon.at, t.paused_at, t.pause_until, soon.at) = 'E' as paused, t.pause_until, t.time_zone
from soon join tenant t on t.id = soon.tenant_id
cross join lateral (
    select case when e.expiration_date is null then e.sales_order_id end as order_id, count(*) as people
    from enrollment e where e.tenant_id = soon.tenant_id and e.boundary = soon.at and e.status = 'E' group by 1
) n
left join sales_order o on o.id = n.order_id and o.tenant_id = soon.tenant_id
order by soon.at, t.name, t.id, o.number limit :limit
""")
_EXPIRED = text(f"""
select t.key as tenant, t.name as tenant_name, v.expired_cause as cause, count(*) as people, max(v.at) as at
from enrollment_event v join tenant t on t.id = v.tenant_id
where v.id > (select {NEWEST}) - :looked_through
    and v.at > :since and v.status = 'X' and v.before ->> 'status' = 'E'
group by t.id, v.expired_cause order by max(v.at) desc, t.id limit :limit
""")


def ending_soon(session: Session, now: datetime, limit: int = 8) -> list[Row]:
    """Whose access ends next, within `ENDS_SOON`: numbers of E by last day and order, the first to end first.

    `order_id` is null for people with an expiration date of their own, and for those without an order. `paused`:
    their expiry is paused beyond that day, up to `pause_until` or, with None, until somebody resumes it.
    """
    parameters = {"now": now, "until": now + ENDS_SOON, "boundaries": BOUNDARIES, "limit": limit}
    return [dict(row) for row in session.execute(_ENDING, parameters).mappings()]


def expired_since(session: Session, since: datetime, limit: int = 8) -> list[Row]:
    """How many people of which tenant expired after `since` and why, the latest first: of the last changes."""
    parameters = {"since": since, "looked_through": LOOKED_THROUGH, "limit": limit}
    return [dict(row) for row in session.execute(_EXPIRED, parameters).mappings()]
