"""Files of lists: types, zones, and cells that no spreadsheet runs."""

import csv
import io
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from anyio import create_task_group, fail_after, wait_all_tasks_blocked
from anyio.from_thread import start_blocking_portal
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from worker.cells import neutral
from worker.pages.export import CSV_TYPE, export

HEADER = ["Name", "Days", "Share", "Until", "At", "Active", "Note"]
AT = datetime(2026, 11, 23, 17, 40, tzinfo=UTC)
ROW = ["Ada", 3, Decimal("0.5"), date(2026, 12, 31), AT, True, None]


def body(name: str, form: str, rows: Sequence[Sequence[Any]]) -> bytes:
    response = export(name, form, HEADER, iter(rows))
    assert isinstance(response, StreamingResponse)

    async def read() -> bytes:
        return b"".join([bytes(chunk) async for chunk in response.body_iterator])  # type: ignore[arg-type]

    with start_blocking_portal() as loop:  # a browser test of the same process may have one open
        return loop.call(read)


def test_csv_has_days_instants_with_their_zone_and_words() -> None:
    text = body("report", "csv", [ROW]).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text))) == [
        HEADER,
        ["Ada", "3", "0.5", "2026-12-31", "23 Nov 2026, 17:40 UTC", "yes", ""],
    ]


def test_excel_keeps_days_and_numbers_as_what_they_are() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(body("report", "xlsx", [ROW]))).active
    assert sheet is not None
    header, row = sheet.iter_rows(values_only=True)
    assert list(header) == HEADER
    assert row[:3] == ("Ada", 3, 0.5)
    assert row[3] == datetime(2026, 12, 31)  # noqa: DTZ001  (a day; openpyxl has no other form)
    assert row[4:6] == ("23 Nov 2026, 17:40 UTC", "yes")


@pytest.mark.parametrize(
    ("formula", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ("\n=1", "'\n'=1"),
        ("  =1+1", "'  =1+1"),
        ('=HYPERLINK("https://evil.example")', '\'=HYPERLINK("https://evil.example")'),
        ("＝1+1", "'＝1+1"),
        ("Ada;=1+1", "Ada;'=1+1"),
        ("Ada; @SUM(A1);b", "Ada;' @SUM(A1);b"),
        ("Ada\n-1", "Ada\n'-1"),
    ],
)
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_no_cell_is_a_formula(formula: str, cell: str, form: str) -> None:
    """Nor would a part of it be, were it cut at semicolons and line breaks."""
    written = body("report", form, [[formula, *ROW[1:]]])
    if form == "csv":
        assert list(csv.reader(io.StringIO(written.decode("utf-8-sig"), newline="")))[1][0] == cell
    else:
        sheet = openpyxl.load_workbook(io.BytesIO(written)).active
        assert sheet is not None
        written_cell = sheet["A2"]
        assert (written_cell.data_type, str(written_cell.value)[0]) == ("s", cell[0])


PLAIN = ["Ada", "O'Neill", "1-2", "a=b", "", "North; South", "a, -b", "a\nb"]


def test_ordinary_words_stay_as_they_are() -> None:
    assert [neutral(text) for text in PLAIN] == PLAIN


def test_rows_are_read_as_the_file_is_sent() -> None:
    taken = []

    def rows() -> Iterator[list[Any]]:
        for number in range(5000):
            taken.append(number)
            yield [number, *ROW[1:]]

    response = export("report", "csv", HEADER, rows())
    assert isinstance(response, StreamingResponse)
    assert response.media_type == CSV_TYPE
    assert taken == []


def test_however_many_files_are_made_the_pages_go_on() -> None:
    written = threading.Event()

    def rows() -> Iterator[list[Any]]:
        assert written.wait(60)
        yield ROW

    async def drained(response: Response) -> None:
        assert isinstance(response, StreamingResponse)
        async for _ in response.body_iterator:
            pass

    async def crowd() -> int:
        async with create_task_group() as group:
            for _ in range(50):  # more than there are threads
                group.start_soon(drained, export("report", "csv", HEADER, rows()))
            await wait_all_tasks_blocked()
            try:
                with fail_after(10):
                    answer = await run_in_threadpool(lambda: 7)
            finally:
                written.set()
        return answer

    with start_blocking_portal() as loop:
        assert loop.call(crowd) == 7


def test_the_file_has_its_name_whatever_the_characters() -> None:
    disposition = export('Größe"\r\nx: y', "csv", HEADER, []).headers["content-disposition"]
    assert disposition == "attachment; filename*=UTF-8''Gr%C3%B6%C3%9Fe%22%0D%0Ax%3A%20y.csv"


def test_a_cell_longer_than_excel_opens_is_cut() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(body("report", "xlsx", [["x" * 40_000, *ROW[1:]]]))).active
    assert sheet is not None
    assert len(str(sheet["A2"].value)) == 32_767
