"""The supervisor as a process of its own: children that die, that do not listen, that are orphaned."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import PATIENCE, find, gone, tree

from worker import supervisor
from worker.errors import DependencyUnreachable
from worker.settings import load
from worker.supervisor import Child, Supervisor

SUPERVISOR = """
import sys
from worker import logs, settings
from worker.supervisor import Child, Supervisor
logs.configure(settings.load(log_format="json"))
label, program = sys.argv[1:]
Supervisor([Child(n, [sys.executable, "-c", program, label, n]) for n in ("one", "two")], grace=1).run()
"""
# Says on standard output that it runs, then waits.
PATIENT = "import os, sys, time; os.write(1, sys.argv[2].encode() + b'\\n'); time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + PATIENT


@pytest.fixture
def label(request: pytest.FixtureRequest) -> Iterator[str]:
    """A word among the arguments of every process of the test."""
    word = f"{request.node.name}-{os.getpid()}"
    yield word
    left = [pid for pid in find(word) if not gone([pid])]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == []


def _supervisor(label: str, program: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, label, program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert {_line(process), _line(process)} == {"one", "two"}
    return process


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.readline().strip()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stop_signal_ends_everything_cleanly(label: str, number: signal.Signals) -> None:
    process = _supervisor(label, PATIENT)
    processes = tree(process.pid)
    process.send_signal(number)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert gone(processes)


def test_ctrl_c_reaches_the_children_only_as_a_request_to_stop(label: str) -> None:
    tell = "import signal, sys; signal.signal(signal.SIGINT, lambda *_: print('interrupted', flush=True)); "
    process = _supervisor(label, tell + PATIENT)
    os.killpg(process.pid, signal.SIGINT)  # what a terminal does
    out, _ = process.communicate(timeout=PATIENCE)
    assert "interrupted" not in out


def test_a_child_that_dies_is_started_again(label: str) -> None:
    process = _supervisor(label, PATIENT)
    (victim,) = set(find(label, "one")) - {process.pid}
    os.kill(victim, signal.SIGKILL)
    assert _line(process) == "one"
    process.terminate()
    _, log = process.communicate(timeout=PATIENCE)
    assert '"code": -9' in log


def test_a_child_that_does_not_listen_is_killed_after_the_grace(label: str) -> None:
    process = _supervisor(label, STUBBORN)
    processes = tree(process.pid)
    process.terminate()
    _, log = process.communicate(timeout=PATIENCE)
    assert log.count("child-killed") == 2
    assert gone(processes)


def test_a_killed_supervisor_leaves_no_child_behind(label: str) -> None:
    process = _supervisor(label, PATIENT)
    processes = tree(process.pid)
    process.kill()
    process.communicate(timeout=PATIENCE)
    assert gone(processes)


def test_the_delay_before_a_new_start_doubles_and_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_DELAY", 0.01)
    monkeypatch.setattr(supervisor, "LONGEST_DELAY", 0.04)
    delays: list[float] = []
    monkeypatch.setattr(supervisor.log, "error", lambda _event, **fields: delays.append(fields["again_in"]))
    with Supervisor([Child("brief", [sys.executable, "-c", ""])]) as keeping:
        while len(delays) < 4:
            keeping.watch()
    assert delays == [0.01, 0.02, 0.04, 0.04]


def test_what_children_depend_on_is_kept_alive_too() -> None:
    calls: list[None] = []
    with Supervisor([], keep_alive=lambda: calls.append(None)) as keeping:
        keeping.watch()
    assert len(calls) == 1


def test_children_are_kept_running_while_what_they_depend_on_cannot_be_revived() -> None:
    def fail() -> None:
        raise DependencyUnreachable("embedded-server-not-started", "It did not start.", "Read the logs.")

    with Supervisor([], keep_alive=fail) as keeping:
        keeping.watch()


def test_each_process_of_termsync_gets_its_own_metrics_port() -> None:
    found = supervisor.children(load(metrics_port=9100), {"DATABASE_URL": "postgresql://db/x"})
    assert [child.name for child in found] == ["worker-short", "worker-long", "scheduler", "worker-calls"]
    assert [child.environment["TERMSYNC_METRICS_PORT"] for child in found] == ["9100", "9101", "9102", "9103"]
    assert {child.environment["DATABASE_URL"] for child in found} == {"postgresql://db/x"}
