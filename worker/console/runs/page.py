"""One run: how far it is, what it changed or would change, stopping it, and asking for it again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from models import differences, run_listing, runs
from models.enrollment_changes import Why
from models.staff import StaffAction
from worker import clock, explain
from worker.console.pages import ConsolePage, console_page, done
from worker.console.ringing import ring
from worker.console.runs import wording
from worker.console.runs.listing import document, topic
from worker.errors import NotFound, TermsyncError
from worker.login.person import Person, person_of
from worker.login.rights import Right, who
from worker.pages.context import in_session
from worker.pages.export import export
from worker.pages.live import said
from worker.pipeline import again, progress, undo
from worker.pipeline.progress import Progress
from worker.pipeline.tenant_change import TENANT
from worker.queue import doorbell

Row = dict[str, Any]

LISTED = 200
EXPORTED = 100_000
ENDED = frozenset({"done", "failed", "stopped", "quarantined"})
HEADER = (
    "Tenant",
    "User",
    "Course",
    "Version",
    "Status before",
    "Status after",
    "Access until before",
    "After",
    "Cause",
)
CHANGES = (
    "tenant",
    "user",
    "course",
    "version",
    "status_before",
    "status_after",
    "boundary_before",
    "boundary_after",
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page of a run tells. `diff` are its changes, of a dry run what it would change; `seen` is what its
    topic said before it was read.
    """

    run: Row
    progress: Progress | None
    diff: Mapping[str, list[Row]]
    holds: list[Row]
    parked: list[Row]
    person: str
    seen: str

    @property
    def ended(self) -> bool:
        return self.run["state"] in ENDED

    @property
    def remedy(self) -> str:
        known = explain.find(self.run["error_code"] or "")
        return known.remedy if known else "See the log of the worker that did the run."

    @property
    def can_stop(self) -> bool:
        return not self.ended and not self.run["stop_requested"]

    @property
    def can_retry(self) -> bool:
        return self.ended and self.run["state"] != "done" and self.run["kind"] in again.KINDS

    @property
    def can_apply(self) -> bool:
        """Whether this was a dry run that can now be done for real."""
        return self.run["dry_run"] and self.run["state"] == "done" and self.run["kind"] in again.KINDS

    @property
    def can_undo(self) -> bool:
        changed = self.run["counts"].get("accepted_changed") or self.run["counts"].get("enrollments_changed")
        return bool(self.ended and not self.run["dry_run"] and self.run["kind"] in undo.UNDOABLE and changed)

    @property
    def nothing_changes(self) -> bool:
        return not any(self.diff.values())


class RunPage(ConsolePage):
    """One run."""

    menu_label = "Run"
    path = "/runs/{run_id:int}"
    add_to_menu = False

    @console_page()
    async def index(self, request: Request) -> Response:
        shown = await _read(request)
        title = f"Run {shown.run['id']}"
        return self.show(request, "runs/run.html", title=title, **_context(request, shown))

    @console_page("/now")
    async def now(self, request: Request) -> Response:
        shown = await _read(request)
        return self.fragment(request, "runs/now.html", **_context(request, shown))

    @console_page("/json")
    async def json(self, request: Request) -> Response:
        shown = await _read(request)
        return JSONResponse({"run": document(shown.run), "changes": dict(shown.diff)})

    @console_page("/changes/{form}")
    async def changes(self, request: Request) -> Response:
        shown = await _read(request, EXPORTED)
        rows = ([row[name] for name in (*CHANGES, "cause")] for row in shown.diff.get("enrollments", []))
        return export(f"run-{shown.run['id']}-enrollments", request.path_params["form"], HEADER, rows)

    @console_page("/stop", Right.OPERATE, ["POST"])
    async def stop(self, request: Request) -> Response:
        run_id = request.path_params["run_id"]
        person = person_of(request).actor

        def stop(session: Session) -> bool:
            now = clock.now(session)
            stopped = runs.request_stop(session, run_id, now)
            if stopped:
                session.add(StaffAction(at=now, actor=person, action="run stopped", subject=f"run {run_id}"))
            return stopped

        if not await in_session(request, stop):
            raise TermsyncError("run-ended", f"Run {run_id} has ended already.", "Nothing is left to stop.")
        return done(request, f"Run {run_id} was told to stop.", _address(run_id))

    @console_page("/again", Right.OPERATE, ["POST"])
    async def again(self, request: Request) -> Response:
        """The same once more: a retry, or for real what a dry run has shown."""
        form, person = await request.form(), person_of(request)

        def ask(session: Session) -> tuple[int, bool]:
            run = _find(session, request.path_params["run_id"])
            _check_right(person, run)
            dry_run = run["dry_run"] and form.get("real") != "yes"
            return again.request(session, run, Why(person.actor, clock.now(session)), dry_run=dry_run)

        return await asked(request, await in_session(request, ask))


def _may_repeat(person: Person, run: Row) -> bool:
    """Whoever may not change a tenant's settings may not do so by a run either."""
    return person.may(Right.MANAGE_TENANTS if run["kind"] == TENANT else Right.OPERATE)


def _check_right(person: Person, run: Row) -> None:
    if not _may_repeat(person, run):
        raise TermsyncError(
            "not-your-role",
            f"Your role, {person.role_names}, may not {Right.MANAGE_TENANTS.value}.",
            f"Ask somebody of: {who(Right.MANAGE_TENANTS)}.",
        )


async def asked(request: Request, answer: tuple[int, bool]) -> Response:
    """Rings for a run that was asked for, and shows its page."""
    run_id, new = answer
    await ring(request, doorbell.ring_run, run_id)
    # The page below goes on to tell how the run is; the message tells what was done, and stays true.
    words = f"Run {run_id} was asked for." if new else f"Run {run_id} does the same: you joined it."
    return done(request, words, _address(run_id))


def _address(run_id: int) -> str:
    return f"/console/runs/{run_id}"


def _find(session: Session, run_id: int) -> Row:
    run = run_listing.one(session, run_id)
    if run is None:
        raise NotFound("run-unknown", f"There is no run {run_id}.", "Look for it in the list of runs.")
    return run


async def _read(request: Request, limit: int = LISTED) -> Shown:
    def read(session: Session) -> Shown:
        seen = said(topic(session))
        run = _find(session, request.path_params["run_id"])
        return Shown(
            run,
            progress.of_run(run, clock.now(session)),
            _diff(session, run, limit),
            run_listing.holds_of(session, run["id"]),
            run_listing.parked_of(session, run["id"]) if run["parked"] else [],
            wording.person(run["asked_by"]),
            seen,
        )

    return await in_session(request, read)


def _diff(session: Session, run: Row, limit: int) -> Mapping[str, list[Row]]:
    """What a run changed: of a dry run as it was kept, else read off the history once the run has ended."""
    if run["dry_run"]:
        kept: dict[str, list[Row]] = run["progress"].get("diff", {})
        return {name: rows[:limit] for name, rows in kept.items()}
    if run["state"] not in ENDED or run["kind"] == "fields":
        return {}
    return differences.of_ended_run(session, run["id"], limit)


def _context(request: Request, shown: Shown) -> dict[str, Any]:
    person = person_of(request)
    return {
        "shown": shown,
        "run": shown.run,
        "wording": wording,
        "may_operate": person.may(Right.OPERATE),
        "may_repeat": _may_repeat(person, shown.run),
        "listed": LISTED,
    }
