"""Holds: what would happen and to whom; approve or reject with a reason."""

import re
from typing import Any

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from models import attention, listings
from models.enrollment_changes import Why
from worker import clock
from worker.console.attention.tabs import PAGE, Row, filled, heading, page_number, sliced
from worker.console.history.wording import who
from worker.console.orders import wording
from worker.console.orders.history import HOLD_STATES
from worker.console.pages import ConsolePage, console_page, done
from worker.errors import NotFound
from worker.login.person import person_of
from worker.login.rights import Right
from worker.pages.context import in_session
from worker.pages.export import export
from worker.pages.words import counted
from worker.pipeline import holds
from worker.pipeline.orders import given

HERE = "/console/attention/holds"
# Rules of the guard, in words.
RULES = {
    "people": "Too many people would lose access",
    "orders": "Too many orders would be cut short",
    "all-gone": "Every order of the tenant would be gone",
    "undone": "Accepted terms that somebody took back",
}
DECIDED = 100
MOST_PEOPLE = 100_000


class Holds(ConsolePage):
    """Changes the guard keeps back, tenant by tenant."""

    menu_label = "Holds"
    path = "/attention/holds"
    add_to_menu = False

    @console_page()
    async def index(self, request: Request) -> Response:
        return self.show(request, "attention/holds.html", **await self._values(request))

    @console_page("/rows")
    async def rows(self, request: Request) -> Response:
        return self.fragment(request, "attention/holds_rows.html", **await self._values(request))

    async def _values(self, request: Request) -> Row:
        decided = bool(filled(request, "decided"))

        def read(session: Session) -> Row:
            return {**heading(session), "holds": listings.holds(session, decided=decided, limit=DECIDED)}

        words = {"here": "holds", "decided": decided, "rules": RULES, "states": HOLD_STATES}
        return {**words, "who": who, **await in_session(request, read)}

    @console_page("/{hold_id:int}")
    async def detail(self, request: Request) -> Response:
        number, hold_id = page_number(request), request.path_params["hold_id"]

        def read(session: Session) -> Row:
            now = clock.now(session)
            people = attention.hold_people(session, hold_id, now, PAGE + 1, PAGE * (number - 1))
            return {
                "hold": _find(session, hold_id),
                "items": listings.hold_items(session, hold_id, DECIDED),
                "people": sliced(people, number, {}),
                "ending": attention.count_hold_people(session, hold_id, now),
            }

        return self.show(
            request,
            "attention/hold.html",
            title=f"Hold {hold_id}",
            rules=RULES,
            states=HOLD_STATES,
            wording=wording,
            who=who,
            may_operate=person_of(request).may(Right.OPERATE),
            **await in_session(request, read),
        )

    @console_page("/{hold_id:int}/approve", Right.OPERATE, ["POST"])
    async def approve(self, request: Request) -> Response:
        form, actor = await request.form(), person_of(request).actor
        reason, expected = str(form.get("reason", "")), str(form.get("expected", ""))
        hold_id = request.path_params["hold_id"]

        def work(session: Session) -> str:
            why = Why(actor, clock.now(session))
            people = int(expected) if re.fullmatch("[0-9]{1,18}", expected) else -1
            accepted = holds.approve(session, hold_id, why, given(reason), people)
            orders = counted(accepted.new + accepted.changed, "order")
            return f"{orders} accepted, {counted(accepted.enrollments.expired, 'enrollment')} expired."

        return done(request, f"Hold {hold_id} is approved: {await in_session(request, work)}", f"{HERE}/{hold_id}")

    @console_page("/{hold_id:int}/reject", Right.OPERATE, ["POST"])
    async def reject(self, request: Request) -> Response:
        reason, actor = str((await request.form()).get("reason", "")), person_of(request).actor
        hold_id = request.path_params["hold_id"]

        def work(session: Session) -> str:
            accepted = holds.reject(session, hold_id, Why(actor, clock.now(session)), given(reason))
            return f"{counted(accepted.new + accepted.changed, 'other change')} of the list accepted."

        others = await in_session(request, work)
        said = f"Hold {hold_id} is rejected: nobody loses access by it; {others}"
        return done(request, said, f"{HERE}/{hold_id}")

    @console_page("/{hold_id:int}/people/{form}")
    async def exported(self, request: Request) -> Response:
        hold_id = request.path_params["hold_id"]

        def read(session: Session) -> list[Row]:
            _find(session, hold_id)
            return attention.hold_people(session, hold_id, clock.now(session), MOST_PEOPLE)

        rows = await in_session(request, read)
        form = "xlsx" if request.path_params["form"] == "xlsx" else "csv"
        return export(f"hold-{hold_id}-people", form, HEADER, ([row[name] for name in COLUMNS] for row in rows))


HEADER = ("Name", "E-mail", "Course", "Order", "Term end", "Becomes")
COLUMNS = ("name", "email", "title", "number", "term_end_before", "term_end")


def _find(session: Session, hold_id: int) -> dict[str, Any]:
    row = listings.hold(session, hold_id) if hold_id < 2**63 else None
    if row is None:
        raise NotFound("hold-unknown", f"There is no hold {hold_id}.", "See the open ones under Attention.")
    return row
