"""The demo as a newcomer sees it: everything comes up, things happen, and Ctrl-C leaves nothing behind."""

import fcntl
import re
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest
from commands import Termsync
from processes import command_line, gone, tree

PATIENCE = 100.0  # seconds for everything to have happened once, on a busy machine
WANTED = {
    "the first pull": r"run 1 \(full\) ok: 300 read, 300 new",
    "the roster": r"roster\.csv is imported: 2\d\d users, \d+ enrollments, 2 bad lines",
    "who can sign in": r"sign in, password \S+: admin@demo.example \(admin\)",
    "orders arriving": r"\d+ orders arrived",
    "the sales desk": r"sales +order SO\d+ is shortened",
    "an order accepted": r"order SO\d+: \d{4}-\d\d-\d\d → \d{4}-\d\d-\d\d",
    "an expiry with its reason and its run": r"expired: the order was shortened \(SO\d+\) \[reconcile, run \d+\]",
    "a hold of the guard": r"HOLD \d+: \d+ orders kept back",
    "a decision": r"hold \d+ (rejected|approved) by ops",
}


@pytest.fixture
def demo(tmp_path: Path) -> "subprocess.Popen[str]":
    return Termsync(tmp_path, {}).start("demo", "--speed", "6", "--seconds", "150")


@pytest.mark.timeout(240)
def test_everything_happens_and_nothing_is_left(demo: "subprocess.Popen[str]", tmp_path: Path) -> None:
    with demo:
        missing = _read_until_all_were_seen(demo)
        processes = tree(demo.pid)
        demo.send_signal(signal.SIGINT)
        said, _ = demo.communicate(timeout=PATIENCE)
    assert missing == set()
    assert demo.returncode == 0
    assert "Nothing is left running." in said
    assert len(processes) >= 7  # demo, mock, two workers with a child each, scheduler
    assert gone(processes, seconds=0)
    assert _of_folder(tmp_path) == []


def _read_until_all_were_seen(demo: "subprocess.Popen[str]") -> set[str]:
    """Reads line after line; returns what was not among them when patience ended."""
    assert demo.stdout is not None
    missing = dict(WANTED)
    deadline = time.monotonic() + PATIENCE
    while missing and (left := deadline - time.monotonic()) > 0:
        if not select.select([demo.stdout], [], [], left)[0]:
            break
        line = demo.stdout.readline()
        if not line:
            break
        missing = {what: pattern for what, pattern in missing.items() if not re.search(pattern, line)}
    return set(missing)


def _of_folder(folder: Path) -> list[list[str]]:
    """Command lines of processes that were started for this folder."""
    found = (command_line(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [words for words in found if any(str(folder) in word for word in words)]


def test_two_demos_do_not_share_a_directory(tmp_path: Path) -> None:
    termsync = Termsync(tmp_path, {})
    folder = tmp_path / "data" / "demo"
    folder.mkdir(parents=True)
    with (folder / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = termsync("demo", "--seconds", "5")
    assert (refused.code, "Error demo-running" in refused.err) == (1, True)
