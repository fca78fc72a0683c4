"""The first page of the console: what needs somebody, what came in, what ends soon, what has run."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from models import attention, lately, order_listing, run_listing
from models.attention import Waiting
from models.order_listing import OrderFilter
from models.overview import Overview
from models.run_listing import RunSearch
from worker import clock
from worker.console.orders import listing as orders
from worker.console.pages import ConsolePage, console_page
from worker.console.runs import wording as run_wording
from worker.pages.context import in_session
from worker.pages.live import said

LATELY = timedelta(days=1)
LISTED = 6


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits for a person: how much, what it is called when it is one and when it is more, where."""

    number: int
    one: str
    many: str
    address: str

    @property
    def words(self) -> str:
        return self.one if self.number == 1 else self.many


class Home(ConsolePage):
    """How things stand, and where to go."""

    menu_label = "Overview"
    icon = "fa fa-gauge"
    path = "/"
    route_name = "index"

    @console_page()
    async def index(self, request: Request) -> Response:
        return self.show(request, "home/page.html", **await _values(request))

    @console_page("/now")
    async def now(self, request: Request) -> Response:
        return self.fragment(request, "home/now.html", **await _values(request))

    def is_active(self, request: Request) -> bool:
        return bool(request.scope["path"] == f"{request.scope['root_path']}/")


async def _values(request: Request) -> dict[str, Any]:
    facts = request.state.health.facts
    values = await in_session(request, _read)
    return {
        "needs": needs(values["waiting"], facts),
        "run_wording": run_wording,
        **values,
    }


def _read(session: Session) -> dict[str, Any]:
    now, seen = clock.now(session), said(orders.topic(session))
    since = now - LATELY
    arrived = OrderFilter(changed_since=since)
    return {
        "now": now,
        "seen": seen,
        "waiting": attention.waiting(session),
        "orders": order_listing.orders(session, arrived, now, limit=LISTED, marked_since=since),
        "arrived": order_listing.count(session, arrived),
        "ending": lately.ending_soon(session, now, LISTED),
        "expired": lately.expired_since(session, since, LISTED),
        "runs": run_listing.page(session, RunSearch(), limit=LISTED)[0],
    }


def needs(waiting: Waiting, facts: Overview) -> list[Need]:
    """What waits for a person, the gravest first; nothing of which there is nothing."""
    found = (
        Need(waiting.holds, "hold to decide", "holds to decide", "/console/attention/holds"),
        Need(facts.quarantined_runs, "run set aside", "runs set aside", "/console/runs?state=quarantined"),
        Need(facts.failed_runs, "run failed today", "runs failed today", "/console/runs?state=failed"),
        Need(
            waiting.unmatched,
            "customer without a tenant",
            "customers without a tenant",
            "/console/attention/unmatched",
        ),
        Need(
            waiting.rejected,
            "row that could not be used",
            "rows that could not be used",
            "/console/attention/rejected",
        ),
        Need(waiting.flagged, "flagged order", "flagged orders", "/console/attention/flagged"),
        Need(
            facts.paused_tenants,
            "tenant whose expiry is paused",
            "tenants whose expiry is paused",
            "/console/tenants",
        ),
    )
    return [need for need in found if need.number]
