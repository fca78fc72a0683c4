"""Dates and instants as NetSuite prints them, read strictly: what is not plain is refused, never guessed."""

import re
from datetime import date, datetime
from functools import lru_cache

from connectors.errors import RecordRejected
from connectors.netsuite.codes import error

FIRST_YEAR, LAST_YEAR = 2000, 2100

_CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?"  # not 24:00, which may mean the next day
_ZONE = r" ?(?:Z|UTC|[+-]\d{2}:?\d{2})"
_DAY = re.compile(rf"(\d{{4}}-\d{{2}}-\d{{2}})(?:[T ]{_CLOCK}(?:{_ZONE})?)?", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z?", re.ASCII)


@lru_cache(maxsize=65_536)
def calendar_date(printed: str) -> date:
    """The day as printed; a time or zone behind it never shifts it.

    Raises RecordRejected `date-unreadable` or `date-out-of-range` (before 2000, after 2100). Cached, because a
    million orders have a few thousand different days.
    """
    match = _DAY.fullmatch(printed)
    if match is None:
        raise error(RecordRejected, "date-unreadable", f"{printed[:80]!r} is not YYYY-MM-DD")
    try:
        day = date.fromisoformat(match[1])
    except ValueError:
        raise error(RecordRejected, "date-unreadable", f"{printed!r} is not in the calendar") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise error(RecordRejected, "date-out-of-range", f"{printed!r} is outside {FIRST_YEAR} to {LAST_YEAR}")
    return day


def utc_instant(printed: str) -> datetime:
    """`YYYY-MM-DD HH:MM:SS` (or with `T`, fraction, `Z`) that is known to be UTC, as an aware instant.

    Raises RecordRejected `modified-unreadable`.
    """
    if not _INSTANT.fullmatch(printed):
        raise error(RecordRejected, "modified-unreadable", f"{printed[:80]!r} is not YYYY-MM-DD HH:MM:SS")
    try:
        return datetime.fromisoformat(printed if printed.endswith("Z") else printed + "+00:00")
    except ValueError:
        raise error(RecordRejected, "modified-unreadable", f"{printed!r} is not in the calendar") from None


def in_words(day: date) -> str:
    """`31 Dec 2026`: a day that was understood, as people read it. What NetSuite printed is quoted as it is."""
    return f"{day.day} {day:%b %Y}"
