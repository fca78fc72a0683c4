"""The Admin team and ops in a browser, with the worker running: orders arrive, and what waits is dealt with."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from browser_looks import look_at
from browser_stage import SOON, Stage, go, until
from client_world import ClientWorld
from playwright.sync_api import Page, expect
from processes import PATIENCE
from sqlalchemy import text

pytest_plugins = ("browser_fixtures",)

TODAY = datetime.now(UTC).date()
ROWS = "#orders tbody tr"


@dataclass
class Client:
    """A tenant and its NetSuite customer."""

    stage: Stage
    key: str
    name: str
    customer: int

    def order(self, days: int = 300) -> int:
        """An order entered in NetSuite that ends in so many days."""
        return self.stage.netsuite.create(
            {
                "entity": {"id": str(self.customer)},
                "orderStatus": {"id": "B"},
                "startDate": (TODAY - timedelta(days=60)).isoformat(),
                "endDate": (TODAY + timedelta(days=days)).isoformat(),
            }
        )

    def ends(self, order_id: int, days: int) -> None:
        """What sales staff do in NetSuite: they move the order's last day."""
        self.stage.netsuite.change(order_id, {"endDate": (TODAY + timedelta(days=days)).isoformat()})

    def wait_for(self, order_id: int) -> None:
        """Until termsync has accepted the order."""
        until(lambda: self._says("select count(*) from sales_order where id = :order", order=order_id) == 1)

    def number(self, order_id: int) -> str:
        """The number of an accepted order."""
        return str(self._says("select number from sales_order where id = :order", order=order_id))

    def wait_for_all(self) -> None:
        """Until termsync has accepted what the account had of this tenant."""
        due = "select count(*) from landing_due d join tenant t on t.id = d.tenant_id where t.key = :key"
        until(lambda: self._says(due, key=self.key) == 0)

    def enroll(self, order_id: int, *names: str) -> None:
        with self.stage.sessions.begin() as session:
            world = ClientWorld(session, f"{self.key}-x", name="unused")
            world.tenant_id = session.execute(
                text("select id from tenant where key = :key"), {"key": self.key}
            ).scalar_one()
            for name in names:
                world.user(name)
                world.enroll(name, "safety", order=order_id)

    def statuses(self) -> str:
        """The statuses of everybody as stored, such as `EEX`."""
        query = "select string_agg(status, '' order by e.id) from enrollment e join tenant t on t.id = e.tenant_id"
        return str(self._says(f"{query} where t.key = :key", key=self.key))

    def _says(self, query: str, **parameters: object) -> object:
        with self.stage.sessions() as session:
            return session.execute(text(query), parameters).scalar_one()


@pytest.fixture
def client(stage: Stage, request: pytest.FixtureRequest) -> Client:
    """A tenant with a name of its own, mapped to a customer of NetSuite."""
    key = request.node.name.replace("_", "-").removeprefix("test-")[:40]
    found = Client(stage, key, f"{key.replace('-', ' ').title()} Trust", stage.customer())
    stage.tenant(found.key, found.name, found.customer)
    return found


def test_an_order_entered_in_netsuite_appears_on_the_open_page(client: Client) -> None:
    stage = client.stage
    other = Client(stage, "elsewhere", "Elsewhere", stage.customer())
    stage.tenant(other.key, other.name, other.customer)
    with stage.visit(stage.staff["admin"]) as page:
        client.wait_for_all()
        page.goto(f"/console/orders?tenant={client.key}&changed=24h")
        before = page.locator(ROWS).count()
        other.order()
        order_id = client.order()
        expect(page.locator(ROWS)).to_have_count(before + 1, timeout=SOON * 1000)
        expect(page.locator(ROWS).first).to_contain_text("New, just now")
        expect(page.get_by_role("status").filter(has_text="arrived or changed")).to_be_attached()
        client.ends(order_id, 200)
        expect(page.locator(ROWS).first).to_contain_text("Changed, just now", timeout=PATIENCE * 1000)
        look_at(stage, page, "orders")


def test_an_unmatched_customer_is_mapped_and_all_its_orders_come_in(stage: Stage) -> None:
    waiting = Client(stage, "newcomer", "Newcomer Trust", stage.customer())
    stage.tenant(waiting.key, waiting.name)
    waiting.order()
    company = stage.account.account.store.rows("SELECT companyname FROM customer WHERE id = ?", [waiting.customer])
    with stage.visit(stage.staff["admin"]) as page:
        page.goto(f"/console/attention/unmatched?q={waiting.customer}")
        expect(page.get_by_text(company[0][0]).first).to_be_visible(timeout=PATIENCE * 1000)
        look_at(stage, page, "attention-unmatched")
        # What was typed may be part of another customer's number.
        go(page, page.locator(f'a[href*="customer={waiting.customer}"]').last)
        page.get_by_label("Tenant").select_option(waiting.key)
        go(page, page.get_by_role("button", name="Go on"))
        look_at(stage, page, "attention-map")
        go(page, page.get_by_role("button", name=re.compile("Map 1 customer")))
        expect(page.get_by_text(re.compile("1 customer mapped"))).to_be_visible()
        page.goto(f"/console/orders?tenant={waiting.key}")
        expect(page.locator(ROWS).first).to_be_visible(timeout=PATIENCE * 1000)


def test_a_rejected_row_waits_with_its_reason_and_leaves_when_netsuite_is_corrected(client: Client) -> None:
    order_id = client.order()
    client.wait_for(order_id)
    client.ends(order_id, -400)  # before it starts
    with client.stage.visit(client.stage.staff["ops"]) as page:
        page.goto(f"/console/attention/rejected?q={order_id}")
        expect(page.get_by_text("The term ends before it starts.").first).to_be_visible(timeout=PATIENCE * 1000)
        expect(page.get_by_text("stays in force").first).to_be_visible()
        page.get_by_text("What NetSuite sent").first.click()
        look_at(client.stage, page, "attention-rejected")
        client.ends(order_id, 100)
        page.get_by_role("heading", name="Attention").click()
        expect(page.get_by_text("No rejected row matches.")).to_be_visible(timeout=PATIENCE * 1000)


def test_a_hold_is_approved_by_somebody_who_saw_whom_it_expires(client: Client) -> None:
    stage, order_id = client.stage, client.order()
    client.wait_for(order_id)
    client.enroll(order_id, "Ada Berg", "Bo Castillo", "Zoë Ångström")
    with stage.sessions.begin() as session:
        limits = "update tenant set guard_min = 1, guard_share = 0 where key = :key"
        session.execute(text(limits), {"key": client.key})
    with stage.visit(stage.staff["ops"]) as page:
        page.goto("/console/attention/holds")
        client.ends(order_id, -5)
        row = page.locator("tr", has_text=client.name)
        expect(row).to_contain_text("3 of 3", timeout=PATIENCE * 1000)
        look_at(stage, page, "attention-holds")
        go(page, row.get_by_role("link"))
        for name in ("Ada Berg", "Bo Castillo", "Zoë Ångström"):
            expect(page.get_by_text(name)).to_be_visible()
        look_at(stage, page, "attention-hold")
        assert client.statuses() == "EEE"
        page.get_by_label("Why").fill("The client confirmed it by phone")
        go(page, page.get_by_role("button", name="Approve: 3 people lose access"))
        expect(page.get_by_text("3 enrollments expired")).to_be_visible()
        expect(page.get_by_text("The client confirmed it by phone").first).to_be_visible()
    assert client.statuses() == "XXX"


def test_a_cancelled_order_expires_nobody_until_somebody_says_so(client: Client) -> None:
    stage, order_id = client.stage, client.order()
    client.wait_for(order_id)
    client.enroll(order_id, "Cy Dumont", "Dee Evans")
    with stage.visit(stage.staff["admin"]) as page:
        page.goto("/console/attention/flagged")
        stage.netsuite.change(order_id, {"orderStatus": {"id": "C"}})
        row = page.locator("tr", has_text=client.number(order_id))  # the customer may have cancelled others before
        expect(row).to_contain_text("Cancelled", timeout=PATIENCE * 1000)
        look_at(stage, page, "attention-flagged")
        assert client.statuses() == "EE"
        go(page, row.get_by_role("link"))
        look_at(stage, page, "order")
        go(page, page.get_by_role("link", name="Expire 2 enrollments"))
        look_at(stage, page, "order-expire")
        page.get_by_label("Why").fill("Cancelled in writing")
        go(page, page.get_by_role("button", name="Expire 2 enrollments"))
        expect(page.get_by_text("2 of 2 rows done")).to_be_visible()
        go(page, page.get_by_role("link", name=re.compile("^order ")))
        _time_line(page, "Cancelled in writing", "Change accepted", "First read from NetSuite")
    assert client.statuses() == "XX"


def _time_line(page: Page, *told: str) -> None:
    for words in told:
        expect(page.locator(".told").get_by_text(words).first).to_be_visible()
