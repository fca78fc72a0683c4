"""Scopes as text and back: two requests for the same thing must share one key."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from effort import effort
from hypothesis import given
from hypothesis import strategies as st

from worker.errors import TermsyncError
from worker.pipeline.scope import Scope, ScopeKind, format_instant, parse_instant

WORDS = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=30)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(datetime(2000, 1, 2), datetime(2100, 12, 30), timezones=ZONES)  # noqa: DTZ001
SCOPES = (
    st.sampled_from([Scope(ScopeKind.INCREMENTAL), Scope(ScopeKind.FULL)])
    | INSTANTS.map(lambda instant: Scope(ScopeKind.SINCE, format_instant(instant)))
    | WORDS.map(lambda key: Scope(ScopeKind.TENANT, key))
    | WORDS.map(lambda number: Scope(ScopeKind.ORDER, number))
    | st.integers(0, 10**18 - 1).map(lambda number: Scope(ScopeKind.CUSTOMER, str(number)))
)


@effort(200)
@given(SCOPES)
def test_a_scope_reads_back_as_itself(scope: Scope) -> None:
    assert Scope.parse(str(scope)) == scope


@effort(400)
@given(st.text(max_size=40) | st.builds("{}:{}".format, st.sampled_from(ScopeKind), st.text(max_size=25)))
def test_any_text_is_a_scope_or_refused_with_a_code(text: str) -> None:
    assert key_or_code(text) in {
        text,
        text.removesuffix(":"),
        "scope-invalid",
        "instant-invalid",
    } or text.startswith(("since:", "customer:"))


def key_or_code(text: str) -> str:
    try:
        scope = Scope.parse(text)
    except TermsyncError as error:
        return error.code
    return str(Scope.parse(str(scope)))


@effort(200)
@given(INSTANTS)
def test_an_instant_keeps_its_second(instant: datetime) -> None:
    assert parse_instant(format_instant(instant)) == instant.replace(microsecond=0)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("since:2026-01-31", "since:2026-01-31T00:00:00Z"),
        ("since:2026-01-31T02:00:00+02:00", "since:2026-01-31"),
        ("customer:007", "customer:7"),
    ],
)
def test_two_ways_to_say_the_same_share_a_key(one: str, other: str) -> None:
    assert str(Scope.parse(one)) == str(Scope.parse(other))


@pytest.mark.parametrize(
    "text",
    ["", "everything", "full:now", "tenant", "tenant:", "customer:x", "customer:²", "order:",
     "customer:-1", "customer:" + "9" * 5000, "since:", "since:yesterday", "since:0001-01-01T00:00+14:00",
     "order:SO\x00", "FULL", " full"],
)  # fmt: skip
def test_what_is_not_a_scope_is_refused(text: str) -> None:
    with pytest.raises(TermsyncError) as caught:
        Scope.parse(text)
    assert caught.value.remedy


def test_values_of_a_scope() -> None:
    assert Scope.parse("customer:42").customer_id == 42
    assert Scope.parse("since:2026-01-31").since == datetime(2026, 1, 31, tzinfo=UTC)
    assert Scope.parse("tenant:a:b").value == "a:b"


@pytest.mark.parametrize(
    ("text", "moves"),
    [("incremental", True), ("full", True), ("since:2026-01-31", True), ("tenant:a", False),
     ("customer:1", False), ("order:SO1", False)],
)  # fmt: skip
def test_which_scopes_may_move_the_watermark(text: str, moves: bool) -> None:
    assert Scope.parse(text).moves_watermark == moves
