"""The worker process: dramatiq's command line, run in-process with the project's settings.

dramatiq forks one child that does the work and ends when that child ends; the supervisor starts it again.
"""

import os
import sys
import time
from collections.abc import Sequence
from multiprocessing import parent_process
from signal import SIGTERM
from threading import Thread

from dramatiq import cli

from worker import database, logs, metrics, settings
from worker.embedded import servers
from worker.queue import broker
from worker.queue.broker import QUEUES

ACTORS = ("worker.queue.actors",)
# SIGTERM is answered at the next page edge. What has not ended by then is taken up by another worker.
SHUTDOWN_MILLISECONDS = 8_000
# How long the master waits for its child's boot before it begins to look whether the child lives.
BOOT_MILLISECONDS = 1_000
# How long a child may take to its end after its master has died.
ORPHAN_SECONDS = SHUTDOWN_MILLISECONDS / 1000 + 2


def main(queues: Sequence[str] = QUEUES, threads: int = 4, actors: Sequence[str] = ACTORS) -> int:
    """Works on `queues` with `threads` threads until SIGTERM or SIGINT; returns an exit code.

    `actors` are the modules that declare them. Raises DependencyUnreachable when PostgreSQL or Redis does not
    answer, and SettingInvalid; both before any work starts.
    """
    configured = settings.load()
    logs.configure(configured)
    with servers(configured) as addresses:
        database.check(addresses.database_url)
        broker.check(addresses.redis_url)
        # For the child: it finds its settings where everybody does.
        os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = addresses
        return _run_dramatiq(queues, threads, actors)


def _run_dramatiq(queues: Sequence[str], threads: int, actors: Sequence[str]) -> int:
    arguments = [
        *("--processes", "1", "--threads", str(threads), "--skip-logging"),
        *("--worker-shutdown-timeout", str(SHUTDOWN_MILLISECONDS)),
        *("--worker-fork-timeout", str(BOOT_MILLISECONDS)),
        "worker.queue.process:boot",
        *actors,
        *("--queues", *queues),
    ]
    parsed = cli.make_argument_parser().parse_args(arguments)  # type: ignore[no-untyped-call]
    return int(cli.main(parsed) or 0)  # type: ignore[no-untyped-call]


def boot() -> None:
    """The first thing the child does. An error here ends it, unlike one in a boot hook of dramatiq."""
    Thread(target=_end_with_master, name="end-with-master", daemon=True).start()
    configured = settings.load()
    logs.configure(configured)
    assert configured.database_url is not None
    assert configured.redis_url is not None
    broker.resources.configure(configured, configured.database_url.get_secret_value())
    broker.broker.connect(configured.redis_url.get_secret_value())
    metrics.serve(configured)


def _end_with_master() -> None:
    """Ends this process when its master has died, at the next page edge if it comes in time.

    Not by a signal from the kernel: the master may be dead before that was asked for. And in dramatiq a child
    whose master died while it waited for the child's boot waits for ever, deaf to SIGTERM.
    """
    master = parent_process()
    assert master is not None
    master.join()
    os.kill(os.getpid(), SIGTERM)
    time.sleep(ORPHAN_SECONDS)
    os._exit(1)


if __name__ == "__main__":  # python -m worker.queue.process QUEUE[,QUEUE] THREADS
    sys.exit(main(sys.argv[1].split(","), int(sys.argv[2])))
