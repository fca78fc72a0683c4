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

from connectors.mock_netsuite.columns import Column, Kind, Table
from connectors.mock_netsuite.tables import STATUSES, TYPES

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
_INTERRUPT_AGAIN_SECONDS = 0.05
_DECIMALS = {"foreigntotal", "quantity", "rate", "netamount", "foreignamount", "amount", "exchangerate"}

# Columns the account keeps but does not show on this table.
_EXTRA = {"transaction": "subsidiary INTEGER, createdfrom INTEGER", "customer": "subsidiary INTEGER"}


class Store:
    """Reads run side by side, each on its own cursor; writes one after another, each a transaction.

    The engine reaches no file and no network, writes nothing to disk, and takes at most `memory_limit`
    (as DuckDB writes it, e.g. `4GB`).
    """

    def __init__(self, tables: Mapping[str, Table], memory_limit: str, query_seconds: float) -> None:
        walled_in: dict[str, str | bool | int | float | list[str]] = {
            "enable_external_access": "false",
            "autoload_known_extensions": "false",
            "autoinstall_known_extensions": "false",
            "allow_community_extensions": "false",
            "max_temp_directory_size": "0B",
            "memory_limit": memory_limit,
        }
        self._database = duckdb.connect(":memory:", config=walled_in)
        self._query_seconds = query_seconds
        self._open: set[duckdb.DuckDBPyConnection] = set()
        self._changed = threading.Condition()
        # A page of 1,000 rows out of 1,000,000 is found on its sort keys; its other columns are read afterwards.
        self._database.execute("SET GLOBAL late_materialization_max_rows = 20000")
        self._writing = threading.RLock()
        for table in tables.values():
            self._create(table)
        self._database.execute("SET lock_configuration = true")

    def close(self) -> None:
        """Ends what still runs and gives the memory back."""
        with self._changed:
            while self._open:
                for cursor in self._open:
                    cursor.interrupt()
                self._changed.wait(_INTERRUPT_AGAIN_SECONDS)
        self._database.close()

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of one's own."""
        cursor = self._database.cursor()
        with self._changed:
            self._open.add(cursor)
        try:
            yield cursor
        finally:
            with self._changed:
                self._open.discard(cursor)
                cursor.close()
                self._changed.notify_all()

    @contextmanager
    def limited_cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection whose statements, taken together, are interrupted after the time a query may take."""
        with self.cursor() as cursor:
            done = threading.Event()
            watch = threading.Thread(target=self._interrupt_late, args=(cursor, done), daemon=True)
            watch.start()
            try:
                yield cursor
            finally:
                done.set()
                watch.join()

    def _interrupt_late(self, cursor: duckdb.DuckDBPyConnection, done: threading.Event) -> None:
        if done.wait(self._query_seconds):
            return
        cursor.interrupt()
        while not done.wait(_INTERRUPT_AGAIN_SECONDS):  # one that comes between two statements is lost
            cursor.interrupt()

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
