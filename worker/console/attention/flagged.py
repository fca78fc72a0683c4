"""Orders that are flagged, and orders that end soon while a renewal is there."""

from collections.abc import Iterable
from dataclasses import astuple
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from models import attention
from models.attention import ENDS_SOON
from models.enrollment_changes import Why
from models.sales_order import Flag
from worker import clock
from worker.console.attention.tabs import EXPORTED, PAGE, Row, filled, heading, page_number, sliced
from worker.console.orders import wording
from worker.console.orders.deciding import flag_seen
from worker.console.pages import ConsolePage, console_page, done
from worker.errors import TermsyncError
from worker.login.person import person_of
from worker.login.rights import Right
from worker.pages.context import in_session
from worker.pages.export import export
from worker.pages.words import counted
from worker.pipeline import orders

FLAGGED = "/console/attention/flagged"
WITHIN = {"7": timedelta(days=7), "30": ENDS_SOON, "60": timedelta(days=60), "90": timedelta(days=90)}


class Flagged(ConsolePage):
    """Orders NetSuite cancelled, deleted, no longer shows, or gave to another customer."""

    menu_label = "Flagged orders"
    path = "/attention/flagged"
    add_to_menu = False

    @console_page()
    async def index(self, request: Request) -> Response:
        return self.show(request, "attention/flagged.html", **await self._values(request))

    @console_page("/rows")
    async def rows(self, request: Request) -> Response:
        return self.fragment(request, "attention/flagged_rows.html", **await self._values(request))

    async def _values(self, request: Request) -> Row:
        words, number = _flag_words(request), page_number(request)

        def read(session: Session) -> Row:
            found = attention.flagged(
                session, clock.now(session), words.get("flag"), words.get("q"), PAGE + 1, PAGE * (number - 1)
            )
            return {**heading(session), "page": sliced(found, number, words)}

        may = person_of(request).may(Right.MANAGE_TENANTS)
        values = {"here": "flagged", "may_review": may, "wording": wording, "flags": list(Flag)}
        return {**values, **await in_session(request, read)}

    @console_page("/review", Right.MANAGE_TENANTS, ["POST"])
    async def review(self, request: Request) -> Response:
        form = await request.form()
        chosen = [_seen(str(each)) for each in form.getlist("row")]
        if not chosen:
            raise TermsyncError("nothing-chosen", "No order was ticked.", "Tick the orders you have looked at.")
        reason, actor = str(form.get("reason", "")), person_of(request).actor

        def work(session: Session) -> None:
            why = Why(actor, clock.now(session))
            for flagged in sorted(chosen, key=astuple):
                orders.review(session, flagged, why, reason)

        await in_session(request, work)
        return done(request, f"{counted(len(chosen), 'flag')} reviewed.", FLAGGED)

    @console_page("/export/{form}")
    async def exported(self, request: Request) -> Response:
        words = _flag_words(request)
        rows = await in_session(
            request,
            lambda session: attention.flagged(
                session, clock.now(session), words.get("flag"), words.get("q"), EXPORTED
            ),
        )
        form = "xlsx" if request.path_params["form"] == "xlsx" else "csv"
        return export("flagged-orders", form, FLAGGED_HEADER, _flagged_cells(rows))


FLAGGED_HEADER = (
    "Number",
    "Customer",
    "Tenant",
    "Flag",
    "Since",
    "Term ends",
    "Enrolled",
    "Expired",
    "Enrollments",
)
ENDING_COLUMNS = (
    "number",
    "customer_name",
    "tenant_name",
    "term_end",
    "enrolled",
    "renewal_number",
    "renewal_start",
    "renewal_end",
)
ENDING_HEADER = ("Number", "Customer", "Tenant", "Term ends", "Enrolled", "Renewal", "Renewal from", "Renewal to")


def _flagged_cells(rows: list[Row]) -> Iterable[tuple[Any, ...]]:
    columns = ("number", "customer_name", "tenant_name", "flag", "flagged_at", "term_end")
    for row in rows:
        yield (*(row[name] for name in columns), row["enrolled"], row["expired"], row["people"])


def _flag_words(request: Request) -> dict[str, str]:
    words = filled(request, "flag", "q")
    if words.get("flag", Flag.MISSING) not in set(Flag):
        raise TermsyncError("filter-invalid", "There is no such flag.", "Clear the filters, and choose again.")
    return words


def _seen(text: str) -> orders.Flagged:
    """What was ticked: `acme/123/cancelled/2026-03-01T09:00:00+00:00`. Raises `nothing-chosen`, `flag-differs`."""
    tenant, order_id, flag, since = (text.split("/") + [""] * 4)[:4]
    if not (tenant and order_id.isascii() and order_id.isdigit() and len(order_id) < 19):
        raise TermsyncError("nothing-chosen", "A row that was ticked is none of the list's.", "Reload the page.")
    return flag_seen(tenant, int(order_id), flag, since)


class Ending(ConsolePage):
    """Orders that end soon with people on them, while the client has an order that lasts longer."""

    menu_label = "Ending soon"
    path = "/attention/ending"
    add_to_menu = False

    @console_page()
    async def index(self, request: Request) -> Response:
        return self.show(request, "attention/ending.html", **await self._values(request))

    @console_page("/rows")
    async def rows(self, request: Request) -> Response:
        return self.fragment(request, "attention/ending_rows.html", **await self._values(request))

    async def _values(self, request: Request) -> Row:
        words, number = filled(request, "within"), page_number(request)
        within = _within(words)

        def read(session: Session) -> Row:
            now = clock.now(session)
            found = attention.ending(session, now, within, PAGE + 1, PAGE * (number - 1))
            total = found[0]["total"] if found else 0
            return {**heading(session), "page": sliced(found, number, words), "total": total, "now": now}

        values = {"here": "ending", "within": within, "choices": WITHIN, "wording": wording}
        return {**values, **await in_session(request, read)}

    @console_page("/export/{form}")
    async def exported(self, request: Request) -> Response:
        within = _within(filled(request, "within"))
        rows = await in_session(
            request, lambda session: attention.ending(session, clock.now(session), within, EXPORTED)
        )
        form = "xlsx" if request.path_params["form"] == "xlsx" else "csv"
        return export(
            "orders-ending", form, ENDING_HEADER, ([row[name] for name in ENDING_COLUMNS] for row in rows)
        )


def _within(words: dict[str, str]) -> timedelta:
    asked = words.get("within", "30")
    if asked not in WITHIN:
        raise TermsyncError("filter-invalid", f"{asked[:20]!r} is no choice of days.", "Choose one of the list.")
    return WITHIN[asked]
