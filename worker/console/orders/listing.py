"""The list of the sales orders of all tenants; what arrives or changes appears while it is open."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from models import order_listing
from models.sales_order import STATUS_NAMES
from worker import clock
from worker.console.orders import asked, wording
from worker.console.orders.asked import Asked
from worker.console.pages import ConsolePage, console_page
from worker.errors import NotFound
from worker.pages.context import in_session
from worker.pages.export import export
from worker.pages.live import said
from worker.pipeline.scope import parse_instant

PAGE = 25
EXPORTED = 100_000
# So long an order is marked as new or changed on a page that is opened afresh.
LATELY = timedelta(days=1)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """What one page of the list shows. `opened`: since when the person looks at it."""

    asked: Asked
    rows: list[Row]
    total: int
    has_next: bool
    has_previous: bool
    now: datetime
    opened: datetime
    arrived: int

    def after(self) -> str:
        return self.asked.address(after=asked.key_text(self.rows[-1]))

    def before(self) -> str:
        return self.asked.address(before=asked.key_text(self.rows[0]))

    def fragment(self) -> str:
        """The address of the rows alone, for a page that was opened when this one was."""
        return self.asked.address(**self.asked.page_key(), opened=self.opened.isoformat())

    def news(self, row: Row) -> str | None:
        """`New` or `Changed`, with `just now` when that was since the page was opened."""
        if row["news"] is None:
            return None
        word = "New" if row["news"] == "new" else "Changed"
        return f"{word}, just now" if row["accepted_at"] > self.opened else word

    def marks(self, row: Row) -> list[str]:
        return wording.marks(row)

    def term_state(self, row: Row) -> str:
        return wording.term_state(row, self.now)


class Orders(ConsolePage):
    """Every tenant's orders."""

    menu_label = "Sales orders"
    icon = "fa fa-file-invoice"
    path = "/orders"

    @console_page()
    async def index(self, request: Request) -> Response:
        def read(session: Session) -> Row:
            seen = said(topic(session))  # before the rows: what comes between is told, and shown again
            return {
                "seen": seen,
                "page": _read(session, request.query_params),
                "tenants": order_listing.tenant_names(session),
            }

        values = await in_session(request, read)
        return self.show(request, "orders/list.html", statuses=STATUS_NAMES, wording=wording, **values)

    @console_page("/rows")
    async def rows(self, request: Request) -> Response:
        page = await in_session(request, lambda session: _read(session, request.query_params))
        return self.fragment(request, "orders/rows.html", page=page, wording=wording)

    @console_page("/export/{form}")
    async def exported(self, request: Request) -> Response:
        form = request.path_params["form"]
        if form not in {"csv", "xlsx"}:
            raise NotFound("export-unknown", "There is no such export.", "Use the buttons above the list.")
        now, rows = await in_session(request, lambda session: _all(session, request.query_params))
        return export(f"sales-orders-{now:%Y-%m-%d}", form, HEADER, _cells(rows))


def topic(session: Session) -> dict[str, Any]:
    """Changes when an order arrives or changes."""
    return {"newest": order_listing.newest(session)}


def _read(session: Session, parameters: Mapping[str, str]) -> Page:
    now = clock.now(session)
    wanted = asked.read(parameters, now)
    opened = min(parse_instant(parameters["opened"]), now) if "opened" in parameters else now
    found = order_listing.orders(
        session,
        wanted.filter,
        now,
        sort=wanted.sort,
        descending=wanted.descending,
        key=wanted.key,
        limit=PAGE + 1,
        marked_since=min(opened, now - LATELY),
    )
    backwards = wanted.key is not None and wanted.key.before
    more = len(found) > PAGE
    rows = (found[1:] if backwards else found[:PAGE]) if more else found
    total = order_listing.count(session, wanted.filter)
    arrived, _ = order_listing.news(session, wanted.filter, opened)
    ahead, behind = (True, more) if backwards else (more, wanted.key is not None)
    return Page(wanted, rows, total, ahead, behind, now, opened, arrived)


HEADER = (
    "Number",
    "NetSuite id",
    "Customer",
    "Customer's NetSuite id",
    "Tenant",
    "Term start",
    "Term end",
    "Status",
    "Enrolled",
    "Expired",
    "Enrollments",
    "Last changed",
    "Modified in NetSuite",
    "Marks",
)


def _all(session: Session, parameters: Mapping[str, str]) -> tuple[datetime, list[Row]]:
    """Every row that matches, whatever page was open."""
    now = clock.now(session)
    wanted = asked.read(parameters, now)
    found = order_listing.orders(
        session, wanted.filter, now, sort=wanted.sort, descending=wanted.descending, limit=EXPORTED
    )
    return now, found


def _cells(rows: list[Row]) -> Iterable[tuple[Any, ...]]:
    for row in rows:
        yield (
            row["number"],
            str(row["id"]),
            row["customer_name"],
            str(row["customer_id"]),
            row["tenant_name"],
            row["term_start"],
            row["term_end"],
            wording.status_name(row["status"]),
            row["enrolled"],
            row["expired"],
            row["people"],
            row["accepted_at"],
            row["modified_at"],
            ", ".join(wording.MARKS[mark][0] for mark in wording.marks(row)),
        )
