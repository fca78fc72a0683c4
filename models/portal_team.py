"""A manager's team: the people who report to them, with the status of each enrollment."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.portal_listing import CHUNK, COURSES
from models.portal_selection import SEARCH, pattern
from models.portal_standing import COLUMNS, FROM, Standing, standing
from models.status import Status


@dataclass(frozen=True, slots=True)
class TeamCourse:
    """One enrollment of a team member. `completed` and `modules` count modules."""

    title: str
    version: str
    completed: int
    modules: int
    standing: Standing


@dataclass(frozen=True, slots=True)
class Member:
    """One person of a team with all of their enrollments, or those of the status asked for."""

    id: int
    name: str
    email: str
    active: bool
    courses: tuple[TeamCourse, ...]


@dataclass(frozen=True, slots=True)
class Team:
    """Whose team, and which of it: members found by `search` who have an enrollment that reads as `status`."""

    tenant_id: int
    manager_id: int
    status: Status | None = None
    search: str = ""

    def parameters(self, now: datetime) -> dict[str, Any]:
        """Values of the parameters that the statements on a team name."""
        return {
            "now": now,
            "tenant_id": self.tenant_id,
            "manager_id": self.manager_id,
            "status": self.status,
            "pattern": pattern(self.search),
        }


# The enrollments of a team are read as a whole: a team is people one manager looks after.
_HELD = f"""
held as (
    select e.id as enrollment_id, e.user_id, v.title, v.key as version, e.completed_modules,
        (select count(*) from module m where m.course_version_id = v.id) as modules, {COLUMNS}
    {FROM} {COURSES}
    where u.tenant_id = :tenant_id and u.manager_id = :manager_id
        and (cast(:status as char(1)) is null or s.status = :status)
)
"""
_MEMBERS = text(f"""
with {_HELD}, shown as (
    select u.id, u.name, u.email, u.active from users u
    where u.tenant_id = :tenant_id and u.manager_id = :manager_id and {SEARCH}
        and (cast(:status as char(1)) is null or exists (select from held h where h.user_id = u.id))
        and (cast(:after as bigint) is null or (u.name, u.id) > (
            select a.name, a.id from users a
            where a.id = :after and a.tenant_id = :tenant_id and a.manager_id = :manager_id))
    order by u.name, u.id limit cast(:limit as bigint)
)
select shown.id, shown.name, shown.email, shown.active, held.*
from shown left join held on held.user_id = shown.id
order by shown.name, shown.id, held.title, held.enrollment_id
""")
_TOTALS = text(f"""
with {_HELD}
select (select count(*) from users u where u.tenant_id = :tenant_id and u.manager_id = :manager_id),
    count(*) filter (where status = 'E'), count(*) filter (where status = 'X'),
    count(*) filter (where status = 'U')
from held
""")


@dataclass(frozen=True, slots=True)
class TeamTotals:
    """People of a team, and their enrollments by status."""

    members: int
    enrolled: int
    expired: int
    unenrolled: int


def members(
    session: Session, team: Team, now: datetime, *, after: int | None = None, limit: int = 50
) -> list[Member]:
    """The first `limit` members by name, or those that follow the member `after`.

    An `after` that is not of the team has nobody after it.
    """
    rows = session.execute(_MEMBERS, team.parameters(now) | {"after": after, "limit": limit})
    return list(_members(rows))


def every_member(session: Session, team: Team, now: datetime) -> Iterator[Member]:
    """All members, read from the database as they are taken; of one moment, however long that takes."""
    rows = session.execute(
        _MEMBERS,
        team.parameters(now) | {"after": None, "limit": None},
        execution_options={"stream_results": True, "yield_per": CHUNK},
    )
    return _members(rows)


def totals(session: Session, team: Team, now: datetime) -> TeamTotals:
    """The whole team in numbers, whatever was searched for."""
    everybody = Team(team.tenant_id, team.manager_id)
    return TeamTotals(*session.execute(_TOTALS, everybody.parameters(now)).one())


def _members(rows: Iterable[Any]) -> Iterator[Member]:
    for (id_, name, email, active), of_one in groupby(rows, attrgetter("id", "name", "email", "active")):
        courses = tuple(_course(row) for row in of_one if row.enrollment_id is not None)
        yield Member(id_, name, email, active, courses)


def _course(row: Any) -> TeamCourse:
    completed = min(row.completed_modules, row.modules)
    return TeamCourse(row.title, row.version, completed, row.modules, standing(row))
