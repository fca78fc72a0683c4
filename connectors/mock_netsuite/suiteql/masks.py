"""Oracle date format masks, as DuckDB SQL for TO_CHAR.

Follows Oracle's rules for element names, padding, FM and quoted text. An element that is not known refuses the
query.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from connectors.mock_netsuite import problems

_ELEMENT = re.compile(
    r'"(?P<quoted>[^"]*)"|(?P<element>SYYYY|YYYY|RRRR|IYYY|SSSSS|MONTH|HH24|HH12|TZH|TZM|TZR|TZD|YYY|DDD|DAY|MON|'
    r"A\.M\.|P\.M\.|FF[1-9]?|YY|RR|MM|MI|DD|DY|DS|DL|TS|SS|HH|AM|PM|IW|WW|FM|FX|D|Q|J|W|X|Y)|(?P<mark>[-/,.;: ]+)",
    re.IGNORECASE,
)

_STRFTIME = {
    "SYYYY": "%Y",
    "YYYY": "%Y",
    "RRRR": "%Y",
    "YY": "%y",
    "RR": "%y",
    "MM": "%m",
    "DD": "%d",
    "DDD": "%j",
    "HH24": "%H",
    "HH12": "%I",
    "HH": "%I",
    "MI": "%M",
    "SS": "%S",
    "AM": "%p",
    "PM": "%p",
    "A.M.": "%p",
    "P.M.": "%p",
    "MON": "%b",
    "DY": "%a",
    "MONTH": "%B",
    "DAY": "%A",
    "IW": "%V",
    "IYYY": "%G",
}
_NUMERIC = frozenset(["%Y", "%y", "%m", "%d", "%j", "%H", "%I", "%M", "%S", "%V"])
_COMPUTED = {  # elements that strftime has no code for; {x} is the timestamp
    "Q": "CAST(quarter({x}) AS VARCHAR)",
    "D": "CAST(dayofweek({x}) + 1 AS VARCHAR)",
    "J": "CAST(CAST(julian({x}) AS BIGINT) AS VARCHAR)",
    "W": "CAST((day({x}) - 1) // 7 + 1 AS VARCHAR)",
    "WW": "lpad(CAST((dayofyear({x}) - 1) // 7 + 1 AS VARCHAR), 2, '0')",
    "SSSSS": "CAST(date_diff('second', date_trunc('day', {x}), {x}) AS VARCHAR)",
    "X": "'.'",
}
_PADDED = {"MONTH": 9, "DAY": 9}
_COMPOUND = {"TS": "FMHH12FM:MI:SS AM", "DL": "FMDay, Month DD, YYYY"}


class Element(NamedTuple):
    """`name` is upper-case; `written` keeps the case, which decides that of month and day names."""

    name: str
    written: str
    unpadded: bool


def from_preference(date_format: str) -> str:
    """NetSuite's date preference as an Oracle mask: a single M or D there means no padding."""
    mask = re.sub(r"(?<![A-Za-z])([MD])(?![A-Za-z])", r"\1\1", date_format)
    return mask if mask == date_format else f"FM{mask}"


def elements(mask: str, date_format: str = "MM/DD/YYYY") -> Iterator[Element | str]:
    """Elements and literal texts of a mask, in order."""
    position, unpadded = 0, False
    while position < len(mask):
        found = _ELEMENT.match(mask, position)
        if found is None:
            raise problems.unsupported_search()
        position = found.end()
        written = found["element"]
        if written is None:
            yield found["quoted"] if found["quoted"] is not None else found["mark"]
            continue
        name = written.upper()
        if name == "FM":
            unpadded = not unpadded
        elif name == "DS":
            yield from elements(date_format)
        elif name in _COMPOUND:
            yield from elements(_COMPOUND[name])
        elif name != "FX":
            yield Element(name, written, unpadded)


def to_char(moment: str, mask: str, date_format: str = "MM/DD/YYYY", zone: tuple[str, str] | None = None) -> str:
    """SQL text of a timestamp in a mask.

    `moment` is SQL of a wall-clock timestamp; `zone` its (name, SQL of the offset in minutes) when it has one.
    """
    pieces: list[str] = []
    plain = ""
    for element in elements(mask, date_format):
        code = element.replace("%", "%%") if isinstance(element, str) else _code(element)
        if code is not None:
            plain += code
            continue
        assert isinstance(element, Element)
        if plain:
            pieces.append(_strftime(moment, plain))
            plain = ""
        pieces.append(_piece(element, moment, zone))
    if plain or not pieces:
        pieces.append(_strftime(moment, plain))
    return pieces[0] if len(pieces) == 1 else f"({' || '.join(pieces)})"


def _strftime(moment: str, code: str) -> str:
    return f"strftime({moment}, '{code.replace(chr(39), chr(39) * 2)}')"


def _code(element: Element) -> str | None:
    """The strftime code, where one says exactly the same."""
    code = _STRFTIME.get(element.name)
    if code in _NUMERIC:
        return code.replace("%", "%-") if element.unpadded and code not in ("%Y", "%y", "%V") else code
    return "%p" if code == "%p" and element.written.isupper() and "." not in element.name else None


def _piece(element: Element, moment: str, zone: tuple[str, str] | None) -> str:
    name = element.name
    if name.startswith("FF"):
        return f"left(strftime({moment}, '%f'), {name[2:] or '6'})"
    if name.startswith("TZ"):
        return _zone_piece(name, zone)
    if name in _COMPUTED:
        return _COMPUTED[name].format(x=moment)
    if name not in _STRFTIME:
        raise problems.unsupported_search()
    return _cased(element, moment)


def _cased(element: Element, moment: str) -> str:
    """Names of months and days, and AM/PM, in the case of the mask and padded as Oracle pads them."""
    sql = _strftime(moment, _STRFTIME[element.name])
    if element.written.isupper():
        sql = f"upper({sql})"
    elif element.written.islower():
        sql = f"lower({sql})"
    if element.name in _PADDED and not element.unpadded:
        sql = f"rpad({sql}, {_PADDED[element.name]}, ' ')"
    return sql


def _zone_piece(name: str, zone: tuple[str, str] | None) -> str:
    if zone is None:
        raise problems.unsupported_search()
    label, minutes = zone
    if name == "TZR":
        return label
    if name == "TZH":
        hours = f"lpad(CAST(abs({minutes}) // 60 AS VARCHAR), 2, '0')"
        return f"(CASE WHEN {minutes} < 0 THEN '-' ELSE '+' END || {hours})"
    if name == "TZM":
        return f"lpad(CAST(abs({minutes}) % 60 AS VARCHAR), 2, '0')"
    raise problems.unsupported_search()


def strptime_code(mask: str) -> str:
    """The strptime format for text that is only known when the query runs."""
    codes = []
    for element in elements(mask):
        if isinstance(element, str):
            codes.append(element.replace("%", "%%"))
        elif element.name.startswith("FF"):
            codes.append("%f")
        elif element.name in _STRFTIME:
            codes.append(_STRFTIME[element.name])
        else:
            raise problems.unsupported_search()
    return "".join(codes)
