"""What pages cost the database: as many statements whatever the rows, and no waiting for who writes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from client_world import ClientWorld
from portal_visit import Portal, days, portal_on
from sqlalchemy import Engine, event, text

from models.locks import lock_tenant

PAGES = {
    "Chris Admin": ("/dashboard", "/dashboard?status=X&q=a&group=North", "/report", "/report.csv", "/report.xlsx"),
    "Max Manager": ("/", "/courses/safety/v1/results", "/team", "/team?status=X", "/team.csv"),
}


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
def portal(database: Engine) -> Iterator[Portal]:
    with portal_on(database) as portal:
        yield portal


def people(world: ClientWorld, amount: int) -> None:
    for number in range(amount):
        name = f"Ada {len(world.users)}"
        world.user(name, manager="Max Manager", groups=["North", f"Group {number}"])
        for course in ("safety", "data"):
            world.enroll(name, course, typed=days(-5 if number % 2 else 5))


def statements(portal: Portal, world: ClientWorld) -> dict[str, int]:
    found = {}
    for name, pages in PAGES.items():
        visitor = portal.visitor(world, name)
        for page in pages:
            with counted(portal.engine) as made:
                assert visitor.get(page).status_code == 200
            found[page] = len(made)
    return found


def test_statements_do_not_grow_with_rows(portal: Portal) -> None:
    with portal.sessions.begin() as session:
        world = ClientWorld(session, "acme")
        world.user("Chris Admin", client_admin=True)
        world.user("Max Manager")
        world.enroll("Max Manager")
        people(world, 1)
    few = statements(portal, world)
    with portal.sessions.begin() as session:
        world.session = session
        people(world, 60)
    assert statements(portal, world) == few
    assert max(few.values()) <= 8


def test_pages_do_not_wait_for_who_writes_the_tenant(portal: Portal) -> None:
    with portal.sessions.begin() as session:
        world = ClientWorld(session, "acme")
        world.user("Chris Admin", client_admin=True)
        world.user("Max Manager")
        world.enroll("Max Manager")
        people(world, 1)
    with portal.sessions.begin() as session:
        lock_tenant(session, world.tenant_id)
        session.execute(text("update enrollment set completed_modules = 1"))
        assert statements(portal, world)
