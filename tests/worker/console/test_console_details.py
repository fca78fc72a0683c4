"""Pages about one thing make the same statements whatever there is to tell of it."""

from operations import SignIn, add_run
from order_world import DAY, TODAY, OrderWorld
from page_statements import statements
from sqlalchemy import text
from web_running import add_staff

pytest_plugins = ("operations_site",)

HOLD = """
insert into hold (id, tenant_id, rule, reason, would_expire, enrolled, orders) overriding system value
values (1, :tenant, 'people', 'Too many', 1, 6, 1)
"""
HELD = """
insert into hold_item (
    hold_id, order_id, customer_id, number, status, term_end, modified_at, term_end_before, would_expire)
select 1, id, customer_id, number, status, :cut, modified_at, term_end, 1 from sales_order where id = :order
"""
CHANGED = """
insert into sales_order_event (order_id, tenant_id, at, actor, number_before, number_after, status_before,
    status_after) values (:order, :tenant, now(), 'sync', 'SO1', 'SO1', 'A', 'B')
"""
EDITED = """
insert into edit_job (run_id, tenant_id, what, wish, rows, request_key, digest)
values (:run, :tenant, 'edit', '{"action": "U"}', 40, 'key', 'digest') on conflict do nothing;
insert into edit_row (run_id, position, enrollment_id, outcome, version)
select :run, id, id, 'changed', 1 from enrollment on conflict do nothing
"""


def test_more_to_tell_takes_no_more_statements(signed_in: SignIn, world: OrderWorld) -> None:
    edit = add_run(world.session, "edit:acme:key", kind="edit")
    world.session.execute(text(HOLD), {"tenant": world.rosters["acme"].tenant_id})
    happens(world, 1, edit)
    pages = ["/console/", "/console/orders/acme/1", "/console/attention/holds/1", f"/console/edits/{edit}"]
    pages += ["/console/accounts/list", "/console/health", "/console/edits", f"/console/runs/{edit}"]
    client = signed_in("admin")
    few = [statements(world.session, client, page) for page in pages]
    for number in range(2, 7):
        happens(world, number, edit)
    assert [statements(world.session, client, page) for page in pages] == few
    assert max(few) <= 20


def happens(world: OrderWorld, number: int, edit: int) -> None:
    """One more order on the hold, one more person on order 1, who is edited, and one more on the staff."""
    world.order(number, "acme", end=TODAY + 400 * DAY)
    world.enroll(1, "acme", number - 1, TODAY + 400 * DAY)
    world.session.execute(text(HELD), {"order": number, "cut": TODAY - 5 * DAY})
    tenant = {"tenant": world.rosters["acme"].tenant_id}
    world.session.execute(text(CHANGED), {"order": 1, **tenant})
    for statement in EDITED.split(";"):
        world.session.execute(text(statement), {"run": edit, **tenant})
    add_staff(world.session, "ops", f"another-{number}@staff.example")
    world.session.commit()
    add_run(world.session, f"order:SO{number}")
