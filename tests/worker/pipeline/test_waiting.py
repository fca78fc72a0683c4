"""What waits for a person goes on waiting: only NetSuite's own data can take it back, time and staff cannot."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hold_desk import FUTURE, NOW, PAST, Desk, open_desk
from sqlalchemy.orm import Session, sessionmaker

from models.enrollment_changes import Why
from worker.pipeline import holds, tenants

TODAY = NOW.date()
Decision = Callable[..., Any]


@pytest.fixture
def desk(sessions: sessionmaker[Session]) -> Desk:
    return open_desk(sessions)


@pytest.fixture
def held(desk: Desk) -> int:
    """Order 1 would end in the past for its four people."""
    desk.netsuite_says((1, PAST))
    hold = desk.reconcile()
    assert hold is not None
    return hold


def staff_unenrol_most(desk: Desk) -> None:
    ids = [row[0] for row in desk.query("select id from enrollment where sales_order_id = 1 order by id")]
    desk.school.edit("acme", NOW, [(one, 1, None, "U") for one in ids[1:]])


def test_people_who_left_meanwhile_do_not_open_the_way(desk: Desk, held: int) -> None:
    staff_unenrol_most(desk)
    for end in (FUTURE, FUTURE + timedelta(days=1)):  # each judges the held change again
        desk.netsuite_says((9, end))
        again = desk.reconcile()
        assert again is not None
    assert desk.statuses() == ["E", "U", "U", "U", "E"]
    assert desk.ends()[1] == FUTURE
    assert desk.query(f"select would_expire, enrolled, waiting_since from hold where id = {again}") == [
        (4, 2, NOW)
    ]


def test_people_whose_time_came_meanwhile_do_not_open_the_way(desk: Desk, held: int) -> None:
    after = NOW + timedelta(days=60)
    desk.netsuite_says((9, FUTURE + timedelta(days=90)))
    assert desk.reconcile(after) is not None
    assert desk.ends()[1] == FUTURE
    assert desk.query("select distinct expired_cause from enrollment where sales_order_id = 1") == [
        ("term_ended",)
    ]


def test_people_who_came_meanwhile_do_not_open_the_way(desk: Desk, held: int) -> None:
    for _ in range(30):
        desk.school.enroll("acme", NOW, None)
    desk.netsuite_says((9, FUTURE))
    assert desk.reconcile() is not None


def test_orders_that_ended_meanwhile_do_not_open_the_way(desk: Desk) -> None:
    desk.netsuite_says(*[(n, FUTURE) for n in range(4, 11)])
    desk.reconcile()
    desk.netsuite_says(*[(n, PAST) for n in range(4, 11)])  # nobody is on them
    hold = desk.reconcile()
    assert desk.query("select rule from hold") == [("orders",)]
    after = NOW + timedelta(days=60)
    desk.netsuite_says((11, FUTURE + timedelta(days=90)))
    assert desk.reconcile(after) not in (None, hold)
    assert desk.ends()[4] == FUTURE


def test_another_early_end_of_the_same_order_weighs_the_same(desk: Desk, held: int) -> None:
    staff_unenrol_most(desk)
    desk.netsuite_says((1, PAST - timedelta(days=1)))
    assert desk.reconcile() is not None
    assert desk.statuses().count("X") == 0


def test_what_netsuite_takes_back_is_accepted_though_the_rest_was_held(desk: Desk) -> None:
    desk.netsuite_says((1, PAST), (2, PAST))
    hold = desk.reconcile()
    assert hold is not None
    desk.netsuite_says((1, FUTURE))
    assert desk.reconcile() is None
    assert desk.state(hold) == "superseded"
    assert desk.statuses() == ["E"] * 4 + ["X"]


def test_a_new_order_that_becomes_unreadable_leaves_the_list(desk: Desk) -> None:
    desk.netsuite_says((1, PAST), (9, FUTURE))
    hold = desk.reconcile()
    desk.netsuite_says((9, None), number="", status="", bad=True)
    again = desk.reconcile()
    assert again not in (None, hold)
    assert desk.query(f"select order_id from hold_item where hold_id = {again}") == [(1,)]


def test_a_new_order_whose_customer_goes_leaves_the_list(desk: Desk) -> None:
    beta = desk.school.open_another("beta", NOW)
    with desk.sessions.begin() as session:
        tenants.map_customer(session, desk.school.tenant_ids["acme"], 2, Why("staff", NOW))
    desk.netsuite_says((1, PAST))
    desk.netsuite_says((9, FUTURE), customer=2)
    hold = desk.reconcile()
    with desk.sessions.begin() as session:
        tenants.unmap_customer(session, desk.school.tenant_ids["acme"], 2, Why("staff", NOW))
        tenants.map_customer(session, beta, 2, Why("staff", NOW))
    again = desk.reconcile()
    assert again not in (None, hold)
    assert desk.query(f"select order_id from hold_item where hold_id = {again}") == [(1,)]


@pytest.mark.parametrize("decision", [holds.approve, holds.reject])
def test_a_decision_takes_no_order_that_is_another_tenants_by_now(desk: Desk, decision: Decision) -> None:
    """The customer was mapped elsewhere, and somebody decides before that is looked at."""
    beta = desk.school.open_another("beta", NOW)
    desk.netsuite_says((1, PAST), (9, FUTURE))
    hold = desk.reconcile()
    assert hold is not None
    with desk.sessions.begin() as session:
        tenants.map_customer(session, beta, 2, Why("staff", NOW))
    desk.netsuite_says((9, FUTURE), customer=2)
    desk.decide(decision, hold)
    assert desk.query("select id from sales_order order by id") == [(1,), (2,), (3,)]
    desk.reconcile()
    assert desk.query(f"select id from sales_order where tenant_id = {beta}") == [(9,)]


def test_a_held_change_is_approved_whoever_is_left(desk: Desk, held: int) -> None:
    staff_unenrol_most(desk)
    assert desk.decide(holds.approve, held).enrollments.expired == 1


# how far ahead the guard looks


@pytest.mark.parametrize(
    ("days", "is_held"), [(-9, True), (-1, True), (0, True), (1, True), (2, False), (20, False)]
)
def test_an_end_that_comes_within_two_days_is_as_good_as_past(desk: Desk, days: int, is_held: bool) -> None:
    desk.netsuite_says((1, TODAY + timedelta(days=days)))
    assert (desk.reconcile() is not None) == is_held
    assert desk.statuses() == ["E"] * 5


def test_a_term_that_would_have_ended_by_then_may_be_extended(desk: Desk) -> None:
    late = NOW.replace(month=4, day=29)
    desk.netsuite_says((1, FUTURE + timedelta(days=1)))
    assert desk.reconcile(late) is None


def test_a_term_that_would_have_ended_by_then_may_not_be_cut(desk: Desk) -> None:
    late = NOW.replace(month=4, day=30)
    desk.netsuite_says((1, date(2026, 4, 29)))
    assert desk.reconcile(late) is not None


def test_orders_that_would_end_within_two_days_count_as_ended(desk: Desk) -> None:
    desk.netsuite_says(*[(n, FUTURE) for n in range(4, 11)])
    desk.reconcile()
    desk.netsuite_says(*[(n, TODAY + timedelta(days=1)) for n in range(4, 11)])
    assert desk.reconcile() is not None
    assert desk.query("select rule, reason from hold") == [
        ("orders", "7 of 10 current orders would be over within 2 days; at most 4 may without approval.")
    ]
