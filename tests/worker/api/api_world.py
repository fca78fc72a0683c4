"""Fixtures, named in `pytest_plugins` of the tests that use them: tenants with orders, and the API about them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from api_running import asking, make_token
from order_world import OrderWorld
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker
from web_running import serving

TODAY = datetime.now(UTC).date()
Client = Callable[..., httpx.Client]


@pytest.fixture
def api_world(sessions: sessionmaker[Session]) -> None:
    """acme: users 0 to 4, of whom 0 to 2 are in the course; orders SO1, SO2 live, SO3 over, SO4 cancelled."""
    with sessions.begin() as session:
        made = OrderWorld(session, "acme", "other", users=5)
        made.order(1, "acme", end=TODAY + timedelta(days=30))
        made.order(2, "acme", end=TODAY + timedelta(days=60))
        made.order(3, "acme", end=TODAY - timedelta(days=30))
        made.order(4, "acme", end=TODAY + timedelta(days=90), flag="cancelled")
        made.order(5, "other", customer_id=8, end=TODAY + timedelta(days=30))
        for user in range(3):
            made.enroll(1, "acme", user, TODAY + timedelta(days=30))
        made.enroll(5, "other", 0, TODAY + timedelta(days=30))


@pytest.fixture
def clients(api_world: None, database: Engine, sessions: sessionmaker[Session]) -> Iterator[Client]:
    """`clients(scopes=…, tenant=…)`: the API with a new token."""
    with serving(database) as url, ExitStack() as stack:
        yield lambda **of: stack.enter_context(asking(url, make_token(sessions, **of)))


@pytest.fixture
def client(clients: Client) -> httpx.Client:
    """The API with a token that may everything."""
    return clients()
