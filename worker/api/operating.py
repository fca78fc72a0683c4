"""Resyncs and holds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from models import api_holds, listings
from worker.api import cursors, idempotency
from worker.api.admission import no_tenant
from worker.api.call import Asked, Call
from worker.api.problems import Refusal
from worker.api.values import Body, Cursor, Limit, PathId, Text
from worker.errors import NotFound
from worker.pipeline import holds, runs
from worker.pipeline.scope import Scope, ScopeKind
from worker.queue import doorbell
from worker.queue.asking import ask_pull


class ResyncBody(Body):
    """What to read again."""

    scope: Text = Field(
        description="incremental, full, since:2026-01-31T00:00:00Z, tenant:KEY, customer:ID or order:NUMBER."
    )
    dry_run: bool = Field(False, description="Tell what would change, and change nothing.")


class ResyncAsked(BaseModel):
    """The run that does it; `new` false: one of the same scope was under way and is joined."""

    resync: int
    new: bool


class ResyncDocument(BaseModel):
    """How far a run is, and what it did."""

    resync: int
    scope: str
    dry_run: bool
    state: str
    outcome: str | None
    asked_by: str
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    counts: dict[str, Any]
    error_code: str | None
    error_detail: str | None


class HoldDocument(BaseModel):
    """Changes of one tenant that wait for a person, or waited."""

    id: int
    tenant: str
    state: Literal["open", "approved", "rejected", "superseded"]
    rule: str
    reason: str
    would_expire: int
    enrolled: int
    orders: int
    opened_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    decision_reason: str | None


class HoldList(BaseModel):
    """A part of the list, newest first."""

    items: Sequence[HoldDocument]
    next: str | None = Field(description="`cursor` of the part behind this one; null on the last.")


class DecisionBody(Body):
    """Why it is decided so."""

    reason: Text | None = None


class Decided(BaseModel):
    """What came of a decision: orders accepted, and enrollments that expired by it."""

    hold: int
    state: Literal["approved", "rejected"]
    orders_new: int
    orders_changed: int
    expired: int


def ask_resync(call: Asked, body: ResyncBody, key: idempotency.Key = None) -> ResyncAsked:
    """Ask for a resync. One of the same scope that is under way is joined."""
    _check_scope(call, body.scope)

    def work(session: Session) -> ResyncAsked:
        run_id, new = ask_pull(session, call.api.settings, body.scope, call.bearer.actor, dry_run=body.dry_run)
        return ResyncAsked(resync=run_id, new=new)

    asked = idempotency.once(call, key, ("resync", body.scope, body.dry_run), ResyncAsked, work)
    call.api.ring(doorbell.ring_run, asked.resync)
    return asked


def _check_scope(call: Call, text: str) -> None:
    """A token of one tenant asks for that tenant only."""
    scope, own = Scope.parse(text), call.bearer.tenant
    if own is None or (scope.kind is ScopeKind.TENANT and scope.value == own):
        return
    if scope.kind is ScopeKind.TENANT:
        raise no_tenant(scope.value)
    raise Refusal(
        403,
        "token-of-one-tenant",
        f"body.scope: {text!r} concerns more than the tenant {own}.",
        f"Ask for tenant:{own}, or use a token for all tenants.",
    )


def show_resync(call: Asked, resync_id: PathId) -> ResyncDocument:
    """One resync."""

    def read(session: Session) -> ResyncDocument:
        row = listings.run(session, resync_id)
        own = call.bearer.tenant
        if row is None or row["kind"] != runs.PULL or (own is not None and row["scope"] != f"tenant:{own}"):
            raise NotFound("run-unknown", f"There is no resync {resync_id}.", "Take the number it was asked with.")
        return ResyncDocument(
            resync=resync_id, **{name: row[name] for name in ResyncDocument.model_fields if name in row}
        )

    return call.do(read)


def list_holds(
    call: Asked,
    state: Literal["open", "approved", "rejected", "superseded"] | None = "open",
    cursor: Cursor = None,
    limit: Limit = 100,
) -> HoldList:
    """Holds, newest first; the open ones unless another state is asked for."""
    before = cursors.place(call, ("holds", state), cursor)

    def read(session: Session) -> HoldList:
        rows = api_holds.page(session, call.bearer.tenant_id, state=state, before=before, limit=limit + 1)
        following = cursors.seal(call, ("holds", state), rows[limit - 1]["id"]) if len(rows) > limit else None
        return HoldList(items=[HoldDocument(**row) for row in rows[:limit]], next=following)

    return call.do(read)


def show_hold(call: Asked, hold_id: PathId) -> HoldDocument:
    """One hold."""
    return call.do(lambda session: HoldDocument(**_find(call, session, hold_id)))


def approve_hold(
    call: Asked, hold_id: PathId, body: DecisionBody | None = None, key: idempotency.Key = None
) -> Decided:
    """Apply exactly what the hold lists."""
    return _decide(call, hold_id, "approved", body, key)


def reject_hold(
    call: Asked, hold_id: PathId, body: DecisionBody | None = None, key: idempotency.Key = None
) -> Decided:
    """Drop what the hold would take from people, for good; its other changes are accepted."""
    return _decide(call, hold_id, "rejected", body, key)


def _decide(
    call: Call, hold_id: int, state: Literal["approved", "rejected"], body: DecisionBody | None, key: str | None
) -> Decided:
    reason = None if body is None else body.reason

    def work(session: Session) -> Decided:
        _find(call, session, hold_id)
        accepted = _DECISIONS[state](session, hold_id, call.why(session), reason)
        return Decided(
            hold=hold_id,
            state=state,
            orders_new=accepted.new,
            orders_changed=accepted.changed,
            expired=accepted.enrollments.expired,
        )

    return idempotency.once(call, key, (state, hold_id, reason), Decided, work)


def _find(call: Call, session: Session, hold_id: int) -> dict[str, Any]:
    row = api_holds.one(session, call.bearer.tenant_id, hold_id)
    if row is None:
        raise NotFound("hold-unknown", f"There is no hold {hold_id}.", "List the open ones with GET /holds.")
    return row


_DECISIONS = {"approved": holds.approve, "rejected": holds.reject}
