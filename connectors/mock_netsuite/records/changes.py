"""Changes to the account's rows, and the numbers new rows get."""

# ruff: noqa: S608  SQL is composed of the catalogue's own names; values are bound or quoted.

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.mock_netsuite.store import Store

# Table → its number and the step between two. Transaction ids are shared with other records, so they leave gaps.
_STEPS = {
    "transaction": ("id", 3),
    "customer": ("id", 1),
    "transactionline": ("uniquekey", 1),
    "transactionhistory": ("id", 1),
}


@dataclass
class Change:
    """Statements to run together, and the record they are about."""

    record_id: int
    statements: list[tuple[str, list[Any]]] = field(default_factory=list)

    def insert(self, table: str, values: Mapping[str, Any]) -> None:
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" for _ in values)
        self.statements.append((f'INSERT INTO "{table}" ({names}) VALUES ({marks})', list(values.values())))

    def update(self, table: str, values: Mapping[str, Any], where: str, keys: list[Any]) -> None:
        pairs = ", ".join(f'"{name}" = ?' for name in values)
        self.statements.append((f'UPDATE "{table}" SET {pairs} WHERE {where}', [*values.values(), *keys]))

    def run(self, sql: str, *values: Any) -> None:
        self.statements.append((sql, list(values)))

    def apply(self, store: Store) -> None:
        with store.transaction() as cursor:
            for sql, values in self.statements:
                cursor.execute(sql, values)


class Numbers:
    """Internal ids and line keys, never given out twice."""

    def __init__(self, store: Store) -> None:
        self._lock = threading.Lock()
        self._store = store
        self._last = dict.fromkeys(_STEPS, 1000)
        self.restart()

    def restart(self) -> None:
        """Goes on after the highest numbers in the store, as after a bulk seeding; never goes back."""
        with self._lock:
            for table, (column, _) in _STEPS.items():
                highest = self._store.rows(f'SELECT coalesce(max({column}), 0) FROM "{table}"')[0][0]
                self._last[table] = max(self._last[table], int(highest))

    def last(self, table: str) -> int:
        """The highest number given out, seen by queries or not."""
        with self._lock:
            return self._last[table]

    def next(self, table: str) -> int:
        with self._lock:
            self._last[table] += _STEPS[table][1]
            return self._last[table]
