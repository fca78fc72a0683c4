"""Bringing in lines of a roster that came over HTTP: few enough for one transaction, by an import's statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from models import api_roster, roster_enrolling, roster_import, roster_users
from models.enrollment_changes import Why
from models.locks import lock_tenant
from models.roster_import import Bad, Line, RosterCounts
from models.roster_outcomes import COURSES, ENROLLMENTS, USERS, Outcome, State, outcomes, state
from worker import clock
from worker.pipeline import expire


@dataclass(frozen=True, slots=True)
class BroughtIn:
    """What became of the lines: counts, what was not taken, and what each came to, by line.

    A user whose manager is not known is taken with the manager they had; of any other bad line nothing is.
    """

    counts: RosterCounts
    bad: list[Bad]
    outcomes: Mapping[int, Outcome]


def users(session: Session, tenant_id: int, lines: Sequence[Line]) -> BroughtIn:
    """Users of one tenant with managers and groups; the last line about a user counts."""
    tenant = lock_tenant(session, tenant_id)
    selfish = {line.line: line for line in lines if line.manager is not None and line.manager == line.user}
    bad = [Bad(number, "manager", line.user, "manager-is-self", "is the user") for number, line in selfish.items()]
    _take(session, [line for line in lines if line.line not in selfish], bad)
    before = state(session, USERS, tenant_id)
    counts = roster_users.bring_in_users(session, tenant)
    return _done(session, counts, before, state(session, USERS, tenant_id))


def courses(session: Session, lines: Sequence[Line]) -> BroughtIn:
    """Course versions with their modules, shared by all tenants; the last line about one counts."""
    _take(session, lines)
    before = state(session, COURSES)
    counts = roster_import.bring_in_courses(session)
    return _done(session, counts, before, state(session, COURSES))


def enrollments(session: Session, tenant_id: int, lines: Sequence[Line], actor: str) -> BroughtIn:
    """Enrollments of one tenant's users in course versions there are; the first line about one counts."""
    tenant = lock_tenant(session, tenant_id)
    why = Why(actor, clock.now(session))
    expire.catch_up(session, tenant, why)
    _take(session, lines)
    api_roster.refuse_unknown(session, tenant_id)
    roster_import.check(session)
    before = state(session, ENROLLMENTS, tenant_id)
    counts = roster_users.bring_in_users(session, tenant)
    if lines:
        counts += roster_enrolling.bring_in_enrollments(session, tenant, why, 0, lines[-1].line)
    return _done(session, counts, before, state(session, ENROLLMENTS, tenant_id))


def _take(session: Session, lines: Sequence[Line], bad: Sequence[Bad] = ()) -> None:
    roster_import.create(session)
    roster_import.copy(session, lines, bad)


def _done(session: Session, counts: RosterCounts, before: State, after: State) -> BroughtIn:
    bad = list(roster_import.all_bad(session))
    api_roster.forget(session)
    return BroughtIn(counts, bad, outcomes(before, after))
