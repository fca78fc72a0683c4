"""A translated expression and the conversions SuiteQL makes between kinds of value.

Oracle's implicit conversions are made explicit here: text against a date is read in the account's date format,
and a date and time without a zone, put against an instant, is taken in the session's time zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import Flag, auto
from math import isfinite

from connectors.mock_netsuite import problems
from connectors.mock_netsuite.catalogue import Catalogue
from connectors.mock_netsuite.columns import Kind
from connectors.mock_netsuite.suiteql import mask_reader, masks


class Trait(Flag):
    """What an expression contains that decides how its query may be run."""

    NONE = 0
    AGGREGATE = auto()
    WINDOW = auto()
    SUBQUERY = auto()
    ROWNUM = auto()


@dataclass(frozen=True)
class Session:
    """Who asks: what the role sees, the session's zone and date format, the account's time (naive UTC)."""

    catalogue: Catalogue
    zone: str
    date_format: str
    now: datetime
    unknown_column_status: int = 400
    shuffle: int | None = None  # set: rows without a total order come in an order of this seed


@dataclass(frozen=True, slots=True)
class Value:
    """DuckDB SQL of one expression; `reads` names the columns behind it as `table.column`."""

    sql: str
    kind: Kind
    literal: str | None = None
    reads: frozenset[str] = frozenset()
    traits: Trait = Trait.NONE


LONGEST_TEXT = 4000  # characters, of a literal or a computed text

# Translations repeat some operands, so that a short query of nested calls could grow without end.
_LONGEST_SQL = 250_000


def derived(sql: str, kind: Kind, *parts: Value, traits: Trait = Trait.NONE) -> Value:
    """A value computed from others; it reads what they read."""
    if len(sql) > _LONGEST_SQL:
        raise problems.unsupported_search()
    for part in parts:
        traits |= part.traits
    return Value(sql, kind, None, frozenset().union(*(part.reads for part in parts)), traits)


def text(content: str) -> Value:
    """A string literal. Oracle takes the empty string for NULL."""
    if len(content) > LONGEST_TEXT:
        raise problems.unsupported_search()
    if not content:
        return Value("CAST(NULL AS VARCHAR)", Kind.NULL)
    return Value(quoted(content), Kind.TEXT, content)


def quoted(content: str) -> str:
    return "'" + content.replace("'", "''") + "'"


def joined(*texts: Value) -> str:
    """SQL of texts put together. Cut at the longest text Oracle has, so that none grows without end."""
    return f"nullif(left(concat({', '.join(text.sql for text in texts)}), {LONGEST_TEXT}), '')"


def local_literal(moment: datetime, *sources: Value) -> Value:
    return derived(f"TIMESTAMP '{moment.isoformat(sep=' ')}'", Kind.LOCAL, *sources)


def _moment_from_text(value: Value, session: Session) -> Value:
    """Implicit conversion of text to a date, in the account's date format."""
    if value.literal is not None:
        return local_literal(mask_reader.parse(value.literal, session.date_format, session.now).moment, value)
    return derived(f"strptime({value.sql}, {quoted(masks.strptime_code(session.date_format))})", Kind.LOCAL, value)


def to_local(value: Value, session: Session) -> Value:
    """Date and time on the session's wall clock."""
    match value.kind:
        case Kind.INSTANT:
            return derived(f"timezone({quoted(session.zone)}, timezone('UTC', {value.sql}))", Kind.LOCAL, value)
        case Kind.DATE | Kind.NULL:
            return derived(f"CAST({value.sql} AS TIMESTAMP)", Kind.LOCAL, value)
        case Kind.TEXT:
            return _moment_from_text(value, session)
        case Kind.LOCAL:
            return value
    raise problems.unsupported_search()


def to_instant(value: Value, session: Session, zone: str | None = None) -> Value:
    """A point in time; wall-clock values are taken in `zone`, by default the session's."""
    if value.kind is Kind.INSTANT:
        return value
    local = to_local(value, session)
    return derived(f"timezone('UTC', timezone({quoted(zone or session.zone)}, {local.sql}))", Kind.INSTANT, local)


def to_text(value: Value, session: Session) -> Value:
    match value.kind:
        case Kind.TEXT | Kind.NULL:
            return value
        case Kind.NUMBER:
            return derived(f"oracle_number({value.sql})", Kind.TEXT, value)
        case Kind.CONDITION:
            raise problems.unsupported_search()
    return derived(masks.to_char(to_local(value, session).sql, session.date_format), Kind.TEXT, value)


_MOMENTS = (Kind.DATE, Kind.LOCAL, Kind.INSTANT)


def alike(values: Sequence[Value], session: Session) -> tuple[list[Value], Kind]:
    """The values brought to one kind, so that they can be compared or stand in one column."""
    kinds = {value.kind for value in values} - {Kind.NULL}
    if not kinds:
        return list(values), Kind.NULL
    if len(kinds) == 1:
        return list(values), kinds.pop()
    if Kind.INSTANT in kinds:
        return [to_instant(value, session) for value in _movable(values)], Kind.INSTANT
    if kinds & {Kind.DATE, Kind.LOCAL}:
        return [to_local(value, session) for value in _movable(values)], Kind.LOCAL
    if kinds == {Kind.NUMBER, Kind.TEXT}:
        return [_to_number(value) for value in values], Kind.NUMBER
    raise problems.unsupported_search()


def _movable(values: Iterable[Value]) -> Iterable[Value]:
    for value in values:
        if value.kind not in (*_MOMENTS, Kind.TEXT, Kind.NULL):
            raise problems.unsupported_search()
        yield value


def _to_number(value: Value) -> Value:
    """Oracle turns text put against a number into a number."""
    if value.kind is not Kind.TEXT:
        return value
    if value.literal is not None and value.literal.strip().lstrip("+-").isdigit():
        return replace(value, sql=f"{int(value.literal)}", kind=Kind.NUMBER, literal=None)
    return derived(f"CAST({value.sql} AS DOUBLE)", Kind.NUMBER, value)


def number(value: Value) -> Value:
    """An operand of arithmetic."""
    if value.kind in (Kind.NUMBER, Kind.NULL):
        return value
    if value.kind is Kind.TEXT:
        return _to_number(value)
    raise problems.unsupported_search()


def number_text(value: object) -> str:
    """A number as Oracle prints it: no exponent, no trailing zeros, no zero before the point.

    Raises Problem for an infinity and for what is not a number: Oracle has neither.
    """
    if isinstance(value, float):
        if not isfinite(value):
            raise problems.unsupported_search()
        value = Decimal(repr(value))
    digits = f"{value:f}" if not isinstance(value, int) else str(value)
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
        digits = digits.replace("0.", ".", 1) if digits.startswith(("0.", "-0.")) else digits
    return digits or "0"
