"""What is known about an account and our login: whether NetSuite took it, and whether to keep still if not."""

import contextlib
import threading
import time
from collections.abc import Iterator

from connectors.errors import ConnectorError, TryAgain
from connectors.netsuite.codes import error
from connectors.netsuite.faults import CLOCK_SKEW
from connectors.netsuite.refusals import LocalRefusals, RefusalBook

_LOOK_SECONDS = 0.1
_NEVER = float("-inf")


class Standing:
    """Of one login in one process; safe to share between threads. `shared`: what other processes were told."""

    def __init__(self, shared: RefusalBook | None = None) -> None:
        self.tells_time = True
        """Whether the account has an address for its clock, as far as is known."""
        self._turn = threading.Lock()
        self._accepted_at = _NEVER
        self._here = LocalRefusals()
        self._shared = shared or self._here

    @property
    def was_refused(self) -> bool:
        """Whether the last that was heard of it is a refusal."""
        return (self._here.last() or self._shared.last()) is not None

    def accepted_since(self, moment: float) -> bool:
        """`moment` as time.monotonic() tells it."""
        return self._accepted_at >= moment

    def accepted(self) -> None:
        if self._accepted_at == _NEVER:
            self._here.forget()
            self._shared.forget()
        self._accepted_at = time.monotonic()

    def refused(self, cause: ConnectorError) -> None:
        self._here.note(cause)
        if cause.code != CLOCK_SKEW:  # a wrong clock is of this machine alone
            self._shared.note(cause)
        self._accepted_at = _NEVER

    def keep_still(self) -> None:
        """Raises the refusal while it is fresh, whichever process was told."""
        for refusal in (self._here.last(), self._shared.last()):
            if refusal is not None and refusal.is_fresh:
                raise refusal.cause.with_traceback(None)

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
