"""Holds: what trips the guard waits for a person, who applies exactly the list or drops it for good."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from domain_oracle import Said
from hold_desk import FUTURE, NOW, PAST, THRESHOLDS, Desk, open_desk
from locking import blocked_until
from school import land
from sqlalchemy.orm import Session, sessionmaker

from models import landing
from models.enrollment_changes import Why
from worker.errors import NotFound, TermsyncError
from worker.pipeline import holds, reconcile, tenants


@pytest.fixture
def desk(sessions: sessionmaker[Session]) -> Desk:
    return open_desk(sessions)


@pytest.fixture
def held(desk: Desk) -> int:
    """Order 1 ends in the past, order 3 later, order 4 is new: all of it is held."""
    desk.netsuite_says((1, PAST), (3, FUTURE + timedelta(days=9)), (4, FUTURE))
    hold = desk.reconcile()
    assert hold is not None
    return hold


def test_nothing_of_the_tenant_is_accepted_while_it_is_held(desk: Desk, held: int) -> None:
    assert desk.ends() == {1: FUTURE, 2: FUTURE, 3: FUTURE}
    assert desk.statuses() == ["E"] * 5
    assert desk.query("select order_id, term_end, would_expire from hold_item order by 1") == [
        (1, PAST, 4),
        (3, FUTURE + timedelta(days=9), 0),
        (4, FUTURE, 0),
    ]
    assert desk.query("select rule, would_expire, enrolled, orders from hold") == [("people", 4, 5, 3)]


def test_looking_again_keeps_the_same_hold(desk: Desk, held: int) -> None:
    assert desk.reconcile() is None  # nothing is due
    desk.netsuite_says((1, PAST))
    assert desk.reconcile() == held
    assert desk.query("select count(*) from hold") == [(1,)]


def test_other_tenants_go_on(desk: Desk, held: int) -> None:
    desk.school.open_another("beta", NOW)
    with desk.sessions.begin() as session:
        tenants.map_customer(session, desk.school.tenant_ids["beta"], 2, Why("staff", NOW))
    desk.netsuite_says((9, FUTURE), customer=2)
    assert desk.reconcile() is None
    assert 9 in desk.ends()
    assert desk.state(held) == "open"


def test_approving_applies_exactly_the_list(desk: Desk, held: int) -> None:
    accepted = desk.decide(holds.approve, held, reason="they left")
    assert (accepted.new, accepted.changed, accepted.enrollments.expired) == (1, 2, 4)
    assert desk.ends() == {1: PAST, 2: FUTURE, 3: FUTURE + timedelta(days=9), 4: FUTURE}
    assert desk.statuses() == ["X"] * 4 + ["E"]
    assert set(desk.query("select expired_cause, expired_at from enrollment where status = 'X'")) == {
        ("order_ended_early", NOW)
    }
    assert desk.query("select state, decided_by, decision_reason, decided_at from hold") == [
        ("approved", "ops", "they left", NOW)
    ]
    assert desk.query("select count(*) from landing_due") == [(0,)]


def test_approving_applies_the_list_and_not_what_landed_since(desk: Desk, held: int) -> None:
    desk.netsuite_says((1, FUTURE), (2, PAST))
    desk.decide(holds.approve, held)
    assert (desk.ends()[1], desk.ends()[2]) == (PAST, FUTURE)
    desk.reconcile()
    assert (desk.ends()[1], desk.ends()[2]) == (FUTURE, PAST)
    assert desk.statuses() == ["E"] * 4 + ["X"]


def test_rejecting_keeps_the_accepted_terms_for_good(desk: Desk, held: int) -> None:
    desk.decide(holds.reject, held, reason="a wrong import")
    assert desk.reconcile() is None
    desk.netsuite_says((1, PAST))  # touched in NetSuite, the data is the same
    assert desk.reconcile() is None
    assert desk.ends()[1] == FUTURE
    assert desk.statuses() == ["E"] * 5
    assert desk.query("select count(*) from hold") == [(1,)]


def test_what_one_tenant_declined_reaches_the_tenant_it_moved_to(desk: Desk) -> None:
    """The order that moved is due in both: kept here by a person, accepted there."""
    beta = desk.school.open_another("beta", NOW)
    with desk.sessions.begin() as session:
        tenants.map_customer(session, beta, 2, Why("staff", NOW))
    desk.netsuite_says((1, FUTURE), (2, FUTURE), (3, FUTURE), customer=2)  # all that acme had
    with desk.sessions.begin() as session:
        acme = desk.school.tenant_ids["acme"]
        [hold] = reconcile.reconcile_tenant(session, acme, THRESHOLDS, Why("reconcile", NOW)).holds
    desk.decide(holds.reject, hold)
    desk.reconcile()
    assert desk.query("select tenant_id, id, flag from sales_order order by 1, 2") == [
        *[(acme, order, None) for order in (1, 2, 3)],
        *[(beta, order, None) for order in (1, 2, 3)],
    ]


def test_rejected_data_that_comes_back_after_other_data_was_accepted_is_news(desk: Desk, held: int) -> None:
    desk.decide(holds.reject, held)
    desk.netsuite_says((1, FUTURE + timedelta(days=1)))
    assert desk.reconcile(NOW + timedelta(hours=1)) is None
    desk.netsuite_says((1, PAST))
    assert desk.reconcile(NOW + timedelta(hours=2)) not in (None, held)


def test_rejected_data_that_comes_back_after_data_that_was_held_too_is_still_declined(
    desk: Desk, held: int
) -> None:
    desk.decide(holds.reject, held)
    desk.netsuite_says((1, PAST - timedelta(days=1)))
    assert desk.reconcile() is not None
    desk.netsuite_says((1, PAST))
    assert desk.reconcile() is None
    assert desk.statuses() == ["E"] * 5


def test_other_data_after_a_rejection_is_judged_anew(desk: Desk, held: int) -> None:
    desk.decide(holds.reject, held)
    desk.netsuite_says((1, PAST - timedelta(days=1)))
    again = desk.reconcile()
    assert again not in (None, held)
    desk.netsuite_says((1, FUTURE + timedelta(days=1)))
    assert desk.reconcile() is None
    assert desk.ends()[1] == FUTURE + timedelta(days=1)


def test_data_that_landed_anew_before_the_rejection_but_is_the_same_is_declined(desk: Desk, held: int) -> None:
    desk.netsuite_says((1, PAST))
    desk.decide(holds.reject, held)
    assert desk.reconcile() is None
    assert desk.query("select state from hold") == [("rejected",)]


def test_data_that_came_after_the_list_survives_the_rejection(desk: Desk, held: int) -> None:
    desk.netsuite_says((1, FUTURE + timedelta(days=3)), (5, FUTURE))
    desk.decide(holds.reject, held)
    assert desk.reconcile() is None
    assert desk.ends()[1] == FUTURE + timedelta(days=3)
    assert 5 in desk.ends()


def test_newer_data_that_is_harmless_replaces_the_hold(desk: Desk, held: int) -> None:
    desk.netsuite_says((1, FUTURE))
    assert desk.reconcile() is None
    assert desk.state(held) == "superseded"
    assert desk.ends() == {1: FUTURE, 2: FUTURE, 3: FUTURE + timedelta(days=9), 4: FUTURE}


def test_a_longer_list_replaces_the_hold(desk: Desk, held: int) -> None:
    desk.netsuite_says((2, PAST))
    newer = desk.reconcile()
    assert newer not in (None, held)
    assert desk.state(held) == "superseded"
    assert desk.query(f"select count(*) from hold_item where hold_id = {newer}") == [(4,)]


def test_declined_for_one_tenant_says_nothing_about_another(desk: Desk, held: int) -> None:
    desk.decide(holds.reject, held)
    beta = desk.school.open_another("beta", NOW)
    with desk.sessions.begin() as session:
        tenants.unmap_customer(session, desk.school.tenant_ids["acme"], 1, Why("staff", NOW))
        tenants.map_customer(session, beta, 1, Why("staff", NOW))
    for _ in range(2):
        desk.reconcile()
    assert desk.query(f"select id, term_end from sales_order where tenant_id = {beta} order by 1") == [
        (1, PAST),
        (2, FUTURE),
        (3, FUTURE + timedelta(days=9)),
        (4, FUTURE),
    ]


@pytest.mark.parametrize("decision", [holds.approve, holds.reject])
def test_a_hold_is_decided_once(desk: Desk, held: int, decision: Callable[..., Any]) -> None:
    desk.decide(holds.reject, held)
    with pytest.raises(TermsyncError) as caught:
        desk.decide(decision, held)
    assert caught.value.code == "hold-decided"
    assert "rejected" in caught.value.message


@pytest.mark.parametrize("decision", [holds.approve, holds.reject])
def test_an_unknown_hold_is_named(desk: Desk, decision: Callable[..., Any]) -> None:
    with pytest.raises(NotFound) as caught:
        desk.decide(decision, 4711)
    assert "4711" in caught.value.message


def test_a_page_that_lands_during_the_rejection_is_not_declined_with_it(desk: Desk, held: int) -> None:
    page = desk.sessions()
    at = NOW + timedelta(hours=1)
    land(page, [Said(1, 99, at, 1, "SO1", "B", None, FUTURE + timedelta(days=5))], at, at)
    blocked_until(desk.sessions, page.commit, lambda: desk.decide(holds.reject, held))
    desk.reconcile()
    assert desk.ends()[1] == FUTURE + timedelta(days=5)


def test_approval_and_reconciling_at_once_wait_for_each_other(desk: Desk, held: int) -> None:
    """The tenant's lock comes first in both: neither can wait for the other in a circle."""
    reconciling = desk.sessions()
    desk.netsuite_says((1, FUTURE))
    reconcile.reconcile_tenant(reconciling, desk.school.tenant_ids["acme"], THRESHOLDS, Why("reconcile", NOW))
    with pytest.raises(TermsyncError) as caught:
        blocked_until(desk.sessions, reconciling.commit, lambda: desk.decide(holds.approve, held))
    assert caught.value.code == "hold-decided"
    assert desk.statuses() == ["E"] * 5


def test_all_orders_gone_is_held_whatever_their_number(desk: Desk) -> None:
    with desk.sessions.begin() as session:
        landing.mark_gone(session, [1, 2, 3], "missing", NOW)
    assert desk.reconcile() is not None
    assert desk.query("select rule from hold") == [("all-gone",)]
    assert desk.query("select count(*) from sales_order where flag is not null") == [(0,)]


def test_a_term_that_simply_ends_is_not_guarded(desk: Desk) -> None:
    assert desk.reconcile(datetime(2026, 5, 2, tzinfo=UTC)) is None
    desk.netsuite_says((3, FUTURE + timedelta(days=1)))
    assert desk.reconcile(datetime(2026, 5, 2, tzinfo=UTC)) is None
    assert desk.statuses() == ["X"] * 5
    assert set(desk.query("select expired_cause from enrollment")) == {("term_ended",)}
