"""Pages that are open keep up with what changes, and never take a click away from whoever is pressing."""

from browser_stage import Stage, until
from client_world import ClientWorld
from playwright.sync_api import Locator, Page, Response, expect
from sqlalchemy import text

pytest_plugins = ("browser_fixtures",)

ROWS = "/console/orders/rows"


def accept_again(stage: Stage, tenant_id: int) -> None:
    """Something changes that open pages of orders show."""
    with stage.sessions.begin() as session:
        session.execute(
            text("update sales_order set accepted_at = now() where tenant_id = :id"), {"id": tenant_id}
        )


def refreshed(page: Page, stage: Stage, tenant_id: int) -> None:
    """Waits until the page has asked for its rows anew and was given time to put them in place."""

    def of_rows(answer: Response) -> bool:
        return ROWS in answer.url

    with page.expect_response(of_rows) as answer:
        accept_again(stage, tenant_id)
    answer.value.finished()
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def press(page: Page, link: Locator) -> None:
    """The pointer goes down on a link, and stays down."""
    box = link.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()


def test_a_refresh_waits_until_the_pointer_is_released(stage: Stage) -> None:
    with stage.sessions.begin() as session:
        world = ClientWorld(session, "pressing", name="Pressing College")
        world.order(None, "SOPRESSED")
    with stage.visit(stage.staff["ops"]) as page:
        page.goto("/console/orders?tenant=pressing")
        link = page.get_by_role("link", name="SOPRESSED")
        expect(link).to_be_visible()
        # As in browsers whose links take no focus when they are pressed: the focus tells nothing there.
        page.evaluate("addEventListener('mousedown', event => event.preventDefault())")
        page.evaluate("document.querySelector('#orders tbody td').dataset.old = 'yes'")
        old = page.locator("#orders [data-old]")

        press(page, link)
        refreshed(page, stage, world.tenant_id)
        expect(old).to_have_count(1)

        # Let go elsewhere: no click, and what was held back is put in place.
        page.mouse.move(5, 5)
        page.mouse.up()
        expect(old).to_have_count(0)
        assert page.url.endswith("tenant=pressing")

        # Let go where it was pressed: the click leads on, whatever came in between.
        press(page, link)
        refreshed(page, stage, world.tenant_id)
        page.mouse.up()
        page.wait_for_url("**/console/orders/pressing/*")
        expect(page.get_by_role("heading", name="Order SOPRESSED")).to_be_visible()


def test_the_overview_keeps_up(stage: Stage) -> None:
    customer = stage.customer()
    stage.tenant("morning", "Morning Glory", customer)
    with stage.visit(stage.staff["admin"]) as page:
        page.goto("/console/")
        arrived = page.get_by_role("region", name="New and changed orders")
        order_id = stage.netsuite.create({"entity": {"id": str(customer)}, "orderStatus": {"id": "B"}})
        expect(arrived.get_by_role("row", name="Morning Glory").first).to_be_visible(timeout=30_000)
        until(lambda: arrived.locator(f"a[href$='/morning/{order_id}']").count() == 1)
