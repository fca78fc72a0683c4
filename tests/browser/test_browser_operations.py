"""Operators in a browser, with all of termsync at work: a wrong date undone, a resync, the fields checked."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from browser_looks import look_at
from browser_stage import Stage, go, until
from client_world import ClientWorld
from playwright.sync_api import Page, expect
from sqlalchemy import text

from models.enrollment_changes import Why
from worker import clock
from worker.pipeline import tenants

pytest_plugins = ("browser_fixtures",)

TODAY = datetime.now(UTC).date()
PEOPLE = ("Ida Lund", "Jo Marsh", "Kim Novak")


@pytest.fixture(scope="module")
def order_id(stage: Stage) -> int:
    """An order of a client whose three people follow it; its last day is far off."""
    customer = stage.customer()
    ends = (TODAY + timedelta(days=200)).isoformat()
    starts = (TODAY - timedelta(days=100)).isoformat()
    order = {"entity": {"id": str(customer)}, "orderStatus": {"id": "B"}, "startDate": starts, "endDate": ends}
    made = stage.netsuite.create(order)
    with stage.sessions.begin() as session:
        world = ClientWorld(session, "slip", name="Slip Training")
        tenants.map_customer(session, world.tenant_id, customer, Why("test", clock.now(session)))
    until(lambda: bool(_query(stage, "select 1 from sales_order where id = :id", made)))
    with stage.sessions.begin() as session:
        world.session = session
        for name in PEOPLE:
            world.user(name)
            world.enroll(name, "safety", order=made)
    return made


def _query(stage: Stage, query: str, order_id: int) -> list[str]:
    with stage.sessions() as session:
        return list(session.execute(text(query), {"id": order_id}).scalars())


def _statuses(stage: Stage, order_id: int) -> set[str]:
    return set(_query(stage, "select status from enrollment where sales_order_id = :id", order_id))


def _ends(page: Page, words: str) -> None:
    """Waits until the run on the page says so by itself."""
    expect(page.locator(".run-state").first).to_have_text(words)


def test_a_wrong_date_from_netsuite_is_undone(stage: Stage, order_id: int) -> None:
    stage.netsuite.change(order_id, {"endDate": (TODAY - timedelta(days=3)).isoformat()})
    until(lambda: _statuses(stage, order_id) == {"X"})
    with stage.visit(stage.staff["ops"]) as page:
        page.goto("/console/history/enrollments?tenant=slip")
        go(page, page.get_by_role("link", name=re.compile(r"^run \d+$")).first)
        look_at(stage, page, "run")
        page.get_by_label("Undo this run, because").fill("The client typed the wrong year")
        go(page, page.get_by_role("button", name="See what an undo would do"))
        _ends(page, "Done")
        page.reload()
        expect(page.get_by_text("Ida Lund")).to_be_visible()
        assert _statuses(stage, order_id) == {"X"}
        look_at(stage, page, "undo-dry")
        go(page, page.get_by_role("button", name="Do it for real"))
        _ends(page, "Done")
        until(lambda: _statuses(stage, order_id) == {"E"})
        go(page, page.get_by_role("link", name="Ida Lund"))
        expect(page.get_by_text("Undone").or_(page.get_by_text("The order's term changed")).first).to_be_visible()
        look_at(stage, page, "time-line")


def test_a_resync_of_one_order_is_tried_dry(stage: Stage, order_id: int) -> None:
    number = _query(stage, "select number from sales_order where id = :id", order_id)[0]
    with stage.visit(stage.staff["ops"]) as page:
        page.goto(f"/console/runs/new?scope=order:{number}")
        look_at(stage, page, "resync")
        go(page, page.get_by_role("button", name="Dry run"))
        _ends(page, "Done")
        expect(page.get_by_text("NetSuite calls")).to_be_visible()
        page.goto("/console/runs")
        expect(page.get_by_role("cell", name=f"Order {number}")).to_be_visible()


def test_the_fields_are_checked_and_the_calls_are_seen(stage: Stage) -> None:
    with stage.visit(stage.staff["ops"]) as page:
        page.goto("/console/health")
        go(page, page.get_by_role("button", name="Check each field now"))
        _ends(page, "Done")
        expect(page.get_by_text("newest orders").first).to_be_visible()
        page.goto("/console/health")
        expect(page.get_by_role("cell", name="query").first).to_be_visible()
        look_at(stage, page, "health")


def test_a_grace_of_a_tenant_is_seen_before_it_is_given(stage: Stage, order_id: int) -> None:
    with stage.visit(stage.staff["admin"]) as page:
        page.goto("/console/tenants/slip")
        look_at(stage, page, "tenant")
        page.get_by_label("Days of grace after the term's end").fill("14")
        go(page, page.get_by_role("button", name="See who changes status"))
        _ends(page, "Done")
        page.reload()
        expect(page.get_by_text("Kim Novak")).to_be_visible()
        go(page, page.get_by_role("button", name="Do it for real"))
        _ends(page, "Done")
        page.goto("/console/tenants/slip")
        expect(page.get_by_label("Days of grace after the term's end")).to_have_value("14")
