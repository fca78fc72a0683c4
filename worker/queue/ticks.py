"""Ticks: rows that say a schedule was due. Unique per schedule and time, so that two schedulers make one."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.sync_run import Tick
from worker.settings import Settings

KEPT = timedelta(days=2)
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
        Schedule("full", settings.full_interval),
        Schedule("nightly", NIGHT),
        Schedule("poll", settings.poll_interval),
    ]


def scope(schedule: str, settings: Settings, now: datetime) -> str:
    """The scope of the run that a tick of `schedule` asks for. Raises KeyError for an unknown schedule."""
    since = now - timedelta(hours=settings.nightly_overlap_hours)
    return {
        "full": "full",
        "nightly": f"since:{since:%Y-%m-%dT%H:%M:%SZ}",
        "poll": "incremental",
    }[schedule]


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


def take(session: Session, now: datetime) -> set[str]:
    """The schedules whose ticks wait, marked as handled in this transaction; forgets ticks of long ago."""
    session.execute(delete(Tick).where(Tick.handled_at < now - KEPT))
    taken = update(Tick).where(Tick.handled_at.is_(None)).values(handled_at=func.clock_timestamp())
    return set(session.scalars(taken.returning(Tick.schedule)))
