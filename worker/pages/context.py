"""What every request of the web process finds at hand, and work with the database off the event loop."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast

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
    """Puts `Web` beside each request, for mounted applications too."""

    def __init__(self, app: ASGIApp, web: Web) -> None:
        self._app = app
        self._web = web

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope.setdefault("state", {})["web"] = self._web
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
