"""When a term ends: last days, boundaries, grace. Pure arithmetic on calendar dates and the tz database."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

FIRST_YEAR = 2000
LAST_YEAR = 2100
DEFAULT_ZONE = "America/New_York"


def is_time_zone(name: str) -> bool:
    """Whether `name` is a zone of the tz database, e.g. `America/New_York`."""
    if name not in available_timezones():
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


@lru_cache(maxsize=65_536)
def boundary(last_day: date, time_zone: str) -> datetime:
    """The first instant without access: the first instant after `last_day` in `time_zone`, in UTC.

    Where midnight comes twice it is the earlier one; where it does not exist (clocks or calendars jump over it)
    it is the first instant that does. Raises `ZoneInfoNotFoundError` for an unknown zone.
    """
    zone = ZoneInfo(time_zone)
    midnight = datetime.combine(last_day + timedelta(days=1), time.min, tzinfo=zone)
    instant = midnight.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == midnight.replace(tzinfo=None):
        return instant
    return _first_instant_after(last_day, zone, not_later_than=instant)


def _first_instant_after(last_day: date, zone: ZoneInfo, not_later_than: datetime) -> datetime:
    """The jump over midnight, to the second. Local dates only grow in the two days before it."""
    before = int((not_later_than - timedelta(days=2)).timestamp())
    after = int(not_later_than.timestamp())
    while after - before > 1:
        middle = (before + after) // 2
        if datetime.fromtimestamp(middle, zone).date() > last_day:
            after = middle
        else:
            before = middle
    return datetime.fromtimestamp(after, UTC)


def last_day(expiration_date: date | None, term_end: date | None, grace_days: int = 0) -> date | None:
    """The last day of access: the typed date exactly, else the term end plus the tenant's grace, else none."""
    if expiration_date is not None:
        return expiration_date
    if term_end is None:
        return None
    return term_end + timedelta(days=grace_days)


def today(now: datetime, time_zone: str) -> date:
    """The calendar date that `now` (aware) is in `time_zone`."""
    return now.astimezone(ZoneInfo(time_zone)).date()


def has_ended(term_end: date | None, now: datetime, time_zone: str, grace_days: int = 0) -> bool:
    """Whether a term is over at `now` for a tenant in `time_zone`. A term without an end never is."""
    day = last_day(None, term_end, grace_days)
    return day is not None and boundary(day, time_zone) <= now
