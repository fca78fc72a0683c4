"""Values as people read them: instants with their zone, days, numbers, statuses. Filters of every template."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment
from markupsafe import Markup, escape

from worker.status import in_words

NONE = "–"
STATUS = {"E": "Enrolled", "X": "Expired", "U": "Unenrolled"}
CAUSES = {
    "term_ended": "term ended",
    "manual_date": "expiration date passed",
    "expired_by_staff": "expired by staff",
    "order_ended_early": "order ended early",
}


def instant(value: datetime | None, zone: str = "UTC") -> str:
    """`23 Nov 2026, 17:40 EST`: an aware instant in a zone of the tz database."""
    if value is None:
        return NONE
    local = value.astimezone(UTC if zone == "UTC" else ZoneInfo(zone))
    return f"{local.day} {local:%b %Y, %H:%M} {_zone_name(local, zone)}"


def _zone_name(local: datetime, zone: str) -> str:
    """`EST`, or `UTC+05:30` where the tz database has only digits."""
    name = local.tzname() or zone
    if name[:1] not in "+-":
        return name
    offset = local.strftime("%z")
    return f"UTC{offset[:3]}:{offset[3:5]}"


def time_tag(value: datetime | None, zone: str = "UTC") -> Markup | str:
    """`instant`, with the machine's form beside it; a script may add how long ago that is."""
    if value is None:
        return NONE
    return Markup('<time datetime="{}">{}</time>').format(value.astimezone(UTC).isoformat(), instant(value, zone))


def day(value: date | None) -> str:
    """`31 Dec 2026`: a calendar date, which has no zone."""
    return NONE if value is None else f"{value.day} {value:%b %Y}"


def number(value: float | None) -> str:
    """`12,345`."""
    return NONE if value is None else f"{value:,}"


def bounded(value: int, bound: int = 10_000) -> str:
    """`9,999`, and `10,000+` for what was only counted up to the bound."""
    return f"{value:,}" if value <= bound else f"{bound:,}+"


def counted(value: int, one: str, many: str | None = None) -> str:
    """`1 person`, `1,200 people`."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def status_name(value: str) -> str:
    """`Enrolled`, `Expired` or `Unenrolled`."""
    return STATUS.get(value, value)


def status_badge(value: str) -> Markup:
    """A status as a label whose word, not only its colour, tells what it is."""
    return Markup('<span class="status status-{}">{}</span>').format(value.lower(), status_name(value))


def ago(seconds: float | None) -> str:
    """`4 min`: a length of time."""
    return NONE if seconds is None else in_words(seconds)


def commands(text: str) -> Markup:
    """Text whose commands, between backticks, are set as such."""
    parts = enumerate(text.split("`"))
    return Markup("").join(Markup("<code>{}</code>").format(part) if n % 2 else escape(part) for n, part in parts)


def add_words(environment: Environment) -> None:
    """Gives an environment these filters."""
    filters: dict[str, Any] = {
        "instant": time_tag,
        "day": day,
        "number": number,
        "bounded": bounded,
        "counted": counted,
        "status": status_badge,
        "status_name": status_name,
        "cause": lambda cause: CAUSES.get(cause, cause),
        "ago": ago,
        "commands": commands,
    }
    environment.filters.update(filters)
