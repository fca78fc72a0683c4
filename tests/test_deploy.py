"""Procfile, compose, systemd and Kubernetes start the same processes, and together these do all work."""

import re
from pathlib import Path
from typing import Any

import dramatiq
import pytest
from typer.main import get_command

from worker import supervisor
from worker.cli import worker
from worker.queue import actors, broker
from worker.settings import load

ROOT = Path(__file__).parent.parent
# How each kind of file says what termsync is started with.
STARTS = {
    "Procfile": r"^\w+: termsync (.+)$",
    "deploy/compose.yaml": r"<<: \*termsync\n +command: \[(.+?)\]",
    "deploy/kubernetes/*.yaml": r"\bargs: \[(.+?)\]",
    "deploy/systemd/*.service": r"^ExecStart=/opt/termsync/bin/termsync (.+)$",
}
QUEUES = {actor.queue_name for actor in vars(actors).values() if isinstance(actor, dramatiq.Actor)}


def started(files: str) -> list[list[str]]:
    """What `files` start: the words behind `termsync`, process by process."""
    text = "\n".join(path.read_text() for path in sorted(ROOT.glob(files)))
    return [re.sub(r"[\",]", "", words).split() for words in re.findall(STARTS[files], text, re.M)]


def workers(files: str) -> list[dict[str, Any]]:
    """The options of the workers among them, as the program itself reads them."""
    command = get_command(worker.app)
    options = [words[1:] for words in started(files) if words[0] == "worker"]
    return [command.make_context("worker", words).params for words in options]


@pytest.mark.parametrize("files", STARTS)
def test_every_file_starts_every_process(files: str) -> None:
    prepares = [] if "systemd" in files else ["migrate"]  # there it is a step of the installation
    assert sorted(words[0] for words in started(files)) == [*prepares, "scheduler", "web", "worker", "worker"]


@pytest.mark.parametrize("files", STARTS)
def test_every_queue_is_taken_and_that_of_calls_by_a_process_of_its_own(files: str) -> None:
    taken = [(set(found["queue"]), found["threads"]) for found in workers(files)]
    assert set.union(*(queues for queues, _ in taken)) == QUEUES
    assert ({broker.CALLS}, 8) in taken
    assert all(queues == {broker.CALLS} for queues, _ in taken if broker.CALLS in queues)


def test_termsync_up_takes_every_queue() -> None:
    commands = [child.command for child in supervisor.children(load(), {})]
    named = [command[3].split(",") for command in commands if command[2] == "worker.queue.process"]
    assert {queue for queues in named for queue in queues} == QUEUES


def test_a_worker_that_is_told_no_queue_takes_every_queue() -> None:
    assert set(broker.QUEUES) == QUEUES


def test_processes_on_one_machine_may_each_have_a_port_for_metrics() -> None:
    """Two that share one are one that is not seen."""
    units = {path.stem: path.read_text() for path in (ROOT / "deploy/systemd").glob("*.service")}
    own = {name: re.findall(r"^EnvironmentFile=-/etc/(.+)$", unit, re.M) for name, unit in units.items()}
    assert own["termsync-calls"] == ["termsync/calls"]
    assert own["termsync-scheduler"] == ["termsync/scheduler"]
    example = (ROOT / "deploy/env.example").read_text()
    assert "/etc/termsync/calls" in example
    assert "/etc/termsync/scheduler" in example
