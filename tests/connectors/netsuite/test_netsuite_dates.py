"""Dates are read as printed or not at all."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import RecordRejected
from connectors.netsuite.dates import calendar_date, utc_instant

clock_parts = st.sampled_from(
    [
        "",
        " 00:00",
        "T00:00:00",
        " 23:59:59",
        "T23:30:00Z",
        "T23:30:00.000-08:00",
        " 12:00 +0530",
        "T01:00:00+14:00",
    ]
)


@given(st.dates(date(2000, 1, 1), date(2100, 12, 31)), clock_parts)
def test_a_time_or_zone_never_shifts_the_day(day: date, clock_part: str) -> None:
    assert calendar_date(f"{day}{clock_part}") == day


NOT_PLAIN = (
    "3/2/2026|03.02.2026|2026/03/02|20260302|2-Mar-2026|| 2026-03-02|2026-03-02 |2026-3-2|２０２６-03-02|NaN"
)
IMPOSSIBLE = "2026-02-29|2026-13-01|2026-00-10|2026-04-31|0000-00-00|2026-W01-1"
NO_TIME = "2026-03-02 24:00|2026-03-02T24:00:00|2026-03-02 10:60|2026-03-02 10:00:60|2026-03-02 99:99"
HALF_A_TIME = "2026-03-02Z|2026-03-02T|2026-03-02\n|2026-03-02 10|2026-03-02 10:00:00 PST"


@pytest.mark.parametrize(
    "printed", [*f"{NOT_PLAIN}|{IMPOSSIBLE}|{NO_TIME}|{HALF_A_TIME}".split("|"), "T" * 10_000]
)
def test_what_is_not_plain_is_not_guessed(printed: str) -> None:
    with pytest.raises(RecordRejected) as caught:
        calendar_date(printed)
    assert caught.value.code == "date-unreadable"
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("printed", ["1999-12-31", "2101-01-01", "0001-01-01", "9999-12-31"])
def test_years_outside_the_century_are_refused(printed: str) -> None:
    with pytest.raises(RecordRejected) as caught:
        calendar_date(printed)
    assert caught.value.code == "date-out-of-range"


@given(st.text(max_size=30))
def test_any_text_is_a_day_or_a_rejection(printed: str) -> None:
    try:
        day = calendar_date(printed)
    except RecordRejected as problem:
        code = problem.code
    else:
        code = "" if str(day) == printed[:10] else f"read as {day}"
    assert code in {"", "date-unreadable", "date-out-of-range"}


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_is_read_back(moment: datetime) -> None:
    whole = moment.replace(microsecond=0)
    printed = whole.isoformat(sep=" ").removesuffix("+00:00")
    assert utc_instant(printed) == whole
    assert utc_instant(printed.replace(" ", "T") + ".000Z") == whole
    assert utc_instant(printed).tzinfo is UTC


@pytest.mark.parametrize(
    "printed",
    [
        "2026-03-02",
        "3/2/2026 10:00:00",
        "2026-03-02 24:00:00",
        "2026-02-30 10:00:00",
        "2026-03-02 10:00:00+01:00",
        "",
    ],
)
def test_an_instant_that_is_not_utc_text_is_refused(printed: str) -> None:
    with pytest.raises(RecordRejected) as caught:
        utc_instant(printed)
    assert caught.value.code == "modified-unreadable"
