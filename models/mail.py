"""Mails: those the learning platform hands over for its users, and termsync's own to staff."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, LargeBinary, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id

STATES = ("queued", "sending", "sent", "suppressed", "refused", "parked")
OPEN = "state in ('queued', 'sending')"


class Notification(Base):
    """One mail to one person: a user of a tenant (`user_id`), or an address of staff.

    Whether it goes is decided when it is sent; a suppressed one is never sent later. `reason` is a code: why it
    was suppressed, refused or parked, or why a queued one could not be sent the last time; `detail` has the words
    of the mail server. `recipient` is the address a user's mail went to, and null until then.

    A worker that sends it holds it by `epoch`, which grows at every claim. `handed_at` is written right before the
    mail is handed to the server: who dies before has sent nothing, who dies behind it may have.
    `once_key` says what is to be sent once only, such as the digest of a week. Text and attachment are forgotten
    when it is over: they may hold a link that opens an account.
    """

    __tablename__ = "notification"
    __table_args__ = (
        CheckConstraint(f"state in {STATES}", name="state_known"),
        CheckConstraint(
            "state not in ('suppressed', 'refused', 'parked') or reason is not null", name="outcome_explained"
        ),
        CheckConstraint(f"({OPEN}) = (decided_at is null)", name="decided_has_time"),
        CheckConstraint(
            "state <> 'sending' or (worker_id is not null and claimed_at is not null)", name="sender_named"
        ),
        CheckConstraint("state <> 'queued' or handed_at is null", name="queued_not_handed"),
        CheckConstraint(
            "case when user_id is null then recipient is not null else tenant_id is not null end", name="addressed"
        ),
        ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name="fk_notification_user"
        ),
        Index("ix_notification_open", "not_before", "id", postgresql_where=text(OPEN)),
        Index("ix_notification_state_id", "state", "id"),
        Index("ix_notification_kind_id", "kind", "id"),
        Index("ix_notification_tenant_id_id", "tenant_id", "id"),
        Index("ix_notification_user_id_id", "user_id", "id"),
        Index("ix_notification_recipient", "recipient", postgresql_where=text("user_id is null")),
        Index("ix_notification_decided_at", "decided_at"),
    )

    id: Mapped[Id]
    tenant_id: Mapped[int | None] = mapped_column(ForeignKey("tenant.id"))
    user_id: Mapped[int | None]
    course_version_id: Mapped[int | None] = mapped_column(ForeignKey("course_version.id"))
    recipient: Mapped[str | None]
    kind: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str | None]
    attachment_name: Mapped[str | None]
    attachment: Mapped[bytes | None] = mapped_column(LargeBinary)
    once_key: Mapped[str | None] = mapped_column(unique=True)
    message_id: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default="queued")
    reason: Mapped[str | None]
    detail: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    epoch: Mapped[int] = mapped_column(server_default=text("0"))
    worker_id: Mapped[UUID | None]
    claimed_at: Mapped[datetime | None]
    handed_at: Mapped[datetime | None]
    not_before: Mapped[datetime] = mapped_column(server_default=func.now())
    queued_at: Mapped[datetime] = mapped_column(server_default=func.now())
    queued_by: Mapped[str]
    decided_at: Mapped[datetime | None]


class Alert(Base):
    """Something that ops are told of by mail once while it lasts, and once more when it is over.

    `told_at` is null until it has lasted long enough to be worth a mail.
    """

    __tablename__ = "alert"
    __table_args__ = (Index("uq_alert_open", "key", unique=True, postgresql_where=text("closed_at is null")),)

    id: Mapped[Id]
    key: Mapped[str]
    what: Mapped[str]
    action: Mapped[str]
    opened_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
