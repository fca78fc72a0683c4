"""The API over a real socket, with tokens to ask it with."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker
from web_running import serving

from models.enrollment_changes import Why
from models.token import SCOPES
from worker import clock
from worker.pipeline import tokens

V1 = "/api/v1"


def make_token(
    sessions: sessionmaker[Session],
    scopes: Sequence[str] = SCOPES,
    tenant: str | None = None,
    name: str | None = None,
    per_minute: int = 1_000_000,
) -> str:
    """A token with these scopes; its name says what it may unless it is given."""
    with sessions.begin() as session:
        called = name or f"{tenant or 'all'}-{'.'.join(scopes)}"
        return tokens.add(session, called, scopes, Why("test", clock.now(session)), tenant, per_minute)


@contextmanager
def asking(url: str, token: str | None) -> Iterator[httpx.Client]:
    """A client of the API that bears `token`."""
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=url + V1, headers=headers, timeout=30) as client:
        yield client


@contextmanager
def api(engine: Engine, sessions: sessionmaker[Session], redis_url: str | None = None) -> Iterator[httpx.Client]:
    """The API on a socket, asked with a token that may everything."""
    with serving(engine, redis_url=redis_url) as url, asking(url, make_token(sessions)) as client:
        yield client
