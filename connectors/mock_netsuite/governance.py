"""The account's concurrency limit: requests really in flight, counted."""

from __future__ import annotations

import threading

from connectors.mock_netsuite import problems


class Slot:
    """One request in flight; `release` may be called more than once."""

    def __init__(self, governance: Governance) -> None:
        self._governance: Governance | None = governance

    def release(self) -> None:
        governance, self._governance = self._governance, None
        if governance is not None:
            governance.leave()


class Governance:
    """At most `limit` requests at a time; one more is refused, at once or after a wait."""

    def __init__(self, limit: int, over_limit: str, queue_seconds: float, retry_after: float | None) -> None:
        self.limit, self.over_limit = limit, over_limit
        self.queue_seconds, self.retry_after = queue_seconds, retry_after
        self._free = threading.Condition()
        self.in_flight = 0
        self.most_in_flight = 0
        self.refused = 0

    def enter(self, challenge: str) -> Slot:
        """Takes a slot. Over the limit: 429, or a wait and then the 401 of an overloaded account."""
        with self._free:
            if self.in_flight >= self.limit and not self._wait():
                self.refused += 1
                if self.over_limit == "429":
                    raise problems.too_many_requests(self.retry_after)
                raise problems.invalid_login(challenge)
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
        return Slot(self)

    def _wait(self) -> bool:
        if self.over_limit == "429":
            return False
        return self._free.wait_for(lambda: self.in_flight < self.limit, self.queue_seconds)

    def leave(self) -> None:
        with self._free:
            self.in_flight -= 1
            self._free.notify()

    def forget(self) -> None:
        """Starts the maxima anew; what is in flight stays counted."""
        with self._free:
            self.most_in_flight, self.refused = self.in_flight, 0
