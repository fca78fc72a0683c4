"""`termsync roster`"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from worker.cli.options import Json, group

if TYPE_CHECKING:
    from worker.cli.output import Output
    from worker.pipeline.roster import Imported
    from worker.pipeline.roster_file import BadLine

app = group()
SHOWN = 20  # bad lines on the terminal
IN_DOCUMENT = 1000  # in the JSON document


@app.callback()
def roster() -> None:
    """Users, groups, courses and enrollments from a CSV file."""


@app.command("columns")
def columns(as_json: Json = False) -> int:
    """Lists the columns of a roster file and what each means."""
    from worker.cli.exits import Exit
    from worker.cli.output import Output
    from worker.pipeline.roster_file import COLUMNS

    out = Output(as_json)
    out.document({"columns": COLUMNS})
    out.table(["column", "meaning"], list(COLUMNS.items()))
    return Exit.DONE


@app.command("import")
def import_roster(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="CSV in UTF-8; line 1 names the columns.")],
    bad: Annotated[
        Path | None,
        typer.Option("--bad", metavar="FILE", help="Write all bad lines to this CSV."),
    ] = None,
    as_json: Json = False,
) -> int:
    """Imports users, groups, courses and enrollments; `termsync roster columns` lists the columns.

    An empty cell leaves things as they are, - takes them away. A line that cannot be read imports nothing; if only
    a part of a line cannot be taken (an order that has ended, say), that part is named and the rest is imported.
    The same file twice changes nothing. Exit code 3: some lines are bad.
    """
    from worker.cli.exits import Exit
    from worker.cli.opened import actor, opened
    from worker.cli.output import Output
    from worker.cli.progress import Bar
    from worker.database import make_engine
    from worker.pipeline.roster import RosterImport

    out = Output(as_json)
    report = _Report(bad)
    with opened() as found, Bar(f"Importing {file.name}", quiet=as_json) as bar:
        engine = make_engine(found.addresses.database_url, application_name="termsync roster import", pool_size=1)
        lines = 0

        def told(what: str, count: int) -> None:
            nonlocal lines
            lines = count if what == "read" else lines
            words = {"read": "lines read", "enrolled": "enrollments done", "tenant": "tenants done"}[what]
            bar.show(
                count if what == "enrolled" else 0, lines if what == "enrolled" else None, f"{count:,} {words}"
            )

        try:
            imported = RosterImport(engine, actor(), told).run(file, report.take)
        finally:
            engine.dispose()
    out.document({**imported.document(), "bad_lines": report.documents})
    _say(out, imported, report)
    return Exit.REJECTED if imported.bad else Exit.DONE


class _Report:
    """Takes the bad lines: all of them into a file, the first ones to show."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.documents: list[dict[str, Any]] = []

    def take(self, lines: Iterator["BadLine"]) -> None:
        from worker.errors import TermsyncError

        if self._path is None:
            self._keep_first(lines)
            return
        try:
            self._write(self._path, lines)
        except OSError as error:
            raise TermsyncError(
                "file-unreadable",
                f"{self._path}: {error.strerror}. The roster itself is imported.",
                "Check the path, then import the file once more: it changes nothing and writes the list.",
            ) from None

    def _write(self, path: Path, lines: Iterator["BadLine"]) -> None:
        import csv

        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["line", "field", "value", "code", "detail", "remedy"])
            for line in lines:
                writer.writerow([_safe(cell) for cell in (*line, line.remedy)])
                self._keep(line)

    def _keep_first(self, lines: Iterator["BadLine"]) -> None:
        for line in lines:
            self._keep(line)

    def _keep(self, line: "BadLine") -> None:
        if len(self.documents) < IN_DOCUMENT:
            self.documents.append({**line._asdict(), "remedy": line.remedy})


def _safe(cell: object) -> object:
    """No cell that a spreadsheet would take for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _say(out: "Output", imported: "Imported", report: _Report) -> None:
    counts = imported.counts
    out.say(
        f"{imported.lines:,} lines: {counts.users_new:,} users new, {counts.users_changed:,} changed;"
        f" {counts.enrolled:,} enrollments new, {counts.changed:,} changed, {counts.unchanged:,} as they were"
        f" ({counts.expired:,} expired, {counts.reinstated:,} reinstated, {counts.progress:,} progress updated)."
    )
    if not imported.bad:
        return
    out.note(f"{imported.bad:,} parts of lines were not taken:", style="yellow")
    for row in report.documents[:SHOWN]:
        where = f"line {row['line']}" + (f", {row['field']}" if row["field"] else "")
        value = f" {row['value']!r}" if row["value"] else ""
        out.note(f"  {where}:{value} {row['detail']}. {row['remedy']}")
    if imported.bad > SHOWN:
        out.note(f"  … and {imported.bad - SHOWN:,} more; --bad FILE writes all of them to a file.")
