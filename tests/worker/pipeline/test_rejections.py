"""What becomes of a rejected list: what it would take from people is dropped for good, the rest is not lost."""

from datetime import timedelta
from typing import Any

import pytest
from hold_desk import FUTURE, NOW, PAST, Desk, open_desk
from sqlalchemy.orm import Session, sessionmaker

from models import landing
from models.enrollment_changes import Why
from worker.pipeline import holds, tenants

LATER = FUTURE + timedelta(days=9)


@pytest.fixture
def desk(sessions: sessionmaker[Session]) -> Desk:
    return open_desk(sessions)


@pytest.fixture
def rejected(desk: Desk) -> int:
    """Order 1 was to end in the past and was billed, order 3 ends later, order 4 is new: held and rejected."""
    desk.netsuite_says((1, PAST), status="G")
    desk.netsuite_says((3, LATER), (4, FUTURE))
    hold = desk.reconcile()
    assert hold is not None
    desk.decide(holds.reject, hold)
    return hold


def orders(desk: Desk) -> list[tuple[object, ...]]:
    return desk.query("select id, status, term_end, flag from sales_order order by id")


def test_what_takes_nothing_from_anybody_is_accepted_all_the_same(desk: Desk, rejected: int) -> None:
    assert orders(desk) == [
        (1, "G", FUTURE, None),
        (2, "B", FUTURE, None),
        (3, "B", LATER, None),
        (4, "B", FUTURE, None),
    ]
    assert desk.statuses() == ["E"] * 5
    assert desk.query("select count(*) from landing_due") == [(0,)]
    assert desk.query("select order_id from hold_item where end_rejected") == [(1,)]


def test_an_earlier_end_is_rejected_though_it_lies_far_ahead(desk: Desk) -> None:
    """By the time somebody decides, it may not."""
    desk.netsuite_says((1, PAST), (2, FUTURE - timedelta(days=30)))
    hold = desk.reconcile()
    assert hold is not None
    desk.decide(holds.reject, hold, now=NOW + timedelta(days=25))
    assert desk.ends()[2] == FUTURE
    assert desk.statuses() == ["E"] * 5


@pytest.mark.parametrize("values", [{"status": "H"}, {"number": "SO1-R"}, {"status": "C"}])
def test_paperwork_does_not_bring_a_rejected_end_back(desk: Desk, rejected: int, values: dict[str, Any]) -> None:
    """Alone it would be far below the limits: order by order, all that was rejected would come to pass."""
    desk.netsuite_says((2, FUTURE - timedelta(days=1)))
    assert desk.reconcile() is None
    desk.netsuite_says((1, PAST), **values)
    assert desk.reconcile() is None
    assert desk.ends()[1] == FUTURE
    assert desk.statuses() == ["E"] * 5
    column, value = next(iter(values.items()))
    assert desk.query(f"select {column} from sales_order where id = 1") == [(value,)]


def test_a_cancellation_after_the_rejection_is_flagged(desk: Desk, rejected: int) -> None:
    desk.netsuite_says((1, PAST), status="C")
    desk.reconcile()
    assert orders(desk)[0] == (1, "C", FUTURE, "cancelled")


def test_once_netsuite_says_what_is_accepted_the_matter_is_closed(desk: Desk, rejected: int) -> None:
    desk.netsuite_says((1, FUTURE))
    assert desk.reconcile() is None
    assert desk.query("select count(*) from hold_item where end_rejected") == [(0,)]
    desk.netsuite_says((1, PAST))
    assert desk.reconcile() not in (None, rejected)


def test_a_row_that_cannot_be_read_does_not_close_it(desk: Desk, rejected: int) -> None:
    desk.netsuite_says((1, None), number="", status="", bad=True)
    assert desk.reconcile() is None
    desk.netsuite_says((1, PAST))
    assert desk.reconcile() is None
    assert desk.ends()[1] == FUTURE


def test_an_order_that_was_away_comes_back_with_its_rejected_end(desk: Desk, rejected: int) -> None:
    beta = desk.school.open_another("beta", NOW)
    with desk.sessions.begin() as session:
        tenants.map_customer(session, beta, 2, Why("staff", NOW))
    desk.netsuite_says((1, PAST), customer=2)
    desk.reconcile()
    assert desk.query("select flag from sales_order where id = 1 order by tenant_id") == [("moved",), (None,)]
    desk.netsuite_says((1, PAST))
    assert desk.reconcile() is None
    assert orders(desk)[0] == (1, "B", FUTURE, None)
    assert desk.statuses() == ["E"] * 5


def test_a_customer_unmapped_and_mapped_again_brings_nothing_back(desk: Desk, rejected: int) -> None:
    acme = desk.school.tenant_ids["acme"]
    for act in (tenants.unmap_customer, tenants.map_customer):
        with desk.sessions.begin() as session:
            act(session, acme, 1, Why("staff", NOW))
    assert desk.reconcile() is None
    assert desk.ends()[1] == FUTURE


def test_two_rejections_of_one_order_are_both_remembered(desk: Desk, rejected: int) -> None:
    desk.netsuite_says((1, PAST - timedelta(days=1)))
    again = desk.reconcile()
    assert again is not None
    desk.decide(holds.reject, again)
    for end in (PAST, PAST - timedelta(days=1), PAST):
        desk.netsuite_says((1, end))
        assert desk.reconcile() is None
    assert desk.statuses() == ["E"] * 5


def test_that_all_orders_are_gone_is_rejected_for_good(desk: Desk) -> None:
    with desk.sessions.begin() as session:
        landing.mark_gone(session, [1, 2, 3], "missing", NOW)
    hold = desk.reconcile()
    assert hold is not None
    desk.decide(holds.reject, hold)
    assert [row[3] for row in orders(desk)] == [None] * 3
    desk.netsuite_says((4, FUTURE))
    assert desk.reconcile() is None
    assert [row[3] for row in orders(desk)] == [None] * 4
    with desk.sessions.begin() as session:
        landing.mark_gone(session, [1], "deleted", NOW)  # that is something else
    desk.reconcile()
    assert [row[3] for row in orders(desk)] == ["deleted", None, None, None]


def test_one_order_that_is_gone_is_flagged_whatever_becomes_of_the_hold(desk: Desk) -> None:
    desk.netsuite_says((1, PAST))
    with desk.sessions.begin() as session:
        landing.mark_gone(session, [3], "missing", NOW)
    hold = desk.reconcile()
    assert hold is not None
    desk.decide(holds.reject, hold)
    assert orders(desk)[2] == (3, "B", FUTURE, "missing")
