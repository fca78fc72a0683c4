"""The ledger of attempts: written before the work and after it, so that a worker's death shows."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session

from models.runs import SILENT_AFTER
from models.sync_run import Attempt, WorkerProcess

MOST_LOST = 3
# Work without a row of its own to quarantine is tried again after this time.
QUARANTINE = timedelta(hours=1)
DETAIL_LENGTH = 2000


def lost_in_a_row(session: Session, work_key: str) -> int:
    """How many of the last attempts at `work_key` ended with the death of their worker, since one that did not."""
    last_end = (
        select(func.coalesce(func.max(Attempt.id), 0))
        .where(Attempt.work_key == work_key, Attempt.finished_at.is_not(None))
        .scalar_subquery()
    )
    now = func.clock_timestamp()
    alive = exists().where(WorkerProcess.id == Attempt.worker_id, WorkerProcess.heartbeat_at > now - SILENT_AFTER)
    lost = select(func.count()).where(
        Attempt.work_key == work_key,
        Attempt.id > last_end,
        Attempt.started_at > now - QUARANTINE,
        ~alive,
    )
    return session.scalars(lost).one()


def start(session: Session, actor: str, work_key: str, run_id: int | None, worker_id: UUID) -> int:
    """Writes down that `worker_id` starts; returns the attempt's id."""
    attempt = Attempt(actor=actor, work_key=work_key, run_id=run_id, worker_id=worker_id)
    session.add(attempt)
    session.flush()
    return attempt.id


def finish(session: Session, attempt_id: int, error: BaseException | None) -> None:
    """Writes down how an attempt ended. Errors of termsync bring their code, others their class's name."""
    session.execute(
        update(Attempt)
        .where(Attempt.id == attempt_id)
        .values(
            finished_at=func.clock_timestamp(),
            outcome="failed" if error else "done",
            error_code=getattr(error, "code", type(error).__name__) if error else None,
            error_detail=str(error).replace("\0", "")[:DETAIL_LENGTH] if error else None,
        )
    )
