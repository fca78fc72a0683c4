"""Ticks: rows that say a schedule was due. Unique per schedule and time, so that two schedulers make one."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.sync_run import Tick
from worker.pipeline.scope import Scope, ScopeKind
from worker.settings import Settings

ASKED_BY = "schedule"
FULL, NIGHTLY, POLL = "full", "nightly", "poll"
NIGHT = timedelta(days=1)


class Schedule(NamedTuple):
    """A pull asked for once in every `interval`."""

    name: str
    interval: timedelta


def schedules(settings: Settings) -> list[Schedule]:
    """What is pulled by the clock; nothing while no NetSuite account is set."""
    if settings.netsuite_account is None:
        return []
    return [
        Schedule(FULL, settings.full_interval),
        Schedule(NIGHTLY, NIGHT),
        Schedule(POLL, settings.poll_interval),
    ]


def scope(schedule: str, settings: Settings, now: datetime) -> Scope:
    """What a tick of `schedule` asks to be pulled."""
    if schedule == NIGHTLY:
        since = now - timedelta(hours=settings.nightly_overlap_hours)
        return Scope.parse(f"since:{since.isoformat()}")
    return Scope({FULL: ScopeKind.FULL, POLL: ScopeKind.INCREMENTAL}[schedule])


def insert_due(session: Session, schedule: Schedule, now: datetime) -> bool:
    """Writes the tick of the present interval unless it is there or an older one still waits."""
    seconds = schedule.interval.total_seconds()
    due_at = datetime.fromtimestamp(now.timestamp() // seconds * seconds, tz=now.tzinfo)
    waiting = select(exists().where(Tick.schedule == schedule.name, Tick.handled_at.is_(None)))
    if session.scalars(waiting).one():
        return False
    row = insert(Tick).values(schedule=schedule.name, due_at=due_at).on_conflict_do_nothing()
    return session.scalars(row.returning(Tick.schedule)).first() is not None


def any_waiting(session: Session) -> bool:
    return session.scalars(select(exists().where(Tick.handled_at.is_(None)))).one()


def take(session: Session) -> set[str]:
    """The schedules whose ticks wait, marked as handled in this transaction."""
    taken = update(Tick).where(Tick.handled_at.is_(None)).values(handled_at=func.clock_timestamp())
    return set(session.scalars(taken.returning(Tick.schedule)))
