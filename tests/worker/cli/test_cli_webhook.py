"""`termsync webhook`: a webhook's whole life at the command line."""

import pytest
from commands import Termsync
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker
from webhook_receiver import Receiver, Reply, receiving

from worker.pipeline.webhooks_sending import take_turn
from worker.queue import calling
from worker.settings import load

pytest_plugins = ("configured_command",)

KEY = "k" * 32
ALLOWED = {"TERMSYNC_SECRET_KEY": KEY, "TERMSYNC_WEBHOOK_ALLOW_NETWORKS": "127.0.0.0/8"}


def call_dead(sessions: sessionmaker[Session], receiver: Receiver, status: int = 500) -> None:
    """An event whose call the receiver never takes."""
    receiver.usual = Reply(status, body=b"no")
    settings = load(secret_key=KEY, webhook_allow_networks="127.0.0.0/8", webhook_attempts=1)
    with sessions.begin() as session:
        session.execute(
            text("""
            insert into sales_order_event (order_id, tenant_id, at, actor, number_before, number_after,
                status_before, status_after)
            select 1, id, clock_timestamp(), 'test', 'SO1', 'SO1', 'A', 'B' from tenant
            """)
        )
        webhook_id = session.execute(text("select id from webhook")).scalar_one()
    take_turn(calling.made(sessions, settings), webhook_id)


def test_from_making_to_removing(termsync: Termsync, sessions: sessionmaker[Session]) -> None:
    termsync.variables.update(ALLOWED)
    termsync("tenant", "add", "acme", "--name", "Acme")
    with receiving() as receiver:
        made = termsync("webhook", "add", "lms", receiver.url, "--tenant", "acme", "--json")
        secret = made.document["secret"]
        assert secret.startswith("whsec_")
        assert secret not in termsync("webhook", "list", "--json").out
        assert termsync("webhook", "test", "lms").code == 0
        assert receiver.calls[0].is_signed_with(secret)
        receiver.usual = Reply(404)
        refused = termsync("webhook", "test", "lms", "--json")
        assert (refused.code, refused.document["status"], refused.document["taken"]) == (1, 404, False)
        call_dead(sessions, receiver)
        (dead,) = termsync("webhook", "calls", "lms", "--state", "dead", "--json").document["calls"]
        assert dead["last_error"] == "HTTP 500: no"
        assert termsync("webhook", "replay", "lms", "--call", "999").code == 1
        again = termsync("webhook", "replay", "lms", "--call", str(dead["id"]), "--json")
        assert again.document == {"name": "lms", "calls": 1}
        assert termsync("webhook", "rotate", "lms", "--json").document["secret"] not in ("", secret)
    assert "is not called any more" in termsync("webhook", "disable", "lms", "--reason", "maintenance").out
    assert "disabled: maintenance" in termsync("webhook", "list").out
    assert termsync("webhook", "enable", "lms", "--json").document == {"name": "lms", "changed": True}
    assert termsync("webhook", "remove", "lms", "--json").code == 2
    assert termsync("webhook", "remove", "lms", "--yes").code == 0
    assert termsync("webhook", "list", "--json").document == {"webhooks": []}


def test_status_and_doctor_tell_of_one_that_is_called_no_more(
    termsync: Termsync, sessions: sessionmaker[Session]
) -> None:
    termsync.variables.update(ALLOWED)
    termsync("tenant", "add", "acme", "--name", "Acme")
    with receiving() as receiver:
        termsync("webhook", "add", "lms", receiver.url)
        call_dead(sessions, receiver, status=410)
    told = termsync("status")
    assert told.code == 1
    assert "LATE: The webhook lms is disabled: The receiver said that it is gone (410)." in told.out
    assert "webhooks disabled by termsync\t1\t`termsync webhook list`" in told.out
    findings = termsync("doctor", "--json").document["findings"]
    (found,) = (each for each in findings if each["what"] == "webhooks")
    assert (found["state"], found["code"]) == ("warning", "webhook-disabled")
    assert "`termsync webhook enable lms`" in found["remedy"]


@pytest.mark.parametrize(
    ("url", "changes", "code"),
    [
        ("http://127.0.0.1:8000/", {"TERMSYNC_WEBHOOK_ALLOW_NETWORKS": None}, "webhook-address-refused"),
        ("ftp://lms.example.com/", {}, "webhook-url-invalid"),
        ("https://lms.example.com/", {"TERMSYNC_SECRET_KEY": None}, "secret-key-missing"),
        ("https://lms.example.com/", {"TERMSYNC_SECRET_KEY": "short"}, "setting-invalid"),
        ("https://lms.example.com/", {"TERMSYNC_WEBHOOK_ALLOW_NETWORKS": "10.0.0.0/99"}, "setting-invalid"),
    ],
)
def test_what_cannot_be_made_is_said(
    termsync: Termsync, url: str, changes: dict[str, str | None], code: str
) -> None:
    settings = {**ALLOWED, **changes}
    termsync.variables.update({name: value for name, value in settings.items() if value is not None})
    refused = termsync("webhook", "add", "lms", url)
    assert refused.code in (1, 2)
    assert f"Error {code}" in refused.err
