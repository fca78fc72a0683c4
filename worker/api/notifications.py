"""Mails the learning platform hands over: taken in at once, decided when they are sent, each with its outcome."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy.orm import Session

from models import mail_listing
from models.mail_gate import WITHHELD, kind_of
from models.mail_listing import MailFilter, MailRow
from worker.api import cursors, idempotency
from worker.api.call import Asked
from worker.api.values import Body, Cursor, Key, Limit, PathId, PathKey, QueryText
from worker.errors import NotFound
from worker.pipeline import notifications
from worker.pipeline.notifications import Handed
from worker.queue import doorbell

LONGEST_BODY = 100_000  # characters
# One line: no control characters, and nothing else that ends a line of a header.
_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
Kind = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=_LINE)]
Subject = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_LINE)]
PlainText = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_BODY, pattern=r"^[^\x00]*$")]
State = Literal["queued", "sending", "sent", "suppressed", "refused", "parked"]


class NotificationBody(Body):
    """One mail to one user. Text only: markup is shown to the reader as it is written."""

    kind: Kind = Field(
        description=f"Not for who is expired or unenrolled: {', '.join(WITHHELD)}. Others always go."
    )
    user: Key
    course: Key | None = Field(None, description="What it is about; goes with `version`.")
    version: Key | None = None
    subject: Subject | None = Field(None, description="Without one, the kind and the course's title.")
    body: PlainText | None = Field(None, description="Plain text. Without one, the subject again.")


class NotificationDocument(BaseModel):
    """A mail and what became of it."""

    id: int
    tenant: str
    kind: str = Field(description="As it is written here: Item Unlocked is item-unlocked.")
    withheld: bool = Field(description="Whether it is a kind that is not for who is expired or unenrolled.")
    user: str
    course: str | None
    version: str | None
    subject: str
    state: State = Field(description="queued and sending are not decided yet; parked waits for a person.")
    reason: str | None = Field(description="Why it was suppressed, refused or parked, or not sent the last time.")
    detail: str | None = Field(description="What the mail server said.")
    attempts: int
    queued_at: datetime
    decided_at: datetime | None
    message_id: str | None = Field(description="Message-ID of the mail, the same at every attempt.")

    @classmethod
    def of(cls, row: MailRow) -> Self:
        values = {name: getattr(row, name) for name in cls.model_fields if name != "withheld"}
        return cls(withheld=row.kind in WITHHELD, **values)


class NotificationList(BaseModel):
    """A part of the list, newest first."""

    items: Sequence[NotificationDocument]
    next: str | None = Field(description="`cursor` of the part behind this one; null on the last.")


def hand_over(
    call: Asked, tenant: PathKey, body: NotificationBody, key: idempotency.Key = None
) -> NotificationDocument:
    """Hand over a mail to a user. Whether it goes is decided when it is sent, by what the user is then."""

    def work(session: Session) -> NotificationDocument:
        found = call.tenant(session, tenant)
        made = notifications.take_in(session, found, Handed(**body.model_dump()), call.why(session))
        return _document(session, found.id, made)

    taken = idempotency.once(call, key, ("notification", tenant, body.model_dump()), NotificationDocument, work)
    call.api.ring(doorbell.ring_mails)
    return taken


def show_notification(call: Asked, tenant: PathKey, notification_id: PathId) -> NotificationDocument:
    """A mail and what became of it."""
    return call.do(lambda session: _document(session, call.tenant(session, tenant).id, notification_id))


def list_notifications(
    call: Asked,
    tenant: PathKey,
    state: State | None = None,
    kind: QueryText = "",
    user: QueryText = "",
    cursor: Cursor = None,
    limit: Limit = 100,
) -> NotificationList:
    """Mails to users of the tenant, newest first; those of the last 90 days, and parked ones."""
    listed = ("notifications", tenant, state, kind, user)
    before = cursors.place(call, listed, cursor)

    def read(session: Session) -> NotificationList:
        wanted = MailFilter(call.tenant(session, tenant).id, state, kind_of(kind), user, to_users=True)
        rows = mail_listing.page(session, wanted, before, limit + 1)
        following = cursors.seal(call, listed, rows[limit - 1].id) if len(rows) > limit else None
        return NotificationList(items=[NotificationDocument.of(row) for row in rows[:limit]], next=following)

    return call.do(read)


def _document(session: Session, tenant_id: int, notification_id: int) -> NotificationDocument:
    row = mail_listing.one(session, notification_id, tenant_id)
    if row is None or row.user is None:
        raise NotFound(
            "mail-unknown",
            f"The tenant has no notification {notification_id}.",
            "Take the id it was answered with; mails are listed for 90 days.",
        )
    return NotificationDocument.of(row)
