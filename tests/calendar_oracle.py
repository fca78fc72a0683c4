"""When a calendar day is over somewhere, found by walking through time. Shares no code with the program."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

STEP = timedelta(minutes=15)
# Somewhere a day ends at most this long before, or after, it does in Greenwich; a calendar may skip a day besides.
AHEAD, BEHIND = timedelta(hours=15), timedelta(hours=13 + 24)


@cache
def first_instant_after(day: date, zone_name: str) -> datetime:
    """The first second whose local date in the zone is later than `day`, as aware UTC."""
    zone = ZoneInfo(zone_name)
    greenwich = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    instant = greenwich - AHEAD
    assert instant.astimezone(zone).date() <= day
    while instant.astimezone(zone).date() <= day:
        instant += STEP
        assert instant <= greenwich + BEHIND
    if (instant - timedelta(seconds=1)).astimezone(zone).date() <= day:
        return instant
    instant -= STEP
    while instant.astimezone(zone).date() <= day:
        instant += timedelta(seconds=1)
    return instant
