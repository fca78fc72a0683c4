"""Boundaries in every zone of the tz database, against a walk through time."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from calendar_oracle import first_instant_after
from effort import DEEP, effort
from hypothesis import example, given
from hypothesis import strategies as st

from models.terms import boundary, has_ended, is_time_zone, last_day, today

ZONES = sorted(available_timezones())
YEARS = range(2000, 2101) if DEEP else (2000, 2007, 2011, 2018, 2024, 2037, 2100)
DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))


@cache
def zones_that_differ() -> list[str]:
    """One name of each zone: many names are links to the same rules."""
    seen: dict[tuple[object, ...], str] = {}
    for name in ZONES:
        zone = ZoneInfo(name)
        noons = (datetime(year, month, 15, 12, tzinfo=zone) for year in YEARS for month in range(1, 13))
        changes = tuple(noon.utcoffset() for noon in noons)
        seen.setdefault((changes, *transition_days(name)), name)
    return list(seen.values())


@cache
def transition_days(name: str) -> tuple[date, ...]:
    """Days of `YEARS` on which the clocks of the zone are changed, by Greenwich."""
    zone = ZoneInfo(name)
    return tuple(
        day
        for year in YEARS
        for day in days_of(year)
        if zone.utcoffset(noon(day)) != zone.utcoffset(noon(day - timedelta(days=1)))
    )


def days_of(year: int) -> Iterator[date]:
    first = date(year, 1, 1)
    return (first + timedelta(days=n) for n in range((date(year, 12, 31) - first).days + 1))


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12)  # noqa: DTZ001  (a local time)


def test_boundary_around_every_change_of_clocks() -> None:
    wrong = [
        (name, day)
        for name in zones_that_differ()
        for change in transition_days(name)
        for day in (change + timedelta(days=n) for n in (-2, -1, 0))
        if boundary(day, name) != first_instant_after(day, name)
    ]
    assert wrong == []


@effort(300)
@given(st.sampled_from(ZONES), DAYS)
@example("Pacific/Apia", date(2011, 12, 28))
@example("Pacific/Apia", date(2011, 12, 29))
@example("Pacific/Apia", date(2011, 12, 30))  # a day that never was
@example("Pacific/Fakaofo", date(2011, 12, 29))
@example("America/Sao_Paulo", date(2018, 11, 3))  # midnight does not exist
@example("Asia/Beirut", date(2022, 3, 26))
@example("Africa/Cairo", date(2024, 4, 25))
@example("America/Havana", date(2024, 11, 2))  # midnight comes twice
@example("America/Havana", date(2024, 3, 9))
@example("America/St_Johns", date(2010, 11, 6))  # a minute of the next day, then the old day again
@example("America/New_York", date(2100, 12, 31))
def test_boundary_is_the_first_instant_after_the_day(zone: str, day: date) -> None:
    found = boundary(day, zone)
    assert found == first_instant_after(day, zone)
    assert found.tzinfo is UTC


@effort(200)
@given(st.sampled_from(ZONES), DAYS)
def test_a_later_day_never_ends_earlier(zone: str, day: date) -> None:
    assert boundary(day, zone) <= boundary(day + timedelta(days=1), zone)


def test_midnight_that_does_not_exist_is_the_first_instant_that_does() -> None:
    assert boundary(date(2018, 11, 3), "America/Sao_Paulo") == datetime(2018, 11, 4, 3, tzinfo=UTC)
    assert boundary(date(2011, 12, 29), "Pacific/Apia") == datetime(2011, 12, 30, 10, tzinfo=UTC)
    assert boundary(date(2011, 12, 30), "Pacific/Apia") == datetime(2011, 12, 30, 10, tzinfo=UTC)


def test_midnight_that_comes_twice_is_the_first() -> None:
    assert boundary(date(2024, 11, 2), "America/Havana") == datetime(2024, 11, 3, 4, tzinfo=UTC)


@effort(300)
@given(st.none() | DAYS, st.none() | DAYS, st.integers(0, 366))
def test_a_typed_date_wins_and_has_no_grace(typed: date | None, term_end: date | None, grace: int) -> None:
    expected = typed
    if typed is None and term_end is not None:
        expected = date.fromordinal(term_end.toordinal() + grace)
    assert last_day(typed, term_end, grace) == expected


@effort(200)
@given(st.sampled_from(ZONES), DAYS, st.integers(0, 30), st.integers(-90_000, 90_000))
def test_a_term_has_ended_from_its_boundary_on(zone: str, end: date, grace: int, seconds: int) -> None:
    over = first_instant_after(end + timedelta(days=grace), zone)
    now = over + timedelta(seconds=seconds)
    assert has_ended(end, now, zone, grace) == (seconds >= 0)


def test_a_term_without_an_end_never_ends() -> None:
    assert not has_ended(None, datetime(2100, 1, 1, tzinfo=UTC), "UTC")


def test_today_is_the_date_in_the_zone() -> None:
    now = datetime(2026, 1, 1, 4, 30, tzinfo=UTC)
    assert today(now, "America/New_York") == date(2025, 12, 31)
    assert today(now, "Europe/Berlin") == date(2026, 1, 1)


@pytest.mark.parametrize("name", ["America/New_York", "Europe/Berlin", "UTC", "Pacific/Apia"])
def test_zones_of_the_tz_database_are_time_zones(name: str) -> None:
    assert is_time_zone(name)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "EST5EDT4", "../etc/passwd", "America", "utc ", "/UTC"])
def test_other_names_are_not_time_zones(name: str) -> None:
    assert not is_time_zone(name)
