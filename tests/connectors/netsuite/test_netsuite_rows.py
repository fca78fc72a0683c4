"""Every row of a page becomes an order or a rejection with its reason, whatever is in it."""

import json
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from connectors.errors import TryAgain
from connectors.netsuite import OrderRow, RejectedRow, TermFields
from connectors.netsuite.answers import query_page
from connectors.netsuite.codes import CODES
from connectors.netsuite.faults import Answer
from connectors.netsuite.queries import OrderQueries
from connectors.netsuite.rows import ROW_LIMIT, RowReader

START = TermFields.parse("header:custbody_start, line:custcol_start")
END = TermFields.parse("header:custbody_end, line:custcol_end, header:enddate")
READER = RowReader(OrderQueries(START, END).expressions, START, END)
GOOD = {
    "links": [],
    "modified": "2026-03-02 10:00:00",
    "start_1": "2026-01-01",
    "end_1": "2026-12-31",
    "id": "7",
    "tranid": "SO7",
    "entity": "12",
    "status": "B",
}

json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=5,
)


def page(*rows: str | bytes) -> bytes:
    items = b",".join(row.encode() if isinstance(row, str) else row for row in rows)
    return b'{"links":[],"count":%d,"hasMore":false,"totalResults":%d,"offset":0,"items":[%b]}' % (
        len(rows),
        len(rows),
        items,
    )


def read(*rows: str | bytes) -> tuple[list[OrderRow], list[RejectedRow]]:
    return READER.read(query_page(Answer(200, CaseInsensitiveDict(), page(*rows))).items)


def row(**changes: Any) -> str:
    """The good row with columns changed; None takes one away, as NetSuite does with nulls."""
    return json.dumps({key: value for key, value in {**GOOD, **changes}.items() if value is not None})


def only_rejected(text: str | bytes) -> RejectedRow:
    orders, rejected = read(text)
    assert not orders
    assert rejected[0].code in CODES
    return rejected[0]


def test_a_good_row_is_read_and_kept_word_for_word() -> None:
    text = json.dumps(GOOD, indent=1)
    orders, rejected = read(text)
    modified = datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert orders == [OrderRow(7, "SO7", 12, "B", date(2026, 1, 1), date(2026, 12, 31), modified, text)]
    assert not rejected


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"id": None}, "order-id-missing"),
        ({"id": "0"}, "order-id-missing"),
        ({"id": "7.5"}, "order-id-missing"),
        ({"id": "９"}, "order-id-missing"),
        ({"id": "9" * 19}, "order-id-missing"),
        ({"id": "9" * 5000}, "order-id-missing"),
        ({"id": True}, "order-id-missing"),
        ({"entity": None}, "customer-missing"),
        ({"entity": "-5"}, "customer-missing"),
        ({"tranid": None}, "number-missing"),
        ({"tranid": "  "}, "number-missing"),
        ({"tranid": "SO\x007"}, "text-not-storable"),
        ({"status": None}, "status-unreadable"),
        ({"status": "Billed"}, "status-unreadable"),
        ({"status": {"id": "B"}}, "status-unreadable"),
        ({"modified": None}, "modified-unreadable"),
        ({"modified": "3/2/2026"}, "modified-unreadable"),
        ({"modified": 20260302}, "modified-unreadable"),
        ({"start_1": "3/2/2026"}, "date-unreadable"),
        ({"start_1": "2026-02-30"}, "date-unreadable"),
        ({"start_1": 5}, "date-unreadable"),
        ({"end_1": "1999-12-31"}, "date-out-of-range"),
        ({"end_1": "2025-12-31"}, "term-end-before-start"),
        ({"tranid": "x" * ROW_LIMIT}, "row-too-large"),
        ({"tranid": "x" * 301}, "number-too-long"),
        ({"status": {"id": "B", "refName": "Billed"}}, "status-unreadable"),
        ({"end_1": "2026-12-31T24:00:00"}, "date-unreadable"),
    ],
)
def test_a_bad_row_says_why(changes: dict[str, Any], code: str) -> None:
    rejected = only_rejected(row(**changes))
    assert rejected.code == code
    assert rejected.detail
    assert len(rejected.payload) <= ROW_LIMIT
    assert rejected.order_id == (None if code == "order-id-missing" else 7)
    assert rejected.customer_id == (None if code == "customer-missing" else 12)


def test_days_that_were_understood_are_told_as_the_pages_tell_days() -> None:
    rejected = only_rejected(row(start_1="2026-01-05", end_1="2025-12-31T23:00:00"))
    assert rejected.detail.endswith("the term ends 31 Dec 2025 and starts 5 Jan 2026")


@pytest.mark.parametrize("text", ["null", "5", '"x"', "[]", "[[]]"])
def test_a_row_that_is_no_object_is_rejected(text: str) -> None:
    assert only_rejected(text).code == "row-not-an-object"


@pytest.mark.parametrize("bad", [b"\xff", rb"\ud800", rb"\udc00\ud83d", b"\x00", b"\x1b"])
def test_text_no_database_stores_costs_one_row_not_the_page(bad: bytes) -> None:
    orders, rejected = read(row(id="1"), row(id="2", tranid="SO@").encode().replace(b"@", bad), row(id="3"))
    assert [order.order_id for order in orders] == [1, 3]
    assert [each.code for each in rejected] == ["text-not-storable"]
    assert "\x00" not in rejected[0].payload
    assert rejected[0].payload.encode()
    assert orders[1].payload == row(id="3")


@pytest.mark.parametrize("column", ["memo", "m@mo"])
def test_bytes_that_are_no_text_in_a_column_nobody_asked_for_cost_one_row(column: str) -> None:
    bad = row(id="2").replace("links", column).encode().replace(b"[]", b'"@"').replace(b"@", b"\xff")
    orders, rejected = read(row(id="1"), bad, row(id="3"))
    assert [order.order_id for order in orders] == [1, 3]
    assert [(each.order_id, each.code) for each in rejected] == [(2, "text-not-storable")]


@pytest.mark.parametrize("depth", [980, 990, 2_000, 20_000])
@pytest.mark.parametrize("column", ["id", "tranid", "status", "modified", "start_1", "memo"])
def test_values_nested_without_end_are_one_bad_row(depth: int, column: str) -> None:
    nested = row(**{column: "@"}).replace('"@"', '{"a":' * depth + "1" + "}" * depth)
    orders, rejected = READER.read([msgspec.Raw(row(id="1").encode()), msgspec.Raw(nested.encode())])
    assert orders[0].order_id == 1
    assert len(orders) + len(rejected) == 2
    assert {each.code for each in rejected} <= set(CODES)


def test_whole_surrogate_pairs_are_kept_on_a_mended_page() -> None:
    orders, _ = read(row(id="1", tranid="😀 \\ud800"), row(id="2", tranid="@").replace("@", r"\ud800"))
    assert [order.number for order in orders] == ["😀 \\ud800"]


def test_keys_in_any_case_and_computed_columns_without_alias_are_understood() -> None:
    shouted = {key.upper(): value for key, value in GOOD.items()}
    computed = {"modified": "expr1", "start_1": "expr2", "end_1": "expr4"}
    unnamed = {computed.get(key, key): value for key, value in GOOD.items()}
    orders, rejected = read(json.dumps(shouted), json.dumps(unnamed))
    assert not rejected
    assert {order._replace(payload="") for order in orders} == {read(row())[0][0]._replace(payload="")}


def test_the_first_field_that_holds_a_value_decides() -> None:
    orders, rejected = read(
        row(id="1", end_1=None, end_2="2027-01-31", end_3="2028-01-31"),
        row(id="2", end_1="", end_2=None, end_3="2028-01-31"),
        row(id="3", start_1=None, end_1=None),
        row(id="4", end_1="soon", end_2="2027-01-31"),
    )
    assert [order.term_end for order in orders] == [date(2027, 1, 31), date(2028, 1, 31), None]
    assert rejected[0].code == "date-unreadable"
    assert "header:custbody_end" in rejected[0].detail


@pytest.mark.parametrize(("said", "letter"), [("B", "B"), ("SalesOrd:B", "B"), ("Z", "Z"), ("h", "H")])
def test_a_status_is_one_letter_in_either_form(said: str, letter: str) -> None:
    assert read(row(status=said))[0][0].status == letter


def test_a_row_twice_on_a_page_comes_twice() -> None:
    assert [order.order_id for order in read(row(), row())[0]] == [7, 7]


@given(st.dictionaries(st.sampled_from(list(GOOD)), json_values), st.text(max_size=5))
def test_no_row_ever_raises(changes: dict[str, Any], key: str) -> None:
    orders, rejected = read(row(id="1"), row(**{**changes, key: "x"}), row(id="3"))
    assert len(orders) + len(rejected) == 3
    assert orders[0].order_id == 1
    assert orders[-1].order_id == 3


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>maintenance</html>",
        page(row())[:-20],
        b"[]",
        b'{"items":{},"hasMore":false}',
        b'{"hasMore":false,"totalResults":0}',
        b'{"items":[]}',
        page(row()).replace(b'"count":1', b'"count":2'),
        page(row()) + b"}",
        b'{"items":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    ],
)
def test_a_page_that_is_not_whole_is_no_page(body: bytes) -> None:
    with pytest.raises(TryAgain) as caught:
        query_page(Answer(200, CaseInsensitiveDict(), body))
    assert caught.value.code == "netsuite-answer-broken"


@pytest.mark.parametrize(
    ("more", "total", "last"), [("false", 1, True), ("true", 1, False), ("false", 5, False), ("true", 5, False)]
)
def test_a_page_is_the_last_only_when_both_signs_say_so(more: str, total: int, last: bool) -> None:
    body = f'{{"items":[{row()}],"hasMore":{more},"totalResults":"{total}"}}'
    found = query_page(Answer(200, CaseInsensitiveDict(), body.encode()))
    assert found.last is last
    assert isinstance(found.items[0], msgspec.Raw)
