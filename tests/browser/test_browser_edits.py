"""The enrollment team in a browser: a whole intake gets its order, in the background, and gives it back."""

import csv
import re
from datetime import UTC, datetime, timedelta

from browser_looks import look_at
from browser_stage import Stage, go, until
from client_world import ClientWorld
from playwright.sync_api import expect
from processes import PATIENCE
from sqlalchemy import text

from models.enrollment_changes import Why
from worker import clock
from worker.pipeline import tenants

pytest_plugins = ("browser_fixtures",)

TODAY = datetime.now(UTC).date()
PEOPLE = 240


def furnish(stage: Stage) -> int:
    """A college whose intake is enrolled without an order, and its order in NetSuite. Returns the order's id."""
    customer = stage.customer()
    with stage.sessions.begin() as session:
        world = ClientWorld(session, "autumn", name="Autumn College")
        tenants.map_customer(session, world.tenant_id, customer, Why("test", clock.now(session)))
        for number in range(PEOPLE + 3):
            name = f"Person {number:03}"
            world.user(name, active=number != 7, groups=["Autumn intake"] if number < PEOPLE else [])
            world.enroll(name, "safety")
    order = {"entity": {"id": str(customer)}, "orderStatus": {"id": "B"}, "startDate": TODAY.isoformat()}
    order_id = stage.netsuite.create({**order, "endDate": (TODAY + timedelta(days=200)).isoformat()})
    until(lambda: on_order(stage, order_id) is not None)
    return order_id


def on_order(stage: Stage, order_id: int) -> int | None:
    """How many people are on the order; None while it is not accepted."""
    query = """
        select count(e.id) from sales_order o left join enrollment e on e.sales_order_id = o.id
        where o.id = :order group by o.id
    """
    with stage.sessions() as session:
        return session.execute(text(query), {"order": order_id}).scalar_one_or_none()


def test_an_intake_gets_its_order_and_gives_it_back(stage: Stage) -> None:
    order_id = furnish(stage)
    with stage.visit(stage.staff["enrollment"]) as page:
        page.goto("/console/courses?tenant=autumn")
        go(page, page.get_by_role("row", name=re.compile(f"{PEOPLE + 3}")).get_by_role("link").first)
        page.get_by_label("Group").select_option("Autumn intake")
        go(page, page.get_by_role("button", name="Search"))
        look_at(stage, page, "enrollments")
        go(page, page.get_by_role("button", name=f"Edit all {PEOPLE} that match"))
        page.get_by_label("Sales order").select_option(str(order_id))
        look_at(stage, page, "enrollments-edit")
        go(page, page.get_by_role("button", name="Preview"))
        expect(page.get_by_text(f"{PEOPLE} enrollments selected: {PEOPLE - 1} will change")).to_be_visible()
        expect(page.get_by_text("1 row skipped: the user is inactive.")).to_be_visible()
        look_at(stage, page, "enrollments-preview")
        go(page, page.get_by_role("button", name=f"Change {PEOPLE - 1} enrollments"))
        page.wait_for_url(re.compile(r"/console/edits/\d+"))
        job = page.url
        page.goto("/console/")
        page.goto(job)
        how_far = page.locator("[data-announce]")
        expect(how_far).to_contain_text(f"{PEOPLE} of {PEOPLE} rows done", timeout=PATIENCE * 1000)
        assert on_order(stage, order_id) == PEOPLE - 1
        look_at(stage, page, "enrollments-job")

        with page.expect_download() as download:
            page.get_by_role("link", name=re.compile("^CSV")).first.click()
        with download.value.path().open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        assert [row["Outcome"] for row in rows].count("Changed") == PEOPLE - 1
        assert [row["Reason"] for row in rows if row["Outcome"] == "Skipped"] == ["the user is inactive"]

        go(page, page.get_by_role("link", name="Undo"))
        go(page, page.get_by_role("button", name=f"Take {PEOPLE - 1} changes back"))
        expect(how_far).to_contain_text(f"{PEOPLE - 1} of {PEOPLE - 1} rows done", timeout=PATIENCE * 1000)
        assert on_order(stage, order_id) == 0
