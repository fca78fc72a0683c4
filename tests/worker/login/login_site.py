"""Fixtures: the application over a socket with a few people in it, and a browser."""

from collections.abc import Iterator

import httpx
import pytest
from login_people import open_site
from sqlalchemy import Engine
from web_running import browsing


@pytest.fixture
def site(database: Engine) -> Iterator[str]:
    """Address of the application; ANA is admin, LEO a learner of Acme."""
    with open_site(database) as url:
        yield url


@pytest.fixture
def browser(site: str) -> Iterator[httpx.Client]:
    """A browser without scripts that does not follow redirects."""
    with browsing(site) as client:
        yield client
