"""Running `termsync` as people do: a process of its own, with an environment and nothing else."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processes import PATIENCE

OURS = ("NETSUITE_", "TERMSYNC_", "DATABASE_URL", "REDIS_URL")


@dataclass(frozen=True)
class Result:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        found: dict[str, Any] = json.loads(self.out)
        return found


class Termsync:
    """The command with the settings `variables`, in the directory `folder`."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self.folder = folder
        self.variables = dict(variables)

    def environment(self, **changes: str | None) -> dict[str, str]:
        """What the process gets: no setting of the surroundings, these settings, and `changes` (None: unset)."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        chosen = {"TERMSYNC_ENV_FILE": os.devnull, "TERMSYNC_DATA_DIR": str(self.folder / "data")}
        wanted = {**inherited, **chosen, **self.variables, **changes}
        return {name: value for name, value in wanted.items() if value is not None}

    def __call__(self, *arguments: str, typed: str = "", **changes: str | None) -> Result:
        """Runs it to its end. `typed` is what stdin holds, `changes` are settings for this call."""
        done = subprocess.run(
            [sys.executable, "-m", "worker.cli", *arguments],
            env=self.environment(**changes),
            cwd=self.folder,
            input=typed,
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Result(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str, **changes: str | None) -> "subprocess.Popen[str]":
        """Starts it and hands over the process, its output in one pipe."""
        return subprocess.Popen(
            [sys.executable, "-m", "worker.cli", *arguments],
            env=self.environment(**changes),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
        )
