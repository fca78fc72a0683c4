"""Nothing that comes from outside can leave its literal."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlglot
from hypothesis import example, given
from hypothesis import strategies as st
from sqlglot import exp

from connectors.errors import RecordRejected
from connectors.netsuite import suiteql

printable = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=200)
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(printable)
@example("' OR 1=1 --")
@example("''")
@example("O'Neil \\' ; \u2019 {d'2026-01-01'} ? q'[x]' /* */ 😀")
def test_a_text_literal_reads_back_as_the_same_text(value: str) -> None:
    literal = suiteql.text(value)
    assert literal.count("'") == 2 + 2 * value.count("'")
    query = sqlglot.parse_one(f"SELECT {literal} FROM dual", dialect="oracle")
    assert [found.this for found in query.find_all(exp.Literal)] == [value]


@given(printable, st.characters(categories=["Cc", "Cs"]), printable)
def test_control_characters_and_half_surrogates_are_refused(before: str, bad: str, after: str) -> None:
    with pytest.raises(RecordRejected) as caught:
        suiteql.text(before + bad + after)
    assert caught.value.code == "text-not-queryable"


def test_overlong_text_is_refused_without_repeating_it() -> None:
    with pytest.raises(RecordRejected) as caught:
        suiteql.text("x" * 10_000)
    assert len(str(caught.value)) < 200


@given(st.text(max_size=20))
@example("id\n")
@example("ıd")
@example("t.id")
@example("id--")
def test_an_identifier_is_plain_or_refused(name: str) -> None:
    try:
        assert suiteql.identifier(name) == name
    except ValueError:
        return
    assert name.isascii()
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_")
    assert name[0].isalpha()


@given(st.lists(st.integers(), min_size=1, max_size=50))
def test_integers_are_digits_only(values: list[int]) -> None:
    assert [int(part) for part in suiteql.integers(values)[1:-1].split(", ")] == values


@pytest.mark.parametrize("count", [0, 1001])
def test_in_takes_one_to_a_thousand(count: int) -> None:
    with pytest.raises(ValueError, match="1000"):
        suiteql.integers(range(count))


@given(st.datetimes(timezones=zones).filter(lambda moment: 2 < moment.year < 9999))
def test_an_instant_is_written_in_utc(moment: datetime) -> None:
    written = suiteql.utc_second(moment)
    read = datetime.strptime(written, "'%Y-%m-%d %H:%M:%S'").replace(tzinfo=UTC)
    assert read == moment.astimezone(UTC).replace(microsecond=0)


def test_an_instant_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        suiteql.utc_second(datetime(2026, 1, 1))  # noqa: DTZ001
