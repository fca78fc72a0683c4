"""Webhooks as programs see them: how each is doing, its calls, and sending dead ones again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from connectors.webhooks import origin
from models import webhook_listing
from worker.api import cursors, idempotency
from worker.api.call import Asked, Call
from worker.api.values import Body, Cursor, Id, Limit, PathKey
from worker.errors import NotFound
from worker.pipeline import webhooks


class WebhookDocument(BaseModel):
    """Somebody who is called, and how that goes."""

    webhook: str = Field(description="Its name.")
    url: str = Field(
        description="Where it is called: scheme, host and port. What follows them may be a secret of the receiver:"
        " no token is told.",
        examples=["https://lms.example.com/…"],
    )
    tenant: str | None = Field(description="The tenant it is about; null: all.")
    kinds: Sequence[str] | None = Field(description="Kinds of events it is about; null: all.")
    state: Literal["active", "failing", "disabled"]
    disabled_because: str | None
    failing_since: datetime | None
    delivered_at: datetime | None = Field(description="When a call was last taken.")
    next_attempt_at: datetime | None = Field(description="Of the call that waits.")
    last_error: str | None
    dead: int = Field(description="Calls that were given up, at most 10,000.")
    position: int = Field(description="Number of the last event that was put into a call or passed over.")


class WebhookList(BaseModel):
    """All webhooks about the token's tenants."""

    items: Sequence[WebhookDocument]


class CallDocument(BaseModel):
    """One call: the events from `first_event` to `last_event` that the webhook is about."""

    call: int
    first_event: int
    last_event: int
    events: int
    state: Literal["due", "delivered", "dead"]
    attempts: int
    not_before: datetime
    made_at: datetime
    ended_at: datetime | None
    last_status: int | None
    last_error: str | None


class CallList(BaseModel):
    """A part of the list, newest first."""

    items: Sequence[CallDocument]
    next: str | None = Field(description="`cursor` of the part behind this one; null on the last.")


class ReplayBody(Body):
    """Which dead calls go out again."""

    call: Id | None = Field(None, description="This one only; all when it is left out.")


class Replayed(BaseModel):
    """How many calls go out again."""

    calls: int


def list_webhooks(call: Asked) -> WebhookList:
    """Webhooks; with a token of one tenant those about that tenant alone."""

    def read(session: Session) -> WebhookList:
        rows = webhook_listing.webhooks(session, call.bearer.tenant_id)
        return WebhookList(items=[_document(row) for row in rows])

    return call.do(read)


def list_calls(
    call: Asked,
    webhook: PathKey,
    state: Literal["due", "delivered", "dead"] | None = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> CallList:
    """Calls of one webhook, newest first. Those that were taken are kept for a week."""
    listed = ("calls", webhook, state)
    before = cursors.place(call, listed, cursor)

    def read(session: Session) -> CallList:
        found = _find(call, session, webhook)["id"]
        rows = webhook_listing.deliveries(session, found, state=state, before=before, limit=limit + 1)
        following = cursors.seal(call, listed, rows[limit - 1]["id"]) if len(rows) > limit else None
        return CallList(items=[CallDocument(call=row["id"], **row) for row in rows[:limit]], next=following)

    return call.do(read)


def replay(call: Asked, webhook: PathKey, body: ReplayBody | None = None, key: idempotency.Key = None) -> Replayed:
    """Send dead calls again, one or all."""
    chosen = None if body is None else body.call

    def work(session: Session) -> Replayed:
        _find(call, session, webhook)
        return Replayed(calls=webhooks.replay(session, webhook, call.why(session), chosen))

    return idempotency.once(call, key, ("replay", webhook, chosen), Replayed, work)


def _find(call: Call, session: Session, name: str) -> dict[str, Any]:
    row = webhook_listing.one(session, name, call.bearer.tenant_id)
    if row is None:
        raise NotFound("webhook-unknown", f"There is no webhook {name!r}.", "List them with GET /webhooks.")
    return row


def _document(row: dict[str, Any]) -> WebhookDocument:
    failing: Literal["active", "failing"] = "active" if row["failing_since"] is None else "failing"
    state = failing if row["disabled_at"] is None else "disabled"
    same = {name: row[name] for name in WebhookDocument.model_fields if name in row}
    return WebhookDocument(**{**same, "webhook": row["name"], "state": state, "url": origin(row["url"])})
