"""What an edit would do, without doing it: the reading twin of `models.edit_steps`."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.editing import WANTED, Plan, judged
from models.enrollment_changes import foreseen


@dataclass(frozen=True, slots=True)
class Preview:
    """What becomes of so many `rows`: `changed`, `unchanged` and `skipped` (by reason) add up to it.

    Of the changed, `expired` become X, `reinstated` X to E, `unenrolled` become U, `enrolled` are new, or were U
    and were asked to be E; `dates_cleared` lose their typed date. `stay_expired` were to be E, but their last day
    is over. `past_order_end` keep access longer than their order's term. Access of those who are E after a change
    ends between `first_boundary` and `last_boundary`; `endless` of them have no last day. `digest` is another as
    soon as something else becomes of any row.
    """

    rows: int
    changed: int
    unchanged: int
    expired: int
    reinstated: int
    unenrolled: int
    enrolled: int
    dates_cleared: int
    stay_expired: int
    past_order_end: int
    endless: int
    first_boundary: datetime | None
    last_boundary: datetime | None
    digest: str
    skipped: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One row of a preview, the status before and after as read at that time; None: there is no enrollment."""

    name: str | None
    email: str | None
    reason: str | None
    status_before: str | None
    status_after: str | None
    expiration_date_before: date | None
    expiration_date_after: date | None
    boundary_after: datetime | None


# A new enrollment is settled as `models.enrollment_changes.enroll` does it.
_TABLES = """
with judged as materialized ({judged}), {foreseen}, new as materialized (
    select j.*, status_at('E', j.boundary, t.paused_at, t.pause_until, :now) as status
    from judged j join tenant t on t.id = :tenant_id where j.id is null and j.reason is null
), outcome as (
    select j.position, j.user_id, j.reason, j.past_order_end, j.ask, n.status is not null as is_new,
        d.id is not null or n.status is not null as changes, s.old_status, coalesce(s.status, n.status) as status,
        s.old_expiration_date, coalesce(s.expiration_date, n.expiration_date) as expiration_date,
        coalesce(s.boundary, n.boundary) as boundary
    from judged j
    left join settled s on s.id = j.id
    left join different d on d.id = j.id
    left join new n on n.position = j.position and n.user_id = j.user_id
)
"""
_SUMMARY = """
select count(*) as rows, count(*) filter (where changes) as changed,
    count(*) filter (where not changes and reason is null) as unchanged,
    count(*) filter (where changes and status = 'X' and old_status is distinct from 'X') as expired,
    count(*) filter (where changes and status = 'E' and old_status = 'X') as reinstated,
    count(*) filter (where changes and status = 'U' and old_status <> 'U') as unenrolled,
    count(*) filter (where changes and status <> 'U' and (is_new or old_status = 'U' and ask = 'E')) as enrolled,
    count(*) filter (where changes and old_expiration_date is not null and expiration_date is null)
        as dates_cleared,
    count(*) filter (where ask = 'E' and status = 'X' and reason is null and not is_new) as stay_expired,
    count(*) filter (where changes and status = 'E' and past_order_end) as past_order_end,
    count(*) filter (where changes and status = 'E' and boundary is null) as endless,
    min(boundary) filter (where changes and status = 'E') as first_boundary,
    max(boundary) filter (where changes and status = 'E') as last_boundary,
    md5(coalesce(string_agg(
        row(position, reason, status, expiration_date, extract(epoch from boundary))::text, ' ' order by position
    ) filter (where changes or reason is not null), '')) as digest,
    coalesce((select jsonb_object_agg(reason, n) from (
        select reason, count(*) as n from judged where reason is not null group by reason) r), '{}') as skipped
from outcome
"""
_ROWS = """
select u.name, u.email, r.reason, r.old_status, r.status, r.old_expiration_date, r.expiration_date, r.boundary
from outcome r left join users u on u.id = r.user_id and u.tenant_id = :tenant_id
where r.reason is not null or r.changes
order by r.reason is null, r.reason, r.status is not distinct from r.old_status, r.status desc, u.name, u.id
limit :limit
"""


def preview(
    session: Session, plan: Plan, rows: str, of_rows: dict[str, Any], people: int = 50
) -> tuple[Preview, list[PreviewRow]]:
    """Count what the plan would do to `rows` (a SELECT of position, enrollment_id, user_id), and tell of whom.

    At most so many `people`: who is skipped first, then whose status changes, then the other changes.
    """
    tables, parameters = _tables(session, plan, rows, of_rows)
    counts = Preview(**session.execute(text(tables + _SUMMARY), parameters).mappings().one())
    if not people:
        return counts, []
    found = session.execute(text(tables + _ROWS), {**parameters, "limit": people})
    return counts, [PreviewRow(*row) for row in found]


def _tables(session: Session, plan: Plan, rows: str, of_rows: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    judging, parameters = judged(session, plan, rows, of_rows)
    wanted = WANTED.format(judged="")
    return _TABLES.format(judged=judging, foreseen=foreseen(wanted, restoring=plan.restoring)), parameters
