"""What is known about an account and our login: whether NetSuite took it, and how long to keep still if not.

Five refused logins lock a token for half an hour, also for the right secret that comes after them.
"""

import contextlib
import threading
import time
from collections.abc import Iterator

from connectors.errors import ConnectorError, TryAgain
from connectors.netsuite.codes import error

REFUSAL_SECONDS = 600.0
"""After a confirmed refusal nothing is sent for so long."""

_LOOK_SECONDS = 0.1
_NEVER = float("-inf")


class Standing:
    """Of one login in one process; safe to share between threads."""

    def __init__(self) -> None:
        self.tells_time = True
        """Whether the account has an address for its clock, as far as is known."""
        self._turn = threading.Lock()
        self._accepted_at = _NEVER
        self._refusal: tuple[ConnectorError, float] | None = None

    @property
    def was_refused(self) -> bool:
        """Whether the last that was heard of it is a refusal."""
        return self._refusal is not None

    def accepted_since(self, moment: float) -> bool:
        """`moment` as time.monotonic() tells it."""
        return self._accepted_at >= moment

    def accepted(self) -> None:
        self._accepted_at = time.monotonic()
        self._refusal = None

    def refused(self, cause: ConnectorError) -> None:
        self._refusal = (cause, time.monotonic() + REFUSAL_SECONDS)
        self._accepted_at = _NEVER

    def keep_still(self) -> None:
        """Raises the refusal while it is fresh."""
        refusal = self._refusal
        if refusal and time.monotonic() < refusal[1]:
            raise refusal[0].with_traceback(None)

    @contextlib.contextmanager
    def one_by_one(self, stopping: threading.Event) -> Iterator[None]:
        """Lets one thread at a time in until the login is accepted, so that a wrong one is not refused to all.

        Raises TryAgain `stopped` when `stopping` is set meanwhile.
        """
        with contextlib.ExitStack() as turn:
            while self._accepted_at == _NEVER:
                if self._turn.acquire(timeout=_LOOK_SECONDS):
                    turn.callback(self._turn.release)
                    break
                if stopping.is_set():
                    raise error(TryAgain, "stopped", "Stopped while waiting for the first login")
            yield
