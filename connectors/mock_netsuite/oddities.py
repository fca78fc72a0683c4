"""Odd cell values for chosen orders, to see what a client does with a bad row."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from connectors.mock_netsuite.suiteql.engine import Item

_MEGABYTE = 1024 * 1024


class Oddity(BaseModel):
    """What SuiteQL prints for one column of one order, whatever the row holds.

    `column` is `table.column`; every key of the answer that is computed from it shows the odd value.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    order: int
    column: str = "transaction.memo"
    kind: Literal["huge", "nul", "astral", "bad-date", "missing", "number", "object", "text"] = "text"
    text: str = ""

    def value(self) -> Any:
        """The cell; None leaves it out."""
        return {
            "huge": "m" * (10 * _MEGABYTE),
            "nul": "before\x00after",
            "astral": "𝔐𝔢𝔪𝔬 🎓",
            "bad-date": "2026-02-30",
            "missing": None,
            "number": 20260230,
            "object": {"unexpected": []},
            "text": self.text,
        }[self.kind]


class Oddities:
    """The oddities of a running account, by order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_order: dict[str, list[Oddity]] = {}

    def add(self, oddity: Oddity) -> None:
        with self._lock:
            self._by_order.setdefault(str(oddity.order), []).append(oddity)

    def clear(self) -> None:
        with self._lock:
            self._by_order.clear()

    def listing(self) -> list[dict[str, Any]]:
        with self._lock:
            return [oddity.model_dump() for oddities in self._by_order.values() for oddity in oddities]

    def applied(self, items: list[Item], reads: Mapping[str, frozenset[str]]) -> list[Item]:
        """The items with the odd cells in place."""
        with self._lock:
            by_order = dict(self._by_order)
        if not by_order:
            return items
        keys = [
            name
            for name, columns in reads.items()
            if columns in (frozenset({"transaction.id"}), frozenset({"transactionline.transaction"}))
        ]
        return [self._changed(item, by_order, keys, reads) for item in items]

    def _changed(
        self,
        item: Item,
        by_order: Mapping[str, list[Oddity]],
        keys: list[str],
        reads: Mapping[str, frozenset[str]],
    ) -> Item:
        oddities = next((by_order[item[key]] for key in keys if item.get(key) in by_order), [])
        for oddity in oddities:
            cell = {name: oddity.value() for name, columns in reads.items() if oddity.column in columns}
            item = {name: value for name, value in {**item, **cell}.items() if value is not None}
        return item
