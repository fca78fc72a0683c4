"""Reading a roster file line by line: cells become values, and a line that cannot be read says why."""

import csv
import re
from collections.abc import Iterator
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple, Protocol

from models.roster_import import Line
from models.terms import FIRST_YEAR, LAST_YEAR
from worker.errors import TermsyncError
from worker.pipeline.roster_codes import CODES

# What each column means; the one list that help, documentation and reading share.
COLUMNS = {
    "tenant": "key of the tenant (required)",
    "user": "key of the user on the learning platform (required)",
    "name": "name of the user; needed for one who is new",
    "email": "e-mail address of the user; needed for one who is new",
    "active": "yes or no; a new user is active unless it says no",
    "manager": "key of the user's manager, of the same tenant; - for none",
    "groups": "the user's groups, separated by ; — exactly these afterwards; - for none",
    "course": "key of the course; empty for a line about the user alone",
    "version": "key of the course version; needed with a course",
    "title": "title of the course version; default for a new one: the course's key",
    "modules": "titles of the version's modules in order, separated by ; — exactly these afterwards",
    "sales_order": "number of the tenant's sales order; - for none",
    "expiration_date": "last day of access as YYYY-MM-DD, instead of the order's; - for none",
    "completed_modules": "how many modules the user has completed",
    "status": "E enrolls (again), U unenrolls, X expires now; empty asks for nothing",
}
REQUIRED = ("tenant", "user")
KEYS = ("user", "course", "version")
NONE = "-"
LONGEST = 500  # characters of one cell
LONGEST_LIST = 20_000  # of a cell with groups or modules
YES, NO = frozenset({"yes", "y", "true", "t", "1"}), frozenset({"no", "n", "false", "f", "0"})
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class BadLine(NamedTuple):
    """A line, or a part of it, that was not imported. `line` counts from 1, the line of the columns' names."""

    line: int
    field: str
    value: str
    code: str
    detail: str

    @property
    def remedy(self) -> str:
        return CODES[self.code].remedy


class Refused(Exception):
    """A cell that cannot be read."""

    def __init__(self, field: str, value: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.field, self.value, self.code, self.detail = field, value[:LONGEST], code, detail


def read(path: Path) -> Iterator[Line | BadLine]:
    """The lines of a file behind the first, one at a time. Raises `roster-header-invalid`, `file-unreadable`."""
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            rows = csv.reader(file)
            columns = _header(next(rows, []))
            yield from _lines(rows, columns)
    except OSError as error:
        raise TermsyncError(
            "file-unreadable", f"{path}: {error.strerror}.", "Check the path and that this user may read the file."
        ) from None


def _header(row: list[str]) -> list[str]:
    columns = [cell.strip().lower() for cell in row]
    unknown = [column for column in columns if column not in COLUMNS]
    missing = [column for column in REQUIRED if column not in columns]
    repeated = sorted({column for column in columns if columns.count(column) > 1})
    if unknown:
        close = get_close_matches(unknown[0], COLUMNS, 1)
        hint = f" (meant {close[0]}?)" if close else ""
        raise _bad_header(f"The first line names the column {unknown[0][:80]!r}, which there is not{hint}.")
    if missing:
        raise _bad_header(f"The first line does not name the column {missing[0]!r}.")
    if repeated:
        raise _bad_header(f"The first line names the column {repeated[0]!r} more than once.")
    return columns


def _bad_header(message: str) -> TermsyncError:
    return TermsyncError("roster-header-invalid", message, f"The columns are: {', '.join(COLUMNS)}.")


class _Reader(Protocol):
    """A reader of the csv module."""

    line_num: int

    def __next__(self) -> list[str]: ...


def _lines(reader: _Reader, columns: list[str]) -> Iterator[Line | BadLine]:
    start = 2
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield BadLine(start, "", "", "line-unreadable", str(error))
            cells = []
        number, start = start, reader.line_num + 1
        if any(cells):
            yield _line(number, columns, cells)


def _line(number: int, columns: list[str], cells: list[str]) -> Line | BadLine:
    if len(cells) != len(columns):
        detail = f"{len(cells)} cells, but {len(columns)} columns"
        return BadLine(number, "", ",".join(cells)[:LONGEST], "line-unreadable", detail)
    try:
        row = {column: _storable(column, cell.strip()) for column, cell in zip(columns, cells, strict=True)}
        return _values(number, row)
    except Refused as refused:
        return BadLine(number, refused.field, refused.value, refused.code, refused.detail)


def _storable(column: str, cell: str) -> str:
    if "\0" in cell:
        raise Refused(column, cell.replace("\0", "\\0"), "text-unstorable", "holds a NUL character")
    if not cell.isascii() and any("\ud800" <= character <= "\udfff" for character in cell):
        raise Refused(column, cell.encode("utf-8", "replace").decode(), "line-unreadable", "is not UTF-8")
    if len(cell) > (LONGEST_LIST if column in {"groups", "modules"} else LONGEST):
        raise Refused(column, cell, "value-too-long", f"has {len(cell)} characters")
    return cell


def is_key(text: str) -> bool:
    """Whether `text` can be a key of a user, course or version: a part of an address, of pages and of the API."""
    return "/" not in text and text not in {".", ".."}


def _values(number: int, row: dict[str, str]) -> Line:
    """Empty cells say nothing; `-` says none."""

    def cell(column: str) -> str | None:
        return row.get(column) or None

    for column in REQUIRED:
        if cell(column) is None:
            raise Refused(column, "", "value-missing", "is empty")
    for column in KEYS:
        if not is_key(row.get(column, "")):
            raise Refused(column, row[column], "key-unusable", "holds a slash, or is nothing but dots")
    manager = cell("manager")
    if manager == row["user"]:
        raise Refused("manager", manager, "manager-is-self", "is the user")
    order, day = cell("sales_order"), cell("expiration_date")
    course, version = cell("course"), cell("version")
    if (course is None) != (version is None):
        missing = "course" if course is None else "version"
        raise Refused(missing, "", "course-incomplete", "is empty")
    return Line(
        line=number,
        tenant=row["tenant"],
        user=row["user"],
        name=cell("name"),
        email=cell("email"),
        active=_yes_or_no(cell("active")),
        manager=None if manager == NONE else manager,
        manager_given=manager is not None,
        groups=_list(cell("groups")),
        course=course,
        version=version,
        title=cell("title"),
        modules=_list(cell("modules")),
        sales_order=None if order == NONE else order,
        order_given=order is not None,
        expiration_date=None if day in {None, NONE} else _date(str(day)),
        date_given=day is not None,
        completed_modules=_count(cell("completed_modules")),
        status=_status(cell("status")),
    )


def _yes_or_no(cell: str | None) -> bool | None:
    if cell is None:
        return None
    if cell.lower() not in YES | NO:
        raise Refused("active", cell, "yes-or-no-unreadable", "is neither yes nor no")
    return cell.lower() in YES


def _list(cell: str | None) -> list[str] | None:
    if cell is None:
        return None
    parts = [] if cell == NONE else [part.strip() for part in cell.split(";")]
    return [part for part in parts if part]


def _date(cell: str) -> date:
    try:
        day = date.fromisoformat(cell) if DATE.fullmatch(cell) else None
    except ValueError:
        day = None
    if day is None or not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise Refused("expiration_date", cell, "calendar-date-unreadable", "is not a date from 2000 to 2100")
    return day


def _count(cell: str | None) -> int | None:
    if cell is None:
        return None
    if not (cell.isascii() and cell.isdecimal() and int(cell[:6]) <= 32_767 and len(cell) < 6):
        raise Refused("completed_modules", cell, "modules-unreadable", "is not a number of modules")
    return int(cell)


def _status(cell: str | None) -> str | None:
    if cell is not None and cell.upper() not in {"E", "U", "X"}:
        raise Refused("status", cell, "status-unknown", "is not E, U or X")
    return cell.upper() if cell else None
