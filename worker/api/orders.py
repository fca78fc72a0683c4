"""Sales orders of a tenant, as accepted."""

from collections.abc import Sequence
from datetime import date, datetime

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from models import api_orders
from worker import clock
from worker.api import cursors
from worker.api.call import Asked
from worker.api.problems import Refusal
from worker.api.values import Cursor, Limit, PathKey, PathNumber
from worker.errors import NotFound


class OrderDocument(BaseModel):
    """One accepted order, and the people on it as they read now."""

    id: int = Field(description="NetSuite's internal id.")
    number: str
    customer_id: int
    customer_name: str | None
    status: str = Field(description="NetSuite's letter for the status.")
    term_start: date | None = Field(description="First day of the term.")
    term_end: date | None = Field(
        description="Last day of the term, inclusive. Access may last longer, by the tenant's grace days, and end"
        " on another day for people with an expiration date: an enrollment's `last_day` says it."
    )
    flag: str | None = Field(description="cancelled, deleted, missing or moved; for a person to review.")
    flagged_at: datetime | None
    modified_at: datetime
    accepted_at: datetime
    enrolled: int
    expired: int
    people: int = Field(description="Enrollments on the order, the unenrolled too.")


class OrderList(BaseModel):
    """A part of the list, by number."""

    items: Sequence[OrderDocument]
    next: str | None = Field(description="`cursor` of the part behind this one; null on the last.")


def list_orders(
    call: Asked, tenant: PathKey, flagged: bool = False, cursor: Cursor = None, limit: Limit = 100
) -> OrderList:
    """The tenant's orders by number; `flagged` ones only if asked for."""
    listed = ("sales-orders", tenant, flagged)
    place = cursors.place(call, listed, cursor)

    def read(session: Session) -> OrderList:
        found, now = call.tenant(session, tenant), clock.now(session)
        after = None if place is None else (place[0], place[1])
        rows = api_orders.page(session, found.id, now, after=after, flagged=flagged, limit=limit + 1)
        following = None
        if len(rows) > limit:
            last = rows[limit - 1]
            following = cursors.seal(call, listed, [last["number"], last["id"]])
        return OrderList(items=[OrderDocument(**row) for row in rows[:limit]], next=following)

    return call.do(read)


def show_order(call: Asked, tenant: PathKey, number: PathNumber) -> OrderDocument:
    """One order by its number."""

    def read(session: Session) -> OrderDocument:
        found = call.tenant(session, tenant)
        rows = api_orders.by_number(session, found.id, number, clock.now(session))
        if not rows:
            raise NotFound("order-not-of-tenant", f"The tenant has no order {number!r}.", "Check the number.")
        if len(rows) > 1:
            ids = ", ".join(str(row["id"]) for row in rows)
            detail = f"{number!r} is the number of several orders, with the ids {ids}."
            raise Refusal(409, "order-ambiguous", detail, "Give them different numbers in NetSuite.")
        return OrderDocument(**rows[0])

    return call.do(read)
