"""Bulk edits: preview, at once or in the background, results, stop, resume, undo; the engine of the console."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from models import edit_jobs
from models.api_orders import by_number
from models.editing import Edit
from models.enrollment_search import EnrollmentFilter
from models.tenant import Tenant
from worker import clock
from worker.api import cursors, idempotency
from worker.api.call import Asked, Call
from worker.api.enrollments import Select, as_filter
from worker.api.problems import Refusal
from worker.api.values import Body, Cursor, Day, Id, Limit, PathId, PathKey, Text
from worker.pipeline import edit, edit_requests
from worker.pipeline.edit import Asked as Made
from worker.pipeline.edit_checks import FINGERPRINT
from worker.pipeline.edit_requests import EditEnrollments
from worker.queue import doorbell

Fingerprint = Annotated[str, Field(max_length=200, pattern=f"^{FINGERPRINT}$")]


class Wish(Body):
    """What is to change; what is left out stays, but another order clears the expiration date."""

    sales_order: Text | None = Field(None, description="Number of a selectable order of the tenant; null: none.")
    expiration_date: Day | None = Field(None, description="Last day instead of the order's; null: none.")
    action: Literal["E", "U", "X"] | None = Field(None, description="E enroll, U unenroll, X expire now.")


class EditBody(Body):
    """`select` or `ids`, not both. With `preview` nothing is changed."""

    select: Select | None = None
    ids: Annotated[list[Id], Field(min_length=1, max_length=10_000)] | None = None
    set: Wish
    preview: bool = False
    confirm_past: bool = Field(False, description="An expiration date in the past is meant.")
    expected: Fingerprint | None = Field(
        None, description="The preview's fingerprint: refused (409) when the edit no longer does what it said."
    )


class ResumeBody(Body):
    """What may be said about going on."""

    confirm_past: bool = Field(False, description="An expiration date that has passed by now is meant still.")


class PreviewDocument(BaseModel):
    """What the edit would do: `changed`, `unchanged` and `skipped` (by reason) add up to `rows`."""

    rows: int
    changed: int
    unchanged: int
    expired: int
    reinstated: int
    unenrolled: int
    enrolled: int
    dates_cleared: int
    stay_expired: int
    past_order_end: int
    endless: int
    first_boundary: datetime | None
    last_boundary: datetime | None
    skipped: dict[str, int]
    ends_in_past: bool = Field(description="The date is over already: `confirm_past` is needed.")
    fingerprint: str = Field(description="Who is selected and what becomes of them; see `expected`.")


class EditAnswer(BaseModel):
    """The edit that was made (`edit`, with `waits` as long as it is not done), or its preview."""

    edit: int | None
    new: bool = False
    waits: bool = False
    preview: PreviewDocument | None = None


class EditDocument(BaseModel):
    """How far an edit is."""

    edit: int
    what: str
    state: str
    outcome: str | None
    rows: int
    done: int
    counts: dict[str, int]
    skipped: dict[str, int] = Field(description="How many rows were skipped, by reason.")
    undoes: int | None
    undone_by: int | None
    asked_by: str
    asked_at: datetime
    finished_at: datetime | None


class ResultDocument(BaseModel):
    """What became of one row."""

    position: int
    user: str | None
    course: str | None
    version: str | None
    outcome: str | None = Field(description="changed, unchanged or skipped; null: not yet its turn.")
    reason: str | None
    status_before: str | None
    status_after: str | None
    sales_order: str | None
    expiration_date: date | None
    boundary: datetime | None


class ResultList(BaseModel):
    """A part of the rows."""

    items: Sequence[ResultDocument]
    next: str | None


def edit_enrollments(
    call: Asked, tenant: PathKey, body: EditBody, response: Response, key: idempotency.Key = None
) -> EditAnswer:
    """Edit enrollments, or preview it. Up to 100 are done at once, more in the background (202)."""
    if (body.select is None) == (body.ids is None):
        detail = "exactly one of select and ids is needed."
        raise Refusal.of_field("body.select", body.select, "request-invalid", detail, "Give select or ids.")

    def work(session: Session) -> EditAnswer:
        found = call.tenant(session, tenant)
        request = EditEnrollments(_selected(found, body), _wish(session, found, body.set))
        why = call.why(session)
        if body.preview:
            foreseen = edit_requests.foresee(session, request, why.now, people=0)
            told = asdict(foreseen.counts) | asdict(foreseen)
            return EditAnswer(edit=None, preview=PreviewDocument.model_validate(told))
        unique = f"api:{call.bearer.id}:{key}" if key else f"api:{uuid4()}"
        made = edit.ask(session, request, why, unique, past_confirmed=body.confirm_past, expected=body.expected)
        return _made(made)

    return _told(call, call.do(work), response)


def show_edit(call: Asked, tenant: PathKey, edit_id: PathId) -> EditDocument:
    """How far an edit is."""

    def read(session: Session) -> EditDocument:
        edit.find(session, edit_id, call.tenant(session, tenant).id)
        job = edit_jobs.job(session, edit_id)
        assert job is not None, "it was found a moment ago"
        values = {name: getattr(job, name) for name in EditDocument.model_fields if hasattr(job, name)}
        return EditDocument(edit=job.run_id, skipped=edit_jobs.reasons(session, edit_id), **values)

    return call.do(read)


def list_results(
    call: Asked,
    tenant: PathKey,
    edit_id: PathId,
    outcome: Literal["changed", "unchanged", "skipped"] | None = None,
    cursor: Cursor = None,
    limit: Limit = 1000,
) -> ResultList:
    """What became of each row of an edit."""
    listed = ("results", tenant, edit_id, outcome)
    after = cursors.place(call, listed, cursor) or 0

    def read(session: Session) -> ResultList:
        edit.find(session, edit_id, call.tenant(session, tenant).id)
        rows = edit_jobs.results(session, edit_id, after, limit, outcome)
        following = cursors.seal(call, listed, rows[-1].position) if len(rows) == limit else None
        items = [ResultDocument.model_validate({**asdict(row), "user": row.user_key}) for row in rows]
        return ResultList(items=items, next=following)

    return call.do(read)


def stop_edit(call: Asked, tenant: PathKey, edit_id: PathId, key: idempotency.Key = None) -> EditAnswer:
    """Stop an edit behind the rows under way; what is done stays done."""

    def work(session: Session) -> EditAnswer:
        edit.find(session, edit_id, call.tenant(session, tenant).id)
        edit.stop(session, edit_id, call.why(session))
        return EditAnswer(edit=edit_id)

    return idempotency.once(call, key, ("stop", tenant, edit_id), EditAnswer, work)


def resume_edit(
    call: Asked,
    tenant: PathKey,
    edit_id: PathId,
    response: Response,
    body: ResumeBody | None = None,
    key: idempotency.Key = None,
) -> EditAnswer:
    """Go on with an edit that was stopped or failed. A date that has passed since has to be confirmed (409)."""
    confirmed = body is not None and body.confirm_past

    def work(session: Session) -> EditAnswer:
        edit.find(session, edit_id, call.tenant(session, tenant).id)
        edit.resume(session, edit_id, call.why(session), past_confirmed=confirmed)
        return EditAnswer(edit=edit_id, waits=True)

    asked = ("resume", tenant, edit_id, confirmed)
    return _told(call, idempotency.once(call, key, asked, EditAnswer, work), response)


def undo_edit(
    call: Asked, tenant: PathKey, edit_id: PathId, response: Response, key: idempotency.Key = None
) -> EditAnswer:
    """Restore what an edit changed and nobody has touched since; its rows tell who was left. Done once."""

    def work(session: Session) -> EditAnswer:
        edit.find(session, edit_id, call.tenant(session, tenant).id)
        return _made(edit.ask_undo(session, edit_id, call.why(session)))

    return _told(call, idempotency.once(call, key, ("undo", tenant, edit_id), EditAnswer, work), response)


def _selected(tenant: Tenant, body: EditBody) -> EnrollmentFilter:
    if body.select is None:
        return EnrollmentFilter(tenant.id, ids=tuple(body.ids or ()))
    return as_filter(tenant, body.select, "body.select")


def _wish(session: Session, tenant: Tenant, wish: Wish) -> Edit:
    order_id = None
    if wish.sales_order is not None:
        order_id = _order_id(session, tenant, wish.sales_order)
    return Edit(
        wish.says("sales_order"), order_id, wish.says("expiration_date"), wish.expiration_date, wish.action
    )


def _order_id(session: Session, tenant: Tenant, number: str) -> int:
    orders = by_number(session, tenant.id, number, clock.now(session))
    if len(orders) != 1:
        code = "order-ambiguous" if orders else "order-not-of-tenant"
        what = "is the number of several orders" if orders else "is not an order of this tenant"
        raise Refusal.of_field("body.set.sales_order", number, code, f"{number!r} {what}.", "Check the number.")
    found: Any = orders[0]["id"]
    return int(found)


def _made(made: Made) -> EditAnswer:
    return EditAnswer(edit=made.run_id, new=made.new, waits=made.waits)


def _told(call: Call, answer: EditAnswer, response: Response) -> EditAnswer:
    """Rings for an edit that waits, and says so."""
    if answer.waits and answer.edit is not None:
        call.api.ring(doorbell.ring_run, answer.edit)
        response.status_code = 202
    return answer
