"""The learner's first page and the pages of a course."""

from collections.abc import Iterator

import pytest
from client_world import ClientWorld
from portal_visit import Portal, Visitor, days, portal_on
from sqlalchemy import Engine

MESSAGE = "Your access has ended"


@pytest.fixture
def portal(database: Engine) -> Iterator[Portal]:
    with portal_on(database) as portal:
        yield portal


def ada(portal: Portal, **courses: dict[str, object]) -> Visitor:
    """A learner with a manager and a client admin, in `courses`."""
    with portal.sessions.begin() as session:
        world = ClientWorld(session, "acme")
        world.user("Max Manager")
        world.user("Chris Admin", client_admin=True)
        world.user("Ada", manager="Max Manager")
        for course, state in courses.items():
            world.enroll("Ada", course, **state)  # type: ignore[arg-type]
    return portal.visitor(world, "Ada")


def test_with_one_expired_course_the_message_tells_what_ended_when_and_whom_to_ask(portal: Portal) -> None:
    ended = days(-4)
    page = ada(portal, safety={"typed": ended}).page("/")
    assert MESSAGE in page
    assert f"ended with {ended.day} {ended:%b %Y} (America/New York time)" in " ".join(page.split())
    assert 'href="/courses/safety/v1/results"' in page
    assert "Max Manager" in page
    assert "mailto:chris.admin@acme.example" in page


def test_an_unenrolled_course_is_not_seen_and_does_not_hide_the_message(portal: Portal) -> None:
    page = ada(portal, safety={"typed": days(-4)}, data={"status": "U", "typed": days(40)}).page("/")
    assert MESSAGE in page
    assert "Data at work" not in page


def test_with_another_live_course_there_is_no_message_and_that_course_comes_first(portal: Portal) -> None:
    page = ada(portal, alpha={"typed": days(-4)}, zeta={"typed": days(4)}).page("/")
    assert MESSAGE not in page
    assert page.index("Zeta at work") < page.index("Alpha at work")
    assert 'href="/courses/alpha/v1/results"' in page
    assert 'href="/courses/alpha/v1/today"' not in page


def test_without_a_course_the_page_says_whom_to_ask(portal: Portal) -> None:
    page = ada(portal).page("/")
    assert "You are not enrolled in a course." in page
    assert MESSAGE not in page
    assert "Max Manager" in page


def test_the_pages_of_a_course_tell_what_is_done_and_what_comes_next(portal: Portal) -> None:
    visitor = ada(portal, safety={"typed": days(30), "completed": 2})
    course = "/courses/safety/v1"
    assert "Next: <strong>First aid</strong>" in visitor.page(f"{course}/today")
    assert visitor.page(f"{course}/learn").count(">Completed<") == 2
    assert "Hazards" in visitor.page(f"{course}/practice")
    assert "First aid" not in visitor.page(f"{course}/practice")
    assert "Final assessment" in visitor.page(f"{course}/apply")
    assert "2 of 4 modules completed" in visitor.page(f"{course}/results")


def test_a_finished_course_leads_to_its_results(portal: Portal) -> None:
    visitor = ada(portal, safety={"completed": 4})
    assert "every module" in visitor.page("/courses/safety/v1/today")
    assert "Nothing is left to do" in visitor.page("/courses/safety/v1/apply")


def test_results_of_an_expired_course_stay_as_they_were(portal: Portal) -> None:
    page = ada(portal, safety={"status": "X", "typed": days(-9), "completed": 3}).page(
        "/courses/safety/v1/results"
    )
    assert "3 of 4 modules completed" in page
    assert "First aid" in page


def test_a_course_whose_key_has_a_slash_opens_like_any_other(portal: Portal) -> None:
    courses: dict[str, dict[str, object]] = {"health/first aid?": {"completed": 1}}
    visitor = ada(portal, **courses)
    page = visitor.page("/")
    address = "/courses/health%2Ffirst%20aid%3F/v1/today"
    assert f'href="{address}"' in page
    assert "Next: <strong>Hazards</strong>" in visitor.page(address)


def test_names_are_shown_as_text(portal: Portal) -> None:
    with portal.sessions.begin() as session:
        world = ClientWorld(session, "acme", name="<b>Acme</b>")
        world.user("<script>alert(1)</script>")
        world.enroll("<script>alert(1)</script>", "<i>course")
    page = portal.visitor(world, "<script>alert(1)</script>").page("/")
    assert "<script>alert" not in page
    assert "<b>Acme" not in page
    assert "<i>" not in page.lower()
