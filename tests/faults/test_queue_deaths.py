"""Real worker processes that are killed, suspended and told to stop."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress

import dramatiq
import fault_actors
import pytest
import redis
from processes import PATIENCE, children, eventually, gone
from queue_workers import Workers
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session, sessionmaker

from models.sync_run import Attempt, WorkerProcess
from worker.queue.broker import broker
from worker.queue.ledger import MOST_LOST


@pytest.fixture
def workers(database_url: str, redis_url: str) -> Iterator[Workers]:
    broker.connect(redis_url)
    made = Workers(database_url, redis_url, "fault_actors")
    yield made
    made.end()


def _next(client: redis.Redis, marks: str) -> tuple[str, int]:
    """The next mark an actor leaves: its label and the process that left it."""
    found = client.blpop([marks], timeout=PATIENCE)
    assert found, f"no {marks} within {PATIENCE} s"
    label, _, pid = str(found[1]).partition(" ")
    return label, int(pid or 0)


@pytest.fixture
def marks(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url, socket_timeout=2 * PATIENCE, decode_responses=True) as client:
        yield client


def test_d3_work_of_a_killed_worker_is_done_by_another_within_fifteen_seconds(
    workers: Workers, marks: redis.Redis
) -> None:
    workers.start()
    fault_actors.hang.send("job")
    _, victim = _next(marks, "begun")
    os.kill(victim, signal.SIGKILL)
    killed_at = time.monotonic()
    workers.start()
    label, other = _next(marks, "begun")
    recovery = time.monotonic() - killed_at
    assert label == "job"
    assert other != victim
    assert recovery <= 15


def test_a_worker_ends_with_its_master_and_a_master_with_its_worker(
    workers: Workers, sessions: sessionmaker[Session]
) -> None:
    masters = workers.start(), workers.start()

    def both_work() -> bool:
        with sessions() as session:
            return session.scalars(select(func.count()).select_from(WorkerProcess)).one() == 2

    assert eventually(both_work)
    (worker,) = children(masters[0].pid)
    masters[0].kill()
    assert gone([worker])

    (worker,) = children(masters[1].pid)
    os.kill(worker, signal.SIGKILL)
    assert masters[1].wait(PATIENCE) != 0


def test_a_worker_does_not_outlive_a_master_that_dies_while_it_boots(workers: Workers) -> None:
    master = workers.start()
    while not (booting := children(master.pid)):
        assert master.poll() is None
    try:
        for worker in booting:
            os.kill(worker, signal.SIGSTOP)
        master.kill()
        master.wait(PATIENCE)
        for worker in booting:
            os.kill(worker, signal.SIGCONT)
        assert gone(booting)
    finally:
        for worker in booting:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)


def test_d5_poison_is_quarantined_after_three_deaths(
    workers: Workers, marks: redis.Redis, sessions: sessionmaker[Session]
) -> None:
    for _ in range(MOST_LOST):
        process = workers.start()
        fault_actors.poison.send()
        _next(marks, "poisoned")
        process.wait(PATIENCE)
        _silence_for_an_hour(sessions)
    workers.start()
    fault_actors.poison.send()
    fault_actors.note.send("after")
    assert _next(marks, "noted")[0] == "after"
    with sessions() as session:  # a worker may have taken up two: the one sent to it and one its predecessor left
        dead = select(func.count(Attempt.worker_id.distinct())).where(Attempt.actor == "poison")
        assert session.scalars(dead).one() == MOST_LOST


def _silence_for_an_hour(sessions: sessionmaker[Session]) -> None:
    """Makes the last sign of life of every worker an old one, instead of waiting for it to become so."""
    with sessions.begin() as session:
        session.execute(update(WorkerProcess).values(heartbeat_at=func.now() - text("interval '1 hour'")))


def test_sigterm_stops_at_the_edge_of_a_page(
    workers: Workers, marks: redis.Redis, sessions: sessionmaker[Session]
) -> None:
    process = workers.start()
    fault_actors.pages.send("pull")
    _next(marks, "begun")
    process.terminate()
    assert process.wait(10) == 0
    assert _next(marks, "stopped")[0] == "pull"
    assert marks.get("page-begun") == marks.get("page-ended")
    with sessions() as session:
        assert session.scalars(select(Attempt.outcome)).all() == ["done"]
        assert session.scalars(select(WorkerProcess)).all() == []


def test_the_heart_beats_while_a_long_job_runs(
    workers: Workers, marks: redis.Redis, sessions: sessionmaker[Session]
) -> None:
    workers.start()
    fault_actors.hang.send("job")
    _next(marks, "begun")

    def heartbeat() -> object:
        with sessions() as session:
            return session.scalars(select(WorkerProcess.heartbeat_at)).one()

    first = heartbeat()
    assert eventually(lambda: heartbeat() != first)
    marks.set("let-go", 1)
    assert _next(marks, "ended")[0] == "job"


@pytest.mark.parametrize("actor", [fault_actors.stuck, fault_actors.stuck_without_limit])
def test_d9_a_thread_stuck_in_a_system_call_ends_its_process_and_the_work_is_done(
    workers: Workers, marks: redis.Redis, actor: dramatiq.Actor[[str], None]
) -> None:
    master = workers.start("impatient")
    actor.send("job")
    _, victim = _next(marks, "begun")
    assert gone([victim])
    assert master.wait(PATIENCE) != 0
    workers.start("impatient")
    label, other = _next(marks, "begun")
    assert label == "job"
    assert other != victim
