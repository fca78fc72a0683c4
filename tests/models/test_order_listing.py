"""The list of all orders: filters, pages behind a key in every sort, marks, people, and one order in detail."""

from datetime import date, timedelta
from typing import Any, get_args

import pytest
from order_world import DAY, NOW, TODAY, OrderWorld, counted
from rows import one
from sqlalchemy import text
from sqlalchemy.orm import Session

from models import order_actions, order_detail
from models.enrollment_changes import Why
from models.order_listing import Key, OrderFilter, Sort, count, news, orders


@pytest.fixture
def world(session: Session) -> OrderWorld:
    return OrderWorld(session, "acme", "bolt")


def ids(session: Session, wanted: OrderFilter | None = None, **how: Any) -> list[int]:
    return [row["id"] for row in orders(session, wanted or OrderFilter(), NOW, **how)]


def test_people_are_counted_as_they_read_now(session: Session, world: OrderWorld) -> None:
    world.order(1, "acme", end=TODAY)
    world.enroll(1, "acme", 0, TODAY)
    world.enroll(1, "acme", 1, TODAY - DAY)  # stored as E, its boundary has passed
    world.enroll(1, "acme", 2, status="U")
    [row] = orders(session, OrderFilter(), NOW)
    assert (row["enrolled"], row["expired"], row["people"]) == (1, 1, 3)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (OrderFilter(), [1, 2, 3, 4, 5]),
        (OrderFilter(tenant="bolt"), [4, 5]),
        (OrderFilter(tenant="nobody"), []),
        (OrderFilter(customer=8), [4, 5]),
        (OrderFilter(status="G"), [2]),
        (OrderFilter(mark="any"), [3]),
        (OrderFilter(mark="cancelled"), [3]),
        (OrderFilter(mark="moved"), []),
        (OrderFilter(mark="rejected"), [4]),
        (OrderFilter(mark="held"), [5]),
        (OrderFilter(ends_from=TODAY, ends_to=TODAY + 5 * DAY), [1]),
        (OrderFilter(text="o5"), [5]),
        (OrderFilter(text="BOLTS %_"), [4, 5]),
        (OrderFilter(text="8"), [4, 5]),
        (OrderFilter(text="100%"), []),
        (OrderFilter(changed_since=NOW - DAY), [2]),
    ],
)
def test_filters(session: Session, world: OrderWorld, wanted: OrderFilter, found: list[int]) -> None:
    world.customer(8, "Bolts %_ Ltd.", "bolt")
    world.order(1, "acme", end=TODAY + 5 * DAY)
    world.order(2, "acme", status="G", accepted=NOW - timedelta(hours=1))
    world.order(3, "acme", flag="cancelled", end=TODAY - DAY)
    world.order(4, "bolt", 8)
    world.order(5, "bolt", 8)
    session.execute(text("update landing_order set reject_code = 'date-unreadable' where order_id = 4"))
    session.execute(
        text("insert into landing_due (tenant_id, order_id, hold_id) values (:tenant, 5, 1)"),
        {"tenant": world.rosters["bolt"].tenant_id},
    )
    assert sorted(ids(session, wanted)) == found
    assert count(session, wanted) == len(found)


@pytest.mark.parametrize("sort", get_args(Sort))
@pytest.mark.parametrize("descending", [True, False])
def test_pages_adjoin_in_every_sort_both_ways(
    session: Session, world: OrderWorld, sort: Sort, descending: bool
) -> None:
    for n in range(1, 12):
        end = None if n % 4 == 0 else date(2026, 5, 1) + n % 3 * DAY
        world.order(n, "acme" if n % 2 else "bolt", 7 + n % 2, end=end, status="BG"[n % 2])
    everything = ids(session, sort=sort, descending=descending)
    assert sorted(everything) == list(range(1, 12))

    def page(key: Key | None) -> list[dict[str, Any]]:
        return orders(session, OrderFilter(), NOW, sort=sort, descending=descending, key=key, limit=4)

    met, key = [], None
    while rows := page(key):
        met += [row["id"] for row in rows]
        key = Key(rows[-1]["sort_value"], rows[-1]["id"], rows[-1]["tenant_id"])
    assert met == everything
    ninth = orders(session, OrderFilter(), NOW, sort=sort, descending=descending)[8]
    before = page(Key(ninth["sort_value"], ninth["id"], ninth["tenant_id"], before=True))
    assert [row["id"] for row in before] == everything[4:8]


def test_what_arrived_or_changed_lately_is_marked(session: Session, world: OrderWorld) -> None:
    world.order(1, "acme", accepted=NOW)
    world.order(2, "acme", accepted=NOW)
    world.order(3, "acme")
    session.execute(
        text("""
        insert into sales_order_event (order_id, tenant_id, at, actor, number_before, number_after, status_before,
            status_after)
        select 2, tenant_id, accepted_at, 'reconcile', number, number, 'B', 'F' from sales_order where id = 2
        """)
    )
    marked = {row["id"]: row["news"] for row in orders(session, OrderFilter(), NOW, marked_since=NOW - DAY)}
    assert marked == {1: "new", 2: "changed", 3: None}
    assert news(session, OrderFilter(), NOW - DAY) == (2, NOW)
    assert news(session, OrderFilter(text="SO3"), NOW - DAY) == (0, None)


def test_more_orders_take_no_more_statements(session: Session, world: OrderWorld) -> None:
    def statements() -> int:
        with counted(session) as made:
            orders(session, OrderFilter(), NOW, limit=100)
            count(session, OrderFilter())
        return len(made)

    world.order(1, "acme")
    few = statements()
    for n in range(2, 60):
        world.order(n, "acme")
        world.enroll(n, "acme", 0) if n == 2 else None
    assert statements() == few


def test_an_order_is_seen_by_its_own_tenant_only(session: Session, world: OrderWorld) -> None:
    world.order(1, "acme")
    assert order_detail.order(session, "bolt", 1) is None
    found = order_detail.order(session, "acme", 1)
    assert found is not None
    assert (found["number"], found["customer_name"]) == ("SO1", "Customer 7")
    assert [row["tenant"] for row in order_detail.tenants_of(session, 1)] == ["acme"]
    landed = order_detail.landed(session, 1)
    assert landed is not None
    assert landed["payload"] == '{"id":"1","tranid":"SO1"}'


def test_everybody_active_on_an_order_counts_as_expirable(session: Session, world: OrderWorld) -> None:
    world.order(1, "acme", flag="cancelled", end=TODAY + 90 * DAY)
    for user in range(4):
        world.enroll(1, "acme", user, TODAY + 90 * DAY, "U" if user == 3 else "E")
    inactive = world.rosters["acme"].users[2]
    session.execute(text("update users set active = false where id = :id"), {"id": inactive})
    tenant_id = world.rosters["acme"].tenant_id
    assert order_actions.expirable(session, 1, tenant_id, NOW) == order_actions.Expirable(active=2, inactive=1)


def test_a_review_counts_until_the_flag_is_raised_again(session: Session, world: OrderWorld) -> None:
    world.order(1, "acme", flag="missing")
    tenant_id = world.rosters["acme"].tenant_id
    assert order_actions.review(session, 1, tenant_id, Why("ann", NOW), "asked the client")
    assert not order_actions.review(session, 1, tenant_id, Why("ann", NOW), "again")
    assert [row["reviewed"] for row in orders(session, OrderFilter(), NOW)] == [True]
    session.execute(text("update sales_order set flag = 'deleted', flagged_at = :at"), {"at": NOW + DAY})
    assert [row["reviewed"] for row in orders(session, OrderFilter(), NOW)] == [False]
    assert one(session, "select reviewed_by from sales_order") == "ann"
