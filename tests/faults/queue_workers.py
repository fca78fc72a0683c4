"""Real worker processes for tests that kill them."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from processes import PATIENCE, gone, tree

HERE = Path(__file__).parent
WORKER = """
import sys
from worker.queue.process import main
sys.exit(main(sys.argv[1].split(","), 2, sys.argv[2:]))
"""


class Workers:
    """Worker processes of one test; `actors` are the modules they load, `queues` what they take work of."""

    def __init__(
        self, database_url: str, redis_url: str, actors: str, queues: str = "short,long", **environment: str
    ) -> None:
        self.environment: Mapping[str, str] = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent)]),
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            **environment,
        }
        self._actors = actors
        self._queues = queues
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, *faults: str) -> "subprocess.Popen[bytes]":
        """A new master with its one working child, which loads the modules `faults` too."""
        command = [sys.executable, "-c", WORKER, self._queues, self._actors, *faults]
        process = subprocess.Popen(command, env=self.environment)
        self._started.append(process)
        return process

    def end(self) -> None:
        """Kills every one and all of their children."""
        pids = [pid for process in self._started for pid in tree(process.pid)]
        for process in self._started:
            process.kill()
        for pid in pids:
            if not gone([pid], 0):
                os.kill(pid, signal.SIGKILL)
        for process in self._started:
            process.wait(PATIENCE)
