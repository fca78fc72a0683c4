"""Staff accounts and the record of what they did."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id


class Staff(Base):
    """One person who works on the tenants. The password is an argon2 hash, null for single sign-on only."""

    __tablename__ = "staff"
    __table_args__ = (CheckConstraint("role in ('admin', 'enrollment', 'ops')", name="role_known"),)

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    password_hash: Mapped[str | None]
    password_must_change: Mapped[bool] = mapped_column(server_default=text("false"))
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class StaffAction(Base):
    """What a person did to anything that is not an enrollment: mappings, pauses, holds, settings."""

    __tablename__ = "staff_action"
    __table_args__ = (
        Index("ix_staff_action_subject", "subject", "id"),
        Index("ix_staff_action_actor", "actor", "id"),
    )

    id: Mapped[Id]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    reason: Mapped[str | None]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
