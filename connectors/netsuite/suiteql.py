"""The only place where values become SuiteQL text.

SuiteQL over REST is sent as one string, so every literal and every name is made here: names from an allow-list,
literals by type. Formats are Oracle's.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime

from connectors.errors import RecordRejected
from connectors.netsuite.codes import error

IN_LIMIT = 1000
"""NetSuite takes at most this many items in one IN list."""

DAY_FORMAT = "'YYYY-MM-DD'"
SECOND_FORMAT = "'YYYY-MM-DD HH24:MI:SS'"

_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_TEXT_LIMIT = 1000


def identifier(name: str) -> str:
    """`name` itself when it is a plain lower-case column name; ValueError otherwise."""
    if not _IDENTIFIER.fullmatch(name):
        raise ValueError(f"{name!r} is not a field id")
    return name


def text(value: str) -> str:
    """A string literal. Control characters, half surrogates and over-long text are refused, not cleaned."""
    if len(value) > _TEXT_LIMIT or any(unicodedata.category(char) in {"Cc", "Cs"} for char in value):
        raise error(RecordRejected, "text-not-queryable", f"{value[:80]!r} cannot be put in a query")
    return "'" + value.replace("'", "''") + "'"


def integer(value: int) -> str:
    """A whole number; nothing else gets through, whatever its type's __str__ says."""
    return format(int(value), "d")


def integers(values: Iterable[int]) -> str:
    """`(1, 2, 3)` for IN; between one and `IN_LIMIT` of them."""
    items = [integer(value) for value in values]
    if not 1 <= len(items) <= IN_LIMIT:
        raise ValueError(f"IN takes 1 to {IN_LIMIT} items, not {len(items)}")
    return f"({', '.join(items)})"


def chunks(ids: Iterable[int]) -> list[list[int]]:
    """The ids in order, each once, in lists that `integers` takes."""
    ordered = sorted(set(ids))
    return [ordered[at : at + IN_LIMIT] for at in range(0, len(ordered), IN_LIMIT)]


def utc_second(moment: datetime) -> str:
    """An aware instant as the UTC text that `utc_text` columns hold, cut to the second."""
    if moment.tzinfo is None:
        raise ValueError("an instant needs its zone")
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return f"'{utc.isoformat(sep=' ', timespec='seconds')}'"


def local_second(moment: datetime) -> str:
    """A DATE literal in the session's zone, which we do not know: only for bounds a day wide of the mark."""
    return f"TO_DATE({utc_second(moment)}, {SECOND_FORMAT})"


def utc_text(column: str) -> str:
    """A date-time column as UTC text `YYYY-MM-DD HH:MM:SS`.

    Text of this form sorts as time does, and comparing exactly what is printed leaves no room for hidden
    fractions of a second, session zones or the repeated hour of autumn.
    """
    return f"TO_CHAR(SYS_EXTRACT_UTC({column}), {SECOND_FORMAT})"


def day_text(column: str) -> str:
    """A date column as `YYYY-MM-DD`; a bare column would come in the account's own format."""
    return f"TO_CHAR({column}, {DAY_FORMAT})"
