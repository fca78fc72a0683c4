"""Doing a stretch of a job's rows: skip what is refused, change the rest, write down what became of each.

All in the caller's transaction, under the tenant's write lock and caught up with expiry.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.editing import WANTED, Plan, judged
from models.enrollment_changes import NOTHING, Changes, Why, change, enroll, restore


@dataclass(frozen=True, slots=True)
class EditCounts:
    """What became of rows so far; `changed`, `unchanged` and `skipped` add up to those that had their turn."""

    changed: int = 0
    unchanged: int = 0
    skipped: int = 0
    expired: int = 0
    reinstated: int = 0

    def __add__(self, other: "EditCounts") -> "EditCounts":
        return EditCounts(
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            self.skipped + other.skipped,
            self.expired + other.expired,
            self.reinstated + other.reinstated,
        )

    @property
    def rows(self) -> int:
        return self.changed + self.unchanged + self.skipped


_STRETCH = text("""
select max(position), count(*) from (
    select position from edit_row where run_id = :job and position > :after order by position limit :size
) s
""")
_ROWS = """
    select position, enrollment_id, user_id from edit_row
    where run_id = :job and position > :after and position <= :last and outcome is null
"""
_SKIP = """
update edit_row r set outcome = 'skipped', reason = j.reason
from ({judged}) j where r.run_id = :job and r.position = j.position and j.reason is not null
"""
_NEW = """
    select cast(:tenant_id as bigint) as tenant_id, j.user_id,
        cast(:course_version_id as bigint) as course_version_id,
        j.sales_order_id, j.expiration_date, j.boundary, 0 as completed_modules
    from ({judged}) j where j.id is null and j.reason is null
"""
# The enrollment's last event is this job's: it was changed by it.
_MARK = text("""
update edit_row r
set enrollment_id = e.id, version = v.version,
    outcome = case when v.version is null then 'unchanged' else 'changed' end
from edit_row s
left join edit_job job on job.run_id = s.run_id
join enrollment e on e.tenant_id = job.tenant_id and (
    e.id = s.enrollment_id or (e.user_id = s.user_id and e.course_version_id = job.course_version_id))
left join enrollment_event v on v.enrollment_id = e.id and v.version = e.version and v.run_id = s.run_id
where s.run_id = :job and s.position > :after and s.position <= :last and s.outcome is null
    and r.run_id = s.run_id and r.position = s.position
""")


def next_stretch(session: Session, run_id: int, after: int, size: int) -> tuple[int, int] | None:
    """The last position and the number of rows of the stretch behind position `after`; None when there is none."""
    last, rows = session.execute(_STRETCH, {"job": run_id, "after": after, "size": size}).one()
    return None if last is None else (last, rows)


def do_stretch(session: Session, plan: Plan, after: int, last: int, rows: int, why: Why) -> EditCounts:
    """Do the `rows` rows behind position `after` up to `last` of the job whose run `why` names."""
    stretch = {"job": why.run_id, "after": after, "last": last}
    judging, parameters = judged(session, plan, _ROWS, stretch)
    skipped = _written(session, _SKIP.format(judged=judging), parameters)
    wanted = WANTED.format(judged=f"({judging})")
    done = (restore if plan.restoring else change)(session, wanted, parameters, why)
    done += enroll(session, _NEW.format(judged=judging), parameters, why) if plan.enrolls else NOTHING
    session.execute(_MARK, stretch)
    return _counts(rows, skipped, done)


def _written(session: Session, statement: str, parameters: dict[str, Any]) -> int:
    return len(session.execute(text(statement + " returning 1"), parameters).all())


def _counts(rows: int, skipped: int, done: Changes) -> EditCounts:
    return EditCounts(done.changed, rows - skipped - done.changed, skipped, done.expired, done.reinstated)
