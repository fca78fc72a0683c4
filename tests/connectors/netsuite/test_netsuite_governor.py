"""Slots: never more than the limit over threads and processes, in turn, freed when an owner dies."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from multiprocessing.connection import Connection

import pytest
import redis

from connectors.errors import TryAgain
from connectors.netsuite import GovernanceLimits, Governor
from connectors.netsuite.governor import LEASE_SECONDS
from connectors.netsuite.slots import LocalSlots, RedisSlots, SlotBook

MakeGovernor = Callable[[int], Governor]
SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture(params=["one process", "redis"])
def make(request: pytest.FixtureRequest) -> Iterator[MakeGovernor]:
    """Governors that share their slots with nobody (one process) or with each other (Redis)."""
    client = None if request.param == "one process" else request.getfixturevalue("redis_client")
    made: list[Governor] = []

    def governor(limit: int) -> Governor:
        made.append(Governor(limit, "1234567_SB1", client))
        return made[-1]

    yield governor
    for each in made:
        each.close()


def in_threads(*jobs: Callable[[], None]) -> list[threading.Thread]:
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    return threads


class Meter:
    """Counts who is inside."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.inside = self.most = self.total = 0

    def __enter__(self) -> None:
        with self._lock:
            self.inside += 1
            self.total += 1
            self.most = max(self.most, self.inside)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self.inside -= 1


def test_threads_never_pass_the_limit_and_all_get_their_turn(make: MakeGovernor) -> None:
    governor, meter = make(3), Meter()

    def work() -> None:
        for _ in range(8):
            with governor.slot() as in_flight, meter:
                assert 1 <= in_flight <= 3
                time.sleep(0.002)

    for thread in in_threads(*[work] * 8):
        thread.join(30)
    assert meter.total == 64
    assert meter.most <= 3


@pytest.fixture(params=["one process", "redis"])
def book(request: pytest.FixtureRequest) -> SlotBook:
    if request.param == "one process":
        return LocalSlots()
    return RedisSlots(request.getfixturevalue("redis_client"), "1234567_SB1")


def asks(book: SlotBook, owner: str, alone: bool = False) -> bool:
    return book.ask(owner, alone, limit=2, lease=30).given


def test_waiters_are_served_in_the_order_they_came(book: SlotBook) -> None:
    assert [asks(book, owner) for owner in "abcd"] == [True, True, False, False]
    book.give_back("a")
    assert not asks(book, "d"), "c came first"
    assert asks(book, "c")
    book.give_back("b")
    assert asks(book, "d")


def test_a_waiter_that_left_holds_nobody_up(book: SlotBook) -> None:
    assert [asks(book, owner) for owner in "abcd"] == [True, True, False, False]
    book.give_back("c")
    book.give_back("a")
    assert asks(book, "d")


def test_a_lone_request_waits_for_quiet_and_keeps_it(book: SlotBook) -> None:
    assert asks(book, "a")
    assert not asks(book, "lone", alone=True), "a is in flight"
    assert not asks(book, "b"), "a slot is free, but the lone request is in line"
    book.give_back("a")
    assert asks(book, "lone", alone=True)
    assert not asks(book, "b"), "the lone request is in flight"
    book.give_back("lone")
    assert asks(book, "b")


def test_waiting_ends_with_patience_or_when_stopping(make: MakeGovernor) -> None:
    governor, stopping = make(1), threading.Event()
    with governor.slot():
        with pytest.raises(TryAgain, match="1 in flight") as caught, governor.slot(patience=0.1):
            pytest.fail("one slot was given twice")
        assert caught.value.code == "slots-taken"
        stopping.set()
        with pytest.raises(TryAgain) as caught, governor.slot(stopping=stopping):
            pytest.fail("one slot was given twice")
        assert caught.value.code == "stopped"
    with governor.slot() as in_flight:
        assert in_flight == 1


def most_at_once(governor: Governor) -> int:
    """How many slots are to be had now."""
    try:
        with governor.slot(patience=0.02):
            return 1 + most_at_once(governor)
    except TryAgain:
        return 0


def test_too_many_requests_cost_slots_for_a_while(make: MakeGovernor, monkeypatch: pytest.MonkeyPatch) -> None:
    governor = make(4)
    governor.throttled()
    assert most_at_once(governor) == 3
    for _ in range(5):
        governor.throttled()
    assert most_at_once(governor) == 1

    monkeypatch.setattr("connectors.netsuite.slots.RECOVERY_SECONDS", 0.05)
    give_up = time.monotonic() + 10
    while most_at_once(governor) < 4:
        assert time.monotonic() < give_up


@pytest.mark.parametrize(
    ("limits", "left"),
    [
        (GovernanceLimits(5, 3, 2, "integrationSpecific"), 2),
        (GovernanceLimits(5, 3, None, "accountLimit"), 3),
        (GovernanceLimits(5, None, None, "internal"), 4),
        (GovernanceLimits(3, None, None, "accountLimit"), 3),
        (GovernanceLimits(5, 0, None, "accountLimit"), 1),
        (GovernanceLimits(5, 3, 0, "integrationSpecific"), 1),
        (GovernanceLimits(None, None, None, ""), 4),
        (GovernanceLimits(25, 20, 20, "accountLimit"), 4),
    ],
)
def test_never_more_than_netsuite_leaves_to_us(make: MakeGovernor, limits: GovernanceLimits, left: int) -> None:
    governor = make(4)
    governor.heed(limits)
    assert most_at_once(governor) == left


def _hold_and_tell(url: str, lease: float, tell: Connection) -> None:
    governor = Governor(1, "1234567_SB1", redis.Redis.from_url(url, socket_timeout=5), lease=lease)
    with governor.slot():
        tell.send("in")
        time.sleep(60)


def test_the_lease_of_a_killed_owner_ends_by_itself(redis_url: str, redis_client: "redis.Redis") -> None:
    hear, tell = SPAWN.Pipe()
    owner = SPAWN.Process(target=_hold_and_tell, args=(redis_url, 1.0, tell))
    owner.start()
    assert hear.recv() == "in"
    with closing(Governor(1, "1234567_SB1", redis_client)) as governor:
        with pytest.raises(TryAgain), governor.slot(patience=0.1):
            pytest.fail("the owner still lives")

        os.kill(owner.pid or 0, signal.SIGKILL)
        owner.join(10)
        with governor.slot(patience=20) as in_flight:
            assert in_flight == 1


def test_slots_of_a_killed_process_are_free_in_time_for_its_runs_to_be_taken_up() -> None:
    """A run is taken up within 15 s of a kill, of which a lost heartbeat takes its share."""
    assert LEASE_SECONDS < 10


def _fork_and_wait(url: str, tell: Connection) -> None:
    """Holds a slot, forks a child that renews its own leases, and is killed."""
    client = redis.Redis.from_url(url, socket_timeout=5)
    governor = Governor(2, "1234567_SB1", client, lease=0.6)
    with governor.slot():
        child = os.fork()
        if child == 0:
            client.connection_pool.reset()
            with governor.slot():
                tell.send(os.getpid())
                time.sleep(60)
        time.sleep(60)


def test_a_forked_child_does_not_keep_the_slots_of_its_dead_parent(
    redis_url: str, redis_client: "redis.Redis"
) -> None:
    hear, tell = SPAWN.Pipe()
    parent = SPAWN.Process(target=_fork_and_wait, args=(redis_url, tell))
    parent.start()
    child = hear.recv()
    try:
        os.kill(parent.pid or 0, signal.SIGKILL)
        with (
            closing(Governor(2, "1234567_SB1", redis_client)) as governor,
            governor.slot(patience=10) as in_flight,
        ):
            assert in_flight == 2
    finally:
        os.kill(child, signal.SIGKILL)
        parent.join(10)


def test_a_slot_whose_answer_was_lost_is_not_waited_for(redis_client: "redis.Redis") -> None:
    book = RedisSlots(redis_client, "1234567_SB1")
    for alone in (False, True):
        for _ in range(2):
            assert book.ask("a", alone, limit=1, lease=30) == (True, 1)
        assert not asks(book, "b", alone=True)
        book.give_back("a")
        book.give_back("b")


def test_a_long_call_keeps_its_lease(redis_client: "redis.Redis") -> None:
    brief = Governor(1, "1234567_SB1", redis_client, lease=0.3)
    with closing(brief), brief.slot(), pytest.raises(TryAgain) as caught, brief.slot(patience=1.0):
        pytest.fail("the lease was not renewed")
    assert caught.value.code == "slots-taken"


def _take_turns(url: str, tell: Connection) -> None:
    client = redis.Redis.from_url(url, socket_timeout=5)
    governor = Governor(3, "1234567_SB1", client)
    most = 0

    def work() -> None:
        nonlocal most
        for _ in range(10):
            with governor.slot():
                most = max(most, client.incr("inside"))
                time.sleep(0.001)
                client.decr("inside")

    for thread in in_threads(work, work, work):
        thread.join(30)
    tell.send(most)


def test_processes_never_pass_the_limit_together(redis_url: str) -> None:
    pipes = [SPAWN.Pipe() for _ in range(3)]
    processes = [SPAWN.Process(target=_take_turns, args=(redis_url, tell)) for _, tell in pipes]
    for process in processes:
        process.start()
    most = [hear.recv() for hear, _ in pipes]
    for process in processes:
        process.join(10)
    assert 1 <= max(most) <= 3


def test_accounts_do_not_share_slots(redis_client: "redis.Redis") -> None:
    one, other = Governor(1, "1", redis_client), Governor(1, "2", redis_client)
    with closing(one), closing(other), one.slot(), other.slot() as in_flight:
        assert in_flight == 1


def test_a_lost_redis_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.netsuite.governor._REDIS_PATIENCE", 0.0)
    monkeypatch.setattr("connectors.netsuite.governor._REDIS_PAUSE", 0.01)
    absent = redis.Redis.from_url("unix:///nowhere.sock", socket_timeout=1)
    governor = Governor(1, "1", absent)
    with pytest.raises(TryAgain) as caught, governor.slot():
        pytest.fail("without its book no slot may be given")
    assert caught.value.code == "slots-unreachable"
