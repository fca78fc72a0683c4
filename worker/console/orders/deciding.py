"""What people decide about a flagged order: its people expire, or nothing is to be done."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from models.enrollment_changes import Why
from worker import clock
from worker.console.enrollments import wording as edits
from worker.console.enrollments.reading import Confirmed, to_edit
from worker.console.orders import wording
from worker.console.orders.detail import address, find, named
from worker.console.pages import ConsolePage, console_page, done
from worker.errors import TermsyncError
from worker.login.person import person_of
from worker.login.rights import Right
from worker.pages.context import in_session
from worker.pipeline import edit, edit_requests, orders
from worker.pipeline.edit_requests import ExpirePeople
from worker.pipeline.orders import Flagged

Row = dict[str, Any]

FIRST_PEOPLE = 25


class OrderDecisions(ConsolePage):
    """The decisions about one flagged order, each about the flag that the person saw."""

    menu_label = "Flagged sales order"
    path = "/orders"
    add_to_menu = False

    @console_page("/{tenant}/{order_id:int}/expire", Right.EDIT_ENROLLMENTS)
    async def ask_expire(self, request: Request) -> Response:
        values = await in_session(request, lambda session: _foresee(session, request))
        title = f"Expire the people on order {values['order']['number'][:60]}"
        return self.show(request, "orders/expire.html", title=title, **values)

    @console_page("/{tenant}/{order_id:int}/expire", Right.EDIT_ENROLLMENTS, ["POST"])
    async def expire(self, request: Request) -> Response:
        form = await request.form()
        seen, reason, flagged = Confirmed.of(form), str(form.get("reason", "")), _flagged(request, form)
        actor = person_of(request).actor

        def work(session: Session) -> edit.Asked:
            why = Why(actor, clock.now(session))
            return orders.expire_people(session, flagged, why, reason, key=seen.key, expected=seen.seen)

        return await to_edit(request, await in_session(request, work))

    @console_page("/{tenant}/{order_id:int}/review", Right.MANAGE_TENANTS, ["POST"])
    async def review(self, request: Request) -> Response:
        form, actor = await request.form(), person_of(request).actor
        reason, flagged = str(form.get("reason", "")), _flagged(request, form)

        def work(session: Session) -> None:
            orders.review(session, flagged, Why(actor, clock.now(session)), reason)

        await in_session(request, work)
        return done(request, "The flag is reviewed. One raised later waits for a review again.", address(request))


def flag_seen(tenant: str, order_id: int, flag: str, since: str) -> Flagged:
    """The flag as a form says that it was seen. Raises `flag-differs` when the form does not say it."""
    try:
        at = datetime.fromisoformat(since)
    except ValueError:
        at = None
    if not flag or at is None or at.tzinfo is None:
        raise TermsyncError(
            "flag-differs",
            "The form does not say which flag you looked at. Nothing was changed.",
            "Open the order, look at its flag, then decide.",
        )
    return Flagged(tenant, order_id, flag, at)


def _flagged(request: Request, form: FormData) -> Flagged:
    return flag_seen(*named(request), str(form.get("flag", "")), str(form.get("since", "")))


def _foresee(session: Session, request: Request) -> Row:
    order = find(session, *named(request))
    values: Row = {"order": order, "wording": wording, "edits": edits, "foreseen": None, "obstacle": None}
    wanted = ExpirePeople(order["tenant_id"], order["id"])
    try:
        foreseen = edit_requests.foresee(session, wanted, clock.now(session), FIRST_PEOPLE)
    except TermsyncError as error:
        return values | {"obstacle": error}
    at_once = foreseen.counts.rows <= edit.AT_ONCE
    return values | {"foreseen": foreseen, "key": str(uuid4()), "at_once": at_once}
