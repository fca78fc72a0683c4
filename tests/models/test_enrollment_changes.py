"""The doors through which enrollments change: one event a change, nothing for no change, progress untouched."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from rows import Roster, make_roster, query
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.enrollment_changes import NOTHING, Changes, Why, change, enroll, sweep
from models.status import By, Status, may_change

NOW = datetime(2026, 3, 10, 17, tzinfo=UTC)
PAST, FUTURE = NOW - timedelta(days=3), NOW + timedelta(days=3)
STAFF = Why("ann", NOW)

_ENROLL = """
    select cast(:tenant_id as bigint) as tenant_id, u as user_id, cast(:version_id as bigint) as course_version_id,
        cast(null as bigint) as sales_order_id, cast(:typed as date) as expiration_date,
        cast(:boundary as timestamptz) as boundary, cast(5 as smallint) as completed_modules
    from unnest(cast(:users as bigint[])) u
"""
_WANTED = """
    select e.id, e.sales_order_id, cast(:typed as date) as expiration_date,
        cast(:boundary as timestamptz) as boundary, cast(:ask as char(1)) as ask,
        'edited' as cause, 'order_ended_early' as order_cause
    from enrollment e where e.tenant_id = :tenant_id
"""


@pytest.fixture
def roster(session: Session) -> Roster:
    return make_roster(session)


def enrolled(
    session: Session, roster: Roster, boundary: datetime | None = FUTURE, typed: date | None = None, users: int = 1
) -> Changes:
    parameters = {
        "tenant_id": roster.tenant_id,
        "version_id": roster.course_version_id,
        "users": roster.users[:users],
        "typed": typed,
        "boundary": boundary,
    }
    return enroll(session, _ENROLL, parameters, STAFF)


def changed(
    session: Session,
    roster: Roster,
    ask: str | None = None,
    boundary: datetime | None = FUTURE,
    typed: date | None = None,
    why: Why = STAFF,
) -> Changes:
    parameters = {"tenant_id": roster.tenant_id, "typed": typed, "boundary": boundary, "ask": ask}
    return change(session, _WANTED, parameters, why)


def state(session: Session) -> tuple[Any, ...]:
    return query(session, "select status, expired_cause, expired_at from enrollment order by id limit 1")[0]


def events(session: Session) -> list[tuple[Any, ...]]:
    return query(session, "select version, status, cause, actor, before from enrollment_event order by id")


def put_into(session: Session, roster: Roster, status: str) -> None:
    """One enrollment that is E, U, or X for one cause or another."""
    enrolled(session, roster)
    if status == "U":
        changed(session, roster, "U")
    elif status == "expired_by_staff":
        changed(session, roster, "X")
    elif status == "order_ended_early":
        changed(session, roster, boundary=PAST)


def test_enrolling_writes_one_event(session: Session, roster: Roster) -> None:
    assert enrolled(session, roster, users=3) == Changes(changed=3)
    assert [event[:4] for event in events(session)] == [(1, "E", "enrolled", "ann")] * 3
    assert query(session, "select at, open from due_boundary") == [(FUTURE, True)]


def test_enrolling_again_passes_over_who_has_the_course(session: Session, roster: Roster) -> None:
    enrolled(session, roster, users=2)
    changed(session, roster, "U")
    assert enrolled(session, roster, PAST, users=3) == Changes(changed=1, expired=1)
    assert query(session, "select status, completed_modules from enrollment order by id") == [
        ("U", 5),
        ("U", 5),
        ("X", 5),
    ]


@pytest.mark.parametrize(("typed", "cause"), [(None, "term_ended"), (date(2026, 3, 7), "manual_date")])
def test_enrolled_after_the_last_day_is_x_at_once(
    session: Session, roster: Roster, typed: date | None, cause: str
) -> None:
    assert enrolled(session, roster, PAST, typed) == Changes(changed=1, expired=1)
    assert state(session) == ("X", cause, NOW)
    assert query(session, "select count(*) from due_boundary") == [(0,)]


@pytest.mark.parametrize("ask", [None, "E"])
def test_what_already_is_so_writes_no_event(session: Session, roster: Roster, ask: str | None) -> None:
    enrolled(session, roster)
    assert changed(session, roster, ask) == NOTHING
    assert len(events(session)) == 1


# Everything that can be asked of everything, with a last day that is over or is not.
SETTLED: dict[tuple[str, str | None, bool], str] = {
    ("E", None, False): "E",
    ("E", None, True): "X order_ended_early",
    ("U", None, False): "U",
    ("U", None, True): "U",
    ("U", "E", False): "E",
    ("U", "E", True): "X order_ended_early",
    ("expired_by_staff", None, False): "X expired_by_staff",
    ("expired_by_staff", None, True): "X expired_by_staff",
    ("expired_by_staff", "E", False): "E",
    ("expired_by_staff", "E", True): "X order_ended_early",
    ("order_ended_early", None, False): "E",
    ("order_ended_early", None, True): "X order_ended_early",
    ("order_ended_early", "E", False): "E",
    ("order_ended_early", "E", True): "X order_ended_early",
    ("E", "E", False): "E",
    ("E", "E", True): "X order_ended_early",
}
WERE = ("E", "U", "expired_by_staff", "order_ended_early")
for _was, _over in product(WERE, (True, False)):
    SETTLED[_was, "U", _over] = "U"
    SETTLED[_was, "X", _over] = "X expired_by_staff"


@pytest.mark.parametrize(("was", "ask", "over"), SETTLED)
def test_what_becomes_of_a_status(session: Session, roster: Roster, was: str, ask: str | None, over: bool) -> None:
    put_into(session, roster, was)
    before = state(session)[0]
    changed(session, roster, ask, PAST if over else FUTURE)
    status, cause, _ = state(session)
    assert f"{status} {cause or ''}".strip() == SETTLED[was, ask, over]
    by = By.ENGINE if ask is None else By.PEOPLE
    assert status == before or may_change(Status(before), Status(status), by)


def test_every_case_is_there() -> None:
    assert set(SETTLED) == set(product(WERE, (None, "E", "U", "X"), (True, False)))


@pytest.mark.parametrize("status", ["E", "U", "expired_by_staff", "order_ended_early"])
@pytest.mark.parametrize("ask", [None, "E", "U", "X"])
def test_progress_is_never_touched(session: Session, roster: Roster, status: str, ask: str | None) -> None:
    put_into(session, roster, status)
    changed(session, roster, ask, PAST)
    changed(session, roster, ask, FUTURE)
    assert query(session, "select completed_modules from enrollment") == [(5,)]


def test_an_event_holds_what_changed_and_only_that(session: Session, roster: Roster) -> None:
    enrolled(session, roster)
    changed(session, roster, typed=date(2026, 3, 12))
    changed(session, roster, "X", typed=date(2026, 3, 12), why=Why("bob", NOW + timedelta(seconds=1), 7))
    (_, first), (_, second), (_, third) = query(
        session, "select version, before from enrollment_event order by version"
    )
    assert first is None
    assert second == {"expiration_date": None}
    assert third == {"status": "E", "expired_at": None, "expired_cause": None}
    last = query(
        session, "select actor, run_id, at, cause, status from enrollment_event order by version desc limit 1"
    )
    assert last == [("bob", 7, NOW + timedelta(seconds=1), "expired_by_staff", "X")]


def test_the_sweep_takes_e_at_the_given_boundaries_and_nobody_else(session: Session, roster: Roster) -> None:
    enrolled(session, roster, FUTURE, users=2)
    other = make_roster(session, "beta")
    enrolled(session, other, FUTURE, users=2)
    later = Why("sweep", FUTURE)
    assert sweep(session, [], later) == NOTHING
    assert sweep(session, [(roster.tenant_id, PAST)], later) == NOTHING
    assert sweep(session, [(roster.tenant_id, FUTURE)], later) == Changes(changed=2, expired=2)
    assert query(session, "select tenant_id, status from enrollment order by id") == [
        (roster.tenant_id, "X"),
        (roster.tenant_id, "X"),
        (other.tenant_id, "E"),
        (other.tenant_id, "E"),
    ]
    assert sweep(session, [(roster.tenant_id, FUTURE)], later) == NOTHING


def test_the_same_user_of_another_tenant_is_refused(session: Session, roster: Roster) -> None:
    other = make_roster(session, "beta")
    with pytest.raises(IntegrityError):
        enrolled(session, Roster(other.tenant_id, roster.users, roster.course_version_id))
