"""Notifications handed over by the learning platform and what became of each."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id


class Notification(Base):
    """One mail to one user. Whether it goes is decided when it is sent; a suppressed one is never sent later."""

    __tablename__ = "notification"
    __table_args__ = (
        CheckConstraint("state in ('queued', 'sent', 'suppressed', 'parked')", name="state_known"),
        CheckConstraint("(state = 'suppressed') = (suppressed_because is not null)", name="suppression_explained"),
        CheckConstraint("(state = 'queued') = (decided_at is null)", name="decided_has_time"),
        ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name="fk_notification_user"
        ),
        Index("ix_notification_queued", "not_before", postgresql_where=text("state = 'queued'")),
    )

    id: Mapped[Id]
    tenant_id: Mapped[int]
    user_id: Mapped[int]
    course_version_id: Mapped[int | None] = mapped_column(ForeignKey("course_version.id"))
    kind: Mapped[str]
    subject: Mapped[str | None]
    body: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default="queued")
    suppressed_because: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    not_before: Mapped[datetime] = mapped_column(server_default=func.now())
    queued_at: Mapped[datetime] = mapped_column(server_default=func.now())
    decided_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
