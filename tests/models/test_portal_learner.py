"""What a learner's pages read: status, dates, causes, what is open, whom to ask."""

from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from client_world import MODULES, NOW, ClientWorld
from sqlalchemy.orm import Session

from models import portal_learner
from models.access import Page
from models.portal_learner import LearnerCourse
from models.status import Cause, Status
from models.terms import boundary

YESTERDAY, TOMORROW = date(2026, 6, 14), date(2026, 6, 16)


@pytest.fixture
def world(session: Session) -> ClientWorld:
    world = ClientWorld(session, "acme")
    world.user("Ada Berg")
    return world


def of_ada(world: ClientWorld, now: datetime = NOW) -> list[LearnerCourse]:
    return portal_learner.courses(world.session, world.tenant_id, world.users["Ada Berg"], now)


def deep_link(world: ClientWorld, course: str = "safety", name: str = "Ada Berg") -> LearnerCourse | None:
    return portal_learner.course(world.session, world.tenant_id, world.users[name], course, "v1", NOW)


def test_an_enrollment_past_its_boundary_reads_as_expired_before_any_sweep(world: ClientWorld) -> None:
    world.enroll("Ada Berg", order=world.order(YESTERDAY))
    (course,) = of_ada(world)
    standing = course.standing
    assert (standing.status, standing.cause) == (Status.EXPIRED, Cause.TERM_ENDED)
    assert standing.last_day == YESTERDAY
    assert standing.expired_at == standing.boundary == boundary(YESTERDAY, "America/New_York")
    assert standing.ended_with_last_day
    assert course.pages == (Page.RESULTS,)


def test_the_last_day_is_open_to_its_last_moment(world: ClientWorld) -> None:
    world.enroll("Ada Berg", order=world.order(TOMORROW))
    ends = boundary(TOMORROW, "America/New_York")
    assert of_ada(world, ends - timedelta(microseconds=1))[0].pages == tuple(Page)
    assert of_ada(world, ends)[0].pages == (Page.RESULTS,)


def test_grace_days_move_the_last_day_of_a_term_but_not_of_a_typed_date(session: Session) -> None:
    world = ClientWorld(session, "graceful", grace_days=3)
    world.user("Ada Berg")
    order = world.order(YESTERDAY)
    world.enroll("Ada Berg", "typed", typed=YESTERDAY, order=order)
    world.enroll("Ada Berg", "term", order=order)
    term, typed = of_ada(world)
    assert (term.course, term.standing.status, term.standing.last_day) == (
        "term",
        Status.ENROLLED,
        date(2026, 6, 17),
    )
    assert (typed.standing.status, typed.standing.cause) == (Status.EXPIRED, Cause.MANUAL_DATE)
    assert typed.standing.last_day == YESTERDAY


def test_an_expiry_by_staff_keeps_its_own_instant(world: ClientWorld) -> None:
    at = NOW - timedelta(hours=3)
    world.enroll("Ada Berg", status="X", order=world.order(TOMORROW), cause="expired_by_staff", expired_at=at)
    standing = of_ada(world)[0].standing
    assert (standing.expired_at, standing.cause) == (at, Cause.EXPIRED_BY_STAFF)
    assert not standing.ended_with_last_day


def test_a_paused_tenants_people_keep_access_and_say_so(world: ClientWorld) -> None:
    world.enroll("Ada Berg", order=world.order(YESTERDAY))
    world.pause(at=datetime(2026, 6, 1, tzinfo=UTC))
    (course,) = of_ada(world)
    assert course.pages == tuple(Page)
    assert course.standing.kept_open(NOW)
    assert course.standing.expired_at is None


def test_after_a_pause_has_run_out_the_expiry_is_of_its_end(world: ClientWorld) -> None:
    until = NOW - timedelta(hours=1)
    world.enroll("Ada Berg", order=world.order(YESTERDAY))
    world.pause(at=datetime(2026, 6, 1, tzinfo=UTC), until=until)
    standing = of_ada(world)[0].standing
    assert (standing.status, standing.expired_at) == (Status.EXPIRED, until)
    assert not standing.ended_with_last_day


def test_courses_with_access_come_first_and_unenrolled_ones_not_at_all(world: ClientWorld) -> None:
    world.enroll("Ada Berg", "alpha", order=world.order(YESTERDAY))
    world.enroll("Ada Berg", "beta", status="U")
    world.enroll("Ada Berg", "gamma")
    assert [course.course for course in of_ada(world)] == ["gamma", "alpha"]


@pytest.mark.parametrize(
    ("completed", "follows"), [(0, "Welcome"), (3, "Final assessment"), (4, None), (99, None)]
)
def test_the_next_module_follows_the_completed_ones(
    world: ClientWorld, completed: int, follows: str | None
) -> None:
    world.enroll("Ada Berg", completed=completed)
    (course,) = of_ada(world)
    assert course.modules == MODULES
    assert (course.next_module, course.completed_modules) == (follows, min(completed, 4))


STORED = {"E": "E", "X": "X", "U": "U", "E past its boundary": "X"}


@pytest.mark.parametrize(("stored", "active"), list(product(STORED, [True, False])))
def test_a_deep_link_opens_what_the_status_read_at_this_instant_opens(
    world: ClientWorld, stored: str, active: bool
) -> None:
    world.user("Bo", active=active)
    world.enroll("Bo", status=stored[0], typed=YESTERDAY if stored.endswith("boundary") else TOMORROW)
    course = deep_link(world, name="Bo")
    assert course is not None
    assert course.standing.status == STORED[stored]
    opened = {"E": set(Page), "X": {Page.RESULTS}, "U": set()}[STORED[stored]]
    assert set(course.pages) == (opened if active else set())


def test_a_deep_link_finds_no_other_persons_course_and_no_other_tenants(world: ClientWorld) -> None:
    other = ClientWorld(world.session, "other")
    other.user("Ada Berg")
    other.enroll("Ada Berg", "secret")
    world.user("Bo")
    world.enroll("Bo")
    assert deep_link(world) is None
    assert deep_link(world, "secret") is None
    user = other.users["Ada Berg"]
    assert portal_learner.course(world.session, world.tenant_id, user, "secret", "v1", NOW) is None
    assert portal_learner.courses(world.session, world.tenant_id, user, NOW) == []


def test_whom_to_ask_is_the_manager_then_client_admins_of_the_same_tenant(world: ClientWorld) -> None:
    other = ClientWorld(world.session, "other")
    other.user("Foreign Admin", client_admin=True)
    world.user("Max Manager")
    world.user("Chris Admin", client_admin=True)
    world.user("Gone Admin", client_admin=True, active=False)
    world.user("Bo", manager="Max Manager")
    found = portal_learner.contacts(world.session, world.tenant_id, world.users["Bo"])
    assert [(contact.name, contact.is_manager) for contact in found] == [
        ("Max Manager", True),
        ("Chris Admin", False),
    ]
    assert found[1].email == "chris.admin@acme.example"
