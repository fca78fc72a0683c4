"""Pulls of one tenant, one customer or one order."""

import pytest
from pulls import Pulls, day, map_customers
from school import School
from scripted_orders import ScriptedOrders, order
from sqlalchemy.orm import Session, sessionmaker

from models.enrollment_changes import Why
from worker import clock
from worker.errors import NotFound
from worker.pipeline import tenants


@pytest.fixture
def pulls(sessions: sessionmaker[Session]) -> Pulls:
    """Two tenants, customer 1 and 2 of acme, 3 of beta, 4 of nobody; two orders each; pulled whole."""
    school = School(sessions)
    with sessions() as session:
        school.open(["acme", "beta"], clock.now(session))
    map_customers(school, {1: "acme", 2: "acme", 3: "beta"})
    orders = ScriptedOrders()
    orders.put(*[order(10 * c + n, c, day(sessions, 30)) for c in (1, 2, 3, 4) for n in (0, 1)])
    pulls = Pulls(sessions, orders)
    pulls.do("full")
    at = orders.later(24)
    orders.put(*[order(10 * c + n, c, day(sessions, 60), modified_at=at) for c in (1, 2, 3, 4) for n in (0, 1)])
    return pulls


def changed(pulls: Pulls) -> set[int]:
    today = day(pulls.sessions, 0)
    landed = pulls.query("select order_id, term_end from landing_order")
    return {n for n, end in landed if (end - today).days == 60}


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("tenant:acme", {10, 11, 20, 21}),
        ("tenant:beta", {30, 31}),
        ("customer:2", {20, 21}),
        ("customer:4", {40, 41}),
        ("customer:99", set()),
        ("order:SO31", {31}),
    ],
)
def test_only_what_is_named_is_read(pulls: Pulls, scope: str, expected: set[int]) -> None:
    before = pulls.watermark()
    run = pulls.do(scope)
    assert changed(pulls) == expected
    assert run.counts["read"] == len(expected)
    assert pulls.watermark() == before


def test_an_unknown_tenant_is_named(pulls: Pulls) -> None:
    run_id = pulls.ask("tenant:nobody")
    with pytest.raises(NotFound) as caught:
        pulls.perform(run_id)
    assert caught.value.code == "tenant-unknown"
    assert "nobody" in caught.value.message
    assert pulls.row(run_id).error_code == "tenant-unknown"


def test_an_unknown_order_is_named(pulls: Pulls) -> None:
    run_id = pulls.ask("order:SO99")
    with pytest.raises(NotFound) as caught:
        pulls.perform(run_id)
    assert caught.value.code == "order-unknown"
    assert "SO99" in caught.value.message


def test_an_order_is_found_by_the_number_it_had(pulls: Pulls) -> None:
    at = pulls.orders.later()
    pulls.orders.put(order(31, 3, day(pulls.sessions, 60), number="NEW-1", modified_at=at))
    pulls.do("order:SO31")
    assert pulls.query("select number from sales_order where id = 31") == [("NEW-1",)]
    assert pulls.flags() == {}


def test_two_orders_with_one_number_are_both_read(pulls: Pulls) -> None:
    at = pulls.orders.later()
    pulls.orders.put(order(30, 3, day(pulls.sessions, 60), number="SO31", modified_at=at))
    assert pulls.do("order:SO31").counts["read"] == 2


def test_a_number_that_went_to_another_order(pulls: Pulls) -> None:
    at = pulls.orders.later()
    pulls.orders.put(order(30, 3, day(pulls.sessions, 60), number="SO31", modified_at=at))
    pulls.orders.put(order(31, 3, day(pulls.sessions, 60), number="SO30", modified_at=at))
    pulls.do("order:SO31")
    assert pulls.query("select id, number from sales_order where id in (30, 31) order by 1") == [
        (30, "SO31"),
        (31, "SO30"),
    ]


@pytest.mark.parametrize("scope", ["tenant:beta", "customer:3", "order:SO31"])
def test_an_order_that_is_gone_is_flagged_only_if_netsuite_has_it_no_more(pulls: Pulls, scope: str) -> None:
    del pulls.orders.rows[31]
    pulls.do(scope)
    assert pulls.flags() == {31: "missing"}
    assert pulls.query("select term_end from sales_order where id = 31") == [(day(pulls.sessions, 30),)]


def test_an_order_that_moved_away_from_a_customer_is_not_missing(pulls: Pulls) -> None:
    """It is still there by id; the next incremental pull says where it went."""
    at = pulls.orders.later()
    pulls.orders.put(order(31, 4, day(pulls.sessions, 60), modified_at=at))
    pulls.do("customer:3")
    assert pulls.flags() == {}
    pulls.orders.later()
    pulls.do("incremental")
    assert pulls.flags() == {31: "moved"}


def test_a_tenant_without_customers_reads_nothing(pulls: Pulls) -> None:
    with pulls.sessions.begin() as session:
        tenants.add(session, "gamma", "Gamma", Why("test", clock.now(session)))
    assert pulls.do("tenant:gamma").counts["read"] == 0
