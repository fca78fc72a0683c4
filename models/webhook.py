"""Webhooks: who is called about which events, how far each is, and the calls themselves."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id

# `disabled_by` of a webhook that was disabled by no person.
PROGRAM = "termsync"


class Webhook(Base):
    """Somebody who is called. `tenant_id` null: about all tenants. `kinds` null: of all kinds.

    `position` is the number of the last event that was put into a call or passed over. The secret is not here: it
    is made of `salt` and a key that the database does not hold; `key_check` tells that key from others. Until
    `salt_before_until` calls bear the signature of the secret before, too. `claim` is of the worker that calls at
    present, which has it until `claimed_until`.
    """

    __tablename__ = "webhook"
    __table_args__ = (
        CheckConstraint("cardinality(kinds) > 0", name="kinds_named"),
        CheckConstraint("(salt_before is null) = (salt_before_until is null)", name="salt_before_ends"),
        CheckConstraint(
            "(disabled_at is null) = (disabled_by is null) and (disabled_at is null) = (disabled_because is null)",
            name="disabled_explained",
        ),
        CheckConstraint("(claim is null) = (claimed_until is null)", name="claim_ends"),
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    url: Mapped[str]
    tenant_id: Mapped[int | None] = mapped_column(ForeignKey("tenant.id"))
    kinds: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    salt_before: Mapped[bytes | None] = mapped_column(LargeBinary)
    salt_before_until: Mapped[datetime | None]
    key_check: Mapped[bytes] = mapped_column(LargeBinary)
    position: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str]
    disabled_at: Mapped[datetime | None]
    disabled_by: Mapped[str | None]
    disabled_because: Mapped[str | None]
    delivered_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    dead_in_a_row: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    claim: Mapped[UUID | None]
    claimed_until: Mapped[datetime | None]


class WebhookDelivery(Base):
    """One call: the events from `first_event` to `last_event` that the webhook is for, `events` of them.

    One that is due goes out at `not_before`. Calls go out in the order of the feed, so that at most one is due;
    those that were dead and are sent again (`replayed_by`) stand outside of the order.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        CheckConstraint("state in ('due', 'delivered', 'dead')", name="state_known"),
        CheckConstraint("(state = 'due') = (ended_at is null)", name="ended_has_time"),
        Index(
            "uq_webhook_delivery_in_order",
            "webhook_id",
            unique=True,
            postgresql_where=text("state = 'due' and replayed_by is null"),
        ),
        Index("ix_webhook_delivery_webhook", "webhook_id", "state", "id"),
        Index("ix_webhook_delivery_due", "webhook_id", "not_before", postgresql_where=text("state = 'due'")),
    )

    id: Mapped[Id]
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhook.id", ondelete="CASCADE"))
    first_event: Mapped[int]
    last_event: Mapped[int]
    events: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(server_default="due")
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    not_before: Mapped[datetime]
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    replayed_by: Mapped[str | None]
    last_status: Mapped[int | None] = mapped_column(Integer)
    last_error: Mapped[str | None]
