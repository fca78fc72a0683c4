"""The command line: `termsync COMMAND`. One file a command, imported only when that command is run or explained.

Results go to stdout (with `--json` exactly one document), progress and errors to stderr. Exit codes are in
`worker.cli.exits`.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, cast

import typer
from typer.main import get_command

from worker.cli.options import Group

# What `termsync --help` lists; the module of a command has the same name.
COMMANDS = {
    "demo": "Shows termsync at work on a mock NetSuite, live in the terminal.",
    "up": "Runs workers, scheduler and web, and the embedded servers where no URL is set.",
    "worker": "Runs one worker process.",
    "scheduler": "Runs one scheduler process.",
    "web": "Runs one web process: the pages, health, readiness; metrics for this machine.",
    "migrate": "Brings the database's schema to this version.",
    "sync": "Pulls sales orders from NetSuite and accepts what changed.",
    "expire": "Writes down the expiries that time has brought.",
    "status": "Says whether all is well: data age, overdue expiries, queue, workers, holds.",
    "doctor": "Checks every dependency and setting and names the fix.",
    "tenant": "Tenants: zone and grace, their NetSuite customers, pausing.",
    "hold": "Changes that wait for a person: show, approve, reject.",
    "roster": "Users, groups, courses and enrollments from a CSV file.",
    "staff": "Accounts of the people who look after tenants.",
    "user": "People of a tenant: passwords and client admins.",
    "token": "Tokens of the JSON API: make, list, revoke.",
    "webhook": "Who is called about changes: make, test, disable, send again.",
    "run": "Runs: list, show, stop, retry, undo.",
    "mail": "Mails: list, try parked ones again, try the mail server.",
    "rejects": "Rows of NetSuite that could not be used, with the reason.",
    "config": "Lists every setting, its value and where it came from.",
    "explain": "Says what an error code means and what to do.",
    "mock-netsuite": "Runs a NetSuite account on this machine, to try things on.",
}


class Commands(Group):
    """A group that knows the names of its commands without importing them."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        # Only their names are looked at: for "Did you mean".
        self.commands = cast(Any, dict.fromkeys(COMMANDS))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        command = get_command(import_module(f"worker.cli.{cmd_name.replace('-', '_')}").app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


# Plain help: drawing it with rich would double the time it takes.
app = typer.Typer(cls=Commands, rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"termsync {version('termsync')}")
        raise typer.Exit


@app.callback(context_settings={"help_option_names": ["--help", "-h"]})
def _termsync(
    version: bool = typer.Option(False, "--version", help="Print the version.", callback=_version, is_eager=True),
) -> None:
    """Ends learners' course access when the term their organisation paid for in NetSuite is over, never before.

    Settings are environment variables: see `termsync config`. Every command takes --json.
    """


def execute(arguments: Sequence[str]) -> int:
    """Runs one command line; returns its exit code. Every error is shown, none is raised."""
    from worker.cli import errors

    try:
        return get_command(app).main(list(arguments), prog_name="termsync", standalone_mode=False) or 0
    except BrokenPipeError:
        return errors.reader_is_gone()
    except Exception as error:
        return errors.show(error, as_json="--json" in arguments)


def main() -> None:
    """The console script."""
    sys.exit(execute(sys.argv[1:]))
