"""Ticks: rows that say a schedule was due. Unique per schedule and time, so that two schedulers make one."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.sync_run import Tick
from worker.pipeline.scope import Scope, ScopeKind
from worker.settings import Settings

ASKED_BY = "schedule"
PULLS = FULL, NIGHTLY, POLL = "full", "nightly", "poll"
DIGEST = "digest"
NIGHT, WEEK = timedelta(days=1), timedelta(days=7)
# Intervals are counted from 1970, which began on a Thursday.
MONDAY_MORNING = timedelta(days=4, hours=6)


class Schedule(NamedTuple):
    """What is asked for once in every `interval`; the intervals begin `start` after the beginning of 1970, UTC."""

    name: str
    interval: timedelta
    start: timedelta = timedelta(0)


def schedules(settings: Settings) -> list[Schedule]:
    """What is done by the clock: pulls where a NetSuite account is set, the digest where somebody gets it."""
    pulls = [
        Schedule(FULL, settings.full_interval),
        Schedule(NIGHTLY, NIGHT),
        Schedule(POLL, settings.poll_interval),
    ]
    digests = [Schedule(DIGEST, WEEK, MONDAY_MORNING)]
    return (pulls if settings.netsuite_account else []) + (digests if settings.digest_to else [])


def scope(schedule: str, settings: Settings, now: datetime) -> Scope:
    """What a tick of `schedule` asks to be pulled."""
    if schedule == NIGHTLY:
        since = now - timedelta(hours=settings.nightly_overlap_hours)
        return Scope.parse(f"since:{since.isoformat()}")
    return Scope({FULL: ScopeKind.FULL, POLL: ScopeKind.INCREMENTAL}[schedule])


def insert_due(session: Session, schedule: Schedule, now: datetime) -> bool:
    """Writes the tick of the present interval unless it is there or an older one still waits."""
    seconds, start = schedule.interval.total_seconds(), schedule.start.total_seconds()
    due_at = datetime.fromtimestamp((now.timestamp() - start) // seconds * seconds + start, tz=now.tzinfo)
    waiting = select(exists().where(Tick.schedule == schedule.name, Tick.handled_at.is_(None)))
    if session.scalars(waiting).one():
        return False
    row = insert(Tick).values(schedule=schedule.name, due_at=due_at).on_conflict_do_nothing()
    return session.scalars(row.returning(Tick.schedule)).first() is not None


def any_waiting(session: Session, schedules: Collection[str]) -> bool:
    return session.scalars(select(exists().where(Tick.handled_at.is_(None), Tick.schedule.in_(schedules)))).one()


def take(session: Session, schedules: Collection[str]) -> set[str]:
    """Those of the schedules whose ticks wait, marked as handled in this transaction."""
    taken = update(Tick).where(Tick.handled_at.is_(None), Tick.schedule.in_(schedules))
    return set(session.scalars(taken.values(handled_at=func.clock_timestamp()).returning(Tick.schedule)))
