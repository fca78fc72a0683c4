"""Tenants, people and orders in which a pull meets every kind of change at once."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from pulls import Pulls, day, map_customers
from school import School, rows
from scripted_orders import ScriptedOrders, bad, order
from sqlalchemy.orm import Session, sessionmaker

from worker import clock
from worker.pipeline.guard import Thresholds
from worker.pipeline.reading import PullOptions

THRESHOLDS = Thresholds(people=2)
OPTIONS = PullOptions("1234567", slots=1, thresholds=THRESHOLDS)
CUSTOMERS = {1: "acme", 2: "acme", 3: "beta", 5: "gamma"}  # 4 is nobody's
ENDS = {10: 30, 11: 40, 12: 20, 13: 15, 14: 60, 15: -10, 16: 50, 17: 25, 20: 30, 21: 5, 30: 10, 40: 30, 41: 90}
# (tenant, order, typed date as days from now, asked of the status afterwards)
PEOPLE = [
    *[("acme", 10, None, None)] * 3,
    ("acme", 10, None, "U"),
    *[("acme", 11, None, None)] * 2,
    ("acme", 11, None, "X"),
    ("acme", 11, 100, None),
    ("acme", 12, None, None),
    ("acme", 12, -4, None),
    ("acme", 13, None, None),
    ("acme", 14, None, None),
    *[("acme", 15, None, None)] * 2,
    ("acme", 17, None, None),
    ("acme", None, None, None),
    *[("beta", 20, None, None)] * 3,
    *[("beta", 21, None, None)] * 2,
    *[("gamma", 40, None, None)] * 4,
]


def customer_of(order_id: int) -> int:
    return {2: 3, 3: 4, 4: 5}.get(order_id // 10, 2 if order_id in (13, 14) else 1)


@dataclass
class World:
    """A database as it is before the pull under test, and the account that pull will meet."""

    orders: ScriptedOrders
    today: date
    tenant_ids: dict[str, int] = field(default_factory=dict)

    def day(self, offset: int) -> date:
        return self.today + timedelta(days=offset)


def build(sessions: sessionmaker[Session]) -> World:
    """Fill an empty database and let NetSuite go on: everything that follows is for the next pull."""
    world = World(ScriptedOrders(), day(sessions, 0))
    world.orders.put(*[order(n, customer_of(n), world.day(end)) for n, end in ENDS.items()])
    school = School(sessions)
    with sessions() as session:
        now = clock.now(session)
    school.open(["acme", "beta", "gamma"], now)
    map_customers(school, CUSTOMERS)
    Pulls(sessions, world.orders, OPTIONS).do("full")
    for tenant, order_id, typed, ask in PEOPLE:
        date_typed = None if typed is None else world.day(typed)
        enrolled = school.enroll(tenant, now, order_id, date_typed, modules=4)
        school.edit(tenant, now, [(enrolled, order_id, date_typed, ask)] if ask else [])
    world.tenant_ids = school.tenant_ids
    go_on(world)
    world.orders.calls.clear()
    return world


def go_on(world: World) -> None:
    """What happens in NetSuite between the two pulls."""
    orders, at = world.orders, world.orders.later()
    orders.put(
        order(10, 1, world.day(90), modified_at=at),  # extended
        order(11, 1, world.day(-3), modified_at=at),  # shortened into the past
        order(15, 1, world.day(20), modified_at=at),  # renewed after its end
        order(12, 1, world.day(20), status="C", modified_at=at),  # cancelled
        order(13, 2, world.day(15), number="SO13-R", modified_at=at),  # renamed
        order(16, 1, world.day(50), status="G", modified_at=at),  # billed
        order(18, 1, world.day(80), modified_at=at),  # new
        order(20, 1, world.day(31), modified_at=at),  # moved from beta to acme
        bad(21, 3, at),
        order(30, 4, world.day(11), modified_at=at),
        order(40, 5, world.day(-1), modified_at=at),  # four people at once: held
        order(42, 5, world.day(70), modified_at=at),  # held with it
    )
    orders.delete(14)
    del orders.rows[17]  # gone without a word
    orders.nameless = [bad(None)]
    orders.later()


CONTENT = {
    "landing": "select order_id, customer_id, number, status, term_start, term_end, modified_at, payload,"
    " reject_code, gone from landing_order order by 1",
    "mailbox": "select t.key, order_id, hold_id is not null from landing_due join tenant t on t.id = tenant_id"
    " order by 1, 2",
    "orders": "select t.key, o.id, customer_id, number, status, term_start, term_end, flag, modified_at"
    " from sales_order o join tenant t on t.id = tenant_id order by 1, 2",
    "order history": "select order_id, tenant_id, actor, number_before, number_after, status_before, status_after,"
    " term_end_before, term_end_after, flag_before, flag_after from sales_order_event order by order_id, id",
    "enrollments": "select id, sales_order_id, expiration_date, status, expired_cause, boundary, version,"
    " completed_modules from enrollment order by 1",
    "events": "select enrollment_id, version, status, boundary, expired_cause, cause, actor, before::text"
    " from enrollment_event order by 1, 2",
    "boundaries": "select tenant_id, at, open from due_boundary order by 1, 2",
    "holds": "select h.tenant_id, h.state, h.rule, h.would_expire, i.order_id, i.term_end, i.flag, i.would_expire"
    " from hold h left join hold_item i on i.hold_id = h.id order by h.tenant_id, h.state, i.order_id",
    "parked": "select code, payload from parked_row order by payload",
    "watermarks": "select stream, watermark from sync_state order by 1",
    "customers": "select id, tenant_id from customer order by 1",
}


def content(sessions: sessionmaker[Session]) -> dict[str, list[tuple[Any, ...]]]:
    """Everything the domain is about, without the ids and times that differ between two runs of the same."""
    with sessions() as session:
        return {what: rows(session, query) for what, query in CONTENT.items()}
