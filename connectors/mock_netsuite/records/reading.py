"""GET of one record: body fields, references, enumerations, sublists as links or in full."""

# ruff: noqa: S608  SQL is composed of the catalogue's own names; values are bound or quoted.

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from connectors.mock_netsuite import problems
from connectors.mock_netsuite.records.types import TARGETS, RecordType
from connectors.mock_netsuite.records.values import to_json
from connectors.mock_netsuite.store import Store

_ID = re.compile(r"[0-9]{1,9}")


def row_name(store: Store, table: str, identifier: int) -> str | None:
    """Name of a referenced row; None when there is no such row."""
    column = TARGETS[table][1]
    rows = store.rows(f'SELECT "{column}" FROM "{table}" WHERE id = ?', [identifier])
    return str(rows[0][0]) if rows else None


class Reader:
    """Reads records of one account. `base` is the URL of the record service as the client sees it."""

    def __init__(self, store: Store, base: str, row_filters: Mapping[str, str]) -> None:
        self._store, self._base = store, base
        self._filters = row_filters
        self._names = partial(row_name, store)

    def row(self, record_type: RecordType, identifier: str) -> dict[str, Any]:
        """The stored row by internal id or `eid:` external id; 404 when it does not exist or is not visible."""
        column, value = ("id", identifier)
        if identifier.lower().startswith("eid:"):
            column, value = "externalid", identifier[4:]
        elif _ID.fullmatch(identifier) is None:
            raise problems.no_such_record()
        visible = self._filters.get(record_type.table, "true").format(t="r")
        sql = (
            f'SELECT * FROM "{record_type.table}" r WHERE r.{column} = ? AND {record_type.condition} AND {visible}'
        )
        rows = self._store.records(sql, [value])
        if not rows:
            raise problems.no_such_record()
        return rows[0]

    def record(
        self, record_type: RecordType, row: dict[str, Any], *, expand: bool, only: str | None, simple: bool
    ) -> dict[str, Any]:
        """The record's JSON. `only` is the `fields` parameter: body fields, separated by commas."""
        url = f"{self._base}/{record_type.name}/{row['id']}"
        wanted = set(only.split(",")) if only else None
        body: dict[str, Any] = {"links": [_self(url)]}
        for entry in record_type.fields.values():
            value = row.get(entry.column)
            if value is not None and (wanted is None or entry.name in wanted):
                body[entry.name] = to_json(entry, value, self._base, self._names, simple)
        if record_type.lines and wanted is None:
            body["item"] = self.lines(record_type, row, url) if expand else {"links": [_self(f"{url}/item")]}
        return body

    def lines(self, record_type: RecordType, row: dict[str, Any], url: str, full: bool = True) -> dict[str, Any]:
        """The item sublist; `full` gives the fields of each line, otherwise links only."""
        items = [self.line(record_type, line, url, full) for line in self._line_rows(row["id"])]
        return {
            "links": [_self(f"{url}/item")],
            "items": items,
            "totalResults": len(items),
            "count": len(items),
            "hasMore": False,
            "offset": 0,
        }

    def line(self, record_type: RecordType, line: dict[str, Any], url: str, full: bool = True) -> dict[str, Any]:
        body: dict[str, Any] = {"links": [_self(f"{url}/item/{line['id']}")]}
        for entry in record_type.lines.values() if full else ():
            value = line.get(entry.column)
            if value is not None:
                body[entry.name] = to_json(entry, value, self._base, self._names, simple_enums=True)
        return body

    def one_line(self, record_type: RecordType, row: dict[str, Any], number: str) -> dict[str, Any]:
        url = f"{self._base}/{record_type.name}/{row['id']}"
        for line in self._line_rows(row["id"]):
            if str(line["id"]) == number:
                return self.line(record_type, line, url)
        raise problems.no_such_record()

    def _line_rows(self, order_id: int) -> list[dict[str, Any]]:
        return self._store.records(
            "SELECT * FROM transactionline WHERE transaction = ? AND mainline = 'F' AND taxline = 'F' ORDER BY id",
            [order_id],
        )


def _self(url: str) -> dict[str, str]:
    return {"rel": "self", "href": url}
