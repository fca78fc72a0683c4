"""Looking at processes by /proc, and waiting for what they do; for tests that kill them."""

import os
import select
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from tenacity import Retrying, retry_if_exception_type, retry_if_not_result, stop_after_delay, wait_fixed

PATIENCE = 90.0  # seconds: long enough for a busy machine, short enough to notice a hang


def eventually(condition: Callable[[], bool], *tolerated: type[Exception]) -> bool:
    """Whether `condition` comes true within PATIENCE; errors of the kinds `tolerated` count as not yet."""
    waiting = Retrying(
        stop=stop_after_delay(PATIENCE),
        wait=wait_fixed(0.05),
        retry=retry_if_not_result(bool) | retry_if_exception_type(tolerated),
        retry_error_callback=lambda _state: False,
    )
    return waiting(condition)


def command_line(pid: int) -> list[str]:
    """The arguments of a process; empty when it is gone or a zombie."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    return []


def find(*words: str) -> list[int]:
    """Processes that have every one of `words` among their arguments."""
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in pids if set(words) <= set(command_line(pid))]


def children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def tree(pid: int) -> list[int]:
    """A process and all of its descendants."""
    return [pid, *(below for child in children(pid) for below in tree(child))]


def name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def gone(pids: Iterable[int], seconds: float = PATIENCE) -> bool:
    """Whether all of `pids` have ended within `seconds`; zombies count as ended."""
    deadline = time.monotonic() + seconds
    return all(_ended(pid, deadline) for pid in pids)


def _ended(pid: int, deadline: float) -> bool:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0])
    finally:
        os.close(descriptor)
