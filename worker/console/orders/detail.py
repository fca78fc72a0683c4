"""One order: what NetSuite said beside what is accepted, its history, its people, and what can be done to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from connectors.errors import ConnectorError
from connectors.netsuite.account import Account
from models import order_actions, order_detail, pulling
from models.terms import last_day
from worker import clock, explain
from worker.console import payloads
from worker.console.history.wording import who
from worker.console.orders import history, wording
from worker.console.orders.listing import topic
from worker.console.pages import ConsolePage, console_page, done
from worker.console.ringing import ring
from worker.errors import NotFound, TermsyncError
from worker.login.person import person_of
from worker.login.rights import Right
from worker.pages.context import in_session, web_of
from worker.pages.live import said
from worker.pages.words import day
from worker.pipeline import orders
from worker.queue import doorbell, runner

Row = dict[str, Any]

FIRST_ENROLLMENTS = 25


@dataclass(frozen=True, slots=True)
class Compared:
    """One value as NetSuite said it and as it is accepted."""

    name: str
    said: str
    accepted: str

    @property
    def differs(self) -> bool:
        return self.said != self.accepted


class OrderPage(ConsolePage):
    """A tenant's order. An order that moved between tenants has a page for each."""

    menu_label = "Sales order"
    path = "/orders"
    add_to_menu = False

    @console_page("/{tenant}/{order_id:int}")
    async def detail(self, request: Request) -> Response:
        values = await in_session(request, lambda session: _read(session, *named(request)))
        may = person_of(request).may
        return self.show(
            request,
            "orders/detail.html",
            title=f"Order {values['order']['number'][:60]}",
            may_operate=may(Right.OPERATE),
            may_expire=may(Right.EDIT_ENROLLMENTS),
            may_review=may(Right.MANAGE_TENANTS),
            **values,
        )

    @console_page("/{tenant}/{order_id:int}/now")
    async def now(self, request: Request) -> Response:
        values = await in_session(request, lambda session: _read(session, *named(request)))
        return self.fragment(request, "orders/now.html", **values)

    @console_page("/{tenant}/{order_id:int}/resync", Right.OPERATE, ["POST"])
    async def resync(self, request: Request) -> Response:
        _check_account(request)
        actor = person_of(request).actor
        run_id, new = await in_session(request, lambda session: orders.resync(session, *named(request), actor))
        await ring(request, doorbell.ring_run, run_id)
        # The page goes on to change while the run is under way; the message stays true when it is over.
        joined = "" if new else " It was under way already: you joined it."
        words = f"Run {run_id} was asked to read this order. What changes by it shows here by itself.{joined}"
        return done(request, words, address(request))


def named(request: Request) -> tuple[str, int]:
    """The tenant and the order in the address."""
    return request.path_params["tenant"], request.path_params["order_id"]


def address(request: Request) -> str:
    """The page of the order in the address."""
    tenant, order_id = named(request)
    return f"/console/orders/{tenant}/{order_id}"


def _check_account(request: Request) -> None:
    """A missing account is told here, not by a run that fails later."""
    try:
        runner.pull_options(web_of(request).settings)
    except ConnectorError as error:
        raise TermsyncError(error.code, error.message, error.remedy) from None


def _read(session: Session, tenant: str, order_id: int) -> Row:
    now, seen = clock.now(session), said(topic(session))
    order, landed = find(session, tenant, order_id), order_detail.landed(session, order_id)
    assert landed is not None, "an order is accepted from a landing row"
    tenant_id, account = order["tenant_id"], pulling.bound_account(session)
    return {
        "seen": seen,
        "order": order,
        "landed": landed,
        "compared": _compare(order, landed),
        "payload": payloads.shown(landed["payload"]),
        "rejection": explain.find(landed["reject_code"] or ""),
        "elsewhere": [row for row in order_detail.tenants_of(session, order_id) if row["tenant"] != tenant],
        "expirable": order_actions.expirable(session, order_id, tenant_id, now) if order["flag"] else None,
        "enrollments": order_detail.enrollments(session, order_id, tenant_id, now, FIRST_ENROLLMENTS),
        "people": order_detail.people(session, order_id, tenant_id, now),
        "told": history.told(order_detail.time_line(session, order_id, tenant_id), landed),
        "in_netsuite": None if account is None else Account.of(account).sales_order_page(order_id),
        "term_state": wording.term_state(order, now),
        "marks": wording.marks({**order, "reject_code": landed["reject_code"]}),
        "wording": wording,
        "who": who,
    }


def find(session: Session, tenant: str, order_id: int) -> Row:
    """An order of a tenant. Raises NotFound."""
    order = None if order_id >= 2**63 else order_detail.order(session, tenant, order_id)
    if order is None:
        raise NotFound(
            "order-not-accepted", "There is no such order.", "Look for it by its number under Sales orders."
        )
    order["last_day"] = last_day(None, order["term_end"], order["grace_days"])
    return order


def _compare(order: Mapping[str, Any], landed: Mapping[str, Any]) -> list[Compared]:
    """Every value side by side; what NetSuite said is not known where its row could not be read."""

    def both(name: str, column: str, words: Any = str) -> Compared:
        said = "could not be read" if landed["reject_code"] else words(landed[column])
        return Compared(name, said, words(order[column]))

    customer = Compared("Customer", _customer(landed), _customer(order))
    return [
        both("Number", "number"),
        customer,
        both("Status", "status", wording.status_name),
        both("Term start", "term_start", _day),
        both("Term end", "term_end", _day),
    ]


def _day(value: Any) -> str:
    return "none" if value is None else day(value)


def _customer(row: Mapping[str, Any]) -> str:
    if row["customer_id"] is None:
        return "none"
    return f"{row['customer_name'] or 'NetSuite customer'} ({row['customer_id']})"
