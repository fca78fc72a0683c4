"""The nightly check finds nothing when all is well, and mends what a new tz database or a stray write left."""

from datetime import UTC, date, datetime, timedelta

import pytest
from school import School, checksums, rows
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from models.enrollment_changes import NOTHING, Why
from worker import clock
from worker.pipeline import checking, expire
from worker.pipeline.checking import Corrected


@pytest.fixture
def school(sessions: sessionmaker[Session]) -> School:
    """Three people with dates far ahead and one without any."""
    with sessions() as session:
        now = clock.now(session)
    school = School(sessions)
    school.open(["acme"], now)
    ahead = now.astimezone(UTC).date() + timedelta(days=100)
    for expiration in (ahead, ahead, ahead + timedelta(days=1), None):
        school.enroll("acme", now, None, expiration, modules=1)
    return school


def test_a_sound_database_is_left_as_it_is(school: School, sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        before = checksums(session)
    assert checking.check_tenants(sessions) == Corrected(NOTHING, 0)
    with sessions() as session:
        assert checksums(session) == before


def test_a_stale_boundary_is_worked_out_anew_with_its_event(
    school: School, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        right = rows(session, "select id, boundary from enrollment order by id")
        session.execute(text("update enrollment set boundary = boundary + interval '1 hour' where id = 1"))
    corrected = checking.check_tenants(sessions)
    assert (corrected.redated.changed, corrected.redated.expired) == (1, 0)
    with sessions() as session:
        assert rows(session, "select id, boundary from enrollment order by id") == right
        assert rows(session, "select actor from enrollment_event where version = 2") == [("check",)]


def test_a_boundary_nobody_would_sweep_is_opened_again(school: School, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        session.execute(text("update due_boundary set open = false"))
    assert checking.check_tenants(sessions).reopened == 2


def test_a_busy_tenant_with_many_boundaries_keeps_nobody_else_waiting(sessions: sessionmaker[Session]) -> None:
    now = datetime(2026, 3, 5, 17, tzinfo=UTC)
    school = School(sessions)
    school.open(["acme", "beta"], now)
    for offset in range(120):
        school.enroll("acme", now, None, date(2026, 3, 6) + timedelta(days=offset), modules=0)
    school.enroll("beta", now, None, date(2026, 9, 1), modules=0)
    later = now + timedelta(days=400)
    with sessions.begin() as holder:
        holder.execute(text("select 1 from tenant where key = 'acme' for no key update"))
        with sessions.begin() as session:
            swept = expire.sweep_batch(session, Why("sweep", later))
    assert swept is not None
    assert swept.expired == 1
