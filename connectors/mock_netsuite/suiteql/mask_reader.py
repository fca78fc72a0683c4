"""Reads literal dates by Oracle format masks, as TO_DATE does.

Oracle is lenient in reading: fewer digits, other punctuation and a missing time of day are fine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from connectors.mock_netsuite import problems
from connectors.mock_netsuite.suiteql.masks import Element, elements


class Moment(NamedTuple):
    """A text read by a mask; `offset` when the text names one."""

    moment: datetime
    offset: timedelta | None


_DIGITS = {
    "SYYYY": (4, "year"),
    "YYYY": (4, "year"),
    "RRRR": (4, "year"),
    "YY": (2, "short_year"),
    "RR": (2, "rounded_year"),
    "MM": (2, "month"),
    "DD": (2, "day"),
    "HH24": (2, "hour"),
    "HH12": (2, "hour12"),
    "HH": (2, "hour12"),
    "MI": (2, "minute"),
    "SS": (2, "second"),
    "TZM": (2, "zone_minute"),
}
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]


@dataclass
class _Reader:
    """Reads one text element by element."""

    text: str
    found: dict[str, int]

    def take(self, pattern: str) -> str:
        match = re.match(pattern, self.text, re.IGNORECASE)
        if match is None:
            raise problems.unsupported_search()
        self.text = self.text[match.end() :]
        return match[0]

    def read(self, element: Element | str) -> None:
        if isinstance(element, str):
            self.take(r"[-/,.;: ]*" if not element.strip("-/,.;: ") else re.escape(element))
        elif element.name in _DIGITS:
            width, name = _DIGITS[element.name]
            self.found[name] = int(self.take(rf"\d{{1,{width}}}"))
        elif element.name.startswith("FF"):
            self.found["microsecond"] = int(self.take(r"\d{1,9}").ljust(9, "0")[:6])
        elif element.name in ("MON", "MONTH"):
            self.found["month"] = self._month()
        elif element.name in ("AM", "PM", "A.M.", "P.M."):
            self.found["afternoon"] = int(self.take(r"[ap]\.?m\.?")[0].lower() == "p")
        elif element.name == "TZH":
            sign = self.take(r"[-+ ]?")
            self.found["zone_sign"] = -1 if sign == "-" else 1
            self.found["zone_hour"] = int(self.take(r"\d{1,2}"))
        else:
            raise problems.unsupported_search()

    def _month(self) -> int:
        word = self.take(r"[a-z]+").lower()
        for number, name in enumerate(_MONTHS, start=1):
            if word in (name, name[:3]):
                return number
        raise problems.unsupported_search()


def parse(text: str, mask: str, now: datetime) -> Moment:
    """Reads a literal as TO_DATE does; elements the text lacks at its end are left at their default."""
    reader = _Reader(text.strip(), {})
    for element in elements(mask):
        if not reader.text:
            break
        reader.read(element)
    if reader.text:
        raise problems.unsupported_search()
    return _assembled(reader.found, now)


def _assembled(found: dict[str, int], now: datetime) -> Moment:
    hour = found.get("hour", 0)
    if "hour12" in found:
        hour = found["hour12"] % 12 + 12 * found.get("afternoon", 0)
    year = found.get("year", now.year)
    if "short_year" in found:
        year = now.year // 100 * 100 + found["short_year"]
    if "rounded_year" in found:  # RR: the year of those two digits that is nearest, from 1950 to 2049
        year = found["rounded_year"] + (2000 if found["rounded_year"] < 50 else 1900)
    offset = None
    if "zone_hour" in found:
        offset = found["zone_sign"] * timedelta(hours=found["zone_hour"], minutes=found.get("zone_minute", 0))
    try:
        moment = datetime(  # noqa: DTZ001  the text says in which zone, if any
            year,
            found.get("month", now.month),
            found.get("day", 1),
            hour,
            found.get("minute", 0),
            found.get("second", 0),
            found.get("microsecond", 0),
        )
    except ValueError as error:
        raise problems.unsupported_search() from error
    return Moment(moment, offset)
