"""Taking back what one run, or the approval of one hold, did to terms and enrollments: tenant by tenant.

What expired people is put right first: an order whose term was changed gets the term it had, and its people
follow. Then every enrollment that still is as the run left it goes back to what it was. A status alone is never
put back: an E past its last day would read as X at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.boundaries import DAY_MAP, day_map
from models.enrollment_changes import Changes, Why, restore
from models.hold import Hold
from models.reconciling import Accepted, accept, start_proposals
from models.redating import LAST_DAY
from models.tenant import Tenant

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Deed:
    """What is undone: all changes of a run, or those an approval made (`tenant_id`, at `at`, by `actor`)."""

    run_id: int | None = None
    tenant_id: int | None = None
    at: datetime | None = None
    actor: str | None = None

    @property
    def events(self) -> str:
        """The condition on the events `v` of either history. Its parameters are `parameters`."""
        if self.run_id is not None:
            return "v.run_id = :undone_run"
        return "v.run_id is null and v.tenant_id = :undone_tenant and v.at = :undone_at and v.actor = :undone_by"

    @property
    def parameters(self) -> Mapping[str, Any]:
        if self.run_id is not None:
            return {"undone_run": self.run_id}
        return {"undone_tenant": self.tenant_id, "undone_at": self.at, "undone_by": self.actor}


_TENANTS = """
select tenant_id from enrollment_event v where {events}
union select tenant_id from sales_order_event v where {events} order by 1
"""


def tenants_of(session: Session, deed: Deed) -> list[int]:
    """Ids of the tenants that the deed changed, in order."""
    return list(session.execute(text(_TENANTS.format(events=deed.events)), deed.parameters).scalars())


# The term before the first change of the deed, where the deed changed the term, and what has changed it since.
_TERMS = """
with changed as (
    select v.order_id, min(v.id) as first, max(v.id) as last
    from sales_order_event v where v.tenant_id = :tenant_id and {events} group by v.order_id
), terms as (
    select c.order_id, f.term_start_before as term_start, f.term_end_before as term_end,
        (select max(s.id) from sales_order_event s
            where s.order_id = c.order_id and s.tenant_id = :tenant_id and s.id > c.last
                and (s.term_start_before, s.term_end_before)
                    is distinct from (s.term_start_after, s.term_end_after)) as changed_since
    from changed c
    join sales_order_event f on f.id = c.first
    join sales_order o on o.id = c.order_id and o.tenant_id = :tenant_id
    where (o.term_start, o.term_end) is distinct from (f.term_start_before, f.term_end_before)
)
"""
_PROPOSE = f"""
{_TERMS}
insert into proposal (
    order_id, is_new, customer_id, number, status, term_start, term_end, flag, modified_at,
    term_end_before, flag_before
)
select o.id, false, o.customer_id, o.number, o.status, t.term_start, t.term_end, o.flag, o.modified_at,
    o.term_end, o.flag
from terms t join sales_order o on o.id = t.order_id and o.tenant_id = :tenant_id
where t.changed_since is null
returning 1
"""
_ITEMS = text("""
insert into hold_item (
    hold_id, order_id, customer_id, number, status, term_start, term_end, flag, modified_at,
    term_end_before, would_expire
)
select :hold_id, o.id, o.customer_id, o.number, o.status, o.term_start, o.term_end, o.flag, o.modified_at,
    p.term_end, 0
from proposal p join sales_order o on o.id = p.order_id and o.tenant_id = :tenant_id
""")
_REJECT_ENDS = text("update hold_item set end_rejected = true where hold_id = :hold_id")


def undo_terms(session: Session, tenant: Tenant, deed: Deed, why: Why, reason: str) -> Accepted:
    """Give the tenant's orders the terms they had before the deed; all who follow them are re-dated.

    An order whose term was changed again since is left. What is taken back is kept as a rejected hold, so that the
    same end is not accepted again while NetSuite goes on saying it.
    """
    start_proposals(session)
    propose = text(_PROPOSE.format(events=deed.events))
    orders = len(session.execute(propose, {**deed.parameters, "tenant_id": tenant.id}).all())
    if not orders:
        return Accepted()
    hold = _rejected(tenant, why, reason, orders)
    session.add(hold)
    session.flush()
    session.execute(_ITEMS, {"hold_id": hold.id, "tenant_id": tenant.id})
    accepted = accept(session, tenant, why)
    # Afterwards: accepting another end forgets what was rejected of the order until then.
    session.execute(_REJECT_ENDS, {"hold_id": hold.id})
    return accepted


def _rejected(tenant: Tenant, why: Why, reason: str, orders: int) -> Hold:
    return Hold(
        tenant_id=tenant.id,
        state="rejected",
        rule="undone",
        reason=f"{orders} accepted terms were taken back.",
        would_expire=0,
        enrolled=0,
        orders=orders,
        run_id=why.run_id,
        opened_at=why.now,
        waiting_since=why.now,
        decided_at=why.now,
        decided_by=why.actor,
        decision_reason=reason,
    )


# `f` is the first event of the deed on an enrollment, `l` its last one. Columns that `f` did not change are before
# it what they are after it. Who was enrolled by the deed has nothing before it and stays.
_SPAN = """
span as (
    select v.enrollment_id, min(v.version) as first, max(v.version) as last
    from enrollment_event v where v.tenant_id = :tenant_id and {events} group by v.enrollment_id
), went as (
    select s.enrollment_id, s.last, l.status as status_after,
        {columns}
    from span s
    join enrollment_event f on f.enrollment_id = s.enrollment_id and f.version = s.first
    join enrollment_event l on l.enrollment_id = s.enrollment_id and l.version = s.last
    where f.before is not null
)
"""
_TYPES = {
    "status": "char(1)",
    "sales_order_id": "bigint",
    "expiration_date": "date",
    "expired_at": "timestamptz",
    "expired_cause": "text",
}
_COLUMNS = ",\n        ".join(
    f"case when f.before ? '{name}' then cast(f.before ->> '{name}' as {type_}) else f.{name} end as {name}"
    for name, type_ in _TYPES.items()
)
_ORDER = "left join sales_order o on o.id = e.sales_order_id and o.tenant_id = :tenant_id"
_UNTOUCHED = """
    with {span}
    select n.id, w.sales_order_id, w.expiration_date, w.status, w.status_after, w.expired_at, w.expired_cause
    from went w join enrollment n on n.id = w.enrollment_id and n.version = w.last
"""
_DAYS = f"""
select distinct {LAST_DAY} from ({_UNTOUCHED}) e {_ORDER} where {LAST_DAY} is not null
"""
_WANTED = f"""
    select e.id, e.sales_order_id, e.expiration_date, day_map.boundary,
        case
            when e.status = 'U' then 'U'
            when e.status = 'X' and e.expired_cause = 'expired_by_staff' then 'X'
            when e.status = 'E' and e.status_after <> 'E' then 'E'
        end as ask,
        'undone' as cause, 'term_ended' as order_cause,
        case when e.status = 'X' then e.expired_cause end as was_cause,
        case when e.status = 'X' then e.expired_at end as was_at
    from ({_UNTOUCHED}) e {_ORDER}
    left join {DAY_MAP} on day_map.day = {LAST_DAY}
"""


def undo_enrollments(session: Session, tenant: Tenant, deed: Deed, why: Why) -> Changes:
    """Bring every enrollment that is as the deed left it back to order, date and status before it.

    The boundary is worked out anew from that order's present term: who is past it stays expired.
    """
    parameters = {**deed.parameters, "tenant_id": tenant.id, "grace_days": tenant.grace_days}
    days = session.execute(text(_with_span(_DAYS, deed)), parameters).scalars().all()
    return restore(session, _with_span(_WANTED, deed), {**parameters, **day_map(days, tenant.time_zone)}, why)


def _with_span(statement: str, deed: Deed) -> str:
    return statement.format(span=_SPAN.format(events=deed.events, columns=_COLUMNS))


# The present is compared with what was: `undone` tells whether the event after the deed's last is of this undo.
_FLIPS = """
with {span}, flips as (
    select w.enrollment_id, w.status as status_before, w.status_after, e.status as status_now,
        case
            when not exists (select from enrollment_event u where u.enrollment_id = w.enrollment_id
                and u.version = w.last + 1 and u.run_id = :undo_run) and e.version > w.last then 'changed'
            when e.status = w.status then 'restored'
            when o.id is not null and exists (select from sales_order_event s where s.order_id = o.id
                and s.tenant_id = o.tenant_id and s.at > :done_at and s.run_id is distinct from :undo_run
                and s.term_end_before is distinct from s.term_end_after) then 'order_changed'
            else 'past'
        end as outcome
    from went w
    join enrollment e on e.id = w.enrollment_id
    left join sales_order o on o.id = e.sales_order_id and o.tenant_id = e.tenant_id
    where w.status <> w.status_after
)
"""
_OUTCOMES = f"{_FLIPS} select outcome, count(*) from flips group by outcome"
_LEFT = f"""
{_FLIPS}
select f.enrollment_id as enrollment, t.key as tenant, t.name as tenant_name, u.key as user, u.name as name,
    c.key as course, cv.title, cv.key as version, f.status_before, f.status_now, f.outcome as reason,
    o.number as sales_order,
    cast({LAST_DAY.replace(":grace_days", "t.grace_days")} as text) as last_day
from flips f
join enrollment e on e.id = f.enrollment_id
join tenant t on t.id = e.tenant_id
join users u on u.id = e.user_id
join course_version cv on cv.id = e.course_version_id
join course c on c.id = cv.course_id
left join sales_order o on o.id = e.sales_order_id and o.tenant_id = e.tenant_id
where f.outcome <> 'restored' order by f.outcome, u.name, f.enrollment_id limit :limit
"""
_LEFT_ORDERS = f"""
{_TERMS}
select k.key as tenant, k.name as tenant_name, o.number as sales_order, o.id as order_id,
    cast(t.term_end as text) as term_end_before, cast(o.term_end as text) as term_end_now
from terms t join sales_order o on o.id = t.order_id and o.tenant_id = :tenant_id
join tenant k on k.id = o.tenant_id
where t.changed_since is not null order by o.number limit :limit
"""


def outcomes(session: Session, tenant_id: int, deed: Deed, undo_run: int, done_at: datetime) -> dict[str, int]:
    """How many statuses the deed changed were `restored`, and how many were left because they were `changed`
    since, their order was (`order_changed`), or they are still `past` their last day. The deed ended at `done_at`.
    """
    parameters = {**deed.parameters, "tenant_id": tenant_id, "undo_run": undo_run, "done_at": done_at}
    rows = session.execute(text(_with_span(_OUTCOMES, deed)), parameters)
    return {row.outcome: row[1] for row in rows}


def left(
    session: Session, tenant_id: int, deed: Deed, undo_run: int, done_at: datetime, limit: int = 1000
) -> list[Row]:
    """Enrollments whose status was not put back, and why, as plain values."""
    parameters = {**deed.parameters, "tenant_id": tenant_id, "undo_run": undo_run, "done_at": done_at}
    rows = session.execute(text(_with_span(_LEFT, deed)), {**parameters, "limit": limit})
    return [dict(row) for row in rows.mappings()]


def left_orders(session: Session, tenant_id: int, deed: Deed, limit: int = 1000) -> list[Row]:
    """Orders whose term the deed changed and that were changed again since."""
    statement = text(_LEFT_ORDERS.format(events=deed.events))
    rows = session.execute(statement, {**deed.parameters, "tenant_id": tenant_id, "limit": limit})
    return [dict(row) for row in rows.mappings()]
