"""What waits for a person: counted, listed, and gone from the list once it is dealt with."""

from typing import Any

import pytest
from order_world import DAY, NOW, TODAY, OrderWorld, counted
from sqlalchemy import text
from sqlalchemy.orm import Session

from models import attention
from models.attention import Waiting
from models.overview import overview


@pytest.fixture
def world(session: Session) -> OrderWorld:
    return OrderWorld(session, "acme", "bolt")


def test_what_waits_is_counted(session: Session, world: OrderWorld) -> None:
    assert attention.waiting(session) == Waiting(0, 0, 0, 0)
    world.customer(9, "Nobody's")
    world.landed(1, 9)
    world.landed(2, 9, reject="date-unreadable")
    world.order(3, "acme", flag="missing")
    session.execute(text("insert into parked_row (code, detail, payload) values ('order-id-missing', '', '{}')"))
    waiting = attention.waiting(session)
    assert (waiting, waiting.total) == (Waiting(unmatched=1, rejected=2, holds=0, flagged=1), 4)
    facts = overview(session, NOW)
    assert (facts.unmatched_customers, facts.rejected_rows, facts.flagged_orders) == (1, 2, 1)


def test_what_people_have_dealt_with_no_longer_counts(session: Session, world: OrderWorld) -> None:
    world.landed(2, 9, reject="date-unreadable")
    world.order(3, "acme", flag="missing")
    session.execute(text("update sales_order set reviewed_at = :now"), {"now": NOW})
    session.execute(
        text("""insert into reject_care (order_id, since, ignored_at, ignored_by)
            select order_id, read_at, :now, 'ann' from landing_order where reject_code is not null"""),
        {"now": NOW},
    )
    assert attention.waiting(session).total == 0
    facts = overview(session, NOW)
    assert (facts.rejected_rows, facts.flagged_orders) == (0, 0)


def test_customers_without_a_tenant_wait_with_their_orders(session: Session, world: OrderWorld) -> None:
    session.execute(text("update tenant set name = 'Bolt & Sons' where key = 'bolt'"))
    world.customer(9, "BOLT & SONS Ltd.")
    world.customer(10)
    for n, customer in ((1, 9), (2, 9), (3, 10)):
        world.landed(n, customer, end=TODAY + n * DAY if n > 1 else TODAY - DAY)
    world.landed(4, 10, reject="date-unreadable")
    first, second = attention.unmatched(session, NOW)
    assert (first["customer_id"], first["orders"], first["current_orders"]) == (9, 2, 1)
    assert (first["numbers"], first["likely"]) == (["SO2", "SO1"], ("bolt", "Bolt & Sons"))
    assert (second["name"], second["orders"], second["likely"]) == (None, 1, None)
    for sought, found in (("so3", [10]), ("sons", [9]), ("10", [10]), ("%", [])):
        assert [row["customer_id"] for row in attention.unmatched(session, NOW, sought)] == found
    assert [row["orders"] for row in attention.customers(session, [9, 10], NOW)] == [2, 1]


def test_flagged_orders_come_with_their_people(session: Session, world: OrderWorld) -> None:
    world.order(1, "acme", flag="missing", accepted=NOW - 2 * DAY)
    world.order(2, "bolt", flag="cancelled", accepted=NOW - DAY)
    world.order(3, "bolt")
    world.enroll(2, "bolt", 0)
    found = attention.flagged(session, NOW)
    assert [(row["number"], row["flag"], row["enrolled"]) for row in found] == [
        ("SO2", "cancelled", 1),
        ("SO1", "missing", 0),
    ]
    assert [row["id"] for row in attention.flagged(session, NOW, flag="missing")] == [1]
    assert [row["id"] for row in attention.flagged(session, NOW, sought="so2")] == [2]


@pytest.mark.parametrize(
    ("later", "told"),
    [
        ({"end": TODAY + 300 * DAY}, True),
        ({"end": None}, True),
        ({"end": TODAY + 5 * DAY}, False),  # ends with it
        ({"end": TODAY + 300 * DAY, "flag": "cancelled"}, False),
        ({"end": TODAY + 300 * DAY, "status": "A"}, False),
    ],
)
def test_an_order_that_ends_soon_is_told_with_its_renewal(
    session: Session, world: OrderWorld, later: dict[str, Any], told: bool
) -> None:
    world.order(1, "acme", end=TODAY + 5 * DAY)
    world.enroll(1, "acme", 0, TODAY + 5 * DAY)
    world.order(2, "acme", **later)
    world.order(3, "bolt", 8, end=TODAY + 300 * DAY)
    found = attention.ending(session, NOW)
    assert [(row["number"], row["renewal_number"], row["enrolled"]) for row in found] == (
        [("SO1", "SO2", 1)] if told else []
    )
    assert [row["total"] for row in found] == [1] * len(found)


def test_nobody_is_to_be_moved_off_an_order_without_people_or_far_from_its_end(
    session: Session, world: OrderWorld
) -> None:
    world.order(1, "acme", end=TODAY + 5 * DAY)
    world.order(2, "acme", end=TODAY + 60 * DAY)
    world.enroll(2, "acme", 0, TODAY + 60 * DAY)
    world.order(3, "acme", end=TODAY + 300 * DAY)
    assert attention.ending(session, NOW) == []
    assert [row["id"] for row in attention.ending(session, NOW, 60 * DAY)] == [2]


def test_a_hold_names_the_people_it_would_expire(session: Session, world: OrderWorld) -> None:
    world.order(1, "acme", end=TODAY + 90 * DAY)
    for user in range(3):
        world.enroll(1, "acme", user, TODAY + 90 * DAY, "U" if user == 2 else "E")
    session.execute(
        text("update enrollment set expiration_date = :day where user_id = :user"),
        {"day": TODAY + DAY, "user": world.rosters["acme"].users[1]},
    )
    hold_id = session.execute(
        text("""
        with h as (insert into hold (tenant_id, rule, reason, would_expire, enrolled, orders)
            select id, 'people', 'r', 1, 2, 1 from tenant where key = 'acme' returning id)
        insert into hold_item (hold_id, order_id, customer_id, number, status, term_end, modified_at,
            term_end_before, would_expire)
        select id, 1, 7, 'SO1', 'B', :past, :now, :before, 1 from h returning hold_id
        """),
        {"past": TODAY - DAY, "now": NOW, "before": TODAY + 90 * DAY},
    ).scalar_one()
    [person] = attention.hold_people(session, hold_id, NOW)
    assert (person["user"], person["number"]) == ("user-0", "SO1")
    assert person["new_boundary"] <= NOW < person["boundary"]


def test_more_rows_take_no_more_statements(session: Session, world: OrderWorld) -> None:
    def statements() -> int:
        with counted(session) as made:
            attention.waiting(session)
            attention.unmatched(session, NOW)
            attention.flagged(session, NOW)
            attention.ending(session, NOW)
        return len(made)

    few = statements()
    for n in range(30):
        world.customer(100 + n, f"C{n}")
        world.landed(100 + n, 100 + n)
        world.order(200 + n, "acme", flag="missing")
        world.order(300 + n, "bolt", 8, end=TODAY + (1 + n) * DAY)
    world.enroll(300, "bolt", 0)
    assert statements() == few
