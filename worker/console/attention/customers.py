"""Customers without a tenant: map them, and all of their orders come in."""

import re
from typing import Any

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from models import attention, order_listing
from models.enrollment_changes import Why
from models.tenant import Tenant
from worker import clock
from worker.console.attention.tabs import EXPORTED, PAGE, Row, filled, heading, page_number, sliced
from worker.console.pages import ConsolePage, console_page, done
from worker.console.ringing import ring
from worker.errors import TermsyncError
from worker.login.person import person_of
from worker.login.rights import Right
from worker.pages.context import in_session
from worker.pages.export import export
from worker.pages.words import counted
from worker.pipeline import tenants
from worker.queue import doorbell

HERE = "/console/attention/unmatched"
MOST_AT_ONCE = 100
ID = re.compile("[0-9]{1,18}")


class Unmatched(ConsolePage):
    """NetSuite customers whose orders wait for a tenant."""

    menu_label = "Unmatched customers"
    path = "/attention/unmatched"
    add_to_menu = False

    @console_page()
    async def index(self, request: Request) -> Response:
        return self.show(request, "attention/unmatched.html", **await self._values(request))

    @console_page("/rows")
    async def rows(self, request: Request) -> Response:
        return self.fragment(request, "attention/unmatched_rows.html", **await self._values(request))

    async def _values(self, request: Request) -> Row:
        words, number = filled(request, "q"), page_number(request)

        def read(session: Session) -> Row:
            now = clock.now(session)
            found = attention.unmatched(session, now, words.get("q"), PAGE + 1, PAGE * (number - 1))
            return {**heading(session), "page": sliced(found, number, words)}

        may = person_of(request).may(Right.MANAGE_TENANTS)
        return {"here": "unmatched", "may_map": may, **await in_session(request, read)}

    @console_page("/map", Right.MANAGE_TENANTS)
    async def ask(self, request: Request) -> Response:
        """Which tenant, and what that brings in; then it is asked for with a tenant, and confirmed."""
        chosen, key = _ids(request.query_params.getlist("customer")), request.query_params.get("tenant", "")

        def read(session: Session) -> Row:
            if key:
                return foresee_mapping(session, chosen, tenants.find(session, key))
            found = attention.customers(session, chosen, clock.now(session))
            likely = attention.likely_tenants(session, chosen)
            return {
                "customers": found,
                "tenants": order_listing.tenant_names(session),
                "likely": next((tenant for tenant, _ in likely.values()), ""),
            }

        values = {"at": f"{HERE}/map", "back": HERE, **await in_session(request, read)}
        return self.show(request, "attention/map.html", title="Map customers to a tenant", **values)

    @console_page("/map", Right.MANAGE_TENANTS, ["POST"])
    async def map(self, request: Request) -> Response:
        form = await request.form()
        chosen, key = _ids(form.getlist("customer")), str(form.get("tenant", ""))
        actor = person_of(request).actor

        def work(session: Session) -> tuple[int, str, int]:
            why, tenant = Why(actor, clock.now(session)), tenants.find(session, key)
            orders = sum(tenants.map_customer(session, tenant.id, customer, why) for customer in chosen)
            return tenant.id, tenant.name, orders

        tenant_id, name, orders = await in_session(request, work)
        await ring(request, doorbell.ring_reconcile, tenant_id)
        coming = f"{counted(orders, 'order')} come{'s' if orders == 1 else ''} in now."
        return done(request, f"{counted(len(chosen), 'customer')} mapped to {name[:100]}: {coming}", HERE)

    @console_page("/export/{form}")
    async def exported(self, request: Request) -> Response:
        words = filled(request, "q")
        rows = await in_session(
            request, lambda session: attention.unmatched(session, clock.now(session), words.get("q"), EXPORTED)
        )
        header = ("NetSuite id", "Customer", "Orders", "Not ended", "Waiting since", "Latest term end")
        columns = ("customer_id", "name", "orders", "current_orders", "waiting_since", "latest_term_end")
        form = "xlsx" if request.path_params["form"] == "xlsx" else "csv"
        return export("unmatched-customers", form, header, ([row[name] for name in columns] for row in rows))


def foresee_mapping(session: Session, customer_ids: list[int], tenant: Tenant) -> Row:
    """What mapping the customers to the tenant brings in, and which of them another tenant has."""
    found = attention.customers(session, customer_ids, clock.now(session))
    coming = [row for row in found if row["tenant"] is None]
    return {
        "tenant": tenant,
        "customers": found,
        "coming": coming,
        "elsewhere": [row for row in found if row["tenant"] not in (None, tenant.key)],
        "orders": sum(row["orders"] for row in coming),
    }


def _ids(chosen: list[Any]) -> list[int]:
    """The customers that were ticked. Raises `nothing-chosen`."""
    ids = sorted({int(each) for each in chosen if isinstance(each, str) and ID.fullmatch(each)})
    if not ids:
        raise TermsyncError(
            "nothing-chosen", "No customer was ticked.", "Tick at least one, then choose a tenant."
        )
    if len(ids) > MOST_AT_ONCE:
        raise TermsyncError(
            "nothing-chosen",
            f"{len(ids)} customers are too many at once.",
            f"Map at most {MOST_AT_ONCE} at a time.",
        )
    return ids
