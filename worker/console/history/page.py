"""The pages of history: deeds of people, events of enrollments, the time line of one enrollment."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from models import history, tenant_listing
from models.history import HistorySearch
from models.staff import StaffAction
from worker import clock
from worker.console.history import wording
from worker.console.history.timeline import timeline
from worker.console.pages import ConsolePage, console_page
from worker.console.runs.listing import before_of
from worker.errors import NotFound, TermsyncError
from worker.login.person import person_of
from worker.pages.context import in_session
from worker.pages.export import export
from worker.pipeline.scope import parse_instant

PAGE = 50
EXPORTED = 50_000
NAMES = ("actor", "tenant", "q", "run", "since", "until")
ACTIONS_HEADER = ("Time", "Who", "What", "To", "Reason", "Details")
EVENT_COLUMNS = (
    ("at", "Time"),
    ("tenant_name", "Tenant"),
    ("user", "User"),
    ("email", "E-mail"),
    ("course", "Course"),
    ("status", "Status"),
    ("sales_order", "Sales order"),
    ("expiration_date", "Expiration date"),
)
EVENTS_HEADER = (*(words for _, words in EVENT_COLUMNS), "Cause", "By", "Run")


class History(ConsolePage):
    """Deeds of people."""

    menu_label = "History"
    icon = "fa fa-clock-rotate-left"
    path = "/history"

    @console_page()
    async def index(self, request: Request) -> Response:
        search, before = _asked(request.query_params), before_of(request.query_params)

        def read(session: Session) -> tuple[list[dict[str, Any]], dict[str, Any]]:
            return history.actions(session, search, before, PAGE + 1), _choices(session)

        rows, choices = await in_session(request, read)
        older = rows[PAGE - 1]["id"] if len(rows) > PAGE else None
        actions = [wording.action(row) for row in rows[:PAGE]]
        return self.show(
            request, "history/actions.html", actions=actions, **choices, **_where(request, before, older)
        )

    @console_page("/csv")
    async def download(self, request: Request) -> Response:
        search, actor = _asked(request.query_params), person_of(request).actor

        def read(session: Session) -> list[dict[str, Any]]:
            rows = history.actions(session, search, None, EXPORTED)
            _note_export(session, actor, "deeds", request.query_params, len(rows))
            return rows

        found = [wording.action(row) for row in await in_session(request, read)]
        lines = [[each.at, each.who, each.action, each.subject, each.reason, each.details] for each in found]
        return export("history", "csv", ACTIONS_HEADER, lines)


class EnrollmentHistory(ConsolePage):
    """Events of enrollments."""

    menu_label = "History of enrollments"
    path = "/history/enrollments"
    add_to_menu = False

    @console_page()
    async def index(self, request: Request) -> Response:
        search, before = _asked(request.query_params), before_of(request.query_params)

        def read(session: Session) -> tuple[history.Events, dict[str, Any]]:
            return history.events(session, search, before, PAGE), _choices(session)

        page, choices = await in_session(request, read)
        return self.show(
            request,
            "history/events.html",
            events=page.rows,
            wording=wording,
            **choices,
            **_where(request, before, page.older),
        )

    @console_page("/csv")
    async def download(self, request: Request) -> Response:
        search, actor = _asked(request.query_params), person_of(request).actor

        def read(session: Session) -> list[dict[str, Any]]:
            rows = history.latest_events(session, search, EXPORTED)
            _note_export(session, actor, "events of enrollments", request.query_params, len(rows))
            return rows

        lines = [_line(event) for event in await in_session(request, read)]
        return export("history-enrollments", "csv", EVENTS_HEADER, lines)

    @console_page("/{enrollment_id:int}")
    async def one(self, request: Request) -> Response:
        enrollment_id = request.path_params["enrollment_id"]

        def read(session: Session) -> tuple[dict[str, Any] | None, list[dict[str, Any]], list[dict[str, Any]]]:
            found = history.enrollment(session, enrollment_id, clock.now(session))
            return found, *history.of_enrollment(session, enrollment_id)

        found, own, orders = await in_session(request, read)
        if found is None:
            raise NotFound(
                "enrollment-unknown", "There is no such enrollment.", "Look for the user in the history."
            )
        title = f"{found['user']} in {found['course_title']}"
        lines = timeline(own, orders)
        return self.show(request, "history/enrollment.html", title=title, enrollment=found, timeline=lines)


def _asked(parameters: Mapping[str, str]) -> HistorySearch:
    run = parameters.get("run", "")
    if run and not (run.isascii() and run.isdigit() and len(run) < 19):
        raise TermsyncError("number-invalid", f"{run[:40]!r} is not the number of a run.", "Write digits only.")

    def instant(name: str) -> datetime | None:
        return parse_instant(parameters[name]) if parameters.get(name) else None

    def text(name: str) -> str:
        return parameters.get(name, "").replace("\0", "").strip()[:200]

    return HistorySearch(
        text("actor"), text("tenant"), text("q"), int(run) if run else None, instant("since"), instant("until")
    )


def _choices(session: Session) -> dict[str, Any]:
    return {
        "actors": [(row["actor"], wording.who(row["actor"], row["name"])) for row in history.actors(session)],
        "tenants": tenant_listing.names(session),
    }


def _where(request: Request, before: int | None, older: int | None) -> dict[str, Any]:
    """What the page needs to lead to others of the same search."""
    filled = {name: request.query_params[name] for name in NAMES if request.query_params.get(name)}
    return {
        "filled": filled,
        "query": urlencode(filled),
        "older": None if older is None else urlencode({**filled, "before": older}),
        "first_page": before is None,
    }


def _note_export(session: Session, actor: str, what: str, asked: Mapping[str, str], rows: int) -> None:
    detail = {**{name: asked[name] for name in NAMES if asked.get(name)}, "rows": rows}
    now = clock.now(session)
    session.add(StaffAction(at=now, actor=actor, action="history exported", subject=what, detail=detail))


def _line(event: Mapping[str, Any]) -> list[Any]:
    told = wording.cause(event), wording.who(event["actor"], event["person"]), event["run_id"]
    return [*(event[name] for name, _ in EVENT_COLUMNS), *told]
