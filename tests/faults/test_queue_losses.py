"""Ways in which dramatiq loses or keeps messages when Redis fails, with its own settings and with ours.

The names D1, D2 … are those of the list of known failures. Every test starts its own Valkey.
"""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import dramatiq
import pytest
import redis
from dramatiq import Broker, Worker
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import Retries
from own_valkey import Valkey
from processes import PATIENCE, eventually

from worker.queue.broker import DoorbellBroker
from worker.queue.resources import Resources
from worker.settings import load

JOBS = 8
TIMEOUT = 1.0  # seconds that a client waits for Redis here
OUTAGE = 2.5  # longer than TIMEOUT
BACKOFF = 100  # ms
MakeBroker = Callable[[], Broker]


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    server = Valkey(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def stock(valkey: Valkey) -> Broker:
    client = redis.Redis.from_url(valkey.url, socket_timeout=TIMEOUT)
    return RedisBroker(client=client, middleware=[Retries(min_backoff=BACKOFF)])  # type: ignore[no-untyped-call]


@pytest.fixture
def make_ours(valkey: Valkey, database_url: str) -> MakeBroker:
    def make() -> Broker:
        resources = Resources()
        resources.configure(load(), database_url)
        broker = DoorbellBroker(resources, min_backoff=BACKOFF)
        broker.connect(valkey.url, TIMEOUT)
        return broker

    return make


@pytest.fixture
def ours(make_ours: MakeBroker) -> Broker:
    return make_ours()


class Jobs:
    """Jobs that wait for `go`; each fails at its first turn when `failing`."""

    def __init__(self, broker: Broker, *, failing: bool = False) -> None:
        self.go = threading.Event()
        self.done: list[int] = []
        self.failed: list[int] = []
        self.first_turns = threading.Semaphore(0)
        self._failing = failing
        self._seen: set[int] = set()
        self._actor = dramatiq.actor(broker=broker, queue_name="short", actor_name="job")(self._work)
        self.worker = Worker(broker, worker_threads=JOBS, worker_timeout=50)

    def _work(self, number: int) -> None:
        first = number not in self._seen
        self._seen.add(number)
        self.first_turns.release()
        assert self.go.wait(PATIENCE)
        if first and self._failing:
            self.failed.append(number)
            raise RuntimeError("the first turn fails")
        self.done.append(number)

    def start_all(self) -> None:
        """Sends the jobs and waits until every one is inside its first turn."""
        for number in range(JOBS):
            self._actor.send(number)
        self.worker.start()
        for _ in range(JOBS):
            assert self.first_turns.acquire(timeout=PATIENCE)


@pytest.fixture
def stopped() -> Iterator[list[Worker]]:
    """Workers to be stopped at the end, while their Redis still runs."""
    workers: list[Worker] = []
    yield workers
    for worker in workers:
        worker.stop(timeout=2000)


def _start(jobs: Jobs, stopped: list[Worker]) -> Jobs:
    stopped.append(jobs.worker)
    jobs.start_all()
    return jobs


def _messages(valkey: Valkey) -> int:
    client = valkey.client()
    return sum(client.hlen(key) for key in client.scan_iter("*.msgs"))


def _leased(valkey: Valkey) -> int:
    client = valkey.client()
    return sum(client.scard(key) for key in client.scan_iter("*:__acks__.*"))


def _restart_while_failing(valkey: Valkey, jobs: Jobs) -> None:
    valkey.stop()
    jobs.go.set()
    assert eventually(lambda: len(jobs.failed) == JOBS)
    threading.Event().wait(OUTAGE)
    valkey.start()


def test_d1_stock_loses_every_retry_when_redis_restarts_meanwhile(
    valkey: Valkey, stock: Broker, stopped: list[Worker]
) -> None:
    jobs = _start(Jobs(stock, failing=True), stopped)
    _restart_while_failing(valkey, jobs)
    assert eventually(lambda: _messages(valkey) == 0)
    assert jobs.done == []


def test_d1_ours_loses_no_retry_when_redis_restarts_meanwhile(
    valkey: Valkey, ours: Broker, stopped: list[Worker]
) -> None:
    jobs = _start(Jobs(ours, failing=True), stopped)
    _restart_while_failing(valkey, jobs)
    assert eventually(lambda: set(jobs.done) == set(range(JOBS)))
    assert eventually(lambda: _messages(valkey) == 0)


def _stall_while_acknowledging(valkey: Valkey, jobs: Jobs) -> None:
    valkey.stall()
    jobs.go.set()
    assert eventually(lambda: len(jobs.done) == JOBS)
    threading.Event().wait(OUTAGE)
    valkey.resume()


def test_d2_stock_keeps_messages_leased_to_a_living_worker_after_a_stall(
    valkey: Valkey, stock: Broker, stopped: list[Worker]
) -> None:
    jobs = _start(Jobs(stock), stopped)
    _stall_while_acknowledging(valkey, jobs)
    jobs.worker.work_queue.join()
    assert _leased(valkey) > 0


def test_d2_ours_acknowledges_everything_after_a_stall(
    valkey: Valkey, ours: Broker, stopped: list[Worker]
) -> None:
    jobs = _start(Jobs(ours), stopped)
    _stall_while_acknowledging(valkey, jobs)
    assert eventually(lambda: _leased(valkey) == 0)
    assert sorted(jobs.done) == list(range(JOBS))


def test_a_full_redis_loses_no_retry_and_recovers_alone(
    valkey: Valkey, ours: Broker, stopped: list[Worker]
) -> None:
    jobs = _start(Jobs(ours, failing=True), stopped)
    valkey.client().config_set("maxmemory", 1)
    jobs.go.set()
    threading.Event().wait(OUTAGE)
    assert jobs.done == []
    valkey.client().config_set("maxmemory", 0)
    assert eventually(lambda: set(jobs.done) == set(range(JOBS)))
    assert eventually(lambda: _leased(valkey) == 0)


def test_a_redis_without_its_replicas_keeps_nothing_leased_and_recovers_alone(
    valkey: Valkey, ours: Broker, stopped: list[Worker]
) -> None:
    jobs = _start(Jobs(ours), stopped)
    valkey.client().config_set("min-replicas-to-write", 1)
    jobs.go.set()
    assert eventually(lambda: len(jobs.done) == JOBS)
    threading.Event().wait(TIMEOUT)  # all have tried to acknowledge
    valkey.client().config_set("min-replicas-to-write", 0)
    assert eventually(lambda: _leased(valkey) == 0)
    assert sorted(jobs.done) == list(range(JOBS))


def test_a_message_for_an_actor_of_another_version_is_set_aside_and_the_others_are_done(
    valkey: Valkey, ours: Broker, stopped: list[Worker]
) -> None:
    jobs = Jobs(ours)
    ours.enqueue(dramatiq.Message(queue_name="short", actor_name="of_old", args=(1,), kwargs={}, options={}))
    jobs.go.set()
    _start(jobs, stopped)
    assert eventually(lambda: sorted(jobs.done) == list(range(JOBS)))
    assert eventually(lambda: _leased(valkey) == 0)
    assert valkey.client().hlen("dramatiq:short.XQ.msgs") == 1
