"""POST, PATCH, PUT and DELETE of one record.

A request is checked in full first and becomes a list of statements; applying them is one transaction. The
statements can also be kept back for a while: a late commit, dated at the request and seen only afterwards.
"""

# ruff: noqa: S608  SQL is composed of the catalogue's own names; values are bound or quoted.

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import partial
from itertools import count
from typing import Any

from connectors.mock_netsuite import problems
from connectors.mock_netsuite.records.changes import Change, Numbers
from connectors.mock_netsuite.records.reading import row_name
from connectors.mock_netsuite.records.types import Field, Form, RecordType
from connectors.mock_netsuite.records.values import LARGEST, from_json
from connectors.mock_netsuite.store import Store


class Writer:
    """Turns request bodies into Changes. `now` is the account's clock in naive UTC, whole seconds."""

    def __init__(
        self, store: Store, numbers: Numbers, now: datetime, *, check_names: bool, bump_header: bool
    ) -> None:
        self._store, self._numbers, self._now = store, numbers, now
        self._check_names, self._bump_header = check_names, bump_header
        self._names = partial(row_name, store)

    def create(self, record_type: RecordType, body: dict[str, Any]) -> Change:
        values = self._values(record_type.fields, body, "")
        self._require(record_type.fields, values)
        self._check_external_id(record_type, values)
        identifier = self._numbers.next(record_type.table)
        change = Change(identifier)
        if record_type.code is None:
            change.insert(record_type.table, self._new_customer(identifier, values))
            self._relate(change, identifier, values)
            return change
        lines = self._new_lines(record_type, body)
        change.insert(record_type.table, self._new_order(record_type, identifier, values))
        self._insert_line(change, identifier, 0, {"mainline": "T", **values.get("mainline", {})})
        for number, line in enumerate(lines, start=1):
            self._insert_line(change, identifier, number, line)
        self._retotal(change, identifier)
        return change

    def update(self, record_type: RecordType, row: dict[str, Any], body: dict[str, Any], replace: bool) -> Change:
        """PATCH: the fields given, lines by their number; `replace` exchanges the whole sublist."""
        values = self._values(record_type.fields, body, "")
        change = Change(int(row["id"]))
        self._check_external_id(record_type, values, change.record_id)
        for entry in record_type.fields.values():
            if entry.mandatory and entry.column in values and values[entry.column] is None:
                raise problems.user_error(f"Please enter value(s) for: {entry.mandatory}.")
        if record_type.lines and "item" in body:
            self._update_lines(change, record_type, row, body, replace)
        if values or self._bump_header or "item" not in body:
            stamped = {**values, "lastmodifieddate": self._now}
            change.update(record_type.table, stamped, "id = ?", [change.record_id])
        return change

    def delete(self, record_type: RecordType, row: dict[str, Any]) -> Change:
        identifier = int(row["id"])
        change = Change(identifier)
        if record_type.code is None:
            used = self._store.rows('SELECT 1 FROM "transaction" WHERE entity = ? LIMIT 1', [identifier])
            if used:
                raise problems.user_error("This record cannot be deleted because it has dependent records.")
            change.run("DELETE FROM customersubsidiaryrelationship WHERE entity = ?", identifier)
        else:
            change.run("DELETE FROM transactionline WHERE transaction = ?", identifier)
            self._note_history(change, row)
        change.run(f'DELETE FROM "{record_type.table}" WHERE id = ?', identifier)
        change.insert("deletedrecord", self._deletion(record_type, row))
        return change

    # values

    def _values(self, fields: Mapping[str, Field], body: Mapping[str, Any], path: str) -> dict[str, Any]:
        """Columns and values of a body; read-only fields are passed over, unknown ones refused."""
        values: dict[str, Any] = {}
        for name, value in body.items():
            entry = fields.get(name)
            if entry is None:
                if self._check_names and name not in ("item", "links"):
                    raise problems.invalid_content(f"Unknown reference or field '{name}'.", f"{path}{name}")
                continue
            if not entry.read_only and entry.form is not Form.INSTANT:
                values[entry.column] = from_json(entry, value, f"{path}{name}", self._names)
        return values

    def _require(self, fields: Mapping[str, Field], values: Mapping[str, Any]) -> None:
        missing = [
            entry.mandatory for entry in fields.values() if entry.mandatory and values.get(entry.column) is None
        ]
        if missing:
            raise problems.user_error(f"Please enter value(s) for: {', '.join(missing)}.")

    def _check_external_id(self, record_type: RecordType, values: Mapping[str, Any], own: int = 0) -> None:
        """External ids are unique within a record type."""
        given = values.get("externalid")
        others = (
            f'SELECT 1 FROM "{record_type.table}" WHERE externalid = ? AND id <> ? AND {record_type.condition}'
        )
        if given is not None and self._store.rows(f"{others} LIMIT 1", [given, own]):
            raise problems.user_error("This record already exists.")

    def _new_customer(self, identifier: int, values: dict[str, Any]) -> dict[str, Any]:
        defaults = {
            "entityid": values.get("companyname"),
            "isperson": "F",
            "isinactive": "F",
            "subsidiary": 1,
            "datecreated": self._now,
        }
        return {**defaults, **values, "id": identifier, "lastmodifieddate": self._now}

    def _relate(self, change: Change, identifier: int, values: Mapping[str, Any]) -> None:
        row = [identifier, identifier, values.get("subsidiary") or 1, values.get("companyname")]
        change.run("INSERT INTO customersubsidiaryrelationship VALUES (?, ?, ?, 'T', ?)", *row)

    def _new_order(self, record_type: RecordType, identifier: int, values: dict[str, Any]) -> dict[str, Any]:
        subsidiary = self._store.rows("SELECT subsidiary FROM customer WHERE id = ?", [values["entity"]])[0][0]
        defaults = {
            "tranid": f"SO{100_000 + identifier}",
            "status": "A",
            "trandate": self._now.date(),
            "currency": 1,
            "exchangerate": 1,
            "subsidiary": subsidiary,
            "createddate": self._now,
        }
        fixed = {"id": identifier, "type": record_type.code, "lastmodifieddate": self._now}
        return {**defaults, **values, **fixed}

    # lines

    def _line_bodies(self, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        sublist = body.get("item", {})
        items = sublist.get("items", []) if isinstance(sublist, dict) else None
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise problems.invalid_content("Invalid value for sublist 'item'.", "item.items")
        return items

    def _new_lines(self, record_type: RecordType, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        lines = []
        for position, item in enumerate(self._line_bodies(body)):
            values = self._values(record_type.lines, item, f"item.items[{position}].")
            if values.get("item") is None:
                path = f"item.items[{position}].item"
                raise problems.invalid_content("Please enter value(s) for: Item.", path)
            lines.append(_with_amount(values))
        return lines

    def _insert_line(self, change: Change, order_id: int, number: int, values: Mapping[str, Any]) -> None:
        defaults = {
            "mainline": "F",
            "taxline": "F",
            "isclosed": "F",
            "itemtype": "Service" if values.get("item") else None,
            "linecreateddate": self._now,
            "linelastmodifieddate": self._now,
        }
        keys = {
            "uniquekey": self._numbers.next("transactionline"),
            "transaction": order_id,
            "id": number,
            "linesequencenumber": number,
        }
        change.insert("transactionline", {**defaults, **values, **keys})

    def _update_lines(
        self, change: Change, record_type: RecordType, row: dict[str, Any], body: Mapping[str, Any], replace: bool
    ) -> None:
        existing = self._store.records(
            "SELECT id, quantity, rate, foreignamount FROM transactionline "
            "WHERE transaction = ? AND mainline = 'F' AND taxline = 'F'",
            [change.record_id],
        )
        known = {int(line["id"]): line for line in existing}
        free = count(max(known, default=0) + 1)
        kept = set()
        for position, item in enumerate(self._line_bodies(body)):
            number = _line_number(item, known, position)
            values = self._values(record_type.lines, item, f"item.items[{position}].")
            if number is None:
                added = self._new_lines(record_type, {"item": {"items": [item]}})[0]
                self._insert_line(change, change.record_id, next(free), added)
                continue
            kept.add(number)
            edited = _with_amount(values, known[number]) | {"linelastmodifieddate": self._now}
            where = "transaction = ? AND id = ? AND mainline = 'F'"
            change.update("transactionline", edited, where, [change.record_id, number])
        for number in known.keys() - kept if replace else ():
            change.run("DELETE FROM transactionline WHERE transaction = ? AND id = ?", change.record_id, number)
        self._retotal(change, change.record_id)

    def _retotal(self, change: Change, order_id: int) -> None:
        """The order's total is that of its lines."""
        total = "(SELECT -sum(foreignamount) FROM transactionline WHERE transaction = ? AND mainline = 'F')"
        change.run(f'UPDATE "transaction" SET foreigntotal = {total} WHERE id = ?', order_id, order_id)
        change.run(
            f"UPDATE transactionline SET foreignamount = {total}, netamount = {total}, "
            'subsidiary = (SELECT subsidiary FROM "transaction" WHERE id = ?) '
            "WHERE transaction = ? AND mainline = 'T'",
            *[order_id] * 4,
        )

    # deletions

    def _deletion(self, record_type: RecordType, row: dict[str, Any]) -> dict[str, Any]:
        label = record_type.label
        name = f"{label} #{row['tranid']}" if record_type.code else row[record_type.name_column]
        return {
            "name": name,
            "recordid": row["id"],
            "recordtypeid": record_type.deleted_type,
            "scriptid": record_type.name.upper(),
            "context": "REST Web Services",
            "deletedby": -5,
            "deleteddate": self._now,
            "iscustomlist": "F",
            "iscustomrecord": "F",
            "iscustomtransaction": "F",
            "type": label,
        }

    def _note_history(self, change: Change, row: dict[str, Any]) -> None:
        change.insert(
            "transactionhistory",
            {
                "id": self._numbers.next("transactionhistory"),
                "transaction": row["id"],
                "type": row["type"],
                "status": row["status"],
                "documentnumber": row["tranid"],
                "transactiondate": row["trandate"],
                "entity": row["entity"],
                "amount": row["foreigntotal"],
                "action": "DELETE",
                "version": 2,
                "username": "Integration User",
                "datetime": self._now,
            },
        )


def _line_number(item: Mapping[str, Any], known: Mapping[int, Any], position: int) -> int | None:
    """Which line an entry means; an entry without a number is a new line."""
    number = item.get("line")
    if number is None:
        return None
    if not isinstance(number, int | float | str) or not str(number).isdigit() or int(number) not in known:
        raise problems.invalid_content(f"Line {number!r} does not exist.", f"item.items[{position}].line")
    return int(number)


def _with_amount(values: dict[str, Any], before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Amount of a line: given, else quantity times rate."""
    known = {**(before or {}), **values}
    if "foreignamount" not in values and ("quantity" in values or "rate" in values or before is None):
        quantity = known.get("quantity")
        amount = (Decimal(-1) if quantity is None else quantity) * (known.get("rate") or Decimal(0))
        if abs(amount) >= LARGEST:
            raise problems.user_error("Please enter a valid number for: Amount.")
        values = {**values, "foreignamount": amount}
    if "foreignamount" in values:
        values = {**values, "netamount": values["foreignamount"]}
    return values
