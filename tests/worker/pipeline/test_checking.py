"""The nightly check corrects what rules or releases of the tz database have made wrong, and nothing else."""

from datetime import date

import pytest
from calendar_oracle import first_instant_after
from engine_checks import check_events, check_findable
from school import School, checksums, rows
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from models.enrollment_changes import NOTHING
from worker import clock
from worker.pipeline import checking
from worker.pipeline.checking import Corrected

END = date(2090, 6, 30)


@pytest.fixture
def school(sessions: sessionmaker[Session]) -> School:
    school = School(sessions)
    with sessions() as session:
        now = clock.now(session)
    school.open(["acme", "beta"], now)
    for key in school.tenant_ids:
        school.enroll(key, now, None, END)
        school.enroll(key, now, None, date(2020, 1, 1))
        school.enroll(key, now)
    return school


def test_what_is_right_is_left_alone(school: School, sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        before = checksums(session)
    assert checking.check_tenants(sessions) == Corrected(NOTHING, 0)
    with sessions() as session:
        assert checksums(session) == before


def test_a_boundary_of_older_rules_is_worked_out_anew(school: School, sessions: sessionmaker[Session]) -> None:
    right = first_instant_after(END, "America/New_York")
    with sessions.begin() as session:
        session.execute(text("update enrollment set boundary = boundary + interval '1 hour' where status = 'E'"))
        session.execute(text("update enrollment_event v set boundary = e.boundary from enrollment e"
                             " where e.id = v.enrollment_id"))  # fmt: skip
    assert checking.check_tenants(sessions).redated.changed == 2
    with sessions() as session:
        found = rows(session, "select boundary from enrollment where status = 'E' and boundary is not null")
        check_events(session)
        check_findable(session)
    assert found == [(right,), (right,)]


@pytest.mark.parametrize(
    "fault",
    ["delete from due_boundary where tenant_id = {}", "update due_boundary set open = false where tenant_id = {}"],
)
def test_a_boundary_nobody_would_sweep_is_opened_again(
    school: School, sessions: sessionmaker[Session], fault: str
) -> None:
    with sessions.begin() as session:
        session.execute(text(fault.format(school.tenant_ids["beta"])))
    assert checking.check_tenants(sessions) == Corrected(NOTHING, 1)
    with sessions() as session:
        check_findable(session)
