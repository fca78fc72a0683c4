"""The client admin's pages: the dashboard, and the Organization Report on screen and as a file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from models import portal_listing, portal_summary
from models.portal_listing import Line
from models.portal_selection import Selection
from models.portal_summary import SOON, Period, Summary
from models.status import Status
from models.terms import today
from worker import clock
from worker.login.person import Person, person_of
from worker.pages.context import in_session, web_of
from worker.pages.export import export
from worker.portal import asked, charts
from worker.portal.expiry import EXPIRY, expiry_cells
from worker.portal.rendering import page

PAGE_SIZE = 50
SHOWN = (Status.ENROLLED, Status.EXPIRED)
COLUMNS = (
    *("Name", "E-mail", "Account", "Groups", "Course", "Version"),
    *EXPIRY,
    *("Sales order", "Modules completed", "Modules"),
)


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a tenant's enrollments, with the totals of what was searched for.

    `summary` is of every course, `chosen` of the course asked for; `after` is the place of the next page.
    """

    now: datetime
    today: date
    selection: Selection
    groups: list[str]
    summary: Summary
    lines: list[Line]
    after: int | None

    @property
    def chosen(self) -> Summary:
        return self.summary.of(self.selection.course)

    @property
    def courses(self) -> dict[str, str]:
        """What each course is called in the filter, by the value of its option."""
        return {asked.course_value(keys): f"{title} ({keys[1]})" for keys, title in self.summary.courses().items()}


def _selection(request: Request, *, inactive: bool) -> Selection:
    return Selection(
        person_of(request).tenant_id,
        asked.status(request, *SHOWN),
        asked.text(request, "q"),
        asked.text(request, "group") or None,
        asked.course(request),
        inactive,
    )


def _listed(session: Session, person: Person, selection: Selection, place: int | None, period: Period) -> Listed:
    now = clock.now(session)
    lines = portal_listing.lines(session, selection, now, after=place, limit=PAGE_SIZE + 1)
    return Listed(
        now=now,
        today=today(now, person.zone),
        selection=selection,
        groups=portal_summary.groups(session, selection.tenant_id),
        summary=portal_summary.summary(session, selection, now, period),
        lines=lines[:PAGE_SIZE],
        after=lines[PAGE_SIZE - 1].id if len(lines) > PAGE_SIZE else None,
    )


async def dashboard(request: Request) -> Response:
    """Totals, charts and the list of active people's enrollments."""
    period: Period = "week" if request.query_params.get("by") == "week" else "month"
    listed = await _list(request, inactive=False, period=period)
    bars = charts.course_bars(listed.chosen)
    endings = charts.ending_bars(listed.chosen, listed.today, period)
    values = {"course_bars": bars, "ending_bars": endings, "period": period, "soon_days": SOON}
    return _page(request, "dashboard.html", listed, values)


async def report(request: Request) -> Response:
    """The Organization Report: deactivated people are in it, and marked."""
    return _page(request, "report.html", await _list(request, inactive=True), {})


async def _list(request: Request, *, inactive: bool, period: Period = "month") -> Listed:
    person, place = person_of(request), asked.place(request)
    selection = _selection(request, inactive=inactive)
    return await in_session(request, lambda session: _listed(session, person, selection, place, period))


def _page(request: Request, template: str, listed: Listed, values: Mapping[str, Any]) -> Response:
    chosen = "" if listed.selection.course is None else asked.course_value(listed.selection.course)
    return page(request, template, view=listed, chosen_course=chosen, **values)


async def report_csv(request: Request) -> Response:
    """The report as CSV, of what the page was filtered to."""
    return _download(request, "csv")


async def report_xlsx(request: Request) -> Response:
    """The report as an Excel file, of what the page was filtered to."""
    return _download(request, "xlsx")


def _download(request: Request, form: str) -> Response:
    selection, sessions = _selection(request, inactive=True), web_of(request).sessions

    def rows() -> Iterator[tuple[object, ...]]:
        with sessions() as session:
            for line in portal_listing.every_line(session, selection, clock.now(session)):
                yield _cells(line)

    return export("organization-report", form, COLUMNS, rows())


def _cells(line: Line) -> tuple[object, ...]:
    account = "Active" if line.active else "Deactivated"
    person = (line.name, line.email, account, ", ".join(line.groups), line.title, line.version)
    return (*person, *expiry_cells(line.standing), line.sales_order, line.completed, line.modules)
