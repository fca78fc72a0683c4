"""The manager's Coach page."""

import csv
import io
from collections.abc import Iterator

import pytest
from client_world import ClientWorld
from portal_visit import Portal, Visitor, days, figures, portal_on, rows
from sqlalchemy import Engine


@pytest.fixture
def portal(database: Engine) -> Iterator[Portal]:
    with portal_on(database) as portal:
        yield portal


@pytest.fixture
def world(portal: Portal) -> ClientWorld:
    """A manager of four: one with two courses, one unenrolled, one without a course, one deactivated."""
    with portal.sessions.begin() as session:
        world = ClientWorld(session, "acme")
        world.user("Max")
        for name in ("Ada", "Bo", "=Cy"):
            world.user(name, manager="Max")
        world.user("Off", manager="Max", active=False)
        world.user("Stranger")
        world.enroll("Ada", "safety", typed=days(-5), completed=4)
        world.enroll("Ada", "data", typed=days(5), completed=1)
        world.enroll("Bo", status="U")
        world.enroll("Off", typed=days(5))
        world.enroll("Stranger", typed=days(-5))
    return world


@pytest.fixture
def max_(portal: Portal, world: ClientWorld) -> Visitor:
    return portal.visitor(world, "Max")


def test_every_member_is_there_with_every_status(max_: Visitor) -> None:
    page = max_.page("/team")
    assert [cells[0].split()[0] for cells in rows(page)] == ["=Cy", "Ada", "Safety", "Bo", "Off"]
    assert [cells[-4] for cells in rows(page)[1:]] == ["Enrolled", "Expired", "Unenrolled", "Enrolled"]
    assert rows(page)[0][1] == "No course yet"
    assert "Deactivated" in page
    assert "Stranger" not in page
    assert figures(page) == {"People": 4, "Enrolled": 2, "Expired": 1, "Unenrolled": 1}


def test_a_place_is_one_of_the_team(max_: Visitor, world: ClientWorld) -> None:
    """Who follows a stranger in the list would tell what the stranger's name begins with."""
    assert [cells[0].split()[0] for cells in max_.rows(f"/team?after={world.users['Bo']}")] == ["Off"]
    for stranger in ("Max", "Stranger"):
        assert max_.rows(f"/team?after={world.users[stranger]}") == []


def test_the_expired_can_be_picked_out(max_: Visitor) -> None:
    (row,) = max_.rows("/team?status=X")
    assert row[0].startswith("Ada")
    assert row[2] == "Expired"


def test_nobody_found_says_how_to_go_on(max_: Visitor) -> None:
    page = max_.page("/team?q=nobody")
    assert "Nobody of your team is found." in page
    assert 'href="/team"' in page


def test_the_csv_says_what_the_page_says(max_: Visitor) -> None:
    found = list(csv.DictReader(io.StringIO(max_.get("/team.csv").content.decode("utf-8-sig"))))
    assert [(line["Name"], line["Course"], line["Status"]) for line in found] == [
        ("'=Cy", "", ""),
        ("Ada", "Data at work", "Enrolled"),
        ("Ada", "Safety at work", "Expired"),
        ("Bo", "Safety at work", "Unenrolled"),
        ("Off", "Safety at work", "Enrolled"),
    ]
    assert found[2]["Last day"] == days(-5).isoformat()
    assert found[2]["Why"] == "expiration date passed"
    assert found[4]["Account"] == "Deactivated"
