"""Between JSON fields and column values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.mock_netsuite import problems
from connectors.mock_netsuite.records.types import STATUS_NAMES, TARGETS, Field, Form

Names = Callable[[str, int], str | None]  # (table, id) → name of the row, None when there is none


def to_json(entry: Field, value: Any, base: str, names: Names, simple_enums: bool) -> Any:
    """A column value as the record API shows it. `base` is the URL under which records live."""
    match entry.form:
        case Form.NUMBER:
            number = float(value) * entry.sign
            return int(number) if entry.name == "line" else number
        case Form.BOOLEAN:
            return value == "T"
        case Form.DATE:
            return value.isoformat()
        case Form.INSTANT:
            return f"{value:%Y-%m-%dT%H:%M}:00Z"  # minutes are as precise as the record API gets
        case Form.STATUS:
            return value if simple_enums else {"id": value, "refName": STATUS_NAMES.get(value, value)}
        case Form.REFERENCE:
            return _reference(entry, value, base, names)
    return str(value)


def _reference(entry: Field, value: int, base: str, names: Names) -> dict[str, Any]:
    record, _ = TARGETS[entry.target or ""]
    link = {"rel": "self", "href": f"{base}/{record}/{value}"}
    name = names(entry.target or "", value)
    return {"links": [link], "id": str(value)} | ({"refName": name} if name else {})


LARGEST = Decimal(10**13)  # of any number in a record


def from_json(entry: Field, value: Any, path: str, names: Names) -> Any:
    """A field of a request body as a column value. Raises Problem naming `path`."""
    if value is None:
        return None
    try:
        return _READERS[entry.form](entry, value, names)
    except (ValueError, TypeError, InvalidOperation, LookupError) as error:
        raise problems.invalid_content(f"Invalid value for field '{entry.name}'.", path) from error


def _text(entry: Field, value: Any, names: Names) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _number(entry: Field, value: Any, names: Names) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError(value)
    number = Decimal(str(value))
    if not number.is_finite() or abs(number) >= LARGEST:
        raise ValueError(value)
    return number * entry.sign


def _boolean(entry: Field, value: Any, names: Names) -> str:
    return {True: "T", False: "F", "T": "T", "F": "F"}[value]


def _date(entry: Field, value: Any, names: Names) -> date:
    if not isinstance(value, str) or len(value) < 10:
        raise ValueError(value)
    return date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value).date()


def _status(entry: Field, value: Any, names: Names) -> str:
    letter = value["id"] if isinstance(value, Mapping) else value
    if letter not in STATUS_NAMES:
        raise ValueError(letter)
    return str(letter)


def _reference_id(entry: Field, value: Any, names: Names) -> int:
    identifier = int(value["id"] if isinstance(value, Mapping) else value)
    if names(entry.target or "", identifier) is None:
        raise problems.user_error(f"Invalid Field Value {identifier} for the following field: {entry.name}")
    return identifier


_READERS: dict[Form, Callable[[Field, Any, Names], Any]] = {
    Form.TEXT: _text,
    Form.NUMBER: _number,
    Form.BOOLEAN: _boolean,
    Form.DATE: _date,
    Form.STATUS: _status,
    Form.REFERENCE: _reference_id,
}
