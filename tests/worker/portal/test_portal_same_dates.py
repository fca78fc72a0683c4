"""One enrollment has one last day, wherever it is shown: learner, Coach, client admin, staff, files and API."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from client_world import ClientWorld
from openpyxl import load_workbook
from portal_visit import Portal, Visitor, days, portal_on, rows
from sqlalchemy import Engine, text
from web_running import add_staff

from models.enrollment_changes import Why
from models.terms import boundary
from worker.pages.words import day, instant
from worker.pipeline import tokens

ZONE = "Pacific/Auckland"  # where a day begins long before it does in UTC


@dataclass(frozen=True)
class Case:
    """How an enrollment comes to its last day; numbers are days from today."""

    last_day: int
    term_end: int | None = None
    grace: int = 0
    typed: int | None = None
    paused: bool = False
    expired: bool = False

    @property
    def date(self) -> date:
        return days(self.last_day)

    @property
    def boundary(self) -> datetime:
        return boundary(self.date, ZONE)


CASES = {
    "the term": Case(12, term_end=12),
    "the term and grace": Case(17, term_end=12, grace=5),
    "a typed date before the term's end": Case(9, term_end=12, grace=5, typed=9),
    "a typed date after the term's end": Case(60, term_end=12, grace=5, typed=60),
    "over, within grace": Case(4, term_end=-3, grace=7),
    "over, kept open by a pause": Case(-4, term_end=-6, grace=2, paused=True),
    "expired with the end of grace": Case(-4, term_end=-6, grace=2, expired=True),
    "expired with a typed date": Case(-4, term_end=30, grace=2, typed=-4, expired=True),
}


class Seen:
    """One enrollment of Lena's, and everybody who can look at it."""

    def __init__(self, case: Case, portal: Portal, api: httpx.Client) -> None:
        self.case, self.api = case, api
        with portal.sessions.begin() as session:
            world = ClientWorld(session, "acme", zone=ZONE, grace_days=case.grace)
            world.user("Max")
            world.user("Lena", manager="Max")
            world.user("Chris", client_admin=True)
            order = None if case.term_end is None else world.order(days(case.term_end), "SO77")
            typed = None if case.typed is None else days(case.typed)
            self.enrollment = world.enroll("Lena", "safety", order=order, typed=typed)
            if case.paused:
                world.pause(datetime.now(UTC) - timedelta(days=30))
            open_boundary = "insert into due_boundary (tenant_id, at) select tenant_id, boundary from enrollment"
            session.execute(text(open_boundary))
            self.order = order
            self.version = session.execute(text("select id from course_version")).scalar_one()
            add_staff(session, "admin")
            staff = session.execute(text("select id from staff")).scalar_one()
        self.lena, self.max, self.chris = (portal.visitor(world, name) for name in ("Lena", "Max", "Chris"))
        self.staff = portal.staff(staff)


@pytest.fixture(params=list(CASES.values()), ids=list(CASES))
def seen(request: pytest.FixtureRequest, database: Engine) -> Iterator[Seen]:
    with portal_on(database) as portal:
        with portal.sessions.begin() as session:
            token = tokens.add(session, "lms", ["read"], Why("test", datetime.now(UTC)))
        api = portal.stranger().client
        api.headers["authorization"] = f"Bearer {token}"
        yield Seen(request.param, portal, api)


def column(visitor: Visitor, address: str, name: str) -> str:
    """A value of the only line of a CSV file."""
    [line] = csv.DictReader(io.StringIO(visitor.page(address).lstrip("\ufeff")))
    return line[name]


def test_the_last_day_is_the_same_everywhere(seen: Seen) -> None:
    case = seen.case
    told, written = day(case.date), case.date.isoformat()
    moment = instant(case.boundary, ZONE)

    # people of the client
    assert told in seen.lena.page("/")
    assert told in seen.lena.page("/courses/safety/v1/results")
    assert [cells[3] for cells in rows(seen.max.page("/team"))] == [told]
    assert column(seen.max, "/team.csv", "Last day") == written
    assert [cells[3] for cells in rows(seen.chris.page("/dashboard"))] == [told]
    assert [cells[4] for cells in rows(seen.chris.page("/report"))] == [told]
    assert column(seen.chris, "/report.csv", "Last day") == written
    sheet = load_workbook(io.BytesIO(seen.chris.get("/report.xlsx").content)).active
    assert sheet is not None
    header, line = sheet.iter_rows(values_only=True)
    assert dict(zip(header, line, strict=True))["Last day"] == datetime.combine(case.date, datetime.min.time())

    # staff
    course = f"/console/courses/acme/{seen.version}"
    assert f'<span class="term">{told}</span>' in seen.staff.page(course)
    assert column(seen.staff, f"{course}/file/csv", "Last day") == written
    assert column(seen.staff, f"{course}/file/csv", "Access ends") == moment
    assert f"<dd>{told}</dd>" in seen.staff.page(f"/console/history/enrollments/{seen.enrollment}")
    assert f'data-label="Last day">{told}' in seen.staff.page(f"/console/orders/acme/{seen.order}")

    # programs
    [listed] = seen.api.get("/api/v1/tenants/acme/enrollments").json()["items"]
    [access] = seen.api.get("/api/v1/tenants/acme/users/lena/access").json()["courses"]
    for document in (listed, access):
        assert document["last_day"] == written
        assert datetime.fromisoformat(document["boundary"]) == case.boundary


def test_charts_and_counts_go_by_the_same_day(seen: Seen) -> None:
    case = seen.case
    monday = case.date - timedelta(days=case.date.weekday())
    page = seen.chris.page("/dashboard?by=week")
    bars = {" ".join(cells[0].split()): cells[-1] for cells in chart(page)}
    if case.expired:
        assert "1" not in bars.values()
    elif case.paused:
        assert bars["Last day over, expiry paused"] == "1"
    else:
        assert bars[f"Week of {day(monday)}"] == "1"
    overview = seen.staff.page("/console/")
    ends_soon = not case.expired and 0 <= case.last_day < 14
    assert (f'class="term">{day(case.date)}' in overview) == ends_soon


def chart(page: str) -> list[list[str]]:
    """The rows of the chart of what ends when."""
    table = page.partition('id="ending-chart"')[2].partition("<table")[2].partition("</table>")[0]
    return rows(f'<table class="stacking"{table}</table>'.replace(' class="chart"', ""))
