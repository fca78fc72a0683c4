"""Slots at NetSuite whose holder is killed, while others go on using theirs."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest
import redis
from dramatiq.rate_limits import ConcurrentRateLimiter
from dramatiq.rate_limits.backends import RedisBackend
from processes import PATIENCE, eventually

from connectors.netsuite.governor import Governor

SLOTS = 2
SECONDS = 0.5  # of a lease, and of the life of dramatiq's counter
HOLDER = """
import sys
import redis
from connectors.netsuite.governor import Governor
client = redis.Redis.from_url(sys.argv[1], socket_timeout=5)
with Governor(2, "1", client, lease=0.5).slot():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def governor(redis_url: str) -> Iterator[Governor]:
    with redis.Redis.from_url(redis_url, socket_timeout=5) as client:
        governor = Governor(SLOTS, "1", client, lease=SECONDS)
        yield governor
        governor.close()


@pytest.fixture
def killed_holder(redis_url: str) -> None:
    """A process that was killed while it held a slot."""
    command = [sys.executable, "-c", HOLDER, redis_url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait(PATIENCE)


@pytest.mark.usefixtures("killed_holder")
def test_d6_the_slot_of_a_killed_holder_comes_free_while_others_are_used(governor: Governor) -> None:
    def alone() -> bool:
        with governor.slot() as in_flight:  # what renews dramatiq's counter
            return in_flight == 1

    assert eventually(alone)
    with governor.slot(), governor.slot() as in_flight:
        assert in_flight == SLOTS


def test_d6_stock_never_gives_back_a_slot_while_others_are_used(redis_client: redis.Redis) -> None:
    backend = RedisBackend(client=redis_client)
    limiter = ConcurrentRateLimiter(  # type: ignore[no-untyped-call]
        backend, "netsuite", limit=SLOTS, ttl=round(SECONDS * 1000)
    )

    def slot() -> AbstractContextManager[bool]:
        return limiter.acquire(raise_on_failure=False)

    lost = slot()
    lost.__enter__()  # by a holder that is never heard of again
    for _ in range(round(3 * SECONDS / 0.05)):
        redis_client.blpop(["nothing"], timeout=0.05)
        with slot() as first, slot() as second:
            assert (first, second) == (True, False)
