"""The scheduler: what it finds due, how it rings, and that idling and doubling it cost nothing."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import redis
from processes import PATIENCE, eventually
from sqlalchemy import select, text
from sqlalchemy.exc import InternalError
from sqlalchemy.orm import Session, sessionmaker

from models.sync_run import Tick, WorkerProcess
from worker import scheduler
from worker.pipeline import runs
from worker.pipeline.scope import Scope
from worker.queue import doorbell, ticks
from worker.queue.broker import LONG, SHORT, broker
from worker.queue.ticks import Schedule
from worker.scheduler import Ringer, Scheduler, Work, due
from worker.settings import Settings, load

NOW = datetime(2026, 3, 1, 12, 0, 7, tzinfo=UTC)
EVERY_FIVE = Schedule("poll", timedelta(seconds=5))


@pytest.fixture
def settings() -> Settings:
    return load(netsuite_account="1234567", poll_seconds=0.2)


@pytest.fixture
def queue(redis_url: str) -> Iterator[None]:
    broker.connect(redis_url)
    yield
    broker.client.close()


def _ticks(session: Session) -> list[tuple[str, datetime]]:
    return [(tick.schedule, tick.due_at) for tick in session.scalars(select(Tick).order_by(Tick.due_at))]


# -- ticks ---------------------------------------------------------------------------------------------------


def test_a_tick_is_on_the_grid_of_its_interval_and_written_once(session: Session) -> None:
    assert ticks.insert_due(session, EVERY_FIVE, NOW)
    assert not ticks.insert_due(session, EVERY_FIVE, NOW + timedelta(seconds=2))
    assert _ticks(session) == [("poll", NOW.replace(second=5))]


def test_ticks_do_not_pile_up_while_nobody_handles_them(session: Session) -> None:
    assert ticks.insert_due(session, EVERY_FIVE, NOW)
    assert not ticks.insert_due(session, EVERY_FIVE, NOW + timedelta(hours=1))
    assert ticks.take(session, ticks.PULLS) == {"poll"}
    assert ticks.insert_due(session, EVERY_FIVE, NOW + timedelta(hours=1))
    assert len(_ticks(session)) == 2


def test_a_handled_tick_does_not_come_back_in_its_interval(session: Session) -> None:
    ticks.insert_due(session, EVERY_FIVE, NOW)
    ticks.take(session, ticks.PULLS)
    assert not ticks.insert_due(session, EVERY_FIVE, NOW)
    assert not ticks.any_waiting(session, ticks.PULLS)


def test_the_digest_is_due_on_monday_mornings_and_kept_apart_from_pulls(session: Session) -> None:
    (weekly,) = ticks.schedules(load(digest_to="team@example.com"))
    sunday = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    assert ticks.insert_due(session, weekly, sunday)
    assert _ticks(session) == [(ticks.DIGEST, datetime(2026, 2, 23, 6, 0, tzinfo=UTC))]
    assert ticks.take(session, ticks.PULLS) == set()
    assert ticks.any_waiting(session, (ticks.DIGEST,))
    assert ticks.take(session, (ticks.DIGEST,)) == {ticks.DIGEST}
    assert not ticks.insert_due(session, weekly, sunday + timedelta(hours=17))
    assert ticks.insert_due(session, weekly, sunday + timedelta(hours=18))


def test_two_schedulers_at_the_same_instant_write_one_tick(sessions: sessionmaker[Session]) -> None:
    with sessions() as first, sessions() as second:
        assert ticks.insert_due(first, EVERY_FIVE, NOW)
        first.commit()
        assert not ticks.insert_due(second, EVERY_FIVE, NOW)


@pytest.mark.parametrize(
    ("schedule", "scope"),
    [("full", "full"), ("poll", "incremental"), ("nightly", "since:2026-02-28T12:00:07Z")],
)
def test_each_schedule_has_its_scope(settings: Settings, schedule: str, scope: str) -> None:
    assert str(ticks.scope(schedule, settings, NOW)) == scope
    assert schedule in {known.name for known in ticks.schedules(settings)}


def test_without_an_account_nothing_is_pulled_by_the_clock() -> None:
    assert ticks.schedules(load(netsuite_account=None)) == []


# -- looking -------------------------------------------------------------------------------------------------


def test_nothing_is_due_in_an_empty_database(session: Session) -> None:
    assert due(session) == []


def test_looking_cannot_write(session: Session) -> None:
    due(session)
    with pytest.raises(InternalError, match="read-only transaction"):
        ticks.insert_due(session, EVERY_FIVE, NOW)


def test_a_waiting_tick_and_a_queued_run_are_due(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        ticks.insert_due(session, EVERY_FIVE, NOW)
        run_id, _ = runs.request_pull(session, Scope.parse("full"), "test")
    with sessions() as session:
        assert due(session) == [("look", None), ("run", run_id)]


def test_a_run_of_a_living_worker_is_not_due_and_of_a_silent_one_is(
    sessions: sessionmaker[Session],
) -> None:
    with sessions.begin() as session:
        worker = WorkerProcess(id=os.urandom(16).hex(), host="h", pid=1, queues="long")
        session.add(worker)
        session.flush()
        run_id, _ = runs.request_pull(session, Scope.parse("full"), "test")
        assert runs.claim(session, run_id, worker.id, datetime.now(UTC))
    with sessions() as session:
        assert due(session) == []
    with sessions.begin() as session:
        session.execute(text("update worker_process set heartbeat_at = now() - interval '11 seconds'"))
    with sessions() as session:
        assert due(session) == [("run", run_id)]


def test_an_idle_look_sends_nothing(sessions: sessionmaker[Session], queue: None, settings: Settings) -> None:
    looking = Scheduler(settings, sessions)
    for _ in range(20):
        looking.look()
    assert broker.client.keys("*") == []


# -- ringing -------------------------------------------------------------------------------------------------


class Bell:
    """Records rings at a time set by the test; out of order when `works` is false."""

    def __init__(self) -> None:
        self.time = 0.0
        self.works = True
        self.rung: list[tuple[float, Work]] = []
        self.ringer = Ringer(self._ring, lambda: self.time)

    def _ring(self, work: Work) -> bool:
        if self.works:
            self.rung.append((self.time, work))
        return self.works

    def looks(self, due: list[Work], seconds: int) -> list[float]:
        """Looks once a second; returns when it rang."""
        self.rung.clear()
        for _ in range(seconds):
            self.ringer.ring(due)
            self.time += 1
        return [at for at, _ in self.rung]


def test_work_that_stays_due_is_rung_for_ever_more_rarely() -> None:
    bell = Bell()
    rung = bell.looks([("run", 1)], 100)
    assert rung[:2] == [0, 1]
    pauses = [later - earlier for earlier, later in pairwise(rung)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 15


def test_work_that_becomes_due_again_is_rung_for_at_once() -> None:
    bell = Bell()
    bell.looks([("run", 1)], 30)
    bell.looks([], 1)
    assert bell.looks([("run", 1)], 1) == [bell.time - 1]


def test_new_work_is_rung_for_at_once_whatever_else_waits() -> None:
    bell = Bell()
    bell.looks([("run", 1)], 30)
    bell.looks([("run", 1), ("reconcile", 7)], 1)
    assert [work for _, work in bell.rung] == [("reconcile", 7)]


def test_a_ring_that_failed_is_repeated_with_the_next_look() -> None:
    bell = Bell()
    bell.works = False
    assert bell.looks([("run", 1), ("run", 2)], 5) == []
    bell.works = True
    assert len(bell.looks([("run", 1), ("run", 2)], 1)) == 2


def test_rings_are_messages_on_the_right_queues(queue: None) -> None:
    for work in (("expire", None), ("look", None), ("reconcile", 3), ("run", 4)):
        assert scheduler.RINGS[work[0]](work[1] or 0)
    assert (doorbell.waiting(SHORT), doorbell.waiting(LONG)) == (3, 1)


def test_ringing_without_redis_is_no_error() -> None:
    broker.connect("unix:///nowhere/redis.sock")
    assert not doorbell.ring_run(1)


def test_a_queue_that_nobody_empties_is_not_filled(queue: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "MOST_WAITING", 2)
    assert [doorbell.ring_expire() for _ in range(4)] == [True, True, False, False]


def test_a_hold_is_told_to_ops_by_the_scheduler(sessions: sessionmaker[Session], redis_url: str) -> None:
    with sessions.begin() as session:
        session.execute(text("insert into tenant (key, name) values ('acme', 'Acme')"))
        session.execute(
            text("""
            insert into hold (tenant_id, rule, reason, would_expire, enrolled, orders)
            select id, 'people', 'too many', 3, 4, 1 from tenant
            """)
        )
    watching = Scheduler(load(ops_mail="ops@example.com"), sessions, redis_url)
    watching.alert()
    watching.alert()
    with sessions() as session:
        told = session.execute(text("select recipient, subject from notification")).all()
    assert told == [("ops@example.com", "termsync: Hold 1 of acme: too many")]


# -- processes -----------------------------------------------------------------------------------------------


def test_two_scheduler_processes_make_each_tick_once_and_stop_cleanly(
    database_url: str, redis_url: str, sessions: sessionmaker[Session], redis_client: redis.Redis
) -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "NETSUITE_ACCOUNT": "1234567",
        "TERMSYNC_POLL_SECONDS": "0.2",
    }
    command = [sys.executable, "-m", "worker.scheduler"]
    both = [subprocess.Popen(command, env=environment) for _ in range(2)]

    def rung() -> bool:
        return bool(redis_client.hlen("dramatiq:short.msgs"))

    def handled_all() -> bool:
        """Plays the worker: takes the ticks that wait."""
        with sessions.begin() as session:
            ticks.take(session, ticks.PULLS)
            return len(_ticks(session)) >= 10

    assert eventually(rung)
    assert eventually(handled_all)
    for process in both:
        process.terminate()
    assert [process.wait(PATIENCE) for process in both] == [0, 0]
    with sessions() as session:
        polls = [due_at for schedule, due_at in _ticks(session) if schedule == "poll"]
        assert len(polls) == len(set(polls))
        assert {schedule for schedule, _ in _ticks(session)} == {"full", "nightly", "poll"}
