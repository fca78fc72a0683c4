"""Two tenants whose rows lie between one another: neither sees, counts, exports or guesses the other's."""

import csv
import io
import re
from collections.abc import Iterator

import pytest
from client_world import ClientWorld
from openpyxl import load_workbook
from portal_visit import Portal, Visitor, days, figures, portal_on
from sqlalchemy import Engine

PEOPLE = ("Admin", "Manager", "Ada", "Bo", "Cy")


@pytest.fixture
def portal(database: Engine) -> Iterator[Portal]:
    with portal_on(database) as portal:
        yield portal


@pytest.fixture
def worlds(portal: Portal) -> tuple[ClientWorld, ClientWorld]:
    """Two tenants with people of the same first names, in the same courses, in groups of the same name."""
    with portal.sessions.begin() as session:
        worlds = ClientWorld(session, "left"), ClientWorld(session, "right")
        for name in PEOPLE:
            for world in worlds:
                manager = f"Manager {world.key}" if name in {"Ada", "Bo"} else None
                groups = ["North", f"Only {world.key}"]
                world.user(f"{name} {world.key}", manager=manager, groups=groups, client_admin=name == "Admin")
        for name in PEOPLE[2:]:
            for world in worlds:
                world.enroll(f"{name} {world.key}", "safety", typed=days(-5 if name == "Bo" else 5))
        worlds[1].enroll("Ada right", "only right")
    return worlds


@pytest.fixture
def admin(portal: Portal, worlds: tuple[ClientWorld, ClientWorld]) -> Visitor:
    return portal.visitor(worlds[0], "Admin left")


def test_pages_and_exports_name_nobody_of_the_other_tenant(
    admin: Visitor, portal: Portal, worlds: tuple[ClientWorld, ClientWorld]
) -> None:
    manager = portal.visitor(worlds[0], "Manager left")
    learner = portal.visitor(worlds[0], "Ada left")
    for visitor, page in [
        *((admin, page) for page in ("/", "/dashboard", "/report", "/report.csv")),
        *((manager, page) for page in ("/team", "/team.csv")),
        *((learner, page) for page in ("/", "/courses/safety/v1/today")),
    ]:
        text = visitor.page(page)
        # Half of a style sheet is on the right.
        assert not re.search(r"\b(\w+ right|right\.example|only right)\b", text), page
    sheet = load_workbook(io.BytesIO(admin.get("/report.xlsx").content)).active
    assert sheet is not None
    assert not [cell for row in sheet.iter_rows(values_only=True) for cell in row if "right" in str(cell)]


def test_counts_are_of_the_own_tenant(admin: Visitor) -> None:
    assert figures(admin.page("/dashboard")) == {
        "Enrollments": 3,
        "Enrolled": 2,
        "Expired": 1,
        "Ending within 30 days": 2,
        "No end date": 0,
    }


@pytest.mark.parametrize("query", ["q=right", "group=Only+right", "course=only+right%2Fv1", "q=right.example"])
def test_searching_for_the_other_tenant_finds_nothing(admin: Visitor, query: str) -> None:
    for page in ("/dashboard", "/report"):
        assert admin.rows(f"{page}?{query}") == []
    text = admin.get(f"/report.csv?{query}").content.decode("utf-8-sig")
    assert list(csv.DictReader(io.StringIO(text))) == []


def test_a_place_in_the_other_tenants_list_leads_nowhere(
    admin: Visitor, portal: Portal, worlds: tuple[ClientWorld, ClientWorld]
) -> None:
    other = worlds[1]
    for place in (*other.enrollments.values(), 10**15):
        assert admin.rows(f"/dashboard?after={place}") == []
    manager = portal.visitor(worlds[0], "Manager left")
    for place in other.users.values():
        assert manager.rows(f"/team?after={place}") == []


def test_a_course_only_others_have_is_not_there(portal: Portal, worlds: tuple[ClientWorld, ClientWorld]) -> None:
    address = "/courses/only%20right/v1/results"
    learner = portal.visitor(worlds[0], "Ada left")
    assert portal.visitor(worlds[1], "Ada right").get(address).status_code == 200
    answer = learner.get(address)
    assert answer.status_code == 404
    nowhere = learner.get("/courses/nowhere/v1/results")
    assert _without_tokens(answer.text) == _without_tokens(nowhere.text)


def _without_tokens(page: str) -> str:
    return re.sub(r'value="[^"]*"', "", page)
