"""What the queue leaves behind and nobody needs any more."""

from datetime import datetime, timedelta

from sqlalchemy import delete, exists
from sqlalchemy.orm import Session, aliased

from models import alerting, mailing, runs, webhook_calls
from models.sync_run import Attempt, Tick, WorkerProcess

ATTEMPTS_KEPT = timedelta(days=30)
TICKS_KEPT = timedelta(days=2)
DEAD_WORKERS_KEPT = timedelta(days=1)
IDLE_PULLS_KEPT = timedelta(days=1)

# The last tick of a schedule stays: without it the tick of the same interval would be written again.
_later = aliased(Tick)
_is_followed = exists().where(_later.schedule == Tick.schedule, _later.due_at > Tick.due_at)


def forget_old(session: Session, now: datetime) -> None:
    """Deletes attempts, handled ticks, dead workers, idle pulls, taken calls and mails, all of long ago."""
    runs.forget_idle(session, now - IDLE_PULLS_KEPT)
    webhook_calls.forget_delivered(session, now)
    session.execute(delete(Attempt).where(Attempt.started_at < now - ATTEMPTS_KEPT))
    session.execute(delete(Tick).where(Tick.handled_at < now - TICKS_KEPT, _is_followed))
    mailing.forget(session, now - mailing.KEPT)
    alerting.forget(session, now - mailing.KEPT)
    session.execute(delete(WorkerProcess).where(WorkerProcess.heartbeat_at < now - DEAD_WORKERS_KEPT))
