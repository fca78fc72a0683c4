"""The strip on every page of the console: how old the data are, what is overdue, who works, what waits."""

import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from worker import status
from worker.pages.context import Web, web_of
from worker.status import Status

FRESH_SECONDS = 2.0
_last: dict[int, tuple[float, Status]] = {}


async def prepare(request: Request) -> None:
    """Puts the status where the layout finds it; read at most every two seconds, whatever the number of pages."""
    web = web_of(request)
    at, found = _last.get(id(web), (0.0, None))
    if found is None or time.monotonic() - at > FRESH_SECONDS:
        found = await run_in_threadpool(_read, web)
        _last[id(web)] = time.monotonic(), found
    request.state.health = found


def _read(web: Web) -> Status:
    return status.read(web.sessions, web.redis_url or "", web.settings)


def topic(session: Session) -> Mapping[str, Any]:
    """Changes whenever the strip has something else to say."""
    return {}
