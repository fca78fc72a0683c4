"""A manager's team: who is on it, with which statuses, and nobody else."""

from datetime import date

import pytest
from client_world import NOW, ClientWorld
from sqlalchemy.orm import Session

from models.portal_team import Member, Team, TeamTotals, every_member, members, totals
from models.status import Status


@pytest.fixture
def world(session: Session) -> ClientWorld:
    world = ClientWorld(session, "acme")
    world.user("Max")
    world.user("Ada", manager="Max")
    world.user("Bo", manager="Max", active=False)
    world.user("Cy", manager="Max")
    world.user("Deep Down", manager="Ada")
    world.user("Stranger")
    world.enroll("Ada", "safety", typed=date(2026, 6, 14))
    world.enroll("Ada", "data", completed=1)
    world.enroll("Bo", status="U")
    world.enroll("Deep Down")
    world.enroll("Stranger")
    other = ClientWorld(session, "other")
    other.user("Max")
    other.user("Ada", manager="Max")
    other.enroll("Ada")
    return world


def team(world: ClientWorld, **wanted: object) -> Team:
    return Team(world.tenant_id, world.users["Max"], **wanted)  # type: ignore[arg-type]


def told(found: list[Member]) -> dict[str, list[tuple[str, str]]]:
    return {each.name: [(c.title, str(c.standing.status)) for c in each.courses] for each in found}


EVERYBODY = {
    "Ada": [("Data at work", "E"), ("Safety at work", "X")],
    "Bo": [("Safety at work", "U")],
    "Cy": [],
}


def test_everybody_who_reports_to_the_manager_with_every_enrollment(world: ClientWorld) -> None:
    assert told(members(world.session, team(world), NOW)) == EVERYBODY
    assert told(list(every_member(world.session, team(world), NOW))) == EVERYBODY


def test_totals_add_up(world: ClientWorld) -> None:
    expected = TeamTotals(members=3, enrolled=1, expired=1, unenrolled=1)
    assert totals(world.session, team(world), NOW) == expected
    assert totals(world.session, team(world, search="cy", status=Status.EXPIRED), NOW) == expected


def test_only_expired_people_can_be_asked_for(world: ClientWorld) -> None:
    found = members(world.session, team(world, status=Status.EXPIRED), NOW)
    assert told(found) == {"Ada": [("Safety at work", "X")]}


def test_a_member_is_found_by_part_of_the_name(world: ClientWorld) -> None:
    assert list(told(members(world.session, team(world, search="AD"), NOW))) == ["Ada"]


def test_pages_follow_one_another_by_member(world: ClientWorld) -> None:
    found: list[Member] = []
    while page := members(world.session, team(world), NOW, after=found[-1].id if found else None, limit=1):
        assert len(page) == 1
        found += page
    assert told(found) == EVERYBODY


def test_somebody_of_another_tenant_is_no_place_in_the_list(world: ClientWorld) -> None:
    other = ClientWorld(world.session, "third")
    assert members(world.session, team(world), NOW, after=other.user("Aa")) == []


def test_another_tenants_manager_has_no_team_here(world: ClientWorld) -> None:
    assert members(world.session, Team(world.tenant_id + 1, world.users["Max"]), NOW) == []
