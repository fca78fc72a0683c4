"""Holds: proposed order changes of one tenant that wait for a person."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id


class Hold(Base):
    """One list of changes that would expire too many people. A tenant has at most one open.

    `waiting_since` is when the first of the holds that replaced one another was opened; `enrolled` is how many
    were E then, or fewer.
    """

    __tablename__ = "hold"
    __table_args__ = (
        CheckConstraint("state in ('open', 'approved', 'rejected', 'superseded')", name="state_known"),
        CheckConstraint("(state = 'open') = (decided_at is null)", name="decided_has_time"),
        Index("uq_hold_open_tenant", "tenant_id", unique=True, postgresql_where=text("state = 'open'")),
    )

    id: Mapped[Id]
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    state: Mapped[str] = mapped_column(server_default="open")
    rule: Mapped[str]
    reason: Mapped[str]
    would_expire: Mapped[int]
    enrolled: Mapped[int]
    orders: Mapped[int]
    run_id: Mapped[int | None]
    opened_at: Mapped[datetime] = mapped_column(server_default=func.now())
    waiting_since: Mapped[datetime] = mapped_column(server_default=func.now())
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decision_reason: Mapped[str | None]
    # Numbers in the feed; null for what was before there were any.
    opened_event: Mapped[int | None] = mapped_column(server_default=text("nextval('enrollment_event_id_seq')"))
    decided_event: Mapped[int | None]


class HoldItem(Base):
    """One proposed order of a hold, with the values that approving it applies.

    `would_expire` counts people when the change was first held. `end_rejected` and `flag_rejected`: a person
    rejected this end of the term, or that the order is gone, and it is not to be proposed again (see
    `models.rejections`).
    """

    __tablename__ = "hold_item"
    __table_args__ = (
        Index("ix_hold_item_rejected", "hold_id", postgresql_where=text("end_rejected or flag_rejected")),
    )

    hold_id: Mapped[int] = mapped_column(ForeignKey("hold.id", ondelete="CASCADE"), primary_key=True)
    order_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    customer_id: Mapped[int]
    number: Mapped[str]
    status: Mapped[str]
    term_start: Mapped[date | None]
    term_end: Mapped[date | None]
    flag: Mapped[str | None]
    modified_at: Mapped[datetime]
    term_end_before: Mapped[date | None]
    would_expire: Mapped[int]
    end_rejected: Mapped[bool] = mapped_column(server_default=text("false"))
    flag_rejected: Mapped[bool] = mapped_column(server_default=text("false"))
