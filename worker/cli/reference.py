"""The reference page, made from the program itself: `make reference` writes it, a test compares it."""

import sys
from collections.abc import Iterable, Iterator

import typer
from prometheus_client import REGISTRY
from typer.main import get_command

from worker import metrics
from worker.cli import COMMANDS, app
from worker.cli.exits import Exit
from worker.login.rights import NAMES, RIGHTS, Role
from worker.queue import actors, ticks
from worker.queue.broker import broker
from worker.settings import Settings

EXITS = {
    Exit.DONE: "done",
    Exit.FAILED: "failed",
    Exit.USAGE: "wrong usage",
    Exit.REJECTED: "done, but rows were rejected or parked",
    Exit.HELD: "held by the guard until a person decides",
    Exit.PAUSED: "expiry is paused for everything that is due",
    Exit.UNREACHABLE: "a dependency does not answer",
    Exit.INTERRUPTED: "ended by Ctrl-C",
}


def page() -> str:
    """The whole page as Markdown."""
    sections = [
        ("Commands", _table(("Command", "Does"), _commands())),
        ("Exit codes", _table(("Code", "Means"), ((str(int(code)), text) for code, text in EXITS.items()))),
        ("Roles", _table(("May", *(NAMES[role] for role in Role)), _rights())),
        ("Settings", _table(("Variable", "Default", "Meaning"), _settings())),
        ("Actors", _table(("Actor", "Queue", "Does"), _actors())),
        ("Schedules", _table(("Schedule", "Every"), _schedules())),
        ("Metrics", _table(("Metric", "Meaning"), _metrics())),
    ]
    head = (
        "# Reference\n\nMade from the program by `make reference`; a test compares the two."
        " Error codes have a page of their own: [errors.md](errors.md).\n"
    )
    return head + "".join(f"\n## {title}\n\n{body}" for title, body in sections)


def _commands() -> Iterator[tuple[str, str]]:
    group = get_command(app)
    context = typer.Context(group)
    for name in COMMANDS:
        command = group.get_command(context, name)  # type: ignore[attr-defined]
        below = getattr(command, "commands", None)
        if not below:
            yield f"`termsync {name}`", _first_line(command.help)
        else:
            for part in below:
                yield f"`termsync {name} {part}`", _first_line(below[part].help)


def _rights() -> Iterator[tuple[str, ...]]:
    for right, roles in RIGHTS.items():
        yield right.value, *("yes" if role in roles else "" for role in Role)


def _settings() -> Iterator[tuple[str, str, str]]:
    for setting in Settings.model_construct().describe():
        yield f"`{setting.name}`", f"`{setting.value}`" if setting.value else "", setting.help


def _actors() -> Iterator[tuple[str, str, str]]:
    assert actors.perform_run.broker is broker  # importing the module declares them
    for name in sorted(broker.get_declared_actors()):
        actor = broker.get_actor(name)
        yield f"`{name}`", actor.queue_name, _first_line(actor.fn.__doc__)


def _schedules() -> Iterator[tuple[str, str]]:
    for schedule in ticks.schedules(Settings.model_construct(netsuite_account="1234567", digest_to="all")):
        yield f"`{schedule.name}`", str(schedule.interval)


def _metrics() -> Iterator[tuple[str, str]]:
    assert metrics.source_lag is not None  # importing the module registers them
    for family in sorted(REGISTRY.collect(), key=lambda family: family.name):
        if family.name.startswith("termsync_"):
            yield f"`{family.name}`", family.documentation


def _first_line(text: str | None) -> str:
    return (text or "").strip().split("\n\n")[0].replace("\n", " ")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |\n" for line in lines)


if __name__ == "__main__":
    sys.stdout.write(page())
