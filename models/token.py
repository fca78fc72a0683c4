"""Tokens of the JSON API: what a program may do here, and for whom."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Integer, LargeBinary, Text, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id

SCOPES = ("read", "roster", "enrollments", "resync")
PER_MINUTE = 60_000


class ApiToken(Base):
    """One token. Only its SHA-256 is kept: it is random, so that nobody finds it by trying.

    `tenant_id` null: for all tenants. `last_used_at` is exact to a minute.
    """

    __tablename__ = "api_token"
    __table_args__ = (
        CheckConstraint(
            f"cardinality(scopes) > 0 and scopes <@ array[{', '.join(map(repr, SCOPES))}]", name="scopes_known"
        ),
        CheckConstraint("per_minute > 0", name="per_minute_positive"),
        CheckConstraint("(revoked_at is null) = (revoked_by is null)", name="revoked_by_somebody"),
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    tenant_id: Mapped[int | None] = mapped_column(ForeignKey("tenant.id"))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    per_minute: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None]
    last_used_at: Mapped[datetime | None]
