"""A receiver is told, signed, that people expired; tokens are made and revoked: as the Admin team does it."""

from datetime import UTC, datetime, timedelta

from browser_looks import look_at
from browser_stage import SOON, Stage, go, until
from playwright.sync_api import expect
from webhook_receiver import Call, Reply, receiving

pytest_plugins = ("browser_fixtures",)

TODAY = datetime.now(UTC).date()


def order_of(stage: Stage, customer: int) -> int:
    """An order of the customer that runs for months."""
    return stage.netsuite.create(
        {
            "entity": {"id": str(customer)},
            "startDate": str(TODAY - timedelta(days=100)),
            "endDate": str(TODAY + timedelta(days=100)),
            "orderStatus": {"id": "B"},
        }
    )


def test_a_shortened_order_calls_the_receiver(stage: Stage) -> None:
    customer = stage.customer()
    stage.tenant("called", "Called Academy", customer)
    with receiving() as receiver, stage.visit(stage.staff["admin"]) as page:
        page.goto("/console/webhooks")
        look_at(stage, page, "webhooks-none")
        go(page, page.get_by_role("link", name="Add a webhook"))
        page.get_by_label("Name", exact=True).fill("academy-lms")
        page.get_by_label("Address that is called").fill(receiver.url)
        page.get_by_label("About").select_option(label="Called Academy")
        look_at(stage, page, "webhook-new")
        go(page, page.get_by_role("button", name="Add", exact=True))
        secret = page.locator("[data-secret]").inner_text()
        look_at(stage, page, "webhook-secret")
        go(page, page.get_by_role("link", name="All webhooks"))
        go(page, page.get_by_role("link", name="academy-lms"))
        go(page, page.get_by_role("button", name="Send a test"))
        expect(page.get_by_text("The test was taken (200).")).to_be_visible()
        assert receiver.calls[0].is_signed_with(secret)
        order_id = order_of(stage, customer)
        until(lambda: _kinds(receiver.calls) == ["sales_order.created"], 3 * SOON)
        stage.netsuite.change(order_id, {"endDate": str(TODAY - timedelta(days=2))})
        until(lambda: _kinds(receiver.calls)[-1:] == ["sales_order.changed"], 3 * SOON)
        told = receiver.calls[-1]
        assert told.is_signed_with(secret)
        assert told.events[-1]["term_end"] == str(TODAY - timedelta(days=2))
        receiver.usual = Reply(500, body=b"out of order")
        stage.netsuite.change(order_id, {"endDate": str(TODAY + timedelta(days=2))})
        until(lambda: len(receiver.calls) > 3, 3 * SOON)
        page.reload()
        expect(page.get_by_text("Failed, waits")).to_be_visible()
        look_at(stage, page, "webhook")
        page.goto("/console/webhooks")
        look_at(stage, page, "webhooks")


def _kinds(calls: list[Call]) -> list[str]:
    return [event["kind"] for call in calls for event in call.events]


def test_a_token_is_made_and_revoked(stage: Stage) -> None:
    with stage.visit(stage.staff["admin"]) as page:
        page.goto("/console/tokens/new")
        page.get_by_label("Name, unique for ever").fill("browser-lms")
        page.get_by_label("roster").check()
        look_at(stage, page, "token-new")
        go(page, page.get_by_role("button", name="Make the token"))
        expect(page.locator("[data-secret]")).to_contain_text("ts_")
        look_at(stage, page, "token-secret")
        go(page, page.get_by_role("link", name="All tokens"))
        row = page.get_by_role("row").filter(has_text="browser-lms")
        row.locator("summary").click()
        look_at(stage, page, "tokens")
        go(page, row.get_by_role("button", name="Revoke for good"))
        expect(page.get_by_text("is revoked")).to_be_visible()
