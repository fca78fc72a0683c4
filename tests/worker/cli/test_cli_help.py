"""Help is there for every command, and asking for it loads nothing that takes time."""

import subprocess
import sys

import pytest
from commands import Termsync
from typer.main import get_command

from worker.cli import COMMANDS, app

pytest_plugins = ("configured_command",)

HEAVY = {"sqlalchemy", "pydantic", "rich", "dramatiq", "redis", "requests", "duckdb", "structlog", "alembic"}


def _command_lines() -> list[tuple[str, ...]]:
    root = get_command(app)
    found: list[tuple[str, ...]] = [()]
    for name in COMMANDS:
        command = root.get_command(None, name)  # type: ignore[attr-defined]
        found += [(name,), *((name, below) for below in getattr(command, "commands", {}))]
    return found


LINES = _command_lines()


def test_commands_of_the_architecture_are_there() -> None:
    wanted = (
        "demo up worker scheduler web migrate sync expire hold tenant roster staff status doctor mock-netsuite"
    )
    more = {"config", "explain", "mail", "run", "rejects", "token", "user", "webhook"}
    assert set(wanted.split()) | more == set(COMMANDS)
    assert {("hold", "list"), ("hold", "show"), ("hold", "approve"), ("hold", "reject")} <= set(LINES)
    assert {("tenant", "map-customer"), ("tenant", "pause"), ("tenant", "unmatched")} <= set(LINES)
    assert {("roster", "import"), ("staff", "add"), ("run", "retry"), ("rejects", "list")} <= set(LINES)
    assert {("mail", "list"), ("mail", "retry"), ("mail", "test")} <= set(LINES)


@pytest.mark.parametrize("line", LINES, ids=" ".join)
def test_help_of_a_command_loads_nothing_heavy(line: tuple[str, ...]) -> None:
    asked = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "worker.cli", *line, "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    loaded = {entry.rsplit("|", 1)[-1].strip().partition(".")[0] for entry in asked.stderr.splitlines()}
    assert asked.stdout.startswith(f"Usage: {' '.join(('termsync', *line))} ")
    assert loaded & HEAVY == set()


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_list_of_commands_says_what_each_command_says(name: str) -> None:
    command = get_command(app).get_command(None, name)  # type: ignore[attr-defined]
    assert command.help.splitlines()[0] == COMMANDS[name]


@pytest.mark.parametrize("line", [line for line in LINES if len(line) == 2], ids=" ".join)
def test_every_command_below_a_group_takes_json(line: tuple[str, ...]) -> None:
    group = get_command(app).get_command(None, line[0])  # type: ignore[attr-defined]
    options = {option for parameter in group.commands[line[1]].params for option in parameter.opts}
    assert "--json" in options


def test_no_command_shows_help_and_counts_as_wrong_usage(unconfigured: Termsync) -> None:
    nothing = unconfigured("tenant")
    assert nothing.code == 2
    assert "map-customer" in nothing.out + nothing.err


def test_a_mistyped_command_is_guessed(unconfigured: Termsync) -> None:
    mistyped = unconfigured("statsu")
    assert (mistyped.code, mistyped.out) == (2, "")
    assert "Did you mean 'status'" in mistyped.err


def test_version(unconfigured: Termsync) -> None:
    assert unconfigured("--version").out.startswith("termsync ")
