"""Changes that come one by one are no less than the same changes at once: a slow import must not slip by."""

from datetime import datetime, timedelta

import pytest
from hold_desk import FUTURE, NOW, PAST, Desk, open_desk
from sqlalchemy.orm import Session, sessionmaker

from models.enrollment_changes import Why
from worker.pipeline import holds, reconcile, tenants
from worker.pipeline.guard import Thresholds

TODAY = NOW.date()


@pytest.fixture
def desk(sessions: sessionmaker[Session]) -> Desk:
    """Also order 4, of one person, and order 5, of two: two people may be expired unasked."""
    desk = open_desk(sessions)
    desk.netsuite_says((4, FUTURE), (5, FUTURE))
    desk.reconcile()
    for order in (4, 5, 5):
        desk.school.enroll("acme", NOW, order)
    return desk


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def test_two_small_cuts_are_one_large_one(desk: Desk) -> None:
    desk.netsuite_says((2, PAST))
    assert desk.reconcile(at(0)) is None
    desk.netsuite_says((5, PAST))
    assert desk.reconcile(at(5)) is not None
    assert desk.statuses().count("X") == 1
    assert desk.query("select would_expire, enrolled, reason from hold") == [
        (
            2,
            7,
            "2 people would lose access within 2 days, after 1 by changes accepted shortly before, of 8 enrolled;"
            " at most 2 may without approval.",
        )
    ]


def test_the_same_two_cuts_far_apart_are_two(desk: Desk) -> None:
    desk.netsuite_says((2, PAST))
    assert desk.reconcile(at(0)) is None
    desk.netsuite_says((5, PAST))
    assert desk.reconcile(at(60)) is None


def test_what_was_taken_back_counts_no_more(desk: Desk) -> None:
    for end in (PAST, FUTURE, PAST, FUTURE, PAST):
        desk.netsuite_says((5, end))
        assert desk.reconcile() is None
    desk.netsuite_says((5, FUTURE), (2, PAST))
    assert desk.reconcile() is None


def test_the_same_people_count_once(desk: Desk) -> None:
    """Cut to tomorrow, then to yesterday, then billed."""
    for end, status in ((TODAY + timedelta(days=1), "B"), (PAST, "B"), (PAST, "G")):
        desk.netsuite_says((5, end), status=status)
        assert desk.reconcile() is None
    desk.netsuite_says((4, PAST))
    assert desk.reconcile() is not None


def test_harmless_changes_are_not_held_for_what_came_before(desk: Desk) -> None:
    desk.netsuite_says((5, PAST))
    assert desk.reconcile() is None
    desk.netsuite_says((1, FUTURE + timedelta(days=9)), (9, FUTURE))
    assert desk.reconcile() is None


def test_what_a_person_approved_does_not_count(desk: Desk) -> None:
    desk.netsuite_says((1, PAST))
    hold = desk.reconcile()
    assert hold is not None
    desk.decide(holds.approve, hold)
    desk.netsuite_says((5, PAST))
    assert desk.reconcile() is None


def test_while_it_is_held_time_does_not_take_away_what_came_before(desk: Desk) -> None:
    desk.netsuite_says((2, PAST))
    desk.reconcile(at(0))
    desk.netsuite_says((5, PAST))
    assert desk.reconcile(at(5)) is not None
    desk.netsuite_says((9, FUTURE))
    assert desk.reconcile(at(500)) is not None
    assert desk.statuses().count("X") == 1


def test_orders_that_end_one_by_one_are_counted_together(desk: Desk) -> None:
    desk.netsuite_says(*[(n, FUTURE) for n in range(6, 16)])
    desk.reconcile()
    held = []
    for n in range(6, 16):
        desk.netsuite_says((n, PAST))
        held.append(desk.reconcile() is not None)
    assert held == [False] * 4 + [True] * 6  # five, and more than a quarter of fifteen
    assert desk.query("select count(*) from sales_order where term_end = '2026-03-01'") == [(4,)]


def test_without_a_window_each_change_stands_alone(desk: Desk) -> None:
    limits = Thresholds(people=2, window=timedelta(0))
    for order in (2, 5):
        desk.netsuite_says((order, PAST))
        with desk.sessions.begin() as session:
            acme = desk.school.tenant_ids["acme"]
            assert not reconcile.reconcile_tenant(session, acme, limits, Why("reconcile", NOW)).holds


def test_another_tenant_has_its_own_count(desk: Desk) -> None:
    beta = desk.school.open_another("beta", NOW)
    with desk.sessions.begin() as session:
        tenants.map_customer(session, beta, 2, Why("staff", NOW))
    desk.netsuite_says((21, FUTURE), customer=2)
    desk.reconcile()
    for _ in range(2):
        desk.school.enroll("beta", NOW, 21)
    desk.netsuite_says((5, PAST))
    desk.netsuite_says((21, PAST), (22, FUTURE), customer=2)
    assert desk.reconcile() is None
