"""Cells of CSV files that no spreadsheet takes for a formula."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import IO, Any

# What spreadsheets take for the start of a formula, also behind spaces. Where a comma is a decimal mark they part
# cells at semicolons, and our quotation marks hold nothing together: neither semicolons nor line breaks.
FORMULA = re.compile(r"(^|[;\t\r\n])(?= *[=+\-@\t\r\n＝＋－＠])")


def neutral(text: str) -> str:
    """`text` as a cell that is no formula: what would begin one gets an apostrophe in front."""
    return FORMULA.sub(r"\1'", text)


def cell(value: Any) -> object:
    """A value as it stands in a file; None is an empty cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, (int, float, Decimal)) else neutral(str(value))


def write_csv(
    file: IO[bytes], header: Sequence[str], rows: Iterable[Sequence[Any]], shown: Callable[[Any], object] = cell
) -> None:
    """Write rows below their header; `shown` makes a cell of a value. `file` stays open."""
    # With the mark at the start; without it, Excel takes UTF-8 for its own code page.
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    writer = csv.writer(text)
    writer.writerow([neutral(name) for name in header])
    writer.writerows([shown(value) for value in row] for row in rows)
    text.detach()
