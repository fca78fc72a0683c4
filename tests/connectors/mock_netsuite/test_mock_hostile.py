"""Queries that mean harm or ask too much: none reaches past the account, none takes the mock down."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from plain_client import Client

pytest_plugins = ("mock_accounts",)

_GENERIC = "Search error occurred: Invalid or unsupported search."


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM (DESCRIBE transaction)",
        "SELECT current_setting('memory_limit') FROM DUAL",
        "SELECT getenv('HOME') FROM DUAL",
        "ATTACH 'other.db'",
        "COPY transaction TO 'rows.csv'",
        "PRAGMA version",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET memory_limit = '1GB'",
        "DELETE FROM transaction",
        "UPDATE transaction SET memo = 'x'",
        "DROP TABLE transaction",
        "SELECT id FROM transaction; DROP TABLE transaction",
        "SELECT id AS \"x\" FROM transaction WHERE memo = '\\'; DROP TABLE transaction --'",
    ],
)
def test_the_engine_behind_suiteql_cannot_be_reached(shared_mock: Client, query: str) -> None:
    assert shared_mock.refusal(query) == _GENERIC


@pytest.mark.parametrize("name", ["'/etc/passwd'", '"/etc/passwd"', "sqlite_master", "duckdb_tables"])
def test_only_record_types_can_be_read_from(shared_mock: Client, name: str) -> None:
    stripped = name.strip("'\"")
    assert shared_mock.refusal(f"SELECT * FROM {name}") == f"Invalid search type: {stripped}."


@pytest.mark.parametrize(
    ("alias", "shown"),
    [('"a""b"', 'a"b'), ('"a\'b"', "a'b"), ('"a; DROP TABLE dual"', "a; drop table dual"), ('"{t}{0}"', "{t}{0}")],
)
def test_names_of_any_text_stay_names(shared_mock: Client, alias: str, shown: str) -> None:
    assert shared_mock.rows(f"SELECT {alias}.dummy AS {alias} FROM DUAL {alias}") == [{shown: "X"}]


def _nested(call: str, innermost: str, depth: int) -> str:
    for _ in range(depth):
        innermost = call.format(innermost)
    return innermost


@pytest.mark.parametrize(
    "query",
    [
        "SELECT " + "(" * 50_000 + "1" + ")" * 50_000 + " FROM DUAL",
        "SELECT " + "+".join(["1"] * 300_000) + " FROM DUAL",
        f"SELECT {_nested('GREATEST({0}, 1)', 'id', 60)} FROM transaction",
        f"SELECT {_nested('REPLACE({0}, 1, 11111111111111111111)', '1', 8)} FROM DUAL",
        f"SELECT TO_CHAR(trandate, '{'Q' * 1000}') FROM transaction",
        f"SELECT '{'x' * 4001}' FROM DUAL",
    ],
    ids=["parentheses", "long", "growing-sql", "growing-text", "long-mask", "long-literal"],
)
def test_queries_that_would_grow_without_end_are_refused(shared_mock: Client, query: str) -> None:
    assert shared_mock.refusal(query) == _GENERIC


def test_computed_text_ends_at_the_longest_oracle_has(shared_mock: Client) -> None:
    query = "SELECT LENGTH(LPAD('x', 2000000000)) AS a, LENGTH(LPAD('x', 4000) || LPAD('y', 4000)) AS b FROM DUAL"
    assert shared_mock.rows(query) == [{"a": "4000", "b": "4000"}]


def test_a_query_without_end_is_ended_and_others_go_on(start_mock: Callable[..., Client]) -> None:
    client = start_mock(query_seconds=0.3)
    tables = ", ".join(f"transaction t{number}" for number in range(8))
    answers = []
    query = f"SELECT COUNT(DISTINCT t0.id * t1.id + t2.id - t3.id) FROM {tables}"
    endless = threading.Thread(target=lambda: answers.append(client.post_query(query)))
    endless.start()
    assert Client(client.mock).rows("SELECT 1 AS n FROM DUAL") == [{"n": "1"}]
    endless.join()
    assert answers[0].status_code == 500
    assert answers[0].json()["o:errorDetails"][0]["o:errorCode"] == "UNEXPECTED_ERROR"


def test_more_memory_than_allowed_refuses_the_query(start_mock: Callable[..., Client]) -> None:
    client = start_mock(memory_limit="200MB")
    tables = ", ".join(f"transaction t{number}" for number in range(4))
    query = f"SELECT DISTINCT t0.id + t1.id * 5000 + t2.id * 25000000 FROM {tables}"
    assert client.refusal(query) == _GENERIC
    assert client.rows("SELECT 1 AS n FROM DUAL") == [{"n": "1"}]


def test_stopping_ends_queries_that_still_run(start_mock: Callable[..., Client]) -> None:
    client = start_mock(query_seconds=600)
    tables = ", ".join(f"transaction t{number}" for number in range(8))
    failures: list[Exception] = []

    def ask() -> None:
        try:
            client.post_query(f"SELECT COUNT(DISTINCT t0.id * t1.id + t2.id - t3.id) FROM {tables}")
        except OSError as error:  # the connection is cut
            failures.append(error)

    endless = threading.Thread(target=ask)
    endless.start()
    assert any(client.control("GET", "stats")["in_flight"] for _ in range(5000))
    client.mock.stop()
    endless.join(timeout=10)
    assert not endless.is_alive()
    assert failures


@pytest.mark.parametrize(
    "expression", ["1 / 0", "POWER(10, 400)", "SQRT(-1)", "TO_NUMBER('inf')", "TO_NUMBER('x')"]
)
def test_what_is_no_number_is_refused(shared_mock: Client, expression: str) -> None:
    assert shared_mock.refusal(f"SELECT {expression} FROM DUAL") == _GENERIC


def test_numbers_keep_their_digits(shared_mock: Client) -> None:
    [row] = shared_mock.rows("SELECT 1 / 8 AS a, 1 / 3 AS b, 0.0000001 AS c, 2 * 5e-7 AS d, 1e20 AS e FROM DUAL")
    assert (row["a"], row["c"], row["d"]) == (".125", ".0000001", ".000001")
    assert row["b"].startswith(".333333333333333")
    assert row["e"] == "100000000000000000000"


@pytest.mark.parametrize("zone", ["America", "../../etc/passwd", "/etc/localtime", "Mars/Phobos"])
def test_what_is_no_time_zone_is_refused(shared_mock: Client, zone: str) -> None:
    query = f"SELECT FROM_TZ(TO_TIMESTAMP('2026-01-01', 'YYYY-MM-DD'), '{zone}') FROM DUAL"
    assert shared_mock.refusal(query) == _GENERIC
