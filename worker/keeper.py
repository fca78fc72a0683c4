"""Keeps the embedded servers of one data directory: `python -m worker.keeper DATA_DIR SOCKET_DIR [NAME=VALUE…]`.

Started by `worker.embedded`, which explains the lock files. The keeper starts PostgreSQL and Valkey, starts
one that died again, and stops both when `users.lock` is free. The servers ask the kernel to be ended with
the keeper, so that nothing is left behind even when the keeper itself is killed.
"""

import fcntl
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from worker.embedded_servers import Server, postgres, valkey

POLL_SECONDS = 0.1
RESTART_SECONDS = 0.5


def main(data_dir: Path, sockets: Path, options: Sequence[str]) -> None:
    """Goes into the background once it holds its lock; runs until nobody uses the servers, or until SIGTERM."""
    # Given up in reverse order: whoever gets the users' lock finds no keeper any more.
    with (data_dir / "users.lock").open("rb") as users, (data_dir / "keeper.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.fork():
            os._exit(0)
        stopping = _stop_requested()
        kept = [postgres(data_dir, sockets, options), valkey(data_dir, sockets)]
        try:
            for server in kept:
                server.start()
            _keep(kept, lambda: _say_ready(data_dir, sockets), lambda: stopping() or _nobody_uses(users.fileno()))
        finally:
            (data_dir / "ready").unlink(missing_ok=True)
            for server in kept:
                server.stop()
            shutil.rmtree(sockets, ignore_errors=True)


def _keep(kept: Sequence[Server], say_ready: Callable[[], None], done: Callable[[], bool]) -> None:
    started = False
    while not done():
        if not started and all(server.answers() for server in kept):
            say_ready()
            started = True
        for server in kept:
            if not server.lives():
                if not started:
                    raise SystemExit("a server ended while starting; its log says why")
                time.sleep(RESTART_SECONDS)
                server.start()
        time.sleep(POLL_SECONDS if started else POLL_SECONDS / 10)


def _say_ready(data_dir: Path, sockets: Path) -> None:
    new = data_dir / "ready.new"
    new.write_text(str(sockets))
    new.rename(data_dir / "ready")  # nobody reads half of it


def _nobody_uses(users: int) -> bool:
    """Takes the users' lock for good as soon as nobody shares it."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _stop_requested() -> Callable[[], bool]:
    received: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: received.append(number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return lambda: bool(received)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
