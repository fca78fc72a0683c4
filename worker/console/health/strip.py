"""The strip on every page of the console: how old the data are, what is overdue, who works, what waits."""

import time
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from worker import status
from worker.pages.context import Web, web_of
from worker.pages.live import Live
from worker.status import About, Status

FRESH_SECONDS = 2.0
TICK_SECONDS = 5
# By what lives as long as its web process: an id would be given to another one afterwards.
_last: WeakKeyDictionary[Live, tuple[float, Status]] = WeakKeyDictionary()

# Where a person goes to deal with a problem.
WHERE: Mapping[About, tuple[str, str]] = {
    "engine": ("/console/health", "See the workers"),
    "pulls": ("/console/runs?kind=pull&idle=yes", "See the pulls"),
    "expiry": ("/console/health", "See what is overdue"),
    "holds": ("/console/attention/holds", "Decide the holds"),
    "runs": ("/console/runs?state=quarantined", "See the runs"),
    "mails": ("/console/mails/list?state=parked", "See the mails"),
    "outbox": ("/console/mails/list?state=queued", "See the mails"),
    "webhooks": ("/console/webhooks", "See the webhooks"),
    "calls": ("/console/webhooks", "See the webhooks"),
}


async def prepare(request: Request) -> None:
    """Puts the status where the layout finds it; read at most every two seconds, whatever the number of pages."""
    web = web_of(request)
    at, found = _last.get(web.live, (0.0, None))
    if found is None or time.monotonic() - at > FRESH_SECONDS:
        found = await run_in_threadpool(_read, web)
        _last[web.live] = time.monotonic(), found
    request.state.health = found
    request.state.health_links = WHERE


def _read(web: Web) -> Status:
    return status.read(web.sessions, web.redis_url, web.settings)


def topic(session: Session) -> Mapping[str, Any]:
    """Changes every few seconds: the age of data does so anyway, and reading it is shared by all pages."""
    return {"tick": int(time.time()) // TICK_SECONDS}
