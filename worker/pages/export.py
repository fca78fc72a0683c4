"""CSV and Excel files of a list, row by row, with cells that no spreadsheet takes for a formula.

Instants are written with their zone, days as YYYY-MM-DD; in Excel, days and numbers keep their type.
"""

import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any
from urllib.parse import quote

import xlsxwriter
from anyio import CapacityLimiter, to_thread
from starlette.responses import Response, StreamingResponse

from worker.cells import cell, write_csv
from worker.pages.words import instant

CHUNK_BYTES = 64 * 1024
AT_ONCE = CapacityLimiter(4)  # files in the making: an Excel file of 200,000 rows takes twenty seconds
CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def export(name: str, form: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A download `name.csv` or `name.xlsx` (`form`) of `rows`, each with a value for each of `header`.

    `rows` is read once, while it is sent; None is an empty cell.
    """
    if form == "xlsx":
        return _download(f"{name}.xlsx", XLSX_TYPE, _xlsx(header, rows))
    return _download(f"{name}.csv", CSV_TYPE, _csv(header, rows))


def _download(filename: str, media_type: str, body: Iterator[bytes]) -> Response:
    disposition = f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
    return StreamingResponse(_made(body), media_type=media_type, headers={"content-disposition": disposition})


async def _made(body: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The file, made in one of a few threads: however many are asked for, the pages have theirs."""
    while (chunk := await to_thread.run_sync(next, body, b"", limiter=AT_ONCE)) != b"":
        yield chunk


def _csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    with tempfile.TemporaryFile() as file:
        write_csv(file, header, rows, _cell)
        yield from _sent(file)


def _sent(file: IO[bytes]) -> Iterator[bytes]:
    """A file that is written, bit by bit: nobody who reads slowly keeps rows or a transaction waiting."""
    file.seek(0)
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def _cell(value: Any) -> object:
    return instant(value) if isinstance(value, datetime) else cell(value)


def _xlsx(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    with tempfile.TemporaryFile() as file:
        # Constant memory: a row is on disk before the next one is written.
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(file, options) as book:
            sheet = book.add_worksheet()
            day, bold = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"bold": True})
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, max(len(header) - 1, 0), 18)
            for column, title in enumerate(header):
                sheet.write_string(0, column, title, bold)
            for number, row in enumerate(rows, 1):
                for column, value in enumerate(row):
                    _write(sheet, number, column, value, day)
        yield from _sent(file)


def _write(sheet: Any, row: int, column: int, value: Any, day: Any) -> None:
    if isinstance(value, bool) or value is None or isinstance(value, (str, datetime)):
        sheet.write_string(row, column, str(_cell(value)))
    elif isinstance(value, date):
        sheet.write_datetime(row, column, datetime(value.year, value.month, value.day), day)  # noqa: DTZ001
    elif isinstance(value, (int, float, Decimal)):
        sheet.write_number(row, column, float(value) if isinstance(value, Decimal) else value)
    else:
        sheet.write_string(row, column, str(_cell(str(value))))
