"""How termsync is, in full: what is wrong, freshness, workers, the field mapping, the latest NetSuite calls."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import redis
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from connectors.errors import ConnectorError
from connectors.netsuite import TermFields
from models import expiring, freshness, overview, run_listing
from worker import clock, status
from worker.console.pages import ConsolePage, console_page
from worker.console.runs import wording
from worker.console.runs.page import asked
from worker.login.person import person_of
from worker.login.rights import Right
from worker.pages.context import Web, in_session, web_of
from worker.pipeline import fields
from worker.queue import call_log
from worker.queue.broker import connect_redis
from worker.queue.call_log import NotedCall
from worker.settings import Settings

CALLS = 50
WINDOWS = (("Last 24 hours", timedelta(days=1)), ("Last 7 days", timedelta(days=7)))
REDIS_SECONDS = 2.0


class Health(ConsolePage):
    """How termsync is."""

    menu_label = "Health"
    icon = "fa fa-heart-pulse"
    path = "/health"

    @console_page()
    async def index(self, request: Request) -> Response:
        web = web_of(request)
        values = await in_session(request, lambda session: _facts(session, web.settings))
        return self.show(
            request,
            "health/page.html",
            mapping=_mapping(web.settings),
            calls=await run_in_threadpool(_calls, web),
            slots=web.settings.slots,
            wording=wording,
            may_operate=person_of(request).may(Right.OPERATE),
            **values,
        )

    @console_page("/strip")
    async def strip(self, request: Request) -> Response:
        return self.fragment(request, "health.html")

    @console_page("/calls")
    async def calls(self, request: Request) -> Response:
        web = web_of(request)
        calls = await run_in_threadpool(_calls, web)
        return self.fragment(request, "health/calls.html", calls=calls, slots=web.settings.slots)

    @console_page("/fields", Right.OPERATE, ["POST"])
    async def check_fields(self, request: Request) -> Response:
        """Asks for the check; a worker does it, and its run shows what came of it."""
        actor = person_of(request).actor
        return await asked(request, await in_session(request, lambda session: fields.request(session, actor)))


def _facts(session: Session, settings: Settings) -> dict[str, Any]:
    now = clock.now(session)
    limit = timedelta(seconds=status.late_after(settings))
    return {
        "now": now,
        "limit": limit,
        "objective": freshness.OBJECTIVE,
        "budgets": [(words, freshness.budget(session, window, limit, now)) for words, window in WINDOWS],
        "workers": overview.workers(session, now),
        "overdue": expiring.by_tenant(session, now),
        "checked": run_listing.latest(session, fields.FIELDS),
    }


def _mapping(settings: Settings) -> list[tuple[str, str, Sequence[str]]]:
    """(what, setting, its fields in the order they are asked) of the configured mapping."""
    named = (
        ("First day of the term", "NETSUITE_TERM_START", settings.netsuite_term_start),
        ("Last day of the term", "NETSUITE_TERM_END", settings.netsuite_term_end),
    )
    return [(what, setting, _fields(text, setting)) for what, setting, text in named]


def _fields(text: str, setting: str) -> list[str]:
    try:
        return [str(field) for field in TermFields.parse(text, setting).candidates]
    except ConnectorError as error:
        return [f"{error.message}. {error.remedy}"]


def _calls(web: Web) -> list[NotedCall] | None:
    """The latest calls; None where Redis does not answer."""
    if web.redis_url is None:
        return None
    try:
        with connect_redis(web.redis_url, REDIS_SECONDS) as client:
            return call_log.latest(client, CALLS)
    except redis.RedisError:
        return None
