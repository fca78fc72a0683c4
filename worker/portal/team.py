"""The manager's Coach page: team members with the status of each enrollment."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from models import portal_team
from models.portal_team import Member, Team, TeamCourse, TeamTotals
from models.status import Status
from worker import clock
from worker.login.person import person_of
from worker.pages.context import in_session, web_of
from worker.pages.export import export
from worker.portal import asked
from worker.portal.expiry import EXPIRY, expiry_cells
from worker.portal.rendering import page

PAGE_SIZE = 50
COLUMNS = ("Name", "E-mail", "Account", "Course", "Version", *EXPIRY, "Modules completed", "Modules")


@dataclass(frozen=True, slots=True)
class TeamPage:
    """One page of a team. `after` is the place of the next page, None on the last."""

    now: datetime
    team: Team
    totals: TeamTotals
    members: list[Member]
    after: int | None


def _team(request: Request) -> Team:
    person = person_of(request)
    status = asked.status(request, *Status)
    return Team(person.tenant_id, person.id, status, asked.text(request, "q"))


async def team_page(request: Request) -> Response:
    """The people who report to the manager."""
    team, place = _team(request), asked.place(request)

    def read(session: Session) -> TeamPage:
        now = clock.now(session)
        members = portal_team.members(session, team, now, after=place, limit=PAGE_SIZE + 1)
        after = members[PAGE_SIZE - 1].id if len(members) > PAGE_SIZE else None
        totals = portal_team.totals(session, team, now)
        return TeamPage(now, team, totals, members[:PAGE_SIZE], after)

    return page(request, "team.html", view=await in_session(request, read), statuses=list(Status))


async def team_csv(request: Request) -> Response:
    """The same people, all of them, as CSV."""
    team, sessions = _team(request), web_of(request).sessions

    def rows() -> Iterator[tuple[object, ...]]:
        with sessions() as session:
            for member in portal_team.every_member(session, team, clock.now(session)):
                yield from _rows(member)

    return export("team", "csv", COLUMNS, rows())


def _rows(member: Member) -> Iterator[tuple[object, ...]]:
    person = (member.name, member.email, "Active" if member.active else "Deactivated")
    if not member.courses:
        yield (*person, *(None,) * (len(COLUMNS) - len(person)))
    for course in member.courses:
        yield (*person, *_course_cells(course))


def _course_cells(course: TeamCourse) -> tuple[object, ...]:
    return (course.title, course.version, *expiry_cells(course.standing), course.completed, course.modules)
