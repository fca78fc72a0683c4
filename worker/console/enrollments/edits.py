"""Edits that were asked for: how far they are, what became of each row, stop, resume, undo."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime
from functools import partial
from typing import Any

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from models import edit_jobs
from models.edit_jobs import JobRow, ResultRow
from models.editing import Edit
from models.enrollment_changes import Why
from worker import clock, explain
from worker.console.enrollments import wording
from worker.console.enrollments.asked import Asked
from worker.console.enrollments.reading import MOST_ID, Confirmed, to_edit
from worker.console.pages import ConsolePage, console_page, done
from worker.console.ringing import ring
from worker.errors import NotFound
from worker.login.person import person_of
from worker.login.rights import Right
from worker.pages.context import in_session
from worker.pages.export import export
from worker.pages.live import said
from worker.pages.words import instant, status_name
from worker.pipeline import edit, edit_checks, edit_requests, progress
from worker.pipeline.edit_requests import Undo
from worker.queue import doorbell

Row = dict[str, Any]

SHOWN = 50
HEADER = (
    "Name",
    "E-mail",
    "User",
    "Course",
    "Version",
    "Outcome",
    "Reason",
    "Status before",
    "Status after",
    "Sales order",
    "Typed date",
    "Access ends",
)


class Edits(ConsolePage):
    """Every bulk edit, enrolling and undo."""

    menu_label = "Edits"
    icon = "fa fa-pen-to-square"
    path = "/edits"

    @console_page()
    async def index(self, request: Request) -> Response:
        values = await in_session(request, lambda session: _read_latest(session, request))
        return self.show(request, "enrollments/edits.html", title="Edits", **values)

    @console_page("/{run_id:int}")
    async def detail(self, request: Request) -> Response:
        values = await in_session(request, lambda session: _read(session, request))
        may_edit = person_of(request).may(Right.EDIT_ENROLLMENTS)
        title = f"{wording.WHATS[values['job'].what]} {values['job'].run_id}"
        return self.show(request, "enrollments/job.html", title=title, may_edit=may_edit, **values)

    @console_page("/{run_id:int}/now")
    async def now(self, request: Request) -> Response:
        values = await in_session(request, lambda session: _read(session, request))
        may_edit = person_of(request).may(Right.EDIT_ENROLLMENTS)
        return self.fragment(request, "enrollments/job_now.html", may_edit=may_edit, **values)

    @console_page("/{run_id:int}/file/{form}")
    async def file(self, request: Request) -> Response:
        form = request.path_params["form"]
        if form not in {"csv", "xlsx"}:
            raise NotFound("export-unknown", "There is no such export.", "Use the buttons on the edit's page.")
        zone, rows = await in_session(request, lambda session: _read_rows(session, request))
        return export(f"edit-{request.path_params['run_id']}", form, HEADER, (_line(row, zone) for row in rows))

    @console_page("/{run_id:int}/stop", Right.EDIT_ENROLLMENTS, ["POST"])
    async def stop(self, request: Request) -> Response:
        stopped = await _do(request, edit.stop)
        words = "It stops behind the rows under way." if stopped else "It has ended already."
        return done(request, words, _address(request), "success" if stopped else "info")

    @console_page("/{run_id:int}/resume", Right.EDIT_ENROLLMENTS, ["POST"])
    async def resume(self, request: Request) -> Response:
        confirmed = (await request.form()).get("past_confirmed") == "1"
        await _do(request, partial(edit.resume, past_confirmed=confirmed))
        await ring(request, doorbell.ring_run, _named(request))
        return done(request, "The edit was resumed where it was.", _address(request))

    @console_page("/{run_id:int}/undo", Right.EDIT_ENROLLMENTS)
    async def ask_undo(self, request: Request) -> Response:
        values = await in_session(request, lambda session: _foresee_undo(session, request))
        return self.show(request, "enrollments/undo.html", title=f"Undo edit {_named(request)}", **values)

    @console_page("/{run_id:int}/undo", Right.EDIT_ENROLLMENTS, ["POST"])
    async def undo(self, request: Request) -> Response:
        seen = Confirmed.of(await request.form()).seen
        return await to_edit(request, await _do(request, partial(edit.ask_undo, expected=seen)))


async def _do(request: Request, work: Callable[[Session, int, Why], Any]) -> Any:
    """One action on the edit in the address, by the person who asks."""
    actor, run_id = person_of(request).actor, _named(request)
    return await in_session(request, lambda session: work(session, run_id, Why(actor, clock.now(session))))


def _read_latest(session: Session, request: Request) -> Row:
    jobs = edit_jobs.latest(session, Asked.of(request.query_params).after, SHOWN)
    return {"jobs": jobs, "wording": wording, "full": len(jobs) == SHOWN}


def _read(session: Session, request: Request) -> Row:
    seen = said(edit_jobs.under_way(session))  # before the job: what comes between is shown again
    job = edit_jobs.job(session, _named(request))
    if job is None:
        raise edit.unknown(_named(request))
    asked, outcome = Asked.of(request.query_params), request.query_params.get("outcome")
    outcome = outcome if outcome in wording.OUTCOMES else None
    now = clock.now(session)
    under_way = progress.of_run(asdict(job), now)
    return {
        "seen": seen,
        "job": job,
        "passed": _date_passed(job, now),
        "left": None if under_way is None else under_way.left,
        "rows": edit_jobs.results(session, job.run_id, asked.after or 0, SHOWN, outcome),
        "after": asked.after,
        "reasons": edit_jobs.reasons(session, job.run_id),
        "outcome": outcome,
        "shown": SHOWN,
        "error": explain.find(job.error_code or ""),
        "address": _address(request),
        "wording": wording,
    }


def _date_passed(job: JobRow, now: datetime) -> date | None:
    """The typed date, if going on with the edit has to be confirmed for it."""
    wish = Edit.of(job.wish)
    passed = not job.past_confirmed and edit_checks.ends_in_past(wish, job.time_zone, now)
    return wish.expiration_date if passed else None


def _read_rows(session: Session, request: Request) -> tuple[str, list[ResultRow]]:
    job = edit_jobs.job(session, _named(request))
    if job is None:
        raise edit.unknown(_named(request))
    return job.time_zone, list(edit_jobs.all_results(session, job.run_id))


def _line(row: ResultRow, zone: str) -> tuple[Any, ...]:
    return (
        row.name,
        row.email,
        row.user_key,
        row.title,
        row.version,
        wording.OUTCOMES.get(row.outcome or "", "Not yet"),
        wording.REASONS.get(row.reason or "", row.reason),
        row.status_before and status_name(row.status_before),
        row.status_after and status_name(row.status_after),
        row.sales_order,
        row.expiration_date,
        None if row.boundary is None else instant(row.boundary, zone),
    )


def _foresee_undo(session: Session, request: Request) -> Row:
    job = edit_jobs.job(session, _named(request))
    if job is None:
        raise edit.unknown(_named(request))
    wanted = Undo(edit.find(session, job.run_id).tenant_id, job.run_id)
    foreseen = edit_requests.foresee(session, wanted, clock.now(session))
    return {"job": job, "foreseen": foreseen, "address": _address(request), "wording": wording}


def _named(request: Request) -> int:
    run_id: int = request.path_params["run_id"]
    return min(run_id, MOST_ID - 1)


def _address(request: Request) -> str:
    return f"/console/edits/{_named(request)}"
