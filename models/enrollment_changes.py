"""The statements that write enrollments. Whoever calls them holds the write lock of the tenant.

`sweep` writes down the expiries that time alone has brought. `change` is every other change: re-dating after an
accepted order, a new zone or grace, edits by people, and what follows from them for the status; `restore` is a
change back. `enroll` makes new ones. Each writes the enrollment, its one event and the boundary still to be swept
in one statement. `foreseen` is what a change would do, for previews: the same text, reading only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Changes:
    """How many enrollments one statement changed, and how many of them became X or E by it."""

    changed: int = 0
    expired: int = 0
    reinstated: int = 0

    def __add__(self, other: "Changes") -> "Changes":
        return Changes(
            self.changed + other.changed, self.expired + other.expired, self.reinstated + other.reinstated
        )


NOTHING = Changes()


@dataclass(frozen=True, slots=True)
class Why:
    """Who changes enrollments at which instant: a person or the engine (`actor`), in a run or in none."""

    actor: str
    now: datetime
    run_id: int | None = None


def cause_of_time(e: str) -> str:
    """Why the enrollment `e` expires when a sweep meets it, in a tenant whose expiry is or was paused as well.

    A term that was cut into the past in a pause expires people when that ends: the boundary they have came with an
    accepted change, after it had passed.
    """
    return f"""case
        when {e}.expiration_date is not null then 'manual_date'
        when exists (
            select from enrollment_event v
            where v.enrollment_id = {e}.id and v.cause = 'term_changed' and v.before ? 'boundary'
                and v.at >= v.boundary and not exists (
                    select from enrollment_event l
                    where l.enrollment_id = v.enrollment_id and l.version > v.version and l.before ? 'boundary'
                )
        ) then 'order_ended_early'
        else 'term_ended' end"""


# The due boundaries are given as arrays, so that the plan starts from them whatever the statistics say. Status is
# in no index, and the page has room: the update leaves all indexes alone.
_SWEEP = """
with due as materialized (
    select * from unnest(cast(:tenant_ids as bigint[]), cast(:boundaries as timestamptz[])) as d(tenant_id, at)
), flipped as (
    update enrollment e
    set status = 'X',
        expired_at = greatest(e.boundary, cast(:released_at as timestamptz)),
        expired_cause = {cause},
        version = e.version + 1
    from due
    where e.tenant_id = due.tenant_id and e.boundary = due.at and e.status = 'E'
    returning e.id, e.version, e.tenant_id, e.status, e.sales_order_id, e.expiration_date, e.boundary,
        e.expired_at, e.expired_cause
), swept as (
    update due_boundary b set open = false from due
    where b.tenant_id = due.tenant_id and b.at = due.at and b.open
)
insert into enrollment_event (
    enrollment_id, version, tenant_id, run_id, at, status, sales_order_id, expiration_date,
    boundary, expired_at, expired_cause, cause, actor, before
)
select id, version, tenant_id, :run_id, :now, status, sales_order_id, expiration_date,
    boundary, expired_at, expired_cause, expired_cause, :actor, '{{"status": "E"}}'
from flipped
"""
SWEEP = text(_SWEEP.format(cause="case when e.expiration_date is null then 'term_ended' else 'manual_date' end"))
RELEASE = text(_SWEEP.format(cause=cause_of_time("e")))

# Until the end of the transaction. The default, meant for disks that turn, has the planner read the whole table
# for some hundred boundaries.
_BY_INDEX = text("select set_config('random_page_cost', '1.1', true)")


def sweep(
    session: Session, due: list[tuple[int, datetime]], why: Why, released_at: datetime | None = None
) -> Changes:
    """Turn every E at one of the `due` (tenant id, boundary) pairs into X and close those boundaries.

    `expired_at` is the boundary, or `released_at` where a pause kept the expiry back until then.
    """
    if not due:
        return NOTHING
    session.execute(_BY_INDEX)
    written = session.execute(
        SWEEP if released_at is None else RELEASE,
        {
            "tenant_ids": [tenant_id for tenant_id, _ in due],
            "boundaries": [at for _, at in due],
            "released_at": released_at,
            "run_id": why.run_id,
            "now": why.now,
            "actor": why.actor,
        },
    )
    events = cast("CursorResult[Any]", written).rowcount
    return Changes(changed=events, expired=events)


_STATE = ("status", "sales_order_id", "expiration_date", "boundary", "expired_at", "expired_cause")
_BEFORE = " || ".join(
    f"case when old_{column} is distinct from {column}"
    f" then jsonb_build_object('{column}', old_{column}) else '{{}}' end"
    for column in _STATE
)

# `wanted` is one row an enrollment: its new order, date and boundary, what a person asked of the status
# ('E', 'U', 'X' or null for nothing), the cause written on the event, and the cause of an expiry that follows
# from the order. What the status becomes is settled here and nowhere else. `was_cause` and `was_at` are cause
# and time of an expiry that comes back.
_SETTLED = """
wanted as ({wanted}), settled as (
    select e.id, e.tenant_id, e.version + 1 as version, w.cause,
        w.sales_order_id, w.expiration_date, w.boundary, s.status,
        case
            when s.status <> 'X' then null
            when {was_cause} is not null then {was_cause}
            when w.ask = 'X' then 'expired_by_staff'
            when e.status = 'X' and w.ask is null and e.expired_cause = 'expired_by_staff' then e.expired_cause
            when w.expiration_date is not null then 'manual_date'
            when e.expired_cause in ('term_ended', 'order_ended_early')
                and w.sales_order_id is not distinct from e.sales_order_id then e.expired_cause
            else w.order_cause
        end as expired_cause,
        case
            when s.status <> 'X' then null
            when e.status = 'X' then e.expired_at
            else coalesce({was_at}, :now)
        end as expired_at,
        e.status as old_status, e.sales_order_id as old_sales_order_id, e.boundary as old_boundary,
        e.expiration_date as old_expiration_date, e.expired_at as old_expired_at,
        e.expired_cause as old_expired_cause
    from {enrollment} e
    join wanted w on w.id = e.id
    join tenant t on t.id = e.tenant_id
    cross join lateral (
        select case
            when w.ask in ('U', 'X') then w.ask
            when w.ask is null and e.status = 'U' then 'U'
            when w.ask is null and e.status = 'X' and e.expired_cause = 'expired_by_staff' then 'X'
            when w.ask is null and e.status = 'X' and w.boundary <= :now then 'X'
            else status_at('E', w.boundary, t.paused_at, t.pause_until, :now)
        end as status
    ) s
), different as materialized (
    select * from settled
    where (status, sales_order_id, expiration_date, boundary, expired_at, expired_cause) is distinct from
        (old_status, old_sales_order_id, old_expiration_date, old_boundary, old_expired_at, old_expired_cause)
)
"""
_CHANGE = """
with {settled}, changed as (
    update enrollment e
    set status = d.status, sales_order_id = d.sales_order_id, expiration_date = d.expiration_date,
        boundary = d.boundary, expired_at = d.expired_at, expired_cause = d.expired_cause, version = d.version
    from different d
    where e.id = d.id
), watched as (
    insert into due_boundary (tenant_id, at)
    select distinct tenant_id, boundary from different where status = 'E' and boundary is not null
    on conflict (tenant_id, at) do update set open = true, opened_at = now() where not due_boundary.open
), written as (
    insert into enrollment_event (
        enrollment_id, version, tenant_id, run_id, at, status, sales_order_id, expiration_date,
        boundary, expired_at, expired_cause, cause, actor, before
    )
    select id, version, tenant_id, :run_id, :now, status, sales_order_id, expiration_date,
        boundary, expired_at, expired_cause, coalesce(nullif(expired_cause, old_expired_cause), cause), :actor,
        {before}
    from different
)
select count(*),
    count(*) filter (where status = 'X' and old_status <> 'X'),
    count(*) filter (where status = 'E' and old_status = 'X')
from different
"""


_NO_EXPIRY_BACK = {"was_cause": "cast(null as text)", "was_at": "cast(null as timestamptz)"}
_EXPIRY_BACK = {"was_cause": "w.was_cause", "was_at": "w.was_at"}
# Enrollments as they are once the sweep has caught up, pauses that are over included.
_CAUGHT_UP = f"""(
    select n.id, n.tenant_id, n.version, n.sales_order_id, n.expiration_date, n.boundary, r.status,
        case when r.status = n.status then n.expired_at else greatest(n.boundary, p.pause_until) end as expired_at,
        case when r.status = n.status then n.expired_cause
            else {cause_of_time("n")} end as expired_cause
    from enrollment n join tenant p on p.id = n.tenant_id
    cross join lateral (select status_at(n.status, n.boundary, p.paused_at, p.pause_until, :now) as status) r
)"""


def foreseen(wanted: str, *, restoring: bool = False) -> str:
    """Two more tables of a WITH: `settled`, what `change` (or `restore`) at :now would make of `wanted`, beside
    what was (`old_` columns), and `different`, those of it that change at all.
    """
    back = _EXPIRY_BACK if restoring else _NO_EXPIRY_BACK
    return _SETTLED.format(wanted=wanted, enrollment=_CAUGHT_UP, **back)


def change(session: Session, wanted: str, parameters: Mapping[str, Any], why: Why) -> Changes:
    """Bring the enrollments that the SELECT `wanted` names to what it wants of them.

    `wanted` yields id, sales_order_id, expiration_date, boundary, ask ('E', 'U', 'X' or null), cause and
    order_cause. An enrollment that already is as wanted is left alone and writes no event.
    """
    settled = _SETTLED.format(wanted=wanted, enrollment="enrollment", **_NO_EXPIRY_BACK)
    return _change(session, settled, parameters, why)


def restore(session: Session, wanted: str, parameters: Mapping[str, Any], why: Why) -> Changes:
    """`change` for going back: `wanted` also yields was_cause and was_at, cause and time of an expiry that is put
    back as it was; both null where there was none.
    """
    settled = _SETTLED.format(wanted=wanted, enrollment="enrollment", **_EXPIRY_BACK)
    return _change(session, settled, parameters, why)


def _change(session: Session, settled: str, parameters: Mapping[str, Any], why: Why) -> Changes:
    statement = text(_CHANGE.format(settled=settled, before=_BEFORE))
    row = session.execute(
        statement, {**parameters, "run_id": why.run_id, "now": why.now, "actor": why.actor}
    ).one()
    return Changes(*row)


_ENROLL = """
with wanted as ({wanted}), enrolled as (
    insert into enrollment (
        tenant_id, user_id, course_version_id, sales_order_id, expiration_date, boundary, completed_modules,
        status, expired_at, expired_cause
    )
    select w.tenant_id, w.user_id, w.course_version_id, w.sales_order_id, w.expiration_date, w.boundary,
        w.completed_modules, s.status,
        case when s.status = 'X' then cast(:now as timestamptz) end,
        case when s.status <> 'X' then null
            when w.expiration_date is not null then 'manual_date' else 'term_ended' end
    from wanted w
    join tenant t on t.id = w.tenant_id
    cross join lateral (select status_at('E', w.boundary, t.paused_at, t.pause_until, :now) as status) s
    on conflict (user_id, course_version_id) do nothing
    returning *
), watched as (
    insert into due_boundary (tenant_id, at)
    select distinct tenant_id, boundary from enrolled where status = 'E' and boundary is not null
    on conflict (tenant_id, at) do update set open = true, opened_at = now() where not due_boundary.open
), written as (
    insert into enrollment_event (
        enrollment_id, version, tenant_id, run_id, at, status, sales_order_id, expiration_date,
        boundary, expired_at, expired_cause, cause, actor, before
    )
    select id, version, tenant_id, :run_id, :now, status, sales_order_id, expiration_date,
        boundary, expired_at, expired_cause, 'enrolled', :actor, null
    from enrolled
)
select count(*), count(*) filter (where status = 'X'), 0 from enrolled
"""


def enroll(session: Session, wanted: str, parameters: Mapping[str, Any], why: Why) -> Changes:
    """Make the enrollments the SELECT `wanted` names; a user who already has that course version is passed over.

    `wanted` yields tenant_id, user_id, course_version_id, sales_order_id, expiration_date, boundary and
    completed_modules.
    """
    statement = text(_ENROLL.format(wanted=wanted))
    row = session.execute(
        statement, {**parameters, "run_id": why.run_id, "now": why.now, "actor": why.actor}
    ).one()
    return Changes(*row)
