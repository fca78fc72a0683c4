"""The real worker process, asked for runs as everybody asks, and watched from outside."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from worker import clock
from worker.lifeline import end_with_parent
from worker.pipeline import runs
from worker.pipeline.scope import Scope
from worker.queue import doorbell
from worker.queue.broker import broker

from .account import Account
from .bench import Database

PATIENCE = 900.0  # s
LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Run:
    """A run that has ended: seconds from its claim to its end by the database's clock, and its counts."""

    seconds: float
    outcome: str
    counts: dict[str, int]


class Worker:
    """One worker process with a Valkey database of its own."""

    def __init__(self, database: Database, redis_url: str) -> None:
        self._database = database
        self._redis_url = redis_url

    def pull(self, scope: str) -> Run:
        """Asks for a pull, rings, and waits for its end. Anything but `done` is an error."""
        with self._database.sessions.begin() as session:
            run_id, _ = runs.request_pull(session, Scope.parse(scope), "bench")
        self.listen()
        doorbell.ring_run(run_id)
        with self._database.connect() as connection:
            deadline = time.monotonic() + PATIENCE
            while time.monotonic() < deadline:
                row: Any = connection.execute(
                    "select state, outcome, counts, error_detail, extract(epoch from finished_at - started_at)"
                    " from sync_run where id = %s and finished_at is not null",
                    [run_id],
                ).fetchone()
                if row is not None:
                    assert row[0] == "done", row[3]
                    return Run(float(row[4]), row[1], row[2])
                time.sleep(LOOK_SECONDS)
        raise TimeoutError(f"{scope} did not end in {PATIENCE:g} s")

    def listen(self) -> None:
        """Points this process's doorbell at the worker."""
        broker.connect(self._redis_url)

    def peak_memory(self) -> float:
        """The most resident memory the working process ever had, in MB (VmHWM)."""
        pid = self._database.scalar("select pid from worker_process order by started_at desc limit 1")
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
        raise AssertionError("the kernel does not say VmHWM")


@contextmanager
def worker(
    database: Database, redis_url: str, source: Account | None, queue: str = "long", **settings: str
) -> Iterator[Worker]:
    """`python -m worker.queue.process` as the supervisor starts it; ready when this returns."""
    environment = worker_environment(database, redis_url, source) | settings
    process = subprocess.Popen(
        [sys.executable, "-m", "worker.queue.process", queue, "4"],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        preexec_fn=partial(end_with_parent, signal.SIGTERM, os.getpid()),
    )
    try:
        wait_until(lambda: bool(database.scalar("select count(*) from worker_process")), "no worker has started")
        yield Worker(database, redis_url)
    finally:
        process.terminate()
        process.wait(timeout=30)


def worker_environment(database: Database, redis_url: str, source: Account | None) -> dict[str, str]:
    """The variables a worker is configured by."""
    servers = {"DATABASE_URL": database.url, "REDIS_URL": redis_url}
    return servers | (source.environment if source else {})


def wait_until(holds: Any, otherwise: str, patience: float = PATIENCE) -> None:
    """Waits until `holds()`; TimeoutError saying `otherwise` after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(otherwise)
        time.sleep(LOOK_SECONDS)


def database_clock(database: Database) -> float:
    """The database's clock, in seconds."""
    with database.sessions() as session:
        return clock.now(session).timestamp()
