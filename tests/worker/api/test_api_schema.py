"""The description is true: whatever is sent, the answer is one it declares, and never a fault of ours."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from api_running import make_token
from effort import effort
from hypothesis import given
from order_world import OrderWorld
from own_databases import fresh_database
from schemathesis import CheckContext, Response
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from sqlalchemy import text
from web_running import serving_app

from worker.api.app import make_api
from worker.api.operations import OPERATIONS
from worker.database import make_engine, make_sessions
from worker.embedded import Addresses
from worker.settings import load

EXAMPLES = 8  # for each operation, in an ordinary run


def names_a_field(_context: CheckContext, response: Response, _case: Any) -> None:
    """What is not as it must be is named."""
    assert response.status_code != 422 or response.json()["errors"], response.text


CHECKS = [
    names_a_field,
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    unsupported_method,
]
# A resync needs an account: 503 says so, and is declared.
EXPECTED_FAULTS = {503}


@schemathesis.serializer("application/x-ndjson")
def _lines(context: Any, value: Any) -> bytes:
    """Anything at all: each line is refused by itself."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@pytest.fixture(scope="module")
def described(servers: Addresses, template: str) -> Iterator[tuple[Any, str]]:
    """The description as a client gets it over a socket, with a token that may everything."""
    with fresh_database(servers.database_url, template) as database_url:
        engine = make_engine(database_url, application_name="test")
        sessions = make_sessions(engine)
        with sessions.begin() as session:
            OrderWorld(session, "acme", users=3)
            session.execute(text("insert into customer (id) values (1)"))
        token = make_token(sessions)
        with serving_app(make_api(engine, load(), None)) as url:
            yield schemathesis.openapi.from_url(f"{url}/api/v1/openapi.json"), token
        engine.dispose()


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_is_declared(described: tuple[Any, str], name: str) -> None:
    schema, token = described
    method, path = name.split(" ")
    strategy = schema[f"/api/v1{path.replace(':path', '')}"][method].as_strategy()

    @effort(EXAMPLES)
    @given(case=strategy)
    def ask(case: Any) -> None:
        case.path_parameters = {**(case.path_parameters or {}), **_ours(case)}
        answer = case.call(headers={"Authorization": f"Bearer {token}"}, timeout=30)
        checks = [
            check
            for check in CHECKS
            if answer.status_code not in EXPECTED_FAULTS or check is not not_a_server_error
        ]
        case.validate_response(answer, checks=checks)

    ask()


def _ours(case: Any) -> dict[str, Any]:
    """Half of the time what there is, so that requests come further than the first 404."""
    there = {"tenant": "acme", "user": "user-1", "course": "safety", "version": "v1", "netsuite_customer_id": 1}
    asked = case.path_parameters or {}
    return {name: there[name] for name in asked if name in there and len(str(asked[name])) % 2}
