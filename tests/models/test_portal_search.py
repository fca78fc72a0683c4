"""Searching, filtering and paging of the dashboard and the report, and keeping tenants apart."""

import pytest
from client_world import NOW, ClientWorld
from sqlalchemy.orm import Session

from models.portal_listing import lines
from models.portal_selection import Selection
from models.portal_summary import groups, summary


@pytest.fixture
def world(session: Session) -> ClientWorld:
    world = ClientWorld(session, "acme")
    world.user("Ada Berg", groups=["North", "Evening"])
    world.user("Bo 100%", groups=["North"])
    world.user("Cy_d\\", groups=["South"])
    for name in world.users:
        world.enroll(name, "safety", completed=2)
    world.enroll("Ada Berg", "data")
    return world


@pytest.fixture
def other(session: Session, world: ClientWorld) -> ClientWorld:
    """A tenant with the same names, groups and courses, its rows written after and its people between."""
    other = ClientWorld(session, "other")
    for name in ("Ada Berg", "Bo 100%"):
        other.user(name, groups=["North", "Secret"])
        other.enroll(name, "safety")
    return other


def names(world: ClientWorld, **wanted: object) -> list[tuple[str, str]]:
    selection = Selection(world.tenant_id, **wanted)  # type: ignore[arg-type]
    return [(line.name, line.course) for line in lines(world.session, selection, NOW)]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("berg", ["Ada Berg", "Ada Berg"]),
        ("BO", ["Bo 100%"]),
        ("bo.100%@acme", ["Bo 100%"]),
        ("100%", ["Bo 100%"]),
        ("%", ["Bo 100%"]),
        ("_", ["Cy_d\\"]),
        ("\\", ["Cy_d\\"]),
        ("'; drop table users; --", []),
        ("nobody", []),
    ],
)
def test_search_is_part_of_a_name_or_address_word_for_word(
    world: ClientWorld, other: ClientWorld, search: str, found: list[str]
) -> None:
    assert [name for name, _ in names(world, search=search)] == found
    assert summary(world.session, Selection(world.tenant_id, search=search), NOW).total() == len(found)


def test_filters_narrow_one_another(world: ClientWorld, other: ClientWorld) -> None:
    assert names(world, group="North") == [("Ada Berg", "safety"), ("Ada Berg", "data"), ("Bo 100%", "safety")]
    assert names(world, group="North", course=("data", "v1")) == [("Ada Berg", "data")]
    assert names(world, course=("safety", "v2")) == []


def test_a_line_tells_groups_and_progress(world: ClientWorld, other: ClientWorld) -> None:
    first = lines(world.session, Selection(world.tenant_id), NOW)[0]
    assert (first.groups, first.completed, first.modules) == (("Evening", "North"), 2, 4)


def test_names_of_another_tenants_groups_find_and_tell_nothing(world: ClientWorld, other: ClientWorld) -> None:
    assert names(world, group="Secret") == []
    assert groups(world.session, world.tenant_id) == ["Evening", "North", "South"]


def test_a_place_in_another_tenants_list_has_nothing_after_it(world: ClientWorld, other: ClientWorld) -> None:
    selection = Selection(world.tenant_id)
    assert lines(world.session, selection, NOW, after=other.enrollments["Ada Berg", "safety"]) == []
    assert lines(world.session, selection, NOW, after=10**12) == []
    rest = lines(world.session, selection, NOW, after=world.enrollments["Ada Berg", "data"])
    assert [line.name for line in rest] == ["Bo 100%", "Cy_d\\"]
