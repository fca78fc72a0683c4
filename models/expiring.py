"""What a sweep at a given instant would do, without doing it: the reading twin of `enrollment_changes.sweep`."""

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.enrollment_changes import cause_of_time

# A pause that has an end before that instant would be over by then, and its people would expire as of that end.
_DUE = """
from due_boundary b
join tenant t on t.id = b.tenant_id
join enrollment e on e.tenant_id = b.tenant_id and e.boundary = b.at and e.status = 'E'
where b.open and b.at <= :at
"""
_BY_TENANT = text(f"""
select t.key as tenant, t.name as tenant_name, t.time_zone, count(*) as enrollments,
    min(e.boundary) as first_boundary,
    t.paused_at is not null and (t.pause_until is null or t.pause_until > :at) as paused, t.pause_reason
{_DUE}
group by t.id order by t.key
""")
_ROWS = text(f"""
select t.key as tenant, u.key as user, c.key as course, cv.key as version, o.number as sales_order,
    e.boundary, greatest(e.boundary, t.pause_until) as expired_at,
    {cause_of_time("e")} as cause
from (
    select e.id, b.at {_DUE} and (t.paused_at is null or t.pause_until <= :at)
    order by b.at, e.id limit :limit
) d
join enrollment e on e.id = d.id
join tenant t on t.id = e.tenant_id
join users u on u.id = e.user_id
join course_version cv on cv.id = e.course_version_id
join course c on c.id = cv.course_id
left join sales_order o on o.id = e.sales_order_id and o.tenant_id = e.tenant_id
order by d.at, d.id
""")


def by_tenant(session: Session, at: datetime) -> list[dict[str, Any]]:
    """Per tenant how many enrollments a sweep at `at` meets; paused ones are counted and marked, not swept."""
    return [dict(row) for row in session.execute(_BY_TENANT, {"at": at}).mappings()]


def rows(session: Session, at: datetime, limit: int = 1000) -> list[dict[str, Any]]:
    """The enrollments a sweep at `at` turns from E to X, in the order of their boundaries."""
    return [dict(row) for row in session.execute(_ROWS, {"at": at, "limit": limit}).mappings()]
