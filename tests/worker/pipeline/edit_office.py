"""The fixture of tests about edits, named in their `pytest_plugins`: somebody who edits acme."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from edit_desk import PEOPLE, Desk
from school import School
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker

from worker import clock


@pytest.fixture
def desk(database: Engine, sessions: sessionmaker[Session]) -> Iterator[Desk]:
    """Seven people of acme, the third of them inactive, one of beta."""
    school = School(sessions)
    with sessions() as session:
        now = clock.now(session)
    school.open(["acme", "beta"], now)
    for n in range(PEOPLE):
        school.enroll("acme", now, None, now.date() + timedelta(days=30 + n))
    school.enroll("beta", now)
    with sessions.begin() as session:
        session.execute(text("update users set active = false where id = (select min(id) + 2 from users)"))
    yield Desk(sessions, school.tenant_ids)
    database.dispose()
