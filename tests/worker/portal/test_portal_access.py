"""Who may open what: status by page by active, and role by page."""

from collections.abc import Iterator
from itertools import product

import pytest
from client_world import ClientWorld
from portal_visit import Portal, Visitor, days, portal_on
from sqlalchemy import Engine, text

from models.access import Page

STORED = {
    "enrolled": {"status": "E", "typed": days(5)},
    "enrolled without end": {"status": "E"},
    "over, not yet swept": {"status": "E", "typed": days(-5)},
    "expired": {"status": "X", "typed": days(-5)},
    "expired by staff": {"status": "X", "typed": days(5), "cause": "expired_by_staff"},
    "unenrolled": {"status": "U", "typed": days(5)},
    "unenrolled, over": {"status": "U", "typed": days(-5)},
}
OPEN = {
    "enrolled": set(Page),
    "enrolled without end": set(Page),
    "over, not yet swept": {Page.RESULTS},
    "expired": {Page.RESULTS},
    "expired by staff": {Page.RESULTS},
    "unenrolled": set[Page](),
    "unenrolled, over": set[Page](),
}


@pytest.fixture
def portal(database: Engine) -> Iterator[Portal]:
    with portal_on(database) as portal:
        yield portal


@pytest.fixture
def world(portal: Portal) -> ClientWorld:
    """One user for each state, named like it, active and not; each in the course `safety`."""
    with portal.sessions.begin() as session:
        world = ClientWorld(session, "acme")
        for state, active in product(STORED, (True, False)):
            name = state if active else f"{state}, inactive"
            world.user(name, active=active)
            world.enroll(name, **STORED[state])  # type: ignore[arg-type]
    return world


def statuses(visitor: Visitor) -> dict[str, int]:
    return {page: visitor.get(f"/courses/safety/v1/{page}").status_code for page in Page}


def test_each_status_opens_its_pages_and_no_other(portal: Portal, world: ClientWorld) -> None:
    for state in STORED:
        expected = {page: 200 if page in OPEN[state] else 403 for page in Page}
        assert statuses(portal.visitor(world, state)) == expected, state


def test_an_inactive_user_is_nobody(portal: Portal, world: ClientWorld) -> None:
    for state in STORED:
        assert set(statuses(portal.visitor(world, f"{state}, inactive")).values()) == {303}, state


def test_while_expiry_is_paused_nobody_is_locked_out_by_a_date(portal: Portal, world: ClientWorld) -> None:
    with portal.sessions.begin() as session:
        session.execute(text("update tenant set paused_at = now() - interval '9 days'"))
    assert set(statuses(portal.visitor(world, "over, not yet swept")).values()) == {200}
    assert "your access goes on for now" in portal.visitor(world, "over, not yet swept").page("/")
    assert statuses(portal.visitor(world, "expired"))["today"] == 403


NOT_THERE = (
    "/courses/safety/v1/admin",
    "/courses/safety/v1/Results",
    "/courses/safety/v2/results",
    "/courses/other/v1/results",
    "/courses/%00/v1/results",
    "/courses/safety/v1/%00",
    "/courses/safety/v1",
)


def test_what_is_not_there_is_not_there(portal: Portal, world: ClientWorld) -> None:
    visitor = portal.visitor(world, "enrolled")
    assert {address: visitor.get(address).status_code for address in NOT_THERE} == dict.fromkeys(NOT_THERE, 404)


def test_a_locked_page_says_why_and_leads_to_the_results(portal: Portal, world: ClientWorld) -> None:
    page = portal.visitor(world, "over, not yet swept").get("/courses/safety/v1/learn").text
    assert "Your access has ended" in page
    assert "America/New York time" in page
    assert 'href="/courses/safety/v1/results"' in page
    assert "locked: expired" in page
    for locked in set(Page) - {Page.RESULTS}:
        assert f'href="/courses/safety/v1/{locked}"' not in page


def test_who_was_unenrolled_is_told_so_and_offered_no_page(portal: Portal, world: ClientWorld) -> None:
    page = portal.visitor(world, "unenrolled").get("/courses/safety/v1/results").text
    assert "You are not enrolled in this course" in page
    assert 'href="/courses/' not in page


CLIENT_PAGES = ("/", "/team", "/team.csv", "/dashboard", "/report", "/report.csv", "/report.xlsx")
MAY = {
    "Learner": {"/"},
    "Manager": {"/", "/team", "/team.csv"},
    "Client Admin": {"/", "/dashboard", "/report", "/report.csv", "/report.xlsx"},
}


def test_each_role_opens_its_pages_and_to_others_they_are_not_there(portal: Portal) -> None:
    with portal.sessions.begin() as session:
        world = ClientWorld(session, "acme")
        world.user("Manager")
        world.user("Learner", manager="Manager")
        world.user("Client Admin", client_admin=True)
    for name, may in MAY.items():
        visitor = portal.visitor(world, name)
        found = {page: visitor.get(page).status_code for page in CLIENT_PAGES}
        assert found == {page: 200 if page in may else 404 for page in CLIENT_PAGES}, name
        offered = visitor.page("/")
        for page in ("/team", "/dashboard", "/report"):
            assert (f'href="{page}"' in offered) == (page in may)


def test_staff_are_led_to_the_console_and_strangers_to_the_login(portal: Portal) -> None:
    with portal.sessions.begin() as session:
        staff_id: int = session.execute(
            text("insert into staff (email, name, role) values ('o@x.test', 'O', 'ops') returning id")
        ).scalar_one()
    pages = (*CLIENT_PAGES, "/courses/safety/v1/today")
    for visitor, leads_to in ((portal.staff(staff_id), "/console/"), (portal.stranger(), "/login")):
        for page in pages:
            response = visitor.get(page)
            assert response.status_code == 303
            assert response.headers["location"].startswith(leads_to)
