"""What a bulk edit wants of each of its rows: one text that previews read and jobs act on.

A plan judges rows (position, enrollment_id, user_id): each gets the reason for which it is refused, or the order,
date and status that are wanted for it. `wanted` is what `models.enrollment_changes` takes.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.boundaries import DAY_MAP, day_map
from models.selectable import OrderChoice
from models.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Edit:
    """What somebody asks for. What is not given stays as it is, but another order clears the typed date.

    `ask`: 'E', 'U', 'X' (expire now), or None to let order and date decide. Given and None: no order, no date.
    """

    order_given: bool = False
    order_id: int | None = None
    date_given: bool = False
    expiration_date: date | None = None
    ask: str | None = None

    def document(self) -> dict[str, Any]:
        """The wish as plain values: only what is given."""
        typed = None if self.expiration_date is None else self.expiration_date.isoformat()
        given = [
            ("sales_order", self.order_given, self.order_id),
            ("expiration_date", self.date_given, typed),
            ("action", self.ask is not None, self.ask),
        ]
        return {name: value for name, is_given, value in given if is_given}

    @staticmethod
    def of(document: dict[str, Any]) -> "Edit":
        """The wish that `document` was made from."""
        typed = document.get("expiration_date")
        return Edit(
            "sales_order" in document,
            document.get("sales_order"),
            "expiration_date" in document,
            None if typed is None else date.fromisoformat(typed),
            document.get("action"),
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """How rows are judged: a SELECT with a place for `{rows}`, and its parameters.

    `restoring`: old expiries come back with cause and time. `enrolls`: rows without an enrollment get one.
    """

    judging: str
    parameters: dict[str, Any]
    time_zone: str
    restoring: bool = False
    enrolls: bool = False


_DAY = "coalesce(w.expiration_date, w.term_end + cast(:grace_days as int)) as day"
_NO_EXPIRY_BACK = "cast(null as text) as was_cause, cast(null as timestamptz) as was_at"
_USER = "left join users u on u.id = e.user_id"

# To expire somebody unenrolled would open the results to them: they have no access that could be taken.
_EDIT = f"""
    select r.position, e.user_id, e.id, case
            when e.id is null then 'enrollment-unknown'
            when e.course_version_id <> cast(:course_version_id as bigint) then 'not-in-course-version'
            when cast(:of_order as bigint) is not null and e.sales_order_id is distinct from :of_order
                then 'not-on-order'
            when not u.active then 'user-inactive'
            when cast(:ask as char(1)) = 'X' and e.status = 'U' then 'user-unenrolled'
            when x.other_order and :order_obstacle then 'order-not-selectable'
        end as reason, w.sales_order_id, w.expiration_date, w.term_end, {_DAY},
        cast(:ask as char(1)) as ask, 'edited' as cause, 'term_ended' as order_cause, {_NO_EXPIRY_BACK}
    from ({{rows}}) r
    left join enrollment e on e.id = r.enrollment_id and e.tenant_id = :tenant_id
    {_USER}
    left join sales_order o on o.id = e.sales_order_id and o.tenant_id = e.tenant_id
    cross join lateral (
        select cast(:order_given as boolean) and e.sales_order_id is distinct from :order_id as other_order
    ) x
    cross join lateral (
        select case when x.other_order then cast(:order_id as bigint) else e.sales_order_id end as sales_order_id,
            case when x.other_order then cast(:order_end as date) else o.term_end end as term_end,
            case when cast(:date_given as boolean) then cast(:expiration_date as date)
                when not x.other_order then e.expiration_date end as expiration_date
    ) w
"""
# Whoever is E or X in that course version is edited, not enrolled.
_ENROLL = f"""
    select r.position, u.id as user_id, e.id, case
            when u.id is null then 'user-not-of-tenant'
            when not u.active then 'user-inactive'
            when e.status <> 'U' then 'already-enrolled'
            when :order_obstacle then 'order-not-selectable'
        end as reason, w.sales_order_id, w.expiration_date, w.term_end, {_DAY},
        cast('E' as char(1)) as ask, 'enrolled' as cause, 'term_ended' as order_cause, {_NO_EXPIRY_BACK}
    from ({{rows}}) r
    left join users u on u.id = r.user_id and u.tenant_id = :tenant_id
    left join enrollment e on e.user_id = u.id and e.course_version_id = :course_version_id
    cross join (
        select cast(:order_id as bigint) as sales_order_id, cast(:order_end as date) as term_end,
            cast(:expiration_date as date) as expiration_date
    ) w
"""
# Back to what the job's event found; an enrollment that the job made is left as U. Order and date come back, the
# boundary is that of today's term, zone and grace. What a sweep has still to write counts as touched.
_UNDO = f"""
    select r.position, e.user_id, e.id, case
            when e.version <> done.version
                or status_at(e.status, e.boundary, t.paused_at, t.pause_until, :now) <> e.status
                then 'changed-since'
            when not u.active then 'user-inactive'
        end as reason, w.sales_order_id, w.expiration_date, o.term_end, coalesce(
            w.expiration_date, o.term_end + cast(:grace_days as int)) as day,
        cast(w.status as char(1)) as ask, 'undone' as cause, 'term_ended' as order_cause, w.was_cause, w.was_at
    from ({{rows}}) r
    join edit_row done on done.run_id = :undoes and done.position = r.position
    join enrollment e on e.id = done.enrollment_id and e.tenant_id = :tenant_id
    join tenant t on t.id = e.tenant_id
    {_USER}
    join enrollment_event v on v.enrollment_id = e.id and v.version = done.version
    cross join lateral (
        select case when v.before is null then 'U' else coalesce(v.before ->> 'status', v.status) end as status,
            case when v.before ? 'sales_order_id' then cast(v.before ->> 'sales_order_id' as bigint)
                else v.sales_order_id end as sales_order_id,
            case when v.before ? 'expiration_date' then cast(v.before ->> 'expiration_date' as date)
                else v.expiration_date end as expiration_date,
            case when v.before ? 'expired_cause' then v.before ->> 'expired_cause'
                else v.expired_cause end as was_cause,
            case when v.before ? 'expired_at' then cast(v.before ->> 'expired_at' as timestamptz)
                else v.expired_at end as was_at
    ) w
    left join sales_order o on o.id = w.sales_order_id and o.tenant_id = e.tenant_id
"""
# The reason for an old expiry may have gone in the meantime.
JUDGED = f"""
    select j.position, j.user_id, j.id, j.reason, j.sales_order_id, j.expiration_date, day_map.boundary,
        case when j.ask = 'X' and j.was_cause <> 'expired_by_staff'
            and not coalesce(day_map.boundary <= :now, false) then 'E' else j.ask end as ask,
        j.cause, j.order_cause, j.was_cause, j.was_at,
        coalesce(j.expiration_date > j.term_end, false) as past_order_end
    from ({{judging}}) j left join {DAY_MAP} on day_map.day = j.day
"""
WANTED = (
    "select id, sales_order_id, expiration_date, boundary, ask, cause, order_cause, was_cause, was_at"
    " from {judged} judged where id is not null and reason is null"
)


def edit_plan(
    tenant: Tenant,
    edit: Edit,
    order: OrderChoice | None,
    now: datetime,
    *,
    course_version_id: int | None = None,
    of_order: int | None = None,
) -> Plan:
    """The plan of an edit; `order` is the one that `edit` names, if it names one.

    Given a course version or the order people are on (`of_order`), rows that are not there are refused.
    """
    where = {"course_version_id": course_version_id, "of_order": of_order}
    return Plan(_EDIT, {**_wish(tenant, edit, order, now), **where}, tenant.time_zone)


def enroll_plan(
    tenant: Tenant, course_version_id: int, edit: Edit, order: OrderChoice | None, now: datetime
) -> Plan:
    """The plan of enrolling users with the order and the date of `edit`, whatever they had when they were U."""
    parameters = {**_wish(tenant, edit, order, now), "course_version_id": course_version_id}
    return Plan(_ENROLL, parameters, tenant.time_zone, enrolls=True)


def undo_plan(tenant: Tenant, undoes: int, now: datetime) -> Plan:
    """The plan of taking the job `undoes` back."""
    parameters = {"tenant_id": tenant.id, "grace_days": tenant.grace_days, "undoes": undoes, "now": now}
    return Plan(_UNDO, parameters, tenant.time_zone, restoring=True)


def _wish(tenant: Tenant, edit: Edit, order: OrderChoice | None, now: datetime) -> dict[str, Any]:
    return {
        "tenant_id": tenant.id,
        "grace_days": tenant.grace_days,
        "now": now,
        "order_given": edit.order_given,
        "order_id": edit.order_id,
        "order_end": None if order is None else order.term_end,
        "order_obstacle": order is not None and order.obstacle is not None,
        "date_given": edit.date_given,
        "expiration_date": edit.expiration_date,
        "ask": edit.ask,
    }


def judged(session: Session, plan: Plan, rows: str, of_rows: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The SELECT that judges `rows` and its parameters: the boundaries of the days it meets among them."""
    judging = plan.judging.format(rows=rows)
    parameters = {**plan.parameters, **of_rows}
    days = session.execute(text(f"select distinct day from ({judging}) j where day is not null"), parameters)
    return JUDGED.format(judging=judging), {**parameters, **day_map(days.scalars(), plan.time_zone)}
