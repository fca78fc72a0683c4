"""Fixtures of the pages about enrollments and edits, named in `pytest_plugins` of the tests that use them."""

from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from course_school import School, SignIn
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker
from web_running import add_staff, browsing, serving, sign_in

WORLD = """
insert into tenant (key, name, time_zone) values ('acme', 'Acme <Works>', 'America/New_York'),
    ('beta', 'Beta', 'Europe/Berlin');
insert into user_group (tenant_id, name) select id, 'North' from tenant;
insert into course (key) values ('safety');
insert into course_version (course_id, key, title) select id, v, 'Safety' from course, unnest(array['1', '2']) v;
insert into module select v.id, p, 'M' from course_version v, generate_series(1, 4) p;
insert into sales_order (
    id, tenant_id, customer_id, number, status, term_start, term_end, modified_at, accepted_at)
select o.id, t.id, 1, o.number, o.status,
    cast(now() at time zone 'America/New_York' as date) - 30,
    cast(now() at time zone 'America/New_York' as date) + o.days, now(), now()
from tenant t, (values (1, 'SO1', 'B', 90), (2, 'SO2', 'B', 400), (3, 'SO3', 'A', 400), (4, 'SO4', 'B', -9))
    as o(id, number, status, days);
"""


@pytest.fixture
def school(sessions: sessionmaker[Session]) -> School:
    with sessions.begin() as session:
        for statement in WORLD.split(";")[:-1]:
            session.execute(text(statement))
        for role in ("admin", "enrollment", "ops"):
            add_staff(session, role)
        versions = list(session.execute(text("select id from course_version order by id")).scalars())
        today = session.execute(text("select cast(now() at time zone 'America/New_York' as date)")).scalar_one()
    made = School(sessions, today, *versions)
    made.add_people(4)
    made.add_people(1, "beta", 900)
    return made


@pytest.fixture
def at_school(database: Engine) -> Iterator[SignIn]:
    with serving(database) as url, ExitStack() as browsers:

        def at_school(who: str = "enrollment") -> httpx.Client:
            client = browsers.enter_context(browsing(url))
            assert sign_in(client, who if "@" in who else f"{who}@staff.example").status_code == 303
            return client

        yield at_school
