"""The guard's verdict at, just below and just above each of its thresholds."""

from decimal import Decimal

import pytest
from effort import effort
from hypothesis import given
from hypothesis import strategies as st

from models.impact import Impact, Totals
from models.tenant import Tenant
from worker.pipeline.guard import Thresholds, in_doubt, verdict

NUMBERS = st.integers(0, 400)
SHARES = st.decimals(0, 1, places=4)
THRESHOLDS = st.builds(Thresholds, NUMBERS, SHARES, st.integers(0, 30), SHARES)
IMPACTS = st.builds(Impact, NUMBERS, st.integers(0, 60), st.integers(0, 5))
TOTALS = st.builds(Totals, NUMBERS, st.integers(0, 100), st.integers(0, 3))


def rule(
    would_expire: int = 0, redated: int = 0, gone: int = 0, totals: tuple[int, int, int] = (0, 0, 0)
) -> str | None:
    impact = Impact(would_expire, redated, gone)
    trip = verdict(impact, Totals(*totals), Thresholds())
    return None if trip is None else trip.rule


@pytest.mark.parametrize(
    ("would_expire", "enrolled", "held"),
    [
        (50, 50, False),  # everybody, but no more than fifty
        (51, 60, True),
        (51, 255, False),  # exactly a fifth
        (52, 255, True),
        (200, 1000, False),
        (201, 1000, True),
        (0, 0, False),
    ],
)
def test_people(would_expire: int, enrolled: int, held: bool) -> None:
    assert rule(would_expire=would_expire, totals=(enrolled, 100, 100)) == ("people" if held else None)


@pytest.mark.parametrize(
    ("redated", "current", "held"),
    [(4, 4, False), (5, 5, True), (5, 20, False), (6, 20, True), (5, 19, True), (25, 100, False), (26, 100, True)],
)
def test_orders(redated: int, current: int, held: bool) -> None:
    assert rule(redated=redated, totals=(100, current, current)) == ("orders" if held else None)


@pytest.mark.parametrize(
    ("gone", "current", "left", "held"),
    [(1, 1, 0, True), (3, 3, 0, True), (1, 2, 1, False), (0, 3, 0, False), (1, 0, 0, False)],
)
def test_all_gone(gone: int, current: int, left: int, held: bool) -> None:
    assert rule(gone=gone, totals=(100, current, left)) == ("all-gone" if held else None)


@pytest.mark.parametrize(
    ("impact", "totals", "told"),
    [
        (Impact(52, 0, 0), (259, 9, 9), "of 259 enrolled; at most 51 may"),  # a fifth is 51.8
        (Impact(51, 0, 0), (60, 9, 9), "of 60 enrolled; at most 50 may"),
        (Impact(0, 7, 0), (99, 10, 10), "7 of 10 current orders would be over within 2 days; at most 4 may"),
        (Impact(0, 7, 0), (99, 26, 26), "at most 6 may"),  # a quarter is 6.5
    ],
)
def test_the_sentence_names_the_most_that_pass(impact: Impact, totals: tuple[int, int, int], told: str) -> None:
    trip = verdict(impact, Totals(*totals), Thresholds())
    assert trip is not None
    assert told in trip.reason


@effort(500)
@given(IMPACTS, TOTALS, THRESHOLDS)
def test_the_rule_word_for_word(impact: Impact, totals: Totals, limits: Thresholds) -> None:
    too_many_people = impact.would_expire > limits.people and (
        impact.would_expire > limits.people_share * totals.enrolled
    )
    too_many_orders = impact.cut_short >= limits.orders and (
        impact.cut_short > limits.orders_share * totals.current_orders
    )
    all_gone = impact.newly_gone > 0 and totals.current_orders > 0 and totals.current_orders_left == 0
    trip = verdict(impact, totals, limits)
    assert (trip is not None) == (too_many_people or too_many_orders or all_gone)
    assert trip is None or str(impact.would_expire if trip.rule == "people" else "") in trip.reason


@effort(500)
@given(IMPACTS, TOTALS, THRESHOLDS)
def test_without_doubt_there_is_nothing_to_hold(impact: Impact, totals: Totals, limits: Thresholds) -> None:
    assert in_doubt(impact, limits) or verdict(impact, totals, limits) is None


@pytest.mark.parametrize("share", [Decimal("0"), Decimal("0.5")])
def test_a_tenant_may_have_its_own_thresholds(share: Decimal) -> None:
    tenant = Tenant(key="acme", guard_min=0, guard_share=share, guard_orders_min=0, guard_orders_share=share)
    assert Thresholds().of(tenant) == Thresholds(0, share, 0, share)


def test_a_tenant_without_thresholds_has_those_of_the_installation() -> None:
    assert Thresholds(7).of(Tenant(key="acme")) == Thresholds(7)
