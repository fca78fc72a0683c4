"""Fixtures: running mock accounts. A test module names this one in `pytest_plugins`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from plain_client import TODAY, Client

from connectors.mock_netsuite import MockConfig, serve


@pytest.fixture(scope="module")
def shared_mock() -> Iterator[Client]:
    """An account of 1,500 orders that tests only read."""
    with serve(MockConfig(orders=1500, today=TODAY)) as mock:
        yield Client(mock)


@pytest.fixture
def own_mock() -> Iterator[Client]:
    """An account of 200 orders of its own for each test."""
    with serve(MockConfig(orders=200, today=TODAY)) as mock:
        yield Client(mock)


@pytest.fixture
def start_mock() -> Iterator[Callable[..., Client]]:
    """Accounts with settings of one's own; all are stopped after the test."""
    started = []

    def start(**settings: Any) -> Client:
        running = serve(MockConfig(**{"orders": 50, "today": TODAY, **settings}))
        client = Client(running.__enter__())
        started.append(running)
        return client

    yield start
    for running in started:
        running.__exit__(None, None, None)
