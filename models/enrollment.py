"""Enrollments, the events that explain them, and the boundaries that are still to be swept."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CHAR,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id
from models.terms import FIRST_YEAR, LAST_YEAR

STATUSES = "('E', 'U', 'X')"
CAUSES = "('term_ended', 'manual_date', 'expired_by_staff', 'order_ended_early')"


class Enrollment(Base):
    """One user in one course version.

    `boundary` is the first instant without access, worked out from the last day whenever that day or the tenant's
    zone or grace changes; null where there is no last day. `version` counts the changes and names the event of
    the last one.

    No index holds `status`: turning E to X then leaves every index alone (a heap-only update), which is several
    times faster than keeping a partial index on E. What is due is found through `DueBoundary` instead.

    For the same reason pages are filled to 43 %: an E of 92 bytes becomes an X of 116, time and cause added, and
    all rows of a page may expire in one transaction. At 50 % one in twelve found no room and cost an entry in each
    index, a fifth of the time of the whole.
    """

    __tablename__ = "enrollment"
    __table_args__ = (
        CheckConstraint(f"status in {STATUSES}", name="status_known"),
        CheckConstraint(f"expired_cause in {CAUSES}", name="cause_known"),
        CheckConstraint(
            "(status = 'X') = (expired_cause is not null) and (status = 'X') = (expired_at is not null)",
            name="expired_explained",
        ),
        CheckConstraint("completed_modules >= 0", name="progress_not_negative"),
        CheckConstraint(
            f"expiration_date between date '{FIRST_YEAR}-01-01' and date '{LAST_YEAR}-12-31'",
            name="expiration_date_range",
        ),
        UniqueConstraint("user_id", "course_version_id"),
        ForeignKeyConstraint(["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name="fk_enrollment_user"),
        ForeignKeyConstraint(
            ["sales_order_id", "tenant_id"],
            ["sales_order.id", "sales_order.tenant_id"],
            name="fk_enrollment_order_of_same_tenant",
        ),
        Index("ix_enrollment_tenant_id_boundary", "tenant_id", "boundary"),
        Index("ix_enrollment_tenant_id_course_version_id", "tenant_id", "course_version_id"),
        Index(
            "ix_enrollment_sales_order_id",
            "sales_order_id",
            postgresql_where=text("sales_order_id is not null"),
        ),
        {"postgresql_with": {"fillfactor": "43"}},
    )

    id: Mapped[Id]
    tenant_id: Mapped[int]
    user_id: Mapped[int]
    course_version_id: Mapped[int] = mapped_column(ForeignKey("course_version.id"))
    sales_order_id: Mapped[int | None]
    boundary: Mapped[datetime | None]
    expired_at: Mapped[datetime | None]
    expiration_date: Mapped[date | None]
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    completed_modules: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    status: Mapped[str] = mapped_column(CHAR(1), server_default="E")
    expired_cause: Mapped[str | None]


class EnrollmentEvent(Base):
    """One change of one enrollment: who or which run, when, why, what it was and what it became.

    The key (enrollment, version) is the promise of exactly one event a change. The columns named like those of
    `Enrollment` hold the state after the change, whole, so that the last event of an enrollment is its present
    state; `before` holds the old value of each column that changed, and is null for the first event. A sweep's
    names the status only: an E has neither time nor cause of expiry, by constraint.
    """

    __tablename__ = "enrollment_event"
    # Written by the million in the order of `id`: a block-range index finds a window of ids at next to no cost.
    # So it does a run or a stretch of time: both come in about that order too. What no VACUUM has seen is in no
    # range and read every time: one comes after so many rows, not after a fifth of a table that only grows.
    __table_args__ = (
        Index("ix_enrollment_event_id", "id", postgresql_using="brin"),
        Index("ix_enrollment_event_run_id_at", "run_id", "at", postgresql_using="brin"),
        {
            "postgresql_with": {
                "autovacuum_vacuum_insert_threshold": "50000",
                "autovacuum_vacuum_insert_scale_factor": "0",
            }
        },
    )

    enrollment_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    id: Mapped[int] = mapped_column(Identity(always=True))
    run_id: Mapped[int | None]
    at: Mapped[datetime]
    boundary: Mapped[datetime | None]
    expired_at: Mapped[datetime | None]
    sales_order_id: Mapped[int | None]
    tenant_id: Mapped[int]
    expiration_date: Mapped[date | None]
    status: Mapped[str] = mapped_column(CHAR(1))
    expired_cause: Mapped[str | None]
    cause: Mapped[str]
    actor: Mapped[str]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class DueBoundary(Base):
    """A boundary at which some enrollment of the tenant may still be E: what the sweep looks at.

    A row is open from the moment an enrollment is E at that boundary until a sweep has passed it. It is found by
    being open, not by the time of the last sweep, so that no outage, clock or late change can hide a row.
    """

    __tablename__ = "due_boundary"
    __table_args__ = (Index("ix_due_boundary_open", "at", postgresql_where=text("open")),)

    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    open: Mapped[bool] = mapped_column(server_default=text("true"))
    opened_at: Mapped[datetime] = mapped_column(server_default=func.now())
