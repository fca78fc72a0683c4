"""How processes end: with their parent, and when they are asked to."""

import ctypes
import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PR_SET_PDEATHSIG = 1
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def end_with_parent(number: signal.Signals, parent: int) -> None:
    """Asks the kernel to send `number` to this process when its parent dies, however that happens.

    `parent` is its process id as known before the fork: one that has died since then sends nothing any more, so
    this process sends the signal itself. Linux only; elsewhere the parent has to stop its children. Safe between
    fork and exec; must come after a change of user, which clears it.
    """
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:
            os.kill(os.getpid(), number)


class StopRequest:
    """Whether this process was asked to stop.

    A pipe, not a threading.Event: a signal that arrives while the main thread is inside Event.wait would find the
    event's lock held by the very thread it interrupts.
    """

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)

    def set(self) -> None:
        with suppress(BlockingIOError):  # asked thousands of times already
            os.write(self._write, b".")

    def wait(self, seconds: float | None = None) -> bool:
        """Waits until asked to stop, for `seconds` at most; returns whether that has happened."""
        return bool(select.select([self._read], [], [], seconds)[0])

    def close(self) -> None:
        os.close(self._read)
        os.close(self._write)


@contextmanager
def stop_requested() -> Iterator[StopRequest]:
    """A request that SIGTERM, SIGINT and SIGHUP make. For the main thread."""
    stop = StopRequest()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in STOP_SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        stop.close()
