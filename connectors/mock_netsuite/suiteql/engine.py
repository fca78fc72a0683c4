"""Runs a page of a SuiteQL query: text in, items as NetSuite prints them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb

from connectors.mock_netsuite import problems
from connectors.mock_netsuite.store import Store
from connectors.mock_netsuite.suiteql.dialect import parse
from connectors.mock_netsuite.suiteql.queries import compile_query
from connectors.mock_netsuite.suiteql.select import Select
from connectors.mock_netsuite.suiteql.values import Session, number_text

Item = dict[str, Any]


@dataclass(frozen=True)
class Page:
    """`items` hold text only and lack the columns that are NULL; `reads` gives the columns behind each key."""

    items: list[Item]
    total: int
    reads: Mapping[str, frozenset[str]]


def prepare(store: Store) -> None:
    """Defines what translated queries rely on."""
    with store.cursor() as cursor:
        cursor.execute(
            """
            CREATE MACRO oracle_number(x) AS
                regexp_replace(
                    regexp_replace(regexp_replace(CAST(x AS VARCHAR), '(\\.\\d*?)0+$', '\\1'), '\\.$', ''),
                    '^(-?)0\\.', '\\1.'
                )
            """  # names x once: a macro that repeats it doubles a nested query at every level
        )


def run(store: Store, query: str, parameters: Sequence[object], limit: int, offset: int, session: Session) -> Page:
    """One page of a query. Raises Problem for anything NetSuite would refuse."""
    try:
        select = compile_query(parse(query, parameters), session)
    except RecursionError as error:
        raise problems.unsupported_search() from error
    try:
        rows, total = _fetch(store, select, limit, offset, session)
    except duckdb.InterruptException as error:
        raise problems.unexpected_error() from error
    except duckdb.Error as error:
        raise problems.unsupported_search() from error
    names = [output.name for output in select.visible]
    reads = {output.name: output.value.reads for output in select.visible}
    return Page([_item(names, row) for row in rows], total, reads)


def _fetch(
    store: Store, select: Select, limit: int, offset: int, session: Session
) -> tuple[list[tuple[Any, ...]], int]:
    wanted = limit if select.fetch is None else max(0, min(limit, select.fetch - offset))
    with store.limited_cursor() as cursor:
        cursor.execute("BEGIN")  # the page and its total are of the same moment
        rows = cursor.execute(select.page_sql(wanted, select.skip + offset, session)).fetchall()
        if rows and len(rows) < wanted:  # the end was reached, so the total is known
            return rows, offset + len(rows)
        counted = cursor.execute(select.count_sql()).fetchall()[0][0]
    total = max(0, counted - select.skip)
    return rows, total if select.fetch is None else min(total, select.fetch)


def _item(names: Sequence[str], row: Sequence[Any]) -> Item:
    item: Item = {"links": []}
    for name, value in zip(names, row, strict=True):
        if isinstance(value, str):
            item[name] = value
        elif value is not None:
            item[name] = _text(value)
    return item


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, datetime | date):  # every date was already printed by the query
        raise TypeError(f"a date reached the answer unprinted: {value!r}")
    return number_text(value)
