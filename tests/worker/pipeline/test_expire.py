"""The sweep: exactly who is due, exactly once, whatever the time it runs."""

from datetime import UTC, date, datetime, timedelta

import pytest
from calendar_oracle import first_instant_after
from domain_oracle import Said
from engine_checks import check_events, check_findable
from school import School, checksums, land, rows
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from models import boundaries, locks
from models.enrollment_changes import NOTHING, Changes, Why
from worker.pipeline import expire, reconcile, tenants
from worker.pipeline.guard import Thresholds

NOW = datetime(2026, 3, 5, 17, tzinfo=UTC)
TODAY = date(2026, 3, 5)


@pytest.fixture
def school(sessions: sessionmaker[Session]) -> School:
    """Two people a day for the next five days, in each of two tenants."""
    school = School(sessions)
    school.open(["acme", "beta"], NOW)
    for key in school.tenant_ids:
        for offset in range(5):
            for _ in range(2):
                school.enroll(key, NOW, None, TODAY + timedelta(days=offset), modules=7)
    return school


def sweep(sessions: sessionmaker[Session], now: datetime) -> Changes:
    total = NOTHING
    while True:
        with sessions.begin() as session:
            swept = expire.sweep_batch(session, Why("sweep", now))
        if swept is None:
            return total
        total += swept


def end_of(offset: int) -> datetime:
    return first_instant_after(TODAY + timedelta(days=offset), "America/New_York")


def test_access_lasts_the_whole_last_day_and_no_second_longer(
    school: School, sessions: sessionmaker[Session]
) -> None:
    assert sweep(sessions, end_of(0) - timedelta(microseconds=1)) == NOTHING
    assert sweep(sessions, end_of(0)) == Changes(changed=4, expired=4)


def test_a_week_without_a_worker_is_made_good_by_one_sweep(
    school: School, sessions: sessionmaker[Session]
) -> None:
    late = NOW + timedelta(days=30)
    assert sweep(sessions, late).expired == 20
    with sessions() as session:
        found = rows(session, "select expired_at, boundary, expired_cause, completed_modules from enrollment")
        check_events(session)
    assert all(expired_at == boundary for expired_at, boundary, _, _ in found)
    assert {(cause, modules) for _, _, cause, modules in found} == {("manual_date", 7)}


def test_a_second_sweep_writes_nothing(school: School, sessions: sessionmaker[Session]) -> None:
    sweep(sessions, end_of(2))
    with sessions() as session:
        before = checksums(session)
    assert sweep(sessions, end_of(2)) == NOTHING
    with sessions() as session:
        assert checksums(session) == before


def test_is_due_says_whether_a_sweep_would_find_anything(school: School, sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        assert not expire.is_due(session, end_of(0) - timedelta(microseconds=1))
        assert expire.is_due(session, end_of(0))
    sweep(sessions, end_of(0))
    with sessions() as session:
        assert not expire.is_due(session, end_of(0))


def test_the_events_say_why_and_when(school: School, sessions: sessionmaker[Session]) -> None:
    sweep(sessions, end_of(0) + timedelta(minutes=3))
    with sessions() as session:
        found = set(
            rows(session, "select actor, cause, status, at, expired_at from enrollment_event where version = 2")
        )
    assert found == {("sweep", "manual_date", "X", end_of(0) + timedelta(minutes=3), end_of(0))}


def test_a_tenant_somebody_is_writing_is_left_for_the_next_sweep(
    school: School, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as writer:
        locks.lock_tenant(writer, school.tenant_ids["acme"])
        assert sweep(sessions, end_of(0)) == Changes(changed=2, expired=2)
    assert sweep(sessions, end_of(0)) == Changes(changed=2, expired=2)


def test_more_boundaries_than_a_batch_holds(school: School, sessions: sessionmaker[Session]) -> None:
    many = boundaries.SWEEP_BATCH + 5
    with sessions.begin() as session:
        session.execute(
            text("""insert into due_boundary (tenant_id, at)
                select :tenant_id, :now + make_interval(secs => n) from generate_series(1, :many) n"""),
            {"tenant_id": school.tenant_ids["beta"], "now": NOW, "many": many},
        )
    assert sweep(sessions, end_of(4)).expired == 20
    with sessions() as session:
        assert not expire.is_due(session, end_of(4))


def test_a_clock_that_was_set_back_hides_nobody(school: School, sessions: sessionmaker[Session]) -> None:
    """Swept ahead of time, then somebody is enrolled at a boundary that was already swept."""
    sweep(sessions, end_of(3))
    school.enroll("acme", NOW, None, TODAY)
    with sessions() as session:
        check_findable(session)
    assert sweep(sessions, end_of(0)).expired == 1


def test_the_oldest_overdue_expiry(school: School, sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        assert boundaries.oldest_overdue(session, end_of(0) - timedelta(seconds=1)) is None
        assert boundaries.oldest_overdue(session, end_of(2)) == end_of(0)
    sweep(sessions, end_of(1))
    with sessions() as session:
        assert boundaries.oldest_overdue(session, end_of(2)) == end_of(2)


def test_the_worker_sweeps_by_the_clock_of_the_database(school: School, sessions: sessionmaker[Session]) -> None:
    school.enroll("acme", NOW, None, date(2099, 1, 1))
    with sessions() as session:
        due = rows(session, "select count(*) from enrollment where boundary <= clock_timestamp()")
    assert expire.sweep_all(sessions).expired == due[0][0]


# the cause is the reason in force


def test_a_typed_date_that_is_cleared_leaves_the_order_as_the_cause(sessions: sessionmaker[Session]) -> None:
    school = School(sessions)
    school.open(["acme"], NOW)
    with sessions.begin() as session:
        tenants.map_customer(session, school.tenant_ids["acme"], 1, Why("staff", NOW))
        land(session, [Said(1, 1, NOW, 1, "SO1", "B", None, TODAY)], NOW, NOW)
        reconcile.reconcile_tenant(session, school.tenant_ids["acme"], Thresholds(), Why("reconcile", NOW))
    typed = school.enroll("acme", NOW, 1, TODAY - timedelta(days=3))
    after = end_of(0) + timedelta(hours=1)
    for date_typed, cause in ((None, "term_ended"), (TODAY, "manual_date"), (None, "term_ended")):
        school.edit("acme", after, [(typed, 1, date_typed, None)])
        with sessions() as session:
            assert rows(session, "select status, expired_cause, expired_at from enrollment") == [("X", cause, NOW)]
    with sessions() as session:
        check_events(session)
        assert rows(session, "select count(*) from enrollment_event") == [(4,)]


def test_a_typed_date_lies_in_the_years_that_netsuites_dates_may(
    school: School, sessions: sessionmaker[Session]
) -> None:
    with pytest.raises(IntegrityError, match="expiration_date_range"):
        school.enroll("acme", NOW, None, date(2101, 1, 1))
