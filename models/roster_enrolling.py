"""The enrollments of a roster import: a slice of a tenant's lines a call, under the tenant's write lock."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.boundaries import DAY_MAP, day_map
from models.enrollment_changes import Why, change, enroll
from models.roster_import import RosterCounts
from models.selectable import OBSTACLE
from models.tenant import Tenant
from models.terms import today

_SLICE = text("""
select max(line), count(*) from (
    select line from roster_line where tenant = :tenant and course is not null and line > :after
    order by line limit :size
) s
""")


def next_slice(session: Session, tenant_key: str, after: int, size: int) -> tuple[int, int] | None:
    """The last line number and the number of lines of the slice behind line `after`; None when there is none."""
    last, count = session.execute(_SLICE, {"tenant": tenant_key, "after": after, "size": size}).one()
    return None if last is None else (last, count)


# An order that the enrollment has already stays, whatever has become of it; a different one must be selectable.
# A different order without a date clears the typed date. What differs is settled here, before anything is written.
# No table is joined twice: nothing is known yet of how many rows there are, and the planner would guess wrong.
_WANT = text(f"""
with said as materialized (
    select * from roster_line
    where tenant = :tenant and course is not null and line > :after and line <= :last
), orders as materialized (
    select n.number, count(o.id) as matches, min(o.id) as id, string_agg(o.id::text, ', ' order by o.id) as ids,
        min(o.term_end) as term_end, min({OBSTACLE}) as obstacle
    from (select distinct sales_order as number from said where sales_order is not null) n
    left join sales_order o on o.tenant_id = :tenant_id and o.number = n.number
    group by n.number
), found as (
    select s.*, u.id as user_id, r.may_change, v.id as course_version_id, e.id as enrollment_id,
        e.status as old_status, e.sales_order_id as old_order_id, old.term_end as old_term_end,
        e.expiration_date as old_date, e.completed_modules as old_completed,
        not s.order_given or coalesce(old.number = s.sales_order, false) as keeps_order,
        o.matches, o.id as found_order_id, o.term_end as found_term_end, o.ids, o.obstacle,
        (select count(*) from module m where m.course_version_id = v.id) as modules_of_version
    from said s
    join users u on u.tenant_id = :tenant_id and u.key = s.user_key
    join roster_user r on r.user_id = u.id
    join course c on c.key = s.course
    join course_version v on v.course_id = c.id and v.key = s.version
    left join enrollment e on e.user_id = u.id and e.course_version_id = v.id
    left join sales_order old on old.id = e.sales_order_id and old.tenant_id = :tenant_id
    left join orders o on o.number = s.sales_order
), ordered as (
    select f.*, case when keeps_order then old_order_id else found_order_id end as order_id,
        case when keeps_order then old_term_end else found_term_end end as term_end
    from found f
), dated as (
    select o.*, case
        when date_given then expiration_date
        when order_id is distinct from old_order_id then null
        else old_date end as wanted_date
    from ordered o
), settled as (
    select d.*, enrollment_id is null or (order_id, wanted_date) is distinct from (old_order_id, old_date) as moves
    from dated d
), compared as (
    select s.*, coalesce(moves or status <> old_status or completed_modules <> old_completed, moves) as differs
    from settled s
), judged as materialized (
    select c.*, case
        when sales_order is not null and not keeps_order and matches = 0 then 'order-not-of-tenant'
        when sales_order is not null and not keeps_order and matches > 1 then 'order-ambiguous'
        when sales_order is not null and not keeps_order and obstacle is not null then 'order-not-selectable'
        when modules_of_version > 0 and completed_modules > modules_of_version then 'completed-modules-too-many'
        when not may_change and differs then 'user-inactive'
    end as code
    from compared c
), noted as (
    insert into roster_bad (line, field, value, code, detail)
    select line,
        case when code like 'order-%' then 'sales_order' when code like 'completed-%' then 'completed_modules'
            else 'user' end,
        case when code like 'order-%' then sales_order when code like 'completed-%' then completed_modules::text
            else user_key end,
        code,
        case code
            when 'order-not-of-tenant' then 'is not an order of this tenant'
            when 'order-ambiguous' then 'is the number of several orders, with the ids ' || ids
            when 'order-not-selectable' then obstacle
            when 'user-inactive' then 'is inactive'
            else 'the course version has ' || modules_of_version || ' modules'
        end
    from judged where code is not null
)
insert into roster_enrollment
select line, user_id, course_version_id, enrollment_id, order_id, wanted_date,
    coalesce(wanted_date, term_end + cast(:grace_days as int)), completed_modules,
    case when moves or status <> old_status then status end, differs
from judged where code is null
""")
_NEW = f"""
    select cast(:tenant_id as bigint) as tenant_id, w.user_id, w.course_version_id, w.sales_order_id,
        w.expiration_date, day_map.boundary, coalesce(w.completed_modules, 0) as completed_modules
    from roster_enrollment w left join {DAY_MAP} on day_map.day = w.day
    where w.enrollment_id is null
"""
# Also those that are new and not to be E: they were enrolled a moment ago.
_CHANGED = f"""
    select e.id, w.sales_order_id, w.expiration_date, day_map.boundary, w.ask,
        'imported' as cause, 'term_ended' as order_cause
    from roster_enrollment w
    join enrollment e on e.user_id = w.user_id and e.course_version_id = w.course_version_id
    left join {DAY_MAP} on day_map.day = w.day
    where w.enrollment_id is not null and w.differs
        or w.enrollment_id is null and w.ask in ('U', 'X') and e.status <> w.ask
"""
# Progress belongs to the learning platform: it is taken over as it is and is no change of the enrollment.
_PROGRESS = text("""
with taken as (
    update enrollment e set completed_modules = w.completed_modules from roster_enrollment w
    where e.id = w.enrollment_id and w.completed_modules <> e.completed_modules
    returning 1
)
select count(*) from taken
""")
_COUNTS = text(
    "select count(*) filter (where enrollment_id is not null), array_agg(distinct day) from roster_enrollment"
)


def bring_in_enrollments(session: Session, tenant: Tenant, why: Why, after: int, last: int) -> RosterCounts:
    """The enrollments of the tenant's lines behind `after` up to `last`. The caller has caught up with expiry."""
    of_tenant: dict[str, Any] = {"tenant": tenant.key, "tenant_id": tenant.id, "grace_days": tenant.grace_days}
    of_slice = {"after": after, "last": last, "today": today(why.now, tenant.time_zone)}
    session.execute(_WANT, {**of_tenant, **of_slice})
    known, days = session.execute(_COUNTS).one()
    boundaries = day_map([day for day in days or () if day is not None], tenant.time_zone)
    enrolled = enroll(session, _NEW, {"tenant_id": tenant.id, **boundaries}, why)
    changes = change(session, _CHANGED, boundaries, why)
    progress = session.execute(_PROGRESS).scalar_one()
    return RosterCounts(
        enrolled=enrolled.changed,
        changed=changes.changed,
        unchanged=max(0, known - changes.changed),
        progress=progress,
        expired=enrolled.expired + changes.expired,
        reinstated=changes.reinstated,
    )
