"""The functions SuiteQL has. One that is not here is refused, as NetSuite refuses LISTAGG, DATEDIFF or LEFT."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from connectors.mock_netsuite import problems
from connectors.mock_netsuite.columns import Kind
from connectors.mock_netsuite.suiteql import moments
from connectors.mock_netsuite.suiteql.values import (
    LONGEST_TEXT,
    Session,
    Value,
    alike,
    derived,
    joined,
    number,
    to_text,
)

AGGREGATES = frozenset({"COUNT", "SUM", "MIN", "MAX", "AVG"})
RANKINGS = frozenset({"ROW_NUMBER", "RANK", "DENSE_RANK"})

Function = Callable[[Sequence[Value], Session], Value]


@dataclass(frozen=True)
class _Entry:
    least: int
    most: int | None
    function: Function


def call(name: str, arguments: Sequence[Value], session: Session) -> Value:
    """Applies a function; raises Problem for one that does not exist or has other arguments."""
    entry = _FUNCTIONS.get(name)
    if entry is None or len(arguments) < entry.least or (entry.most is not None and len(arguments) > entry.most):
        raise problems.unsupported_search()
    return entry.function(arguments, session)


# conditional


def _coalesce(arguments: Sequence[Value], session: Session) -> Value:
    values, kind = alike(arguments, session)
    return derived(f"coalesce({', '.join(value.sql for value in values)})", kind, *values)


def _nvl(arguments: Sequence[Value], session: Session) -> Value:
    """NVL takes the kind of its first argument when that is text."""
    first, second = arguments
    return _coalesce([first, to_text(second, session)] if first.kind is Kind.TEXT else arguments, session)


def _extreme(word: str) -> Function:
    """GREATEST or LEAST: NULL when any argument is NULL, unlike DuckDB's own."""

    def extreme(arguments: Sequence[Value], session: Session) -> Value:
        values, kind = alike(arguments, session)
        unknown = " OR ".join(f"{value.sql} IS NULL" for value in values)
        listed = ", ".join(value.sql for value in values)
        return derived(f"(CASE WHEN {unknown} THEN NULL ELSE {word}({listed}) END)", kind, *values)

    return extreme


def _nvl2(arguments: Sequence[Value], session: Session) -> Value:
    (there, absent), kind = alike(arguments[1:], session)
    sql = f"(CASE WHEN {arguments[0].sql} IS NOT NULL THEN {there.sql} ELSE {absent.sql} END)"
    return derived(sql, kind, arguments[0], there, absent)


def _nullif(arguments: Sequence[Value], session: Session) -> Value:
    (first, second), kind = alike(arguments, session)
    return derived(f"nullif({first.sql}, {second.sql})", kind, first, second)


def _decode(arguments: Sequence[Value], session: Session) -> Value:
    """DECODE(x, a, 1, b, 2, other): NULL matches NULL."""
    subject, rest = arguments[0], list(arguments[1:])
    default = rest.pop() if len(rest) % 2 else Value("NULL", Kind.NULL)
    tests = [alike([subject, wanted], session)[0] for wanted in rest[0::2]]
    (*results, otherwise), kind = alike([*rest[1::2], default], session)
    whens = " ".join(
        f"WHEN {left.sql} IS NOT DISTINCT FROM {right.sql} THEN {result.sql}"
        for (left, right), result in zip(tests, results, strict=True)
    )
    return derived(f"(CASE {whens} ELSE {otherwise.sql} END)", kind, *arguments)


# numbers


def _numeric(template: str) -> Function:
    def function(arguments: Sequence[Value], session: Session) -> Value:
        values = [number(value) for value in arguments]
        return derived(template.format(*(value.sql for value in values)), Kind.NUMBER, *values)

    return function


def _rounding(word: str) -> Function:
    """ROUND or TRUNC, of a number or of a date."""

    def function(arguments: Sequence[Value], session: Session) -> Value:
        value = arguments[0]
        if value.kind in (Kind.DATE, Kind.LOCAL, Kind.INSTANT):
            if word != "trunc":
                raise problems.unsupported_search()
            return moments.truncated(arguments, session)
        places = f", {number(arguments[1]).sql}" if len(arguments) == 2 else ""
        return derived(f"{word}({number(value).sql}{places})", Kind.NUMBER, *arguments)

    return function


def _to_number(arguments: Sequence[Value], session: Session) -> Value:
    value = to_text(arguments[0], session)
    return derived(f"CAST({value.sql} AS DOUBLE)", Kind.NUMBER, value)


# text


def _textual(template: str, kind: Kind = Kind.TEXT) -> Function:
    """A function whose first argument is text. An empty result is NULL, as everywhere in Oracle."""

    def function(arguments: Sequence[Value], session: Session) -> Value:
        first = to_text(arguments[0], session)
        sql = template.format(*(value.sql for value in (first, *arguments[1:])))
        return derived(f"nullif({sql}, '')" if kind is Kind.TEXT else sql, kind, first, *arguments[1:])

    return function


def _replace(arguments: Sequence[Value], session: Session) -> Value:
    """Refused before it is made when it could be far longer than a text can be."""
    if len(arguments) == 2:
        return _textual("replace({}, coalesce({}, ''), '')")(arguments, session)
    return _textual(
        f"(CASE WHEN length({{0}}) * length({{2}}) > {25 * LONGEST_TEXT} THEN error('result is too long') "
        f"ELSE left(replace({{0}}, coalesce({{1}}, ''), coalesce({{2}}, '')), {LONGEST_TEXT}) END)"
    )(arguments, session)


def _trimming(word: str) -> Function:
    """LTRIM or RTRIM: of blanks, or of the characters of a second argument."""

    def function(arguments: Sequence[Value], session: Session) -> Value:
        return _textual(f"{word}({', '.join(['{}'] * len(arguments))})")(arguments, session)

    return function


def _concat(arguments: Sequence[Value], session: Session) -> Value:
    values = [to_text(value, session) for value in arguments]
    return derived(joined(*values), Kind.TEXT, *values)


def _substr(arguments: Sequence[Value], session: Session) -> Value:
    return _textual(
        "substring({0}, CASE {1} WHEN 0 THEN 1 ELSE {1} END" + (", {2})" if len(arguments) == 3 else ")")
    )(arguments, session)


def _padding(word: str) -> Function:
    def function(arguments: Sequence[Value], session: Session) -> Value:
        filler = arguments[2].sql if len(arguments) == 3 else "' '"
        width = f"CAST(least({{1}}, {LONGEST_TEXT}) AS INTEGER)"
        return _textual(f"{word}({{0}}, {width}, {filler})")(arguments, session)

    return function


def _to_char(arguments: Sequence[Value], session: Session) -> Value:
    value = arguments[0]
    if value.kind in (Kind.DATE, Kind.LOCAL, Kind.INSTANT):
        return moments.to_char(arguments, session)
    if len(arguments) == 1:
        return to_text(value, session)
    return _number_picture(number(value), arguments[1])


def _number_picture(value: Value, picture: Value) -> Value:
    """TO_CHAR of a number with a picture of 9, 0, comma, point and FM."""
    written = (picture.literal or "").upper()
    bare = written.removeprefix("FM")
    if not bare or bare.strip("90,.G D"):
        raise problems.unsupported_search()
    whole, _, decimals = bare.replace("G", ",").replace("D", ".").partition(".")
    code = "{:" + ("," if "," in whole else "") + f".{len(decimals)}f}}"
    sql = f"format('{code}', CAST({value.sql} AS DOUBLE))"
    if "0" not in whole:
        sql = f"regexp_replace({sql}, '^(-?)0\\.', '\\1.')"
    if written == bare:
        sql = f"lpad({sql}, {len(bare) + 1}, ' ')"
    elif decimals and "0" not in decimals:
        sql = f"regexp_replace({sql}, '0+$', '')"
    return derived(sql, Kind.TEXT, value)


_FUNCTIONS: dict[str, _Entry] = {
    "NVL": _Entry(2, 2, _nvl),
    "COALESCE": _Entry(2, None, _coalesce),
    "GREATEST": _Entry(1, None, _extreme("greatest")),
    "LEAST": _Entry(1, None, _extreme("least")),
    "NVL2": _Entry(3, 3, _nvl2),
    "NULLIF": _Entry(2, 2, _nullif),
    "DECODE": _Entry(3, None, _decode),
    "MOD": _Entry(2, 2, _numeric("(CASE WHEN {1} = 0 THEN {0} ELSE {0} % {1} END)")),
    "ABS": _Entry(1, 1, _numeric("abs({})")),
    "CEIL": _Entry(1, 1, _numeric("ceil({})")),
    "FLOOR": _Entry(1, 1, _numeric("floor({})")),
    "SIGN": _Entry(1, 1, _numeric("sign({})")),
    "POWER": _Entry(2, 2, _numeric("power({}, {})")),
    "SQRT": _Entry(1, 1, _numeric("sqrt({})")),
    "ROUND": _Entry(1, 2, _rounding("round")),
    "TRUNC": _Entry(1, 2, _rounding("trunc")),
    "TO_NUMBER": _Entry(1, 1, _to_number),
    "UPPER": _Entry(1, 1, _textual("upper({})")),
    "LOWER": _Entry(1, 1, _textual("lower({})")),
    "TRIM": _Entry(1, 1, _textual("trim({})")),
    "LTRIM": _Entry(1, 2, _trimming("ltrim")),
    "RTRIM": _Entry(1, 2, _trimming("rtrim")),
    "REPLACE": _Entry(2, 3, _replace),
    "SUBSTR": _Entry(2, 3, _substr),
    "INSTR": _Entry(2, 2, _textual("strpos({}, {})", Kind.NUMBER)),
    "LENGTH": _Entry(1, 1, _textual("length({})", Kind.NUMBER)),
    "LPAD": _Entry(2, 3, _padding("lpad")),
    "RPAD": _Entry(2, 3, _padding("rpad")),
    "CONCAT": _Entry(2, 2, _concat),
    "TO_CHAR": _Entry(1, 2, _to_char),
    "TO_DATE": _Entry(1, 2, moments.to_date),
    "TO_TIMESTAMP": _Entry(1, 2, moments.to_date),
    "TO_TIMESTAMP_TZ": _Entry(2, 2, moments.to_timestamp_tz),
    "SYS_EXTRACT_UTC": _Entry(1, 1, moments.extract_utc),
    "FROM_TZ": _Entry(2, 2, moments.from_tz),
    "NEW_TIME": _Entry(3, 3, moments.new_time),
    "TZ_OFFSET": _Entry(1, 1, moments.tz_offset),
    "ADD_MONTHS": _Entry(2, 2, moments.add_months),
    "LAST_DAY": _Entry(1, 1, moments.last_day),
    "MONTHS_BETWEEN": _Entry(2, 2, moments.months_between),
    "CURRENT_TIMESTAMP": _Entry(0, 1, lambda _, session: moments.clock("CURRENT_TIMESTAMP", session)),
    "BUILTIN.RELATIVE_RANGES": _Entry(1, 2, moments.relative_range),
}
