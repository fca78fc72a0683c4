"""What a command prints: a result on stdout, for people or as one JSON document, and notes on stderr."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from worker.errors import TermsyncError


class Output:
    """Where one command prints. Colour goes to terminals only and never where NO_COLOR is set."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    @cached_property
    def console(self) -> Console:
        """stdout. A pipe gets lines as long as they are."""
        wide = None if sys.stdout.isatty() else 10_000
        return Console(width=wide, highlight=False, soft_wrap=not sys.stdout.isatty())

    @cached_property
    def side(self) -> Console:
        """stderr, for progress and notes."""
        return Console(stderr=True, highlight=False, soft_wrap=True)

    def document(self, document: Mapping[str, Any]) -> None:
        """The one JSON document of a command; printed only with `--json`."""
        if self.as_json:
            json.dump(document, sys.stdout, default=_plain, indent=None if not sys.stdout.isatty() else 2)
            sys.stdout.write("\n")
            sys.stdout.flush()

    def say(self, text: str, style: str | None = None) -> None:
        """A line of the result, for people only."""
        if not self.as_json:
            self.console.print(text, style=style, markup=False)

    def note(self, text: str, style: str | None = None) -> None:
        """A line beside the result, for people only."""
        if not self.as_json:
            self.side.print(text, style=style, markup=False)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]], empty: str = "None.") -> None:
        """A table for people; on a pipe its cells are separated by tabs, for cut and awk."""
        if self.as_json:
            return
        shown = [[text(cell) for cell in row] for row in rows]
        if not sys.stdout.isatty():
            for row in [[*columns], *shown] if shown else []:
                print("\t".join(row))
            return
        if not shown:
            self.console.print(empty, style="dim")
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in shown:
            table.add_row(*(cell.replace("[", r"\[") for cell in row))
        self.console.print(table)

    def confirm(self, question: str, yes: bool) -> None:
        """Asks on a terminal unless `--yes` was given. Raises Abort at no; ConfirmationNeeded elsewhere."""
        if yes:
            return
        if self.as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise ConfirmationNeeded(question)
        if not typer.confirm(question, err=True):
            raise typer.Abort


class ConfirmationNeeded(TermsyncError):
    """Something that cannot be taken back was asked for where nobody can be asked."""

    def __init__(self, question: str) -> None:
        super().__init__(
            "confirmation-needed",
            f"{question} There is no terminal to answer on.",
            "Give --yes to go ahead without being asked.",
        )


def text(value: object) -> str:
    """A cell: instants to the second in UTC, nothing for None, control characters made visible."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}Z"
    if isinstance(value, bool):
        return "yes" if value else "no"
    shown = f"{value:,}" if isinstance(value, int) and abs(value) >= 100_000 else str(value)
    return "".join(character if character.isprintable() else "�" for character in shown)


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)
