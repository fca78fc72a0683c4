"""Pulls by real worker processes that are stopped, killed, suspended and doubled while they read from the mock."""

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest
import redis
from processes import PATIENCE, children, eventually, gone
from queue_workers import Workers
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, sessionmaker

from connectors.mock_netsuite import MockConfig, serve
from models.sales_order import LandingOrder
from models.sync_run import Attempt, SyncRun, WorkerProcess
from worker.pipeline import runs
from worker.pipeline.scope import Scope
from worker.queue import actors, doorbell
from worker.queue.broker import broker

ORDERS = 600
PAGE = 50


@pytest.fixture(scope="module")
def account() -> Iterator[dict[str, str]]:
    """The settings of a mock account whose pages take a tenth of a second."""
    config = MockConfig(orders=ORDERS, latency={"suiteql": 0.1})
    with serve(config) as mock:
        yield {
            "NETSUITE_ACCOUNT": config.account,
            "NETSUITE_BASE_URL": mock.base_url,
            "NETSUITE_CONSUMER_KEY": config.consumer_key,
            "NETSUITE_CONSUMER_SECRET": config.consumer_secret.get_secret_value(),
            "NETSUITE_TOKEN_ID": config.token_id,
            "NETSUITE_TOKEN_SECRET": config.token_secret.get_secret_value(),
            "TERMSYNC_PAGE_SIZE": str(PAGE),
            "TERMSYNC_SLOTS": "1",
        }


@pytest.fixture
def workers(database_url: str, redis_url: str, account: dict[str, str]) -> Iterator[Workers]:
    broker.connect(redis_url)
    made = Workers(database_url, redis_url, "worker.queue.actors", **account)
    yield made
    made.end()


class Pull:
    """A full pull, asked for and watched by its row."""

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self._sessions = sessions
        with sessions.begin() as session:
            self.id, _ = runs.request_pull(session, Scope.parse("full"), "test")

    @property
    def row(self) -> SyncRun:
        with self._sessions() as session:
            return session.get_one(SyncRun, self.id)

    def read(self) -> int:
        return int(self.row.counts.get("read", 0))

    def until(self, condition: Callable[[], bool]) -> None:
        """Waits for `condition`, ringing for the run while it is due, as the scheduler does."""
        assert eventually(lambda: self._look(condition))

    def _look(self, condition: Callable[[], bool]) -> bool:
        with self._sessions() as session:
            if self.id in runs.due(session, session.scalars(select(func.now())).one()):
                doorbell.ring_run(self.id)
        return condition()

    def until_page(self) -> None:
        """Waits until some of the orders have been read, and not all."""
        self.until(lambda: self.read() > 0)
        assert self.read() < ORDERS

    def until_done(self) -> None:
        self.until(lambda: self.row.state == "done")
        with self._sessions() as session:
            assert session.scalars(select(func.count()).select_from(LandingOrder)).one() == ORDERS
        assert self.row.outcome == "ok"


@pytest.fixture
def pull(sessions: sessionmaker[Session]) -> Pull:
    return Pull(sessions)


def test_sigterm_gives_the_run_back_at_the_edge_of_a_page(workers: Workers, pull: Pull) -> None:
    first = workers.start()
    pull.until_page()
    first.terminate()
    assert first.wait(10) == 0
    row = pull.row
    assert (row.state, row.worker_id, row.attempts) == ("queued", None, 0)
    read_before = pull.read()

    workers.start()
    pull.until_done()
    assert pull.row.epoch == 2
    assert read_before < pull.read() <= ORDERS + PAGE


def test_q10_a_pull_whose_worker_is_killed_has_its_next_page_within_fifteen_seconds(
    workers: Workers, pull: Pull
) -> None:
    first = workers.start()
    pull.until_page()
    (worker,) = children(first.pid)
    os.kill(worker, signal.SIGKILL)
    killed_at = time.monotonic()
    assert gone([worker])
    read_before = pull.read()
    workers.start()
    pull.until(lambda: pull.read() > read_before)
    assert time.monotonic() - killed_at <= 15
    assert pull.row.epoch == 2


def test_d8_a_worker_that_wakes_up_after_its_run_was_taken_over_writes_nothing(
    workers: Workers, pull: Pull, sessions: sessionmaker[Session]
) -> None:
    first = workers.start()
    pull.until_page()
    (sleeper,) = children(first.pid)
    os.kill(sleeper, signal.SIGSTOP)
    with sessions.begin() as session:
        session.execute(text("update worker_process set heartbeat_at = now() - interval '1 minute'"))
    workers.start()
    pull.until(lambda: pull.row.epoch == 2)
    os.kill(sleeper, signal.SIGCONT)
    pull.until_done()
    assert pull.row.epoch == 2

    def told() -> bool:
        with sessions() as session:
            return "RunLost" in session.scalars(select(Attempt.error_code)).all()

    pull.until(told)
    assert pull.read() <= ORDERS + PAGE


def _attempts(sessions: sessionmaker[Session]) -> Callable[[], int]:
    """Counts the times a worker was told of a run, and found it done or in good hands."""
    told = select(func.count()).where(Attempt.actor == "perform_run", Attempt.outcome == "done")

    def count() -> int:
        with sessions() as session:
            return session.scalars(told).one()

    return count


def _assert_done_once(pull: Pull) -> None:
    row = pull.row
    assert (row.epoch, row.counts["read"], row.counts["landed_new"]) == (1, ORDERS, ORDERS)


def test_a_run_delivered_many_times_to_two_workers_is_done_once(
    workers: Workers, pull: Pull, sessions: sessionmaker[Session]
) -> None:
    for _ in range(6):
        assert doorbell.ring_run(pull.id)
    workers.start()
    workers.start()
    pull.until_done()
    told = _attempts(sessions)
    pull.until(lambda: told() >= 6)
    _assert_done_once(pull)


def test_d4_a_run_taken_from_a_living_worker_by_one_whose_clock_is_ahead_is_done_once(
    workers: Workers, pull: Pull, sessions: sessionmaker[Session], redis_client: redis.Redis
) -> None:
    hasty = workers.start("clock_ahead")
    assert eventually(lambda: _known(sessions) == 1)
    (hasty_child,) = children(hasty.pid)
    os.kill(hasty_child, signal.SIGSTOP)  # the other one is to begin
    workers.start()
    pull.until_page()
    os.kill(hasty_child, signal.SIGCONT)
    pull.until_done()
    told = _attempts(sessions)
    assert eventually(lambda: told() >= 2)
    _assert_done_once(pull)


def _known(sessions: sessionmaker[Session]) -> int:
    with sessions() as session:
        return session.scalars(select(func.count()).select_from(WorkerProcess)).one()


def test_d7_a_delayed_message_that_was_copied_and_not_acknowledged_does_its_run_once(
    workers: Workers, pull: Pull, sessions: sessionmaker[Session], redis_client: redis.Redis
) -> None:
    broker.enqueue(actors.perform_run.message(pull.id), delay=1)
    assert workers.start("dies_before_ack").wait(PATIENCE) != 0
    copies = [f"dramatiq:{queue}.msgs" for queue in ("long", "long.DQ")]
    assert [redis_client.hlen(copy) for copy in copies] == [1, 1]
    _silence_for_an_hour(redis_client)
    workers.start()
    told = _attempts(sessions)
    assert eventually(lambda: told() >= 2)
    assert [redis_client.hlen(copy) for copy in copies] == [0, 0]
    pull.until_done()
    _assert_done_once(pull)


def _silence_for_an_hour(client: redis.Redis) -> None:
    """Makes the last sign of life of every worker an old one, instead of waiting for it to become so."""
    heartbeats = "dramatiq:__heartbeats__"
    for worker in client.zrange(heartbeats, 0, -1):
        client.zincrby(heartbeats, -3_600_000, str(worker))
