"""Bulk edits: preview, at once or as a job, stop, resume, undo.

Every edit is a run of kind `edit` whose rows are fixed when it is asked for. Up to `AT_ONCE` rows are done where
it is asked; more are left to a worker, who does a stretch a transaction and judges each row when its turn comes.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from models import edit_jobs, edit_steps, editing, runs
from models.edit import EditJob
from models.edit_steps import EditCounts
from models.editing import Edit, Plan
from models.enrollment_changes import Why
from models.locks import lock_tenant
from models.runs import ClaimedRun
from models.staff import StaffAction
from models.sync_run import SyncRun
from models.tenant import Tenant
from worker import clock
from worker.database import in_transaction
from worker.errors import NotFound, TermsyncError
from worker.pipeline import edit_checks, edit_requests, expire
from worker.pipeline.edit_requests import Request, Undo

EDIT = edit_jobs.KIND
AT_ONCE = 100  # rows
STRETCH = 500  # rows of a job in one transaction
ACTIONS = {
    "edit": "enrollments edited",
    "enroll": "users enrolled",
    "undo": "edit undone",
    "expire": "people of a flagged order expired",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking: the run, whether it was made just now, and whether it waits for a worker."""

    run_id: int
    new: bool
    waits: bool


def ask(
    session: Session,
    request: Request,
    why: Why,
    key: str,
    *,
    past_confirmed: bool = False,
    expected: str | None = None,
    at_once: int = AT_ONCE,
) -> Asked:
    """Make the edit, and do it here when it has at most `at_once` rows. The same key again finds the first one.

    Raises what `edit_requests.check` raises, `edit-nobody-selected`, `edit-date-in-past` unless it is confirmed,
    what `edit_checks.check_same` raises when the request no longer means what the `expected` fingerprint says, and
    `edit-key-reused` when the key came with another request. Nothing is kept of an edit that is refused.
    """
    tenant = edit_requests.lock(session, request)
    known = edit_jobs.by_key(session, tenant.id, key)
    if known is not None:
        return _known(session, known, request)
    order = edit_requests.check(session, tenant, request, why.now)
    past = edit_checks.check_date(request.wish, tenant, why.now, confirmed=past_confirmed)
    if expected is not None:
        now = edit_requests.judge(session, tenant, request, order, why.now).fingerprint
        edit_checks.check_same(expected, now)
    return _make(session, tenant, request, why, key, at_once, past_confirmed=past)


def ask_undo(
    session: Session, run_id: int, why: Why, *, expected: str | None = None, at_once: int = AT_ONCE
) -> Asked:
    """Take back what an edit that has ended changed and nobody has touched since. Asked twice, it is done once.

    Raises `edit-unknown`, `edit-not-ended`, `edit-nobody-selected` when the edit changed nobody, and what
    `edit_checks.check_same` raises when it is no longer what the `expected` fingerprint says.
    """
    request = Undo(find(session, run_id).tenant_id, run_id)
    tenant = edit_requests.lock(session, request)
    known = edit_jobs.undo_of(session, run_id)
    if known is not None:
        return _known(session, known, request)
    if session.get_one(SyncRun, run_id, populate_existing=True).state in runs.OPEN:
        raise TermsyncError(
            "edit-not-ended",
            f"Edit {run_id} is still under way.",
            "Wait for its end, or stop it first.",
        )
    if expected is not None:
        edit_checks.check_same(expected, edit_requests.judge(session, tenant, request, None, why.now).fingerprint)
    return _make(session, tenant, request, why, f"undo:{run_id}", at_once)


def _known(session: Session, job: EditJob, request: Request) -> Asked:
    if job.digest != request.digest:
        raise TermsyncError(
            "edit-key-reused",
            f"Another edit, number {job.run_id}, was asked for with this key.",
            "Begin a new edit; its key is new too.",
        )
    state = session.get_one(SyncRun, job.run_id, populate_existing=True).state
    return Asked(job.run_id, new=False, waits=state in runs.OPEN)


def _make(
    session: Session,
    tenant: Tenant,
    request: Request,
    why: Why,
    key: str,
    at_once: int,
    *,
    past_confirmed: bool = False,
) -> Asked:
    run = SyncRun(
        kind=edit_jobs.KIND, scope=f"{request.what}:{tenant.key}:{key}", asked_by=why.actor, asked_at=why.now
    )
    asked = {"request_key": key, "digest": request.digest, "past_confirmed": past_confirmed}
    job = EditJob(tenant_id=tenant.id, **asked, **request.columns)
    edit_jobs.make(session, run, job, request.selection(tenant, why.now))
    if not job.rows:
        raise edit_requests.nobody(request)
    _note(session, why, ACTIONS[job.what], job)
    if job.rows > at_once:
        return Asked(run.id, new=True, waits=True)
    counts = _do(session, tenant, job, Why(why.actor, why.now, run.id), 0, job.rows)[1]
    run.state, run.outcome, run.started_at, run.finished_at = "done", _outcome(counts), why.now, why.now
    run.counts, run.progress = asdict(counts), _progress(job, job.rows, counts)
    session.flush()
    return Asked(run.id, new=True, waits=False)


def perform(
    sessions: sessionmaker[Session],
    run: ClaimedRun,
    stop: Callable[[], bool] = lambda: False,
    now: Callable[[Session], datetime] = clock.now,
    size: int = STRETCH,
) -> str:
    """Do a claimed edit to its end. Returns the state its run is in then: done, stopped, or queued for another.

    `stop` is asked between two stretches of `size` rows. Killed anywhere and taken up again, it goes on behind the
    last stretch that was written. RunLost: another worker has it now.
    """
    state, after, counts = "running", int(run.progress.get("after", 0)), EditCounts(**run.counts)

    def stretch(session: Session) -> tuple[str, int, EditCounts]:
        return _stretch(session, run, after, counts, now, size)

    while True:
        state, after, counts = in_transaction(sessions, stretch)
        if state != "running":
            return state
        if stop():
            with sessions.begin() as session:
                runs.give_back(session, run)
            return "queued"


def _stretch(
    session: Session,
    run: ClaimedRun,
    after: int,
    counts: EditCounts,
    now_of: Callable[[Session], datetime],
    size: int,
) -> tuple[str, int, EditCounts]:
    """One stretch and the end of the run, if it was the last: (state, position reached, counts so far)."""
    job = session.get_one(EditJob, run.id)
    tenant = lock_tenant(session, job.tenant_id)
    now = now_of(session)
    obstacle = edit_checks.obstacle(session, tenant, job, now)
    if obstacle is not None:
        runs.finish(session, run, "stopped", now, error=(obstacle.code, obstacle.message))
        return "stopped", after, counts
    last, done = _do(session, tenant, job, Why(run.asked_by, now, run.id), after, size)
    counts += done
    stop = runs.save_progress(session, run, _progress(job, last, counts), asdict(counts))
    if counts.rows >= job.rows:
        runs.finish(session, run, "done", now, outcome=_outcome(counts))
        return "done", last, counts
    if stop:
        runs.finish(session, run, "stopped", now)
    return "stopped" if stop else "running", last, counts


def _do(session: Session, tenant: Tenant, job: EditJob, why: Why, after: int, size: int) -> tuple[int, EditCounts]:
    """The next `size` rows of the job behind position `after`: (last position, what became of them)."""
    stretch = edit_steps.next_stretch(session, job.run_id, after, size)
    if stretch is None:
        return after, EditCounts()
    last, rows = stretch
    expire.catch_up(session, tenant, Why(expire.ACTOR, why.now))
    plan = _plan(session, tenant, job, why.now)
    return last, edit_steps.do_stretch(session, plan, after, last, rows, why)


def _plan(session: Session, tenant: Tenant, job: EditJob, now: datetime) -> Plan:
    if job.undoes is not None:
        return editing.undo_plan(tenant, job.undoes, now)
    wish = Edit.of(job.wish)
    order = edit_requests.chosen_order(session, tenant, wish, now)
    if job.what == "enroll":
        assert job.course_version_id is not None, "the database says so"
        return editing.enroll_plan(tenant, job.course_version_id, wish, order, now)
    return editing.edit_plan(
        tenant, wish, order, now, course_version_id=job.course_version_id, of_order=job.order_id
    )


def stop(session: Session, run_id: int, why: Why) -> bool:
    """Ask an edit to stop behind the stretch under way. Whether it was still open; what is done stays done."""
    job = find(session, run_id)
    stopped = runs.request_stop(session, run_id, why.now)
    if stopped:
        _note(session, why, "edit stopped", job)
    return stopped


def resume(session: Session, run_id: int, why: Why, *, past_confirmed: bool = False) -> None:
    """Go on with an edit that was stopped, failed or was set aside. Raises `edit-not-stopped`, `edit-undone`,
    `order-not-flagged`, and `edit-date-passed` for a date that is over by now, unless it is confirmed.
    """
    job = find(session, run_id)
    tenant = lock_tenant(session, job.tenant_id)
    if edit_jobs.undo_of(session, run_id) is not None:
        raise TermsyncError(
            "edit-undone",
            f"Edit {run_id} was taken back, so it cannot be resumed.",
            "Begin a new edit for the people who are left.",
        )
    if not runs.reopen(session, run_id):
        raise TermsyncError(
            "edit-not-stopped",
            f"Edit {run_id} is not stopped.",
            "Nothing is left to do if it is done; if it is under way, wait for its end.",
        )
    if past_confirmed and edit_checks.ends_in_past(Edit.of(job.wish), tenant.time_zone, why.now):
        job.past_confirmed = True
    obstacle = edit_checks.obstacle(session, tenant, job, why.now)
    if obstacle is not None:
        raise obstacle
    _note(session, why, "edit resumed", job)


def find(session: Session, run_id: int, tenant_id: int | None = None) -> EditJob:
    """The edit of this run, in this tenant if one is given. Raises NotFound."""
    job = session.get(EditJob, run_id)
    if job is None or tenant_id not in (None, job.tenant_id):
        raise unknown(run_id)
    return job


def unknown(run_id: int) -> NotFound:
    """What is said of an edit that is not there."""
    return NotFound("edit-unknown", f"There is no edit {run_id}.", "Look it up in the list of edits.")


def _outcome(counts: EditCounts) -> str:
    return "errors" if counts.skipped else "ok"


def _progress(job: EditJob, after: int, counts: EditCounts) -> dict[str, int]:
    return {"after": after, "done": counts.rows, "rows": job.rows}


def _note(session: Session, why: Why, action: str, job: EditJob) -> None:
    detail = {"tenant_id": job.tenant_id, "rows": job.rows, "wish": job.wish, "undoes": job.undoes}
    detail |= {"order_id": job.order_id, "past_confirmed": job.past_confirmed or None}
    session.add(
        StaffAction(at=why.now, actor=why.actor, action=action, subject=f"run {job.run_id}", detail=detail)
    )
