"""Properties of the translation: whatever the query, it means what Oracle says it means."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_client import Client

from connectors.mock_netsuite.suiteql.values import number_text

pytest_plugins = ("mock_accounts",)

Row = dict[str, Any]
Truth = bool | None

_COLUMNS = "id, status, memo, otherrefnum, TO_CHAR(enddate, 'YYYY-MM-DD') AS enddate, foreigntotal"


@pytest.fixture(scope="module")
def orders(shared_mock: Client) -> tuple[Client, list[Row]]:
    """The account's transactions as Python values; NULL is None."""
    rows = shared_mock.page(f"SELECT {_COLUMNS} FROM transaction ORDER BY id")["items"]
    return shared_mock, [_typed(row) for row in rows]


def _typed(row: dict[str, str]) -> Row:
    end = row.get("enddate")
    return {
        "id": int(row["id"]),
        "status": row["status"],
        "memo": row.get("memo"),
        "otherrefnum": row.get("otherrefnum"),
        "enddate": date.fromisoformat(end) if end else None,
        "foreigntotal": Decimal(row["foreigntotal"]),
    }


class Condition:
    """A condition as SuiteQL text and as a function of a row with three-valued truth."""

    def __init__(self, sql: str, holds: Callable[[Row], Truth]) -> None:
        self.sql, self.holds = sql, holds

    def __repr__(self) -> str:
        return self.sql


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    ">=": operator.ge,
}


def _comparison(column: str, word: str, literal: str, value: Any) -> Condition:
    return Condition(
        f"{column} {word} {literal}",
        lambda row: None if row[column] is None else _COMPARE[word](row[column], value),
    )


def _both(left: Condition, right: Condition) -> Condition:
    def holds(row: Row) -> Truth:
        found = (left.holds(row), right.holds(row))
        return False if False in found else None if None in found else True

    return Condition(f"({left.sql} AND {right.sql})", holds)


def _either(left: Condition, right: Condition) -> Condition:
    def holds(row: Row) -> Truth:
        found = (left.holds(row), right.holds(row))
        return True if True in found else None if None in found else False

    return Condition(f"({left.sql} OR {right.sql})", holds)


def _negated(inner: Condition) -> Condition:
    def holds(row: Row) -> Truth:
        found = inner.holds(row)
        return None if found is None else not found

    return Condition(f"NOT {inner.sql}" if inner.sql.startswith("(") else f"NOT ({inner.sql})", holds)


WORDS = st.sampled_from(["=", "<>", "<", ">="])
NUMBERS = st.integers(1000, 5600).flatmap(lambda n: WORDS.map(lambda w: _comparison("id", w, str(n), n)))
TOTALS = st.integers(0, 20000).flatmap(
    lambda n: WORDS.map(lambda w: _comparison("foreigntotal", w, f"{n}.5", Decimal(n) + Decimal("0.5")))
)
LETTERS = st.sampled_from("ABCDEFGHZ").flatmap(
    lambda letter: WORDS.map(lambda w: _comparison("status", w, f"'{letter}'", letter))
)
DAYS = st.dates(date(2025, 1, 1), date(2028, 12, 31)).flatmap(
    lambda day: WORDS.map(lambda w: _comparison("enddate", w, f"TO_DATE('{day}', 'YYYY-MM-DD')", day))
)
NULLS = st.sampled_from(["memo", "otherrefnum", "enddate"]).map(
    lambda column: Condition(f"{column} IS NULL", lambda row: row[column] is None)
)
LISTS = st.lists(st.integers(1000, 1100), min_size=1, max_size=5).map(
    lambda numbers: Condition(f"id IN ({', '.join(map(str, numbers))})", lambda row: row["id"] in numbers)
)
TEXTS = st.sampled_from(["PO-40", "PO", "%"]).map(
    lambda text: Condition(
        f"otherrefnum LIKE '{text}%'",
        lambda row: None if row["otherrefnum"] is None else text == "%" or row["otherrefnum"].startswith(text),
    )
)
KEYSETS = st.tuples(st.dates(date(2025, 6, 1), date(2028, 1, 1)), st.integers(1000, 5600)).map(
    lambda pair: _either(
        Condition(
            f"enddate > TO_DATE('{pair[0]}', 'YYYY-MM-DD')",
            lambda row: None if row["enddate"] is None else row["enddate"] > pair[0],
        ),
        _both(
            _comparison("enddate", "=", f"TO_DATE('{pair[0]}', 'YYYY-MM-DD')", pair[0]),
            _comparison("id", ">=", str(pair[1]), pair[1]),
        ),
    )
)
CONDITIONS = st.recursive(
    st.one_of(NUMBERS, TOTALS, LETTERS, DAYS, NULLS, LISTS, TEXTS, KEYSETS),
    lambda inner: st.one_of(
        st.builds(_both, inner, inner), st.builds(_either, inner, inner), st.builds(_negated, inner)
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(condition=CONDITIONS)
def test_conditions_select_the_rows_they_are_true_for(
    orders: tuple[Client, list[Row]], condition: Condition
) -> None:
    client, rows = orders
    known = f"(SELECT * FROM transaction WHERE id <= {rows[-1]['id']})"
    page = client.page(f"SELECT id FROM {known} WHERE {condition.sql} ORDER BY id")
    expected = [row["id"] for row in rows if condition.holds(row) is True]
    assert [int(item["id"]) for item in page["items"]] == expected
    assert page["totalResults"] == len(expected)


@settings(max_examples=40, deadline=None)
@given(condition=CONDITIONS, limit=st.integers(1, 400), page=st.integers(0, 5))
def test_any_page_is_that_part_of_the_whole(
    orders: tuple[Client, list[Row]], condition: Condition, limit: int, page: int
) -> None:
    client, rows = orders
    query = (
        f"SELECT id FROM transaction WHERE id <= {rows[-1]['id']} AND ({condition.sql}) ORDER BY enddate DESC, id"
    )
    expected = sorted(
        (row for row in rows if condition.holds(row) is True),
        key=lambda row: (row["enddate"] is not None, -(row["enddate"] or date.min).toordinal(), row["id"]),
    )
    offset = limit * page
    answer = client.page(query, limit=limit, offset=offset)
    assert [int(item["id"]) for item in answer["items"]] == [row["id"] for row in expected][
        offset : offset + limit
    ]
    assert answer["totalResults"] == len(expected)
    assert answer["hasMore"] is (offset + limit < len(expected))


@settings(max_examples=60, deadline=None)
@given(content=st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_text_comes_back_as_it_was(shared_mock: Client, content: str) -> None:
    escaped = content.replace("'", "''")
    expected = [{"n": "1", "v": content}] if content else [{"n": "1"}]
    assert shared_mock.rows(f"SELECT 1 AS n, '{escaped}' AS v FROM DUAL") == expected
    assert shared_mock.rows("SELECT 1 AS n, ? AS v FROM DUAL", params=[content]) == expected


@given(number=st.decimals(min_value=-(10**12), max_value=10**12, places=4))
def test_printed_numbers_keep_their_value_in_oracles_form(number: Decimal) -> None:
    text = number_text(number)
    assert Decimal(text) == number
    assert not text.lstrip("-").startswith("0.")
    assert "." not in text or not text.endswith(("0", "."))
