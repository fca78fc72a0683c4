"""Jobs of bulk edits: making one with its rows fixed, finding it again, and listing what became of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models.edit import EditJob
from models.enrollment_search import EnrollmentFilter, matching_ids
from models.runs import OPEN
from models.sync_run import SyncRun
from models.tenant import Tenant
from models.user_search import UserFilter, matching_user_ids

KIND = "edit"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows an edit is about: a SELECT of position, enrollment_id and user_id, with its parameters."""

    rows: str
    parameters: dict[str, Any]


_OF_ENROLLMENTS = """
select row_number() over (order by s.id) as position, s.id as enrollment_id, cast(null as bigint) as user_id
from ({ids}) s
"""
# Those who read as E on an order.
_ON_ORDER = """
select e.id from enrollment e join tenant t on t.id = e.tenant_id
where e.sales_order_id = :order_id and e.tenant_id = :tenant_id
    and status_at(e.status, e.boundary, t.paused_at, t.pause_until, :now) = 'E'
"""
_OF_USERS = """
select row_number() over (order by s.id) as position, cast(null as bigint) as enrollment_id, s.id as user_id
from ({ids}) s
"""
_OF_JOB = """
select position, enrollment_id, user_id from edit_row where run_id = :undoes and outcome = 'changed'
"""
_NAMED = "select distinct n as id from unnest(cast(:ids as bigint[])) n"


def of_enrollments(tenant: Tenant, wanted: EnrollmentFilter, now: datetime) -> Selection:
    """The enrollments that match at `now`. Where ids are given: just those, whether they are there or not."""
    if wanted.ids is not None:
        return Selection(_OF_ENROLLMENTS.format(ids=_NAMED), {"ids": list(wanted.ids)})
    ids, parameters = matching_ids(tenant, wanted, now)
    return Selection(_OF_ENROLLMENTS.format(ids=ids), parameters)


def of_order(tenant: Tenant, order_id: int, now: datetime) -> Selection:
    """Who is Enrolled at `now` and on the order."""
    parameters = {"order_id": order_id, "tenant_id": tenant.id, "now": now}
    return Selection(_OF_ENROLLMENTS.format(ids=_ON_ORDER), parameters)


def of_users(tenant: Tenant, wanted: UserFilter) -> Selection:
    """The users that match. Where ids are given: just those, whether they are there or not."""
    if wanted.ids is not None:
        return Selection(_OF_USERS.format(ids=_NAMED), {"ids": list(wanted.ids)})
    ids, parameters = matching_user_ids(tenant, wanted)
    return Selection(_OF_USERS.format(ids=ids), parameters)


def of_job(run_id: int) -> Selection:
    """What a job changed, for its undo."""
    return Selection(_OF_JOB, {"undoes": run_id})


def fingerprint(session: Session, selection: Selection) -> str:
    """`12:9e107d9d372bb6826bd81d3542a419d6`: how many rows are selected, and a hash of which."""
    query = text(f"""
    select count(*) || ':' || md5(coalesce(string_agg(id::text, ' ' order by position), ''))
    from (select position, coalesce(enrollment_id, user_id) as id from ({selection.rows}) r) who
    """)
    found: str = session.execute(query, selection.parameters).scalar_one()
    return found


def by_key(session: Session, tenant_id: int, request_key: str) -> EditJob | None:
    """The job that was made for this key, if one was."""
    return session.execute(
        select(EditJob).where(EditJob.tenant_id == tenant_id, EditJob.request_key == request_key)
    ).scalar_one_or_none()


def undo_of(session: Session, run_id: int) -> EditJob | None:
    """The job that takes the job `run_id` back, if there is one."""
    return session.execute(select(EditJob).where(EditJob.undoes == run_id)).scalar_one_or_none()


def make(session: Session, run: SyncRun, job: EditJob, selection: Selection) -> EditJob:
    """Write the run, the job and its rows. The rows are fixed by it; their number is on the job."""
    session.add(run)
    session.flush()
    job.run_id, job.rows = run.id, 0
    session.add(job)
    session.flush()
    statement = text(f"""
    with taken as (
        insert into edit_row (run_id, position, enrollment_id, user_id)
        select :job, position, enrollment_id, user_id from ({selection.rows}) r returning 1
    )
    select count(*) from taken
    """)
    job.rows = session.execute(statement, {**selection.parameters, "job": run.id}).scalar_one()
    session.flush()
    return job


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One row of a job as people read it: what the job left, or what is there now where it changed nothing."""

    position: int
    name: str | None
    email: str | None
    user_key: str | None
    course: str | None
    version: str | None
    title: str | None
    outcome: str | None
    reason: str | None
    status_before: str | None
    status_after: str | None
    sales_order: str | None
    expiration_date: date | None
    boundary: datetime | None


_RESULTS = """
select r.position, u.name, u.email, u.key, c.key, v.key, v.title, r.outcome, r.reason,
    case when n.version is null then null when n.before ? 'status' then n.before ->> 'status'
        when n.before is not null then n.status end,
    n.status, o.number, case when n.version is null then e.expiration_date else n.expiration_date end,
    case when n.version is null then e.boundary else n.boundary end
from edit_row r
join edit_job j on j.run_id = r.run_id
left join enrollment e on e.id = r.enrollment_id and e.tenant_id = j.tenant_id
left join users u on u.id = coalesce(e.user_id, r.user_id) and u.tenant_id = j.tenant_id
left join course_version v on v.id = coalesce(e.course_version_id, j.course_version_id)
left join course c on c.id = v.course_id
left join enrollment_event n on n.enrollment_id = e.id and n.version = r.version
left join sales_order o on o.tenant_id = j.tenant_id
    and o.id = case when n.version is null then e.sales_order_id else n.sales_order_id end
where r.run_id = :job and r.position > :after {of_outcome}
order by r.position limit :limit
"""


def results(
    session: Session, run_id: int, after: int = 0, limit: int = 1000, outcome: str | None = None
) -> list[ResultRow]:
    """Rows of the job behind position `after`, of one outcome or of all."""
    of_outcome = "" if outcome is None else "and r.outcome = :outcome"
    parameters = {"job": run_id, "after": after, "limit": limit, "outcome": outcome}
    found = session.execute(text(_RESULTS.format(of_outcome=of_outcome)), parameters)
    return [ResultRow(*row) for row in found]


def all_results(session: Session, run_id: int, size: int = 1000) -> Iterator[ResultRow]:
    """Every row of the job, read in pieces: a file of any length in flat memory."""
    after = 0
    while rows := results(session, run_id, after, size):
        yield from rows
        after = rows[-1].position


_REASONS = text("""
select reason, count(*) as rows from edit_row
where run_id = :job and outcome = 'skipped' group by reason order by reason
""")


def reasons(session: Session, run_id: int) -> dict[str, int]:
    """How many rows of the job were skipped so far, by reason."""
    return {row.reason: row.rows for row in session.execute(_REASONS, {"job": run_id})}


@dataclass(frozen=True, slots=True)
class JobRow:
    """One edit as people read it. `undone_by` is the edit that took it back."""

    run_id: int
    what: str
    wish: dict[str, Any]
    tenant: str
    tenant_name: str
    time_zone: str
    sales_order: str | None
    order_id: int | None
    course: str | None
    version: str | None
    undoes: int | None
    undone_by: int | None
    past_confirmed: bool
    rows: int
    counts: dict[str, int]
    progress: dict[str, Any]
    state: str
    outcome: str | None
    asked_by: str
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    stop_requested: bool
    error_code: str | None
    error_detail: str | None

    @property
    def done(self) -> int:
        """How many rows had their turn."""
        return int(self.progress.get("done", 0))

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


_JOBS = """
select j.run_id, j.what, j.wish, t.key as tenant, t.name as tenant_name, t.time_zone, o.number as sales_order,
    j.order_id, v.title as course, v.key as version, j.undoes,
    (select u.run_id from edit_job u where u.undoes = j.run_id) as undone_by, j.past_confirmed, j.rows, r.counts,
    r.progress,
    r.state, r.outcome, r.asked_by, r.asked_at, r.started_at, r.finished_at, r.stop_requested, r.error_code,
    r.error_detail
from edit_job j
join sync_run r on r.id = j.run_id
join tenant t on t.id = j.tenant_id
left join sales_order o on o.tenant_id = j.tenant_id
    and o.id = coalesce(j.order_id, cast(j.wish ->> 'sales_order' as bigint))
left join course_version v on v.id = j.course_version_id
{where} order by j.run_id desc limit :limit
"""


def job(session: Session, run_id: int) -> JobRow | None:
    """One edit."""
    query = text(_JOBS.format(where="where j.run_id = :job"))
    row = session.execute(query, {"job": run_id, "limit": 1}).mappings().one_or_none()
    return None if row is None else JobRow(**row)


def latest(session: Session, before: int | None = None, limit: int = 50) -> list[JobRow]:
    """The newest edits, or those older than the run `before`."""
    query = text(_JOBS.format(where="" if before is None else "where j.run_id < :before"))
    return [JobRow(**row) for row in session.execute(query, {"before": before, "limit": limit}).mappings()]


_UNDER_WAY = text("""
select id, state, cast(progress ->> 'done' as bigint) as done from sync_run
where kind = 'edit' and (state in ('queued', 'running') or id = (select max(run_id) from edit_job)) order by id
""")


def under_way(session: Session) -> dict[str, list[Any]]:
    """How far every open edit is, and the newest one: what changes when a page about edits should."""
    return {str(row.id): [row.state, row.done] for row in session.execute(_UNDER_WAY)}
