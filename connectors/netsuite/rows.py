"""From the JSON of a row to an OrderRow, or to a RejectedRow with its reason; never to an exception."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import msgspec

from connectors.errors import RecordRejected
from connectors.netsuite.codes import error
from connectors.netsuite.dates import calendar_date, in_words, utc_instant
from connectors.netsuite.faults import NOT_JSON, broken
from connectors.netsuite.fields import TermFields
from connectors.netsuite.orders import OrderRow, RejectedRow

ROW_LIMIT = 64_000
"""Bytes of JSON. The asked columns fill a few hundred."""

NUMBER_LIMIT = 300
"""Characters. NetSuite's own limit is far lower, and a database index takes no key of several thousand bytes."""

_LARGEST_ID = 2**63 - 1
_PLAIN_COLUMNS = ("id", "tranid", "entity", "status")


class RowReader:
    """Reads rows that were selected as `expressions` (modified, starts, ends), then id, tranid, entity, status.

    Usual rows (lower-case keys, aliases kept) take the fast way, a msgspec structure; others are read by name.
    """

    def __init__(self, expressions: Sequence[str], term_start: TermFields, term_end: TermFields) -> None:
        self._expressions = expressions
        self._start, self._end = term_start, term_end
        self._first_end = 1 + len(term_start.candidates)
        columns = [(name, Any, None) for name in (*expressions, *_PLAIN_COLUMNS)]
        self._decode = msgspec.json.Decoder(msgspec.defstruct("Row", columns, gc=False)).decode

    def read(self, items: Iterable[msgspec.Raw]) -> tuple[list[OrderRow], list[RejectedRow]]:
        """Every item lands in exactly one of the two lists, in the order of the page."""
        orders: list[OrderRow] = []
        rejected: list[RejectedRow] = []
        for item in items:
            data = bytes(item)
            try:
                orders.append(self._order(data))
            except RecordRejected as problem:
                rejected.append(self._rejected(data, problem))
        return orders, rejected

    def _order(self, data: bytes) -> OrderRow:
        if len(data) > ROW_LIMIT:
            raise error(RecordRejected, "row-too-large", f"the row has {len(data)} bytes")
        payload = _utf8(data)
        values = self._values(data)
        modified, row_id, number, customer, status = values[0], *values[-4:]
        order_id = record_id(row_id, "order-id-missing", "internal id")
        customer_id = record_id(customer, "customer-missing", "customer")
        start = _term_day(values[1 : self._first_end], self._start)
        end = _term_day(values[self._first_end : -4], self._end)
        if start is not None and end is not None and end < start:
            raise error(
                RecordRejected,
                "term-end-before-start",
                f"the term ends {in_words(end)} and starts {in_words(start)}",
            )
        return OrderRow(
            order_id,
            _number(number),
            customer_id,
            _status(_text(status)),
            start,
            end,
            _instant(modified),
            payload,
        )

    def _values(self, data: bytes) -> tuple[Any, ...]:
        try:
            row = msgspec.structs.astuple(self._decode(data))
        except NOT_JSON:
            return self._by_name(data)
        if row[0] is None or row[-4] is None:
            return self._by_name(data)
        return row

    def _by_name(self, data: bytes) -> tuple[Any, ...]:
        """The slow way: keys in any case, computed columns by alias or as expr1, expr2, …"""
        row = by_lower_case(data)
        computed = (row.get(alias, row.get(f"expr{n}")) for n, alias in enumerate(self._expressions, 1))
        return (*computed, *(row.get(column) for column in _PLAIN_COLUMNS))

    def _rejected(self, data: bytes, problem: RecordRejected) -> RejectedRow:
        order_id = customer_id = modified_at = None
        try:
            values = self._values(data)
        except RecordRejected:
            pass
        else:
            order_id = _or_none(record_id, values[-4], "order-id-missing", "internal id")
            customer_id = _or_none(record_id, values[-2], "customer-missing", "customer")
            modified_at = _or_none(_instant, values[0])
        payload = data[:ROW_LIMIT].decode(errors="replace")
        return RejectedRow(order_id, customer_id, modified_at, problem.code, problem.message, payload)


def only_ids(items: Iterable[msgspec.Raw]) -> list[int]:
    """Ids of rows selected for nothing else. TryAgain when one has none: then the list cannot be trusted."""
    rows = (by_lower_case(bytes(item)) for item in items)
    try:
        return [record_id(row.get("id"), "order-id-missing", "internal id") for row in rows]
    except RecordRejected as problem:
        raise broken(f"to a query for ids has something else: {problem.message}") from None


def by_lower_case(data: bytes) -> dict[str, Any]:
    """A row by name; NetSuite says the case of its keys may change. RecordRejected when it is not an object."""
    _utf8(data)
    try:
        return {key.lower(): value for key, value in msgspec.json.decode(data, type=dict[str, Any]).items()}
    except NOT_JSON as problem:
        raise error(RecordRejected, "row-not-an-object", f"the row cannot be read: {problem}") from None


def record_id(value: Any, code: str, name: str) -> int:
    """NetSuite prints ids as text; a JSON number is taken too. Nothing that is not plainly a positive id is."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LARGEST_ID:
        return value
    raise error(RecordRejected, code, f"{name} {_shown(value)} is not a positive whole number")


def _number(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise error(RecordRejected, "number-missing", f"order number {_shown(value)} is not text")
    if len(value) > NUMBER_LIMIT:
        raise error(RecordRejected, "number-too-long", f"order number {_shown(value)} has {len(value)} characters")
    if "\x00" in value:
        raise error(RecordRejected, "text-not-storable", f"order number {_shown(value)} holds a NUL")
    return value


@lru_cache(maxsize=256)
def _status(value: str) -> str:
    """`B`, or `SalesOrd:B` as other NetSuite interfaces say. A letter we do not know is kept."""
    letter = value.rpartition(":")[2]
    if len(letter) == 1 and letter.isascii() and letter.isalpha():
        return letter.upper()
    raise error(RecordRejected, "status-unreadable", f"status {_shown(value)} is not a single letter")


def _instant(value: Any) -> datetime:
    moment = utc_instant(_text(value))
    return moment.replace(microsecond=0) if moment.microsecond else moment


def _term_day(values: Sequence[Any], fields: TermFields) -> date | None:
    """The first field that holds a value decides, even when that value is bad: the next would be a guess."""
    for value, field in zip(values, fields.candidates, strict=True):
        if value is None or value == "":
            continue
        try:
            return calendar_date(_text(value))
        except RecordRejected as problem:
            raise error(RecordRejected, problem.code, f"{field}: {problem.message}") from None
    return None


def _or_none(read: Any, *args: Any) -> Any:
    try:
        return read(*args)
    except RecordRejected:
        return None


def _utf8(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise error(RecordRejected, "text-not-storable", "the row is not valid UTF-8") from None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _shown(value)


def _shown(value: Any) -> str:
    if value is None:
        return "(none)"
    # Lists and objects are not printed: they may be nested too deep for that.
    return repr(value)[:80] if isinstance(value, str | int | float) else f"({type(value).__name__})"
