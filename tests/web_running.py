"""The real application for tests: over a real socket, on a database with a few people in it."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from models.roster import User
from models.staff import Staff
from worker.settings import Settings, load
from worker.web.app import make_app
from worker.web.server import OPTIONS


@contextmanager
def serving(engine: Engine, settings: Settings | None = None, redis_url: str | None = None) -> Iterator[str]:
    """The application on a free port; yields its address."""
    with serving_app(make_app(engine, settings or load(), redis_url)) as url:
        yield url


@contextmanager
def serving_app(app: FastAPI) -> Iterator[str]:
    """An application on a free port; yields its address."""
    config = uvicorn.Config(app, port=0, **{**OPTIONS, "timeout_graceful_shutdown": 1})
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
            assert thread.is_alive()
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


@contextmanager
def browsing(url: str) -> Iterator[httpx.Client]:
    """A browser without scripts."""
    with httpx.Client(base_url=url, timeout=20, headers={"accept": "text/html"}) as client:
        yield client


PASSWORD = "correct horse battery"  # of everybody in tests
# As argon2 as any, made with so little work that a test may sign in often.
_HASH = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)


def add_staff(session: Session, role: str, email: str | None = None) -> str:
    """A person of staff who can sign in with PASSWORD; returns their address."""
    address = email or f"{role}@staff.example"
    session.add(Staff(email=address, name=f"{role.title()} Person", role=role, password_hash=_HASH))
    session.flush()
    return address


def give_password(session: Session, user_id: int, *, client_admin: bool = False) -> None:
    """Lets a user of a tenant sign in with PASSWORD."""
    session.execute(update(User).where(User.id == user_id).values(password_hash=_HASH, client_admin=client_admin))


def sign_in(client: httpx.Client, email: str, password: str = PASSWORD) -> httpx.Response:
    """Signs in as a browser would; returns the answer to the form."""
    return send(client, "/login", "/login", email=email, password=password)


def token_of(page: httpx.Response) -> str:
    """The CSRF token in the forms of a page."""
    found = re.search(r'name="csrftoken" value="([^"]+)"', page.text)
    assert found, f"no form at {page.url}: {page.status_code}"
    return found[1]


def send(client: httpx.Client, form_at: str, to: str, **fields: Any) -> httpx.Response:
    """Opens the page `form_at`, and sends `fields` with its token to `to`. Redirects are not followed."""
    fields["csrftoken"] = token_of(client.get(form_at))
    return client.post(to, data=fields)
