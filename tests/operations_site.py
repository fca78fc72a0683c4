"""Fixtures of the pages for operators; named in `pytest_plugins` of the tests that use them."""

from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from operations import SignIn
from order_world import OrderWorld
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker
from web_running import add_staff, browsing, serving, sign_in

from worker.settings import load

SETTINGS = load(netsuite_account="1234567_SB1", netsuite_base_url=None)


@pytest.fixture
def world(sessions: sessionmaker[Session]) -> Iterator[OrderWorld]:
    """Two tenants, and three people of staff; the test commits."""
    with sessions() as session:
        for role in ("admin", "enrollment", "ops"):
            add_staff(session, role)
        made = OrderWorld(session, "acme", "bolt")
        session.commit()
        yield made


@pytest.fixture
def signed_in(database: Engine, redis_url: str) -> Iterator[SignIn]:
    """Browsers of staff by role."""
    with serving(database, SETTINGS, redis_url) as url, ExitStack() as browsers:

        def signed_in(role: str = "ops") -> httpx.Client:
            client = browsers.enter_context(browsing(url))
            assert sign_in(client, f"{role}@staff.example").status_code == 303
            return client

        yield signed_in
