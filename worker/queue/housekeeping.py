"""What the queue leaves behind and nobody needs any more."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from models import runs, webhook_calls
from models.sync_run import Attempt, Tick, WorkerProcess

ATTEMPTS_KEPT = timedelta(days=30)
TICKS_KEPT = timedelta(days=2)
DEAD_WORKERS_KEPT = timedelta(days=1)
IDLE_PULLS_KEPT = timedelta(days=1)


def forget_old(session: Session, now: datetime) -> None:
    """Deletes attempts, handled ticks, dead workers, pulls that found nothing, taken calls, all of long ago."""
    runs.forget_idle(session, now - IDLE_PULLS_KEPT)
    webhook_calls.forget_delivered(session, now)
    session.execute(delete(Attempt).where(Attempt.started_at < now - ATTEMPTS_KEPT))
    session.execute(delete(Tick).where(Tick.handled_at < now - TICKS_KEPT))
    session.execute(delete(WorkerProcess).where(WorkerProcess.heartbeat_at < now - DEAD_WORKERS_KEPT))
