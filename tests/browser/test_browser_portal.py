"""A learner, a manager and a client admin in a browser, with the worker running."""

import csv
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from browser_looks import look_at
from browser_stage import Stage, go, until
from client_world import ClientWorld
from openpyxl import load_workbook
from playwright.sync_api import Page, expect
from sqlalchemy import text
from web_running import give_password

pytest_plugins = ("browser_fixtures",)

TODAY = datetime.now(UTC).date()


@dataclass
class School:
    """A tenant whose learners follow one sales order of NetSuite."""

    stage: Stage
    world: ClientWorld
    order_id: int
    number: str

    def email(self, name: str) -> str:
        return f"{name.lower().replace(' ', '.')}@{self.world.key}.example"


@pytest.fixture
def school(stage: Stage, request: pytest.FixtureRequest) -> School:
    """A tenant with an order that runs for another 40 days: Lena is on it, Max manages her, Chris is the admin."""
    key = request.node.name.replace("_", "-").removeprefix("test-")[:40]
    customer = stage.customer()
    order_id = stage.netsuite.create(
        {
            "entity": {"id": str(customer)},
            "startDate": (TODAY - timedelta(days=30)).isoformat(),
            "endDate": (TODAY + timedelta(days=40)).isoformat(),
            "orderStatus": {"id": "B"},
        }
    )
    with stage.sessions.begin() as session:
        world = ClientWorld(session, key, name="Lakeside Learning Trust")
    stage.tenant(key, "Lakeside Learning Trust", customer)
    until(lambda: _number(stage, order_id) is not None)
    with stage.sessions.begin() as session:
        world.session = session
        world.user("Max Manager")
        world.user("Lena Berg", manager="Max Manager", groups=["North"])
        world.user("Chris Admin", client_admin=True)
        world.enroll("Lena Berg", "safety", order=order_id, completed=2)
        for name, user_id in world.users.items():
            give_password(session, user_id, client_admin=name == "Chris Admin")
    number = _number(stage, order_id)
    assert number is not None
    return School(stage, world, order_id, number)


def _number(stage: Stage, order_id: int) -> str | None:
    with stage.sessions() as session:
        return session.execute(
            text("select number from sales_order where id = :id"), {"id": order_id}
        ).scalar_one_or_none()


def _end_yesterday(school: School) -> None:
    """What sales staff do in NetSuite: they shorten the order."""
    ended = TODAY - timedelta(days=2)
    school.stage.netsuite.change(school.order_id, {"endDate": ended.isoformat()})


def test_a_shortened_term_closes_the_learners_open_course(school: School) -> None:
    with school.stage.visit(school.email("Lena Berg")) as page:
        go(page, page.get_by_role("link", name="Continue"))
        expect(page.get_by_role("heading", name="Today", level=2)).to_be_visible()
        go(page, page.get_by_role("link", name="Learn", exact=True))
        expect(page.get_by_text("First aid")).to_be_visible()
        _end_yesterday(school)
        until(lambda: (answer := page.reload()) is not None and answer.status == 403)
        expect(page.get_by_role("heading", name="Your access has ended")).to_be_visible()
        expect(page.get_by_role("link", name="Practice")).to_have_count(0)
        look_at(school.stage, page, "locked")
        go(page, page.get_by_role("link", name="See your results"))
        expect(page.get_by_text("2 of 4 modules completed")).to_be_visible()
        look_at(school.stage, page, "results-expired")
        go(page, page.get_by_role("link", name="My courses").first)
        expect(page.get_by_role("heading", name="Your access has ended")).to_be_visible()
        expect(page.get_by_role("link", name="Chris Admin")).to_be_visible()
        look_at(school.stage, page, "home-expired")


def test_manager_and_client_admin_see_the_expired_and_take_the_report_along(
    school: School, tmp_path: Path
) -> None:
    _end_yesterday(school)
    with school.stage.visit(school.email("Max Manager")) as page:
        go(page, page.get_by_role("link", name="Coach"))
        until(lambda: _expired_on(page))
        look_at(school.stage, page, "coach")
    with school.stage.visit(school.email("Chris Admin")) as page:
        go(page, page.get_by_role("link", name="Dashboard"))
        page.get_by_role("combobox", name="Status").select_option(label="Enrollment Expired")
        go(page, page.get_by_role("button", name="Search"))
        expect(page.get_by_role("row", name="Lena Berg")).to_contain_text("order ended early")
        look_at(school.stage, page, "dashboard")
        go(page, page.get_by_role("link", name="Organization Report"))
        look_at(school.stage, page, "report")
        check_the_files(page, tmp_path)


def _expired_on(page: Page) -> bool:
    page.reload()
    return "Expired" in page.get_by_role("row", name="Lena Berg").inner_text()


def check_the_files(page: Page, folder: Path) -> None:
    """Both downloads of the report open, and say what the page says."""
    saved = {}
    for form in ("CSV", "Excel"):
        with page.expect_download() as download:
            page.get_by_role("link", name=f"Download {form}").click()
        saved[form] = folder / download.value.suggested_filename
        download.value.save_as(saved[form])
    with saved["CSV"].open(encoding="utf-8-sig", newline="") as file:
        (line,) = csv.DictReader(file)
    sheet = load_workbook(saved["Excel"]).active
    assert sheet is not None
    header, values = sheet.iter_rows(values_only=True)
    of_excel = dict(zip(header, values, strict=True))
    assert line["Name"] == of_excel["Name"] == "Lena Berg"
    assert line["Status"] == of_excel["Status"] == "Expired"
    assert line["Expired"] == of_excel["Expired"]
    expect(page.get_by_role("row", name="Lena Berg")).to_contain_text(line["Expired"])


def test_pages_of_a_course_look_right(school: School) -> None:
    with school.stage.visit(school.email("Lena Berg")) as page:
        look_at(school.stage, page, "home")
        for tab in ("today", "learn", "practice", "apply", "results"):
            page.goto(f"/courses/safety/v1/{tab}")
            look_at(school.stage, page, tab)


def test_a_client_without_people_is_told_what_to_expect(stage: Stage) -> None:
    with stage.sessions.begin() as session:
        world = ClientWorld(session, "empty-browser", name="Empty & Co")
        give_password(session, world.user("Emma Empty"), client_admin=True)
    with stage.visit("emma.empty@empty-browser.example") as page:
        look_at(stage, page, "home-empty")
        page.goto("/dashboard")
        expect(page.get_by_text("Nobody is enrolled in a course yet")).to_be_visible()
        look_at(stage, page, "dashboard-empty")
