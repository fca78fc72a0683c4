"""The rows of the account, in DuckDB in memory.

No indexes: rows are kept in id order, so the engine's own min/max per row group finds a key in under a
millisecond, and saving a record stays cheap.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb

from connectors.mock_netsuite.catalogue import STATUSES, TYPES, Column, Kind, Table

_TYPES = {
    Kind.NUMBER: "INTEGER",
    Kind.TEXT: "VARCHAR",
    Kind.DATE: "DATE",
    Kind.LOCAL: "TIMESTAMP",
    Kind.INSTANT: "TIMESTAMP",
}
# Columns of few values that queries filter on: compared as numbers, ten times faster than text. The values are in
# alphabetical order, since the engine sorts by position.
_FEW_VALUES = {
    ("transaction", "type"): sorted(TYPES),
    ("transaction", "status"): sorted(STATUSES),
    ("transactionline", "mainline"): ["F", "T"],
    ("transactionline", "taxline"): ["F", "T"],
}
_DECIMALS = {"foreigntotal", "quantity", "rate", "netamount", "foreignamount", "amount", "exchangerate"}

# Columns the account keeps but does not show on this table.
_EXTRA = {"transaction": "subsidiary INTEGER, createdfrom INTEGER", "customer": "subsidiary INTEGER"}


class Store:
    """Reads run side by side, each on its own cursor; writes one after another, each a transaction."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._database = duckdb.connect(":memory:", config={"enable_external_access": "false"})
        # A page of 1,000 rows out of 1,000,000 is found on its sort keys; its other columns are read afterwards.
        self._database.execute("SET GLOBAL late_materialization_max_rows = 20000")
        self._writing = threading.RLock()
        for table in tables.values():
            self._create(table)

    def close(self) -> None:
        self._database.close()

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of one's own."""
        cursor = self._database.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self.cursor() as cursor:
            return cursor.execute(sql, values).fetchall()

    def records(self, sql: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Rows as dictionaries by column name."""
        with self.cursor() as cursor:
            result = cursor.execute(sql, values)
            names = [column[0] for column in result.description or ()]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """All or nothing; one writer at a time."""
        with self._writing, self.cursor() as cursor:
            cursor.execute("BEGIN")
            try:
                yield cursor
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")

    def _create(self, table: Table) -> None:
        columns = [f'"{column.name}" {_column_type(table.name, column)}' for column in table.stored]
        extra = [_EXTRA[table.name]] if table.name in _EXTRA else []
        self._database.execute(f'CREATE TABLE "{table.name}" ({", ".join(columns + extra)})')


def _column_type(table: str, column: Column) -> str:
    values = _FEW_VALUES.get((table, column.name))
    if values is not None:
        return f"ENUM ({', '.join(repr(value) for value in values)})"
    decimal = column.name in _DECIMALS or (column.kind is Kind.NUMBER and column.name.startswith("cust"))
    return "DECIMAL(18,4)" if decimal else _TYPES[column.kind]
