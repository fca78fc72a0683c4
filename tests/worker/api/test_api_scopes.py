"""Every operation × every scope × own, other and no tenant, against a table written by hand: none is open that
should not be.
"""

import re
from itertools import product

import httpx
from api_running import V1, make_token
from fastapi.routing import APIRoute
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker
from web_running import serving_app

from models.enrollment_changes import Why
from models.token import SCOPES
from worker import clock
from worker.api.app import make_api
from worker.api.operations import OPERATIONS
from worker.api.scopes import Scope
from worker.pipeline import tokens as tokens_of_staff
from worker.settings import load

pytest_plugins = ("api_world",)

# all: a token of one tenant may not, whatever its scope. own: it may, in its own tenant. any: it names no tenant.
EXPECTED = """
GET /token                                                                  read         any
GET /tenants/{tenant}/users/{user}/access                                   read         own
GET /tenants/{tenant}/users/{user}/access/{course}/{version}/{page}         read         own
GET /tenants/{tenant}/enrollments                                           read         own
GET /tenants/{tenant}/sales-orders                                          read         own
GET /tenants/{tenant}/sales-orders/{number:path}                            read         own
GET /tenants/{tenant}/edits/{edit_id}                                       read         own
GET /tenants/{tenant}/edits/{edit_id}/results                               read         own
GET /resyncs/{resync_id}                                                    read         any
GET /events                                                                 read         any
GET /holds                                                                  read         any
GET /holds/{hold_id}                                                        read         any
PUT /tenants/{tenant}                                                       roster       all
PUT /tenants/{tenant}/customers/{netsuite_customer_id}                      roster       all
PUT /courses/{course}/versions/{version}                                    roster       all
POST /courses/bulk                                                          roster       all
PUT /tenants/{tenant}/users/{user}                                          roster       own
POST /tenants/{tenant}/users/bulk                                           roster       own
PUT /tenants/{tenant}/enrollments/{user}/{course}/{version}                 enrollments  own
POST /tenants/{tenant}/enrollments/bulk                                     enrollments  own
POST /tenants/{tenant}/enrollments/edit                                     enrollments  own
GET /tenants/{tenant}/notifications                                         read         own
GET /tenants/{tenant}/notifications/{notification_id}                       read         own
POST /tenants/{tenant}/notifications                                        enrollments  own
POST /tenants/{tenant}/edits/{edit_id}/stop                                 enrollments  own
POST /tenants/{tenant}/edits/{edit_id}/resume                               enrollments  own
POST /tenants/{tenant}/edits/{edit_id}/undo                                 enrollments  own
GET /webhooks                                                               read         any
GET /webhooks/{webhook}/calls                                               read         any
POST /webhooks/{webhook}/replay                                             resync       any
POST /resyncs                                                               resync       any
POST /holds/{hold_id}/approve                                               resync       any
POST /holds/{hold_id}/reject                                                resync       any
"""
# Codes of the lock. Behind it these empty requests meet anything else.
REFUSED = {"token-missing", "token-scope-missing", "token-of-one-tenant", "tenant-unknown"}
REACHED = "reached"


def expected() -> dict[str, tuple[str, str]]:
    table = {}
    for line in EXPECTED.strip().splitlines():
        method, path, scope, whose = line.split()
        table[f"{method} {path}"] = (scope, whose)
    return table


def wanted(name: str, scope: str | None, whose: str, tenant: str) -> str:
    """What a token of one scope, for `whose` tenants, is to meet at operation `name`, asked about `tenant`."""
    if scope is None:
        return "token-missing"
    needed, kind = expected()[name]
    if scope != needed:
        return "token-scope-missing"
    if whose == "acme" and "{tenant}" in name and tenant != "acme":
        return "tenant-unknown"
    return "token-of-one-tenant" if kind == "all" and whose == "acme" else REACHED


def met(answer: httpx.Response) -> str:
    if answer.headers["content-type"] != "application/problem+json":
        return REACHED
    code: str = answer.json()["code"]
    return code if code in REFUSED else REACHED


def revoked(sessions: sessionmaker[Session]) -> str:
    """A token that might have done everything until a moment ago."""
    token = make_token(sessions, name="revoked")
    with sessions.begin() as session:
        assert tokens_of_staff.revoke(session, "revoked", Why("test", clock.now(session)))
    return token


def test_every_cell(api_world: None, database: Engine, sessions: sessionmaker[Session]) -> None:
    app = make_api(database, load(), None)
    beside = [getattr(route, "path", route) for route in app.routes if not isinstance(route, APIRoute)]
    assert beside == [f"{V1}/openapi.json"]
    assert len(app.routes) == len(OPERATIONS) + 1
    tokens: dict[tuple[str | None, str], str] = {
        (scope, whose): make_token(sessions, [scope], None if whose == "everybody" else whose)
        for scope, whose in product(SCOPES, ("everybody", "acme"))
    }
    tokens |= {(None, "nobody"): "ts_wrong", (None, "revoked"): revoked(sessions)}
    wrong = []
    with serving_app(app) as url, httpx.Client(base_url=url + V1, timeout=30) as client:
        for name, tenant, (scope, whose) in product(OPERATIONS, ("acme", "other"), tokens):
            method, path = name.split(" ")
            address = re.sub(r"{\w+(:path)?}", "1", path.replace("{tenant}", tenant))
            header = {"authorization": f"Bearer {tokens[scope, whose]}"}
            found = met(client.request(method, address, headers=header))
            if found != wanted(name, scope, whose, tenant):
                wrong.append((name, tenant, scope, whose, found))
    assert wrong == []


def test_the_table_names_every_operation() -> None:
    assert set(expected()) == set(OPERATIONS)
    assert {scope for scope, _ in expected().values()} == set(Scope) == set(SCOPES)


def test_nothing_else_answers(database: Engine) -> None:
    with serving_app(make_api(database, load(), None)) as url, httpx.Client(base_url=url, timeout=10) as client:
        assert client.get(f"{V1}/nothing").json()["code"] == "address-unknown"
        assert client.get("/api/v2/token").status_code == 404
        wrong = client.delete(f"{V1}/token")
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET")
