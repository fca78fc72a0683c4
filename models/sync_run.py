"""Runs and what keeps them going: state between pages, attempts, worker processes, ticks."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id

STATES = "('queued', 'running', 'done', 'failed', 'stopped', 'quarantined')"
OUTCOMES = "('ok', 'errors', 'held', 'paused')"


class SyncRun(Base):
    """One execution of a job over a scope. Asking again while one is open joins it.

    `epoch` grows at every claim; a page is committed only by the holder of the present epoch, so that a worker
    taken for dead cannot write beside its successor.
    """

    __tablename__ = "sync_run"
    __table_args__ = (
        CheckConstraint(f"state in {STATES}", name="state_known"),
        CheckConstraint(f"outcome in {OUTCOMES}", name="outcome_known"),
        CheckConstraint("(finished_at is null) = (state in ('queued', 'running'))", name="finished_has_time"),
        Index(
            "uq_sync_run_open_scope",
            "kind",
            "scope",
            "dry_run",
            unique=True,
            postgresql_where=text("state in ('queued', 'running')"),
        ),
        # Runs that move the watermark go one after the other.
        Index(
            "uq_sync_run_moving_watermark",
            "kind",
            unique=True,
            postgresql_where=text("state = 'running' and moves_watermark"),
        ),
        Index("ix_sync_run_asked_at", "asked_at"),
        # The last read of what changed, asked for by every page.
        Index("ix_sync_run_moving_finished_at", "finished_at", postgresql_where=text("moves_watermark")),
    )

    id: Mapped[Id]
    kind: Mapped[str]
    scope: Mapped[str]
    dry_run: Mapped[bool] = mapped_column(server_default=text("false"))
    moves_watermark: Mapped[bool] = mapped_column(server_default=text("false"))
    asked_by: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    state: Mapped[str] = mapped_column(server_default="queued")
    outcome: Mapped[str | None]
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    progress: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    epoch: Mapped[int] = mapped_column(server_default=text("0"))
    worker_id: Mapped[UUID | None]
    not_before: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    stop_requested: Mapped[bool] = mapped_column(server_default=text("false"))
    error_code: Mapped[str | None]
    error_detail: Mapped[str | None]


class PullRange(Base):
    """One id interval (low, high] of a full run and how far it has been read. `high` null: open end."""

    __tablename__ = "pull_range"

    run_id: Mapped[int] = mapped_column(ForeignKey("sync_run.id", ondelete="CASCADE"), primary_key=True)
    low: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    high: Mapped[int | None]
    read_to: Mapped[int]
    done: Mapped[bool] = mapped_column(server_default=text("false"))


class PullMissing(Base):
    """An order that a full run did not meet inside an interval it read whole; confirmed before it counts."""

    __tablename__ = "pull_missing"

    run_id: Mapped[int] = mapped_column(ForeignKey("sync_run.id", ondelete="CASCADE"), primary_key=True)
    order_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class SyncState(Base):
    """How far a stream has been read without a gap. Moves in the transaction that lands what was read."""

    __tablename__ = "sync_state"

    stream: Mapped[str] = mapped_column(primary_key=True)
    watermark: Mapped[datetime]
    run_id: Mapped[int | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class FreshnessGap(Base):
    """A time in which a stream was not read for longer than usual: from its watermark then to the next move of it.

    Kept apart from runs, of which those that found nothing are forgotten after a day.
    """

    __tablename__ = "freshness_gap"
    __table_args__ = (Index("ix_freshness_gap_ended_at", "ended_at"),)

    stream: Mapped[str] = mapped_column(primary_key=True)
    watermark: Mapped[datetime] = mapped_column(primary_key=True)
    ended_at: Mapped[datetime]


class Attempt(Base):
    """One start of one piece of work, written before it starts. No finish and no outcome: the worker died."""

    __tablename__ = "attempt"
    __table_args__ = (
        CheckConstraint("outcome in ('done', 'failed')", name="outcome_known"),
        Index("ix_attempt_work_key", "work_key", "id"),
        Index("ix_attempt_started_at", "started_at"),
    )

    id: Mapped[Id]
    actor: Mapped[str]
    work_key: Mapped[str]
    run_id: Mapped[int | None]
    worker_id: Mapped[UUID | None]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    error_code: Mapped[str | None]
    error_detail: Mapped[str | None]


class WorkerProcess(Base):
    """A worker process and its last sign of life."""

    __tablename__ = "worker_process"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    host: Mapped[str]
    pid: Mapped[int]
    queues: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    heartbeat_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Tick(Base):
    """A time at which a schedule was due; unique, so that two schedulers make one tick."""

    __tablename__ = "tick"
    __table_args__ = (Index("ix_tick_unhandled", "due_at", postgresql_where=text("handled_at is null")),)

    schedule: Mapped[str] = mapped_column(primary_key=True)
    due_at: Mapped[datetime] = mapped_column(primary_key=True)
    handled_at: Mapped[datetime | None]
