"""Mails in a browser: what became of each, why, and trying a parked one again."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from browser_looks import look_at
from browser_stage import Stage
from client_world import ClientWorld
from playwright.sync_api import expect
from sqlalchemy import text

from models import mailing
from worker import clock

pytest_plugins = ("browser_fixtures",)

OUTCOMES = (
    ("sent", None, "250 2.0.0 Ok: queued as 4F1A"),
    ("suppressed", "reader-expired", None),
    ("refused", "mail-refused", "550 5.1.1 <kim.lee@mails.example>: Recipient address rejected: User unknown"),
    ("parked", "mail-outcome-unknown", "The worker ended before it knew whether the server had taken it."),
)


@pytest.fixture
def parked(stage: Stage) -> Iterator[int]:
    """One mail of each outcome, the parked one last; it ends as sent, as every page tells of those that wait."""
    with stage.sessions.begin() as session:
        client = ClientWorld(session, "mails", "Mails of Example Industries")
        user = client.user("Kim Lee")
        client.enroll("Kim Lee", "mails")
        now = clock.now(session)
        for number, (state, reason, detail) in enumerate(OUTCOMES):
            made = mailing.put(
                session,
                tenant_id=client.tenant_id,
                user_id=user,
                kind="item-unlocked",
                subject=f"Module {number + 1} of Hazards at work is open for you now",
                queued_by="token:lms",
                queued_at=now - timedelta(hours=4 - number),
                state=state,
                reason=reason,
                detail=detail,
                attempts=1,
                decided_at=now,
                message_id="<0c6a1d1e-6a0c-4ad6-9e0a-6f3a4a1f2b3c@learning.example>",
            )
    assert made is not None
    yield made
    with stage.sessions.begin() as session:
        sent = "state = 'sent', reason = null, detail = '250 2.0.0 Ok', decided_at = now()"
        session.execute(text(f"update notification set {sent} where state in ('parked', 'queued')"))


def test_ops_look_why_a_mail_is_parked_and_try_it_again(stage: Stage, parked: int) -> None:
    with stage.visit(stage.staff["ops"]) as page:
        page.goto("/console/mails/list")
        for words in ("Sent", "Suppressed", "Refused", "Parked"):
            expect(page.locator("tbody").get_by_text(words, exact=True)).to_be_visible()
        look_at(stage, page, "mails")
        page.get_by_label("Outcome").select_option("parked")
        page.get_by_role("button", name="Show").click()
        page.wait_for_url(re.compile("state=parked"))
        page.get_by_role("link", name="Module 4").click()
        page.wait_for_url(f"**/console/mails/{parked}")
        expect(page.get_by_text("mail-outcome-unknown")).to_be_visible()
        look_at(stage, page, "mail")
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_text("The mail is due again.")).to_be_visible()
        expect(page.get_by_role("button", name="Try again")).to_have_count(0)
