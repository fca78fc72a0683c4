"""Runs the processes of termsync as children: starts the dead again, leaves none behind.

Each child is told by the kernel when this process dies (even by SIGKILL) and is the leader of its own process
group, so that Ctrl-C in a terminal reaches only this process, which passes it on as SIGTERM.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from types import TracebackType
from typing import Self

from models import migrate
from worker import database
from worker.embedded import revive, servers
from worker.errors import TermsyncError
from worker.lifeline import end_with_parent, stop_requested
from worker.logs import get_logger
from worker.settings import Settings

log = get_logger(__name__)

LOOK_SECONDS = 0.2
GRACE_SECONDS = 12.0  # a worker needs up to 10 s to reach the edge of a page
FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
HEALTHY_AFTER = 60.0  # a child that lived this long starts with the first delay again


@dataclass
class Child:
    """A process to keep running: its name in logs, its command, and what to add to the environment."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def prepared(settings: Settings, also: Sequence[Child] = ()) -> Iterator["Supervisor"]:
    """All processes of termsync and those of `also`, not yet started; their servers run, the schema is in place.

    Embedded servers are started, migrated and kept alive. A configured database is only checked: its schema is
    changed by `termsync migrate`. Raises DependencyUnreachable.
    """
    with servers(settings) as addresses:
        if settings.database_url is None:
            migrate.upgrade(addresses.database_url)
        database.check(addresses.database_url)
        environment = _environment(settings)
        uses_embedded = settings.database_url is None or settings.redis_url is None
        keep_alive = partial(revive, settings.data_dir) if uses_embedded else lambda: None
        others = [replace(child, environment={**environment, **child.environment}) for child in also]
        yield Supervisor([*children(settings, environment), *others], keep_alive=keep_alive)


def _environment(settings: Settings) -> dict[str, str]:
    """Where the children find their servers. Embedded ones they join, so that the servers outlive this process
    for as long as a child still has a page to finish."""
    configured = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
    return {
        "TERMSYNC_DATA_DIR": str(settings.data_dir.resolve()),
        **{name: url.get_secret_value() for name, url in configured.items() if url is not None},
    }


def children(settings: Settings, environment: Mapping[str, str]) -> list[Child]:
    """Workers (one process for each queue, so that neither a long pull nor
    a receiver that hangs ever delays an expiry) and scheduler.

    `environment` says where their servers are; each gets its own metrics port, counted from the setting.
    """
    commands = {
        "worker-short": ["-m", "worker.queue.process", "short", "4"],
        "worker-long": ["-m", "worker.queue.process", "long", "4"],
        "scheduler": ["-m", "worker.scheduler"],
        "worker-calls": ["-m", "worker.queue.process", "calls", "8"],
    }
    return [
        Child(name, [sys.executable, *command], {**environment, **_metrics(settings, offset)})
        for offset, (name, command) in enumerate(commands.items())
    ]


def _metrics(settings: Settings, offset: int) -> dict[str, str]:
    if not settings.metrics_port:
        return {}
    return {"TERMSYNC_METRICS_PORT": str(settings.metrics_port + offset)}


class Supervisor:
    """`run()` blocks until a signal; or use it as a context and call `watch()` now and then.

    `keep_alive` is called along with every look at the children; it may start what they depend on again.
    """

    def __init__(
        self,
        children: Sequence[Child],
        *,
        grace: float = GRACE_SECONDS,
        keep_alive: Callable[[], None] = lambda: None,
    ) -> None:
        self._kept = [_Kept(child) for child in children]
        self._grace = grace
        self._keep_alive = keep_alive

    def run(self) -> None:
        """Keeps the children running until SIGTERM, SIGINT or SIGHUP, then stops them. Main thread only."""
        with stop_requested() as stop, self:
            while not stop.wait(LOOK_SECONDS):
                self.watch()

    def __enter__(self) -> Self:
        for kept in self._kept:
            kept.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def watch(self) -> None:
        """Starts again what has ended, after a delay that doubles with every short life."""
        try:
            self._keep_alive()
        except TermsyncError as error:
            log.error("not-kept-alive", code=error.code, reason=error.message)
        for kept in self._kept:
            kept.watch()

    def stop(self) -> None:
        """Ends all children: SIGTERM, and SIGKILL to the whole process group after the grace."""
        deadline = time.monotonic() + self._grace
        for kept in self._kept:
            kept.ask_to_stop()
        for kept in self._kept:
            kept.end(deadline)


class _Kept:
    """A child, its present process and when it may be started again."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._delay = FIRST_DELAY
        self._start_at: float | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._child.command,
            env={**os.environ, **self._child.environment},
            stdin=subprocess.DEVNULL,
            process_group=0,
            preexec_fn=partial(end_with_parent, signal.SIGTERM, os.getpid()),
        )
        self._started, self._start_at = time.monotonic(), None
        log.info("child-started", child=self._child.name, pid=self._process.pid)

    def watch(self) -> None:
        if self._process is None or self._process.poll() is None:
            return
        now = time.monotonic()
        if self._start_at is None:
            self._delay = FIRST_DELAY if now - self._started > HEALTHY_AFTER else self._delay
            self._start_at = now + self._delay
            log.error("child-ended", child=self._child.name, code=self._process.returncode, again_in=self._delay)
            self._delay = min(self._delay * 2, LONGEST_DELAY)
        elif now >= self._start_at:
            self.start()

    def ask_to_stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def end(self, deadline: float) -> None:
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.error("child-killed", child=self._child.name, pid=self._process.pid)
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
