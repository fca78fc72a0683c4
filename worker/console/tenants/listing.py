"""The list of tenants, and adding one."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from models import tenant_listing, watermarks
from models.enrollment_changes import Why
from models.tenant_listing import TenantSearch
from models.terms import DEFAULT_ZONE
from worker import clock
from worker.console.pages import ConsolePage, console_page, done
from worker.console.tenants import wording
from worker.errors import TermsyncError
from worker.login.person import person_of
from worker.login.rights import Right
from worker.pages.context import in_session
from worker.pages.export import export
from worker.pipeline import tenants
from worker.pipeline.reading import ORDERS

# Everybody of these tenants is counted: a longer page would count a third of a million enrollments.
PAGE = 15
EXPORTED = 10_000
COLUMNS = (
    ("key", "Key"),
    ("name", "Name"),
    ("time_zone", "Time zone"),
    ("grace_days", "Grace days"),
    ("customers", "Customers"),
    ("enrolled", "Enrolled"),
    ("expired", "Expired"),
    ("unenrolled", "Unenrolled"),
    ("flagged", "Flagged orders"),
    ("paused", "Expiry paused"),
    ("pause_reason", "Reason"),
    ("hold_id", "Open hold"),
)


class Tenants(ConsolePage):
    """Every tenant with its numbers."""

    menu_label = "Tenants"
    icon = "fa fa-building"
    path = "/tenants"

    @console_page()
    async def index(self, request: Request) -> Response:
        values = await in_session(request, lambda session: _page(session, request.query_params))
        may_manage = person_of(request).may(Right.MANAGE_TENANTS)
        return self.show(request, "tenants/list.html", may_manage=may_manage, zones=wording.zones(), **values)

    @console_page(".csv")
    async def download(self, request: Request) -> Response:
        search = _search(request.query_params)

        def read(session: Session) -> list[dict[str, Any]]:
            return tenant_listing.page(session, search, clock.now(session), 0, EXPORTED)

        rows = await in_session(request, read)
        lines = [[row[name] for name, _ in COLUMNS] for row in rows]
        return export("tenants", "csv", [words for _, words in COLUMNS], lines)

    @console_page("", Right.MANAGE_TENANTS, ["POST"])
    async def add(self, request: Request) -> Response:
        form = await request.form()
        key, name = (str(form.get(part, "")).strip() for part in ("key", "name"))
        zone = str(form.get("time_zone", "")).strip() or DEFAULT_ZONE
        actor = person_of(request).actor

        def add(session: Session) -> None:
            if tenants.known(session, key) is not None:
                raise TermsyncError(
                    "tenant-exists",
                    f"There is a tenant {key!r} already.",
                    "Open it in the list, or choose another key.",
                )
            tenants.add(session, key, name or key, Why(actor, clock.now(session)), zone)

        await in_session(request, add)
        return done(request, f"{name or key} is added. Map its NetSuite customers next.", address(key))


def address(key: str) -> str:
    """The page of a tenant."""
    return f"/console/tenants/{quote(key, safe='')}"


def _page(session: Session, parameters: Mapping[str, str]) -> dict[str, Any]:
    search, now, number = _search(parameters), clock.now(session), _number(parameters)
    total = tenant_listing.count(session, search, now)
    rows = tenant_listing.page(session, search, now, (number - 1) * PAGE, PAGE)
    watermark = watermarks.watermark(session, ORDERS)
    ages = {row["id"]: wording.data_age(row, watermark, now) for row in rows}
    filled = {name: parameters[name] for name in ("q", "state") if parameters.get(name)}
    return {
        "tenants": rows,
        "ages": ages,
        "total": total,
        "filled": filled,
        "wording": wording,
        "number": number,
        "pages": max(1, -(-total // PAGE)),
        "here": lambda page: urlencode({**filled, "page": page}),
        "query": urlencode(filled),
    }


def _search(parameters: Mapping[str, str]) -> TenantSearch:
    return TenantSearch(parameters.get("q", "").replace("\0", "").strip()[:200], parameters.get("state", ""))


def _number(parameters: Mapping[str, str]) -> int:
    text = parameters.get("page", "1")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1
