"""Every route of the application × every role × every method, against a table written by hand."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from web_running import add_staff, browsing, give_password, serving_app, sign_in, token_of

from worker.login.guard import Guarded, walk
from worker.login.rights import NAMES, RIGHTS, Right, Role, allows
from worker.settings import load
from worker.web.app import make_app

STAFF, CLIENT = ("admin", "enrollment", "ops"), ("client_admin", "manager", "learner")
NOBODY = "anonymous"
GROUPS = {"staff": STAFF, "client": CLIENT, "anybody": (*STAFF, *CLIENT, NOBODY), "nobody": ()}
REACHED = 299
# Needed to sign in and to have a token.
REAL = {("GET", "/login"), ("POST", "/login"), ("GET", "/password")}


def expected() -> dict[tuple[str, str], frozenset[str]]:
    """(method, path) to the roles that may."""
    table = {}
    for line in (Path(__file__).parent / "rights_expected.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            method, path, *who = line.split()
            roles = frozenset(role for word in who for role in GROUPS.get(word, (word,)))
            assert roles <= {*STAFF, *CLIENT, NOBODY}, line
            table[method, path] = roles
    return table


async def _reached(scope: Scope, receive: Receive, send: Send) -> None:
    await Response("reached", REACHED)(scope, receive, send)


def cells(routes: list[Guarded]) -> dict[tuple[str, str], Guarded]:
    """(method, path without converters) to the route; HEAD goes with GET."""
    return {
        (method, re.sub(r":\w+}", "}", guarded.path)): guarded
        for guarded in routes
        for method in guarded.methods - {"HEAD"}
        if not guarded.path.startswith("/api/")
    }


@pytest.fixture
def people(sessions: sessionmaker[Session]) -> dict[str, str]:
    """One person of each role: role to address."""
    with sessions.begin() as session:
        addresses = {role: add_staff(session, role) for role in STAFF}
        add_client_people(session)
    return {**addresses, **{role: f"{role}@client.example" for role in CLIENT}}


def add_client_people(session: Session) -> None:
    """A learner, a manager of the learner, and a client admin, of one tenant."""
    tenant = session.execute(
        text("insert into tenant (key, name) values ('acme', 'Acme') returning id")
    ).scalar_one()
    add = text("""
        insert into users (tenant_id, key, name, email, manager_id)
        values (:tenant, :role, :role, :role || '@client.example', :manager) returning id
    """)
    manager = session.execute(add, {"tenant": tenant, "role": "manager", "manager": None}).scalar_one()
    learner = session.execute(add, {"tenant": tenant, "role": "learner", "manager": manager}).scalar_one()
    admin = session.execute(add, {"tenant": tenant, "role": "client_admin", "manager": None}).scalar_one()
    for user in (manager, learner, admin):
        give_password(session, user, client_admin=user == admin)


@pytest.fixture
def site(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, dict[tuple[str, str], Guarded]]]:
    """The application on a socket, every endpoint replaced by one that says it was reached."""
    app = make_app(database, load())
    routes = cells(list(walk(app.router.routes)))
    for cell, guarded in routes.items():
        if cell not in REAL:
            monkeypatch.setattr(guarded.route, "app", _reached)  # rooms keep their routes for every application
    with serving_app(app) as url:
        yield url, routes


def _filled(path: str) -> str:
    return re.sub(r"{(\w+)(:\w+)?}", lambda found: "1" if found[2] in {":int", ":float"} else "accounts", path)


def test_every_cell(site: tuple[str, dict[tuple[str, str], Guarded]], people: dict[str, str]) -> None:
    url, routes = site
    table = expected()
    assert set(routes) == set(table), "a route without a line in rights_expected.txt, or a line without a route"
    for role in (NOBODY, *STAFF, *CLIENT):
        with browsing(url) as browser:
            token = _token(browser, people.get(role))
            reached = {
                (method, path)
                for (method, path), guarded in routes.items()
                if (method, path) not in REAL and _reaches(browser, method, guarded.path, token)
            }
        assert reached == {cell for cell, roles in table.items() if role in roles} - REAL, role


def _token(browser: httpx.Client, address: str | None) -> str:
    """Signs in, if there is an address; what changing requests have to carry from then on."""
    if address is None:
        return token_of(browser.get("/login"))
    assert sign_in(browser, address).status_code == 303
    return token_of(browser.get("/password"))


def _reaches(browser: httpx.Client, method: str, path: str, token: str) -> bool:
    return browser.request(method, _filled(path), headers={"x-csrftoken": token}).status_code == REACHED


def test_the_table_names_every_right_but_anybody_and_every_role() -> None:
    assert set(RIGHTS) == set(Right) - {Right.ANYBODY}
    assert set(NAMES) == set(Role)


def test_nobody_and_unknown_rights_are_refused() -> None:
    assert allows(Right.ANYBODY, frozenset())
    assert not any(allows(right, frozenset()) for right in RIGHTS)
