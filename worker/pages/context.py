"""What every request of the web process finds at hand, and work with the database off the event loop."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast
from urllib.parse import urlsplit

from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from worker.pages.live import Live
from worker.settings import Settings

Result = TypeVar("Result")


@dataclass(frozen=True)
class Web:
    """The web process as its pages see it. `redis_url` None: nobody can be rung, the sweep finds the work."""

    settings: Settings
    engine: Engine
    sessions: sessionmaker[Session]
    redis_url: str | None
    live: Live


class ContextMiddleware:
    """Puts `Web` beside each request, and on it the address people know us by, whatever a proxy made of it."""

    def __init__(self, app: ASGIApp, web: Web) -> None:
        self._app = app
        self._web = web
        self._address = urlsplit(web.settings.web_url) if web.settings.web_url else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope.setdefault("state", {})["web"] = self._web
            if self._address is not None:
                scope["scheme"] = self._address.scheme
                others = [(name, value) for name, value in scope["headers"] if name != b"host"]
                scope["headers"] = [(b"host", self._address.netloc.encode()), *others]
        await self._app(scope, receive, send)


def web_of(request: HTTPConnection) -> Web:
    """The web process that answers this request."""
    return cast(Web, request.state.web)


async def in_session(request: HTTPConnection, work: Callable[[Session], Result]) -> Result:
    """Do `work` with the database in one transaction, in a thread: the event loop goes on."""
    sessions = web_of(request).sessions

    def done() -> Result:
        with sessions.begin() as session:
            return work(session)

    return await run_in_threadpool(done)
