"""Bulk edits: who asked for what, and one row for each enrollment it is about."""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Integer, UniqueConstraint, false
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base

WHATS = "('edit', 'enroll', 'undo', 'expire')"
OUTCOMES = "('changed', 'unchanged', 'skipped')"


class EditJob(Base):
    """What a run of kind `edit` does, in one tenant. Asking again with the same key finds the first job.

    `wish` is the document of a `models.editing.Edit`; `digest` tells another request that came with the same key.
    An enrolling job names the course version, an undo the job it takes back, which no other undo may name, and
    expiring the people of a flagged order that order. An edit that names a course version leaves rows of others
    alone. `past_confirmed`: that its date has passed was seen and is meant.
    """

    __tablename__ = "edit_job"
    __table_args__ = (
        CheckConstraint(f"what in {WHATS}", name="what_known"),
        CheckConstraint("what <> 'enroll' or course_version_id is not null", name="enroll_has_course"),
        CheckConstraint("(what = 'undo') = (undoes is not null)", name="undo_has_job"),
        CheckConstraint("(what = 'expire') = (order_id is not null)", name="expire_has_order"),
        ForeignKeyConstraint(["order_id", "tenant_id"], ["sales_order.id", "sales_order.tenant_id"]),
        UniqueConstraint("tenant_id", "request_key"),
    )

    run_id: Mapped[int] = mapped_column(
        ForeignKey("sync_run.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    what: Mapped[str]
    wish: Mapped[dict[str, Any]] = mapped_column(JSONB)
    course_version_id: Mapped[int | None] = mapped_column(ForeignKey("course_version.id"))
    undoes: Mapped[int | None] = mapped_column(ForeignKey("edit_job.run_id", ondelete="CASCADE"), unique=True)
    order_id: Mapped[int | None]
    past_confirmed: Mapped[bool] = mapped_column(server_default=false())
    rows: Mapped[int]
    request_key: Mapped[str]
    digest: Mapped[str]


class EditRow(Base):
    """One enrollment of a job, or one user to enroll, and what became of it; no outcome: not yet its turn.

    The ids are those that were asked for, whether they exist or not. `version` is the one the job wrote: while
    the enrollment still has it, nobody has touched it since. An undo's rows have the positions of the job's.
    """

    __tablename__ = "edit_row"
    __table_args__ = (
        CheckConstraint(f"outcome in {OUTCOMES}", name="outcome_known"),
        CheckConstraint("(outcome = 'changed') = (version is not null)", name="changed_has_version"),
        CheckConstraint("(outcome = 'skipped') = (reason is not null)", name="skipped_has_reason"),
    )

    run_id: Mapped[int] = mapped_column(ForeignKey("edit_job.run_id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    enrollment_id: Mapped[int | None]
    user_id: Mapped[int | None]
    version: Mapped[int | None] = mapped_column(Integer)
    outcome: Mapped[str | None]
    reason: Mapped[str | None]
