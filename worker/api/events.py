"""The change feed: everything that happened, in one order, for the learning platform to follow."""

import time
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from models import api_events
from worker.api.admission import no_tenant
from worker.api.call import Asked, Call
from worker.api.problems import Refusal
from worker.api.values import LARGEST, Limit
from worker.pipeline import tenants

LONGEST_WAIT = 60  # s
# Of a reader that does not wait, for passing by what is not for it.
LEAST = 1.0  # s

Kind = Literal[
    "enrollment.created",
    "enrollment.enrolled",
    "enrollment.unenrolled",
    "enrollment.expired",
    "enrollment.reinstated",
    "enrollment.changed",
    "sales_order.created",
    "sales_order.changed",
    "hold.opened",
    "hold.approved",
    "hold.rejected",
    "hold.superseded",
]


class Event(BaseModel):
    """One change: what it became. `id` grows, with gaps; nothing comes later with a lower one."""

    id: int
    kind: Kind
    at: datetime
    tenant: str
    cause: str | None = Field(description="Why, for enrollments.")
    user: str | None
    course: str | None
    version: str | None
    status: Literal["E", "U", "X"] | None = Field(description="Of the enrollment, after the change.")
    status_before: Literal["E", "U", "X"] | None
    boundary: datetime | None = Field(description="First instant without access.")
    expiration_date: date | None
    expired_at: datetime | None
    sales_order: str | None = Field(description="Number of the order.")
    term_start: date | None = Field(description="Of the order, after the change.")
    term_end: date | None
    term_end_before: date | None
    order_status: str | None
    flag: str | None
    hold: int | None = Field(description="Number of the hold.")


class EventPage(BaseModel):
    """A part of the feed, which may be empty. Keep `next` together with what was done with the events."""

    events: Sequence[Event]
    next: int = Field(description="`after` of the part behind this one.")
    more: bool = Field(description="Whether there is more already.")


async def follow(
    call: Asked,
    after: Annotated[
        int, Query(ge=0, le=LARGEST, description="`next` of the part before; 0: from the start.")
    ] = 0,
    tenant: Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")] = None,
    kind: Annotated[list[Kind] | None, Query(description="These kinds only; may be repeated.")] = None,
    wait: Annotated[float, Query(ge=0, le=LONGEST_WAIT, description="Seconds to wait for news.")] = 0,
    limit: Limit = 1000,
) -> EventPage:
    """Events behind `after`, oldest first. With `wait` the answer is held back until there are some.

    Asking again with the same `after` gives the same events again, for ever: whoever keeps `next` in the
    transaction in which the events are dealt with misses none and does none twice.
    """
    tenant_id = await run_in_threadpool(_tenant_id, call, tenant)
    feed, begun = call.api.feed, time.monotonic()
    settled = await feed.settled()
    if after > feed.last:
        raise _not_reached(after)
    while True:
        rows, following = await run_in_threadpool(_page, call, after, settled, tenant_id, kind, limit)
        over = time.monotonic() - begun >= max(wait, LEAST if following < settled else 0)
        if rows or over:
            return EventPage(events=[Event(**row) for row in rows], next=following, more=following < settled)
        after = following
        if after >= settled:
            settled = await feed.beyond(after, begun + wait)


def _page(
    call: Call, after: int, settled: int, tenant_id: int | None, kinds: Sequence[str] | None, limit: int
) -> tuple[list[dict[str, Any]], int]:
    def read(session: Session) -> tuple[list[dict[str, Any]], int]:
        return api_events.page(session, after, settled, tenant_id=tenant_id, kinds=kinds, limit=limit)

    return call.do(read)


def _tenant_id(call: Call, key: str | None) -> int | None:
    """The tenant to read of; None for all. Raises NotFound for one that is not the token's."""
    own = call.bearer.tenant
    if own is not None and key not in (None, own):
        raise no_tenant(str(key))
    if key is None:
        return call.bearer.tenant_id

    def read(session: Session) -> int:
        found = tenants.known(session, key)
        if found is None:
            raise no_tenant(key)
        return found.id

    return call.do(read)


def _not_reached(after: int) -> Refusal:
    return Refusal.of_field(
        "query.after",
        after,
        "event-not-reached",
        f"there is no event {after} yet.",
        "Take `next` from an answer; if it was, the database was restored to an earlier state: begin again at 0.",
    )
