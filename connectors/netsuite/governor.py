"""Never more requests in flight than our share of the account's slots, over all processes.

A slot is a lease with an owner and an end, renewed while the call lasts; a killed owner's lease just ends.
"""

import contextlib
import os
import random
import threading
import time
import uuid
from collections.abc import Iterator
from typing import NamedTuple

import redis

from connectors.errors import TryAgain
from connectors.netsuite.codes import error
from connectors.netsuite.slots import Granted, LocalSlots, RedisSlots, SlotBook

LEASE_SECONDS = 9.0
"""A killed process's slots are free after so long. Renewed every third of it: one slow renewal costs nothing."""

PATIENCE_SECONDS = 600.0
"""How long a request waits for a slot before it gives up."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.005, 0.05
_REDIS_PATIENCE, _REDIS_PAUSE = 15.0, 0.5
_CLOSE_PATIENCE = 5.0


class GovernanceLimits(NamedTuple):
    """NetSuite's `governanceLimits`; None where the account does not say."""

    account: int | None
    unallocated: int | None
    integration: int | None
    kind: str

    @property
    def ours(self) -> int | None:
        """What is left to us: the integration's own slice, or else what was not given to other integrations."""
        if self.kind == "integrationSpecific":
            return self.integration
        return self.account if self.unallocated is None else self.unallocated


class Governor:
    """Hands out at most `limit` slots of an account at a time; safe to share between threads.

    With a Redis client (with socket timeouts) all processes share the slots; without, each process has its own.
    """

    def __init__(
        self,
        limit: int,
        account: str = "",
        client: "redis.Redis | None" = None,
        lease: float = LEASE_SECONDS,
    ) -> None:
        self.limit = limit
        self._lease = lease
        self._book: SlotBook = RedisSlots(client, account.upper()) if client is not None else LocalSlots()
        self._held: set[str] = set()
        self._keeper: threading.Thread | None = None
        self._closed = threading.Event()
        self._freed = threading.Condition()

    @contextlib.contextmanager
    def slot(
        self, alone: bool = False, stopping: threading.Event | None = None, patience: float = PATIENCE_SECONDS
    ) -> Iterator[int]:
        """Waits in line for a slot, holds it for the block; gives the number of requests in flight, with this one.

        `alone` waits until nothing else is in flight and keeps it so. Raises TryAgain: `slots-taken` after
        `patience` seconds, `slots-unreachable` when Redis is gone, `stopped` when `stopping` is set.
        """
        owner = f"{os.getpid()}-{uuid.uuid4().hex}"
        try:
            in_flight = self._wait(owner, alone, stopping or threading.Event(), patience)
            self._held.add(owner)
            self._keep_leases()
            yield in_flight
        finally:
            self._held.discard(owner)
            with contextlib.suppress(redis.RedisError):  # then the lease ends by itself
                self._book.give_back(owner)
            with self._freed:
                self._freed.notify_all()

    def throttled(self) -> None:
        """NetSuite said there are too many: everybody takes one slot less for a while."""
        with contextlib.suppress(redis.RedisError):
            self._book.shrink(self.limit)

    def heed(self, limits: GovernanceLimits) -> None:
        """Never more than NetSuite leaves to us, whatever `limit` says, but one; the other processes are told."""
        if limits.ours is not None:
            with contextlib.suppress(redis.RedisError):  # then NetSuite's refusals teach it
                self._book.set_ceiling(max(1, limits.ours))

    def close(self) -> None:
        """Ends the renewing of leases; the Redis client may be closed after it."""
        self._closed.set()
        if self._keeper:
            self._keeper.join(_CLOSE_PATIENCE)

    def _wait(self, owner: str, alone: bool, stopping: threading.Event, patience: float) -> int:
        give_up = time.monotonic() + patience
        redis_gives_up = None
        pause = _FIRST_PAUSE
        while True:
            try:
                granted = self._book.ask(owner, alone, self.limit, self._lease)
                redis_gives_up = None
            except redis.RedisError as problem:
                redis_gives_up = redis_gives_up or time.monotonic() + _REDIS_PATIENCE
                if time.monotonic() > redis_gives_up:
                    raise error(TryAgain, "slots-unreachable", f"Redis: {problem}") from problem
                granted, pause = Granted(False, 0), _REDIS_PAUSE
            if granted.given:
                return granted.in_flight
            with self._freed:  # a slot freed in this process is taken at once, one of another within the pause
                self._freed.wait(pause * random.uniform(0.8, 1.2))  # noqa: S311  not for secrets
            if stopping.is_set():
                raise error(TryAgain, "stopped", "Stopped while waiting for a request slot")
            if time.monotonic() > give_up:
                message = f"No request slot came free in {patience:g} s ({granted.in_flight} in flight)"
                raise error(TryAgain, "slots-taken", message)
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def _keep_leases(self) -> None:
        """One thread renews all leases of this process; after a fork the child starts its own."""
        if isinstance(self._book, RedisSlots) and not (self._keeper and self._keeper.is_alive()):
            self._keeper = threading.Thread(target=self._renew, name="netsuite-leases", daemon=True)
            self._keeper.start()

    def _renew(self) -> None:
        # A fork copies what its parent holds, and must not keep it alive after the parent's death.
        ours = f"{os.getpid()}-"
        while not self._closed.wait(self._lease / 3):
            if owners := [owner for owner in list(self._held) if owner.startswith(ours)]:
                with contextlib.suppress(redis.RedisError):
                    self._book.renew(owners, self._lease)
