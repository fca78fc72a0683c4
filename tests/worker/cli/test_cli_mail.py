"""`termsync mail` and what `doctor` and `status` say about mails."""

from pathlib import Path
from typing import Any

import pytest
from commands import Termsync
from mail_server import HOST, Inbox
from mail_world import SENDER, MailWorld

pytest_plugins = ("mail_fixtures",)


@pytest.fixture
def termsync(tmp_path: Path, database_url: str, redis_url: str, inbox: Inbox) -> Termsync:
    """The command with the mail server of the test."""
    return Termsync(
        tmp_path,
        {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "TERMSYNC_SMTP_HOST": HOST,
            "TERMSYNC_SMTP_PORT": str(inbox.port),
            "TERMSYNC_SMTP_SECURITY": "none",
            "TERMSYNC_MAIL_FROM": SENDER,
        },
    )


def test_the_mail_server_is_tried(termsync: Termsync, inbox: Inbox) -> None:
    done = termsync("mail", "test", "--to", "me@example.com", "--json")
    assert (done.code, done.document["said"]) == (0, "250 taken")
    ((recipient, mail),) = inbox.received
    assert recipient == "me@example.com"
    assert mail["Message-ID"] == done.document["message_id"]
    assert "took the mail to me@example.com" in termsync("mail", "test", "--to", "me@example.com").out


@pytest.mark.parametrize(
    ("change", "code", "exit_code"),
    [
        ({"TERMSYNC_SMTP_HOST": None}, "mail-server-missing", 2),
        ({"TERMSYNC_SMTP_PORT": "1"}, "mail-server-unreachable", 6),
        ({"TERMSYNC_SMTP_SECURITY": "starttls"}, "mail-login-refused", 1),
        ({"TERMSYNC_MAIL_FROM": "nobody"}, "setting-invalid", 2),
        ({"TERMSYNC_OPS_MAIL": "ops at example.com"}, "setting-invalid", 2),
        ({"TERMSYNC_DIGEST_TO": "acme=anna"}, "setting-invalid", 2),
        ({"TERMSYNC_SMTP_HOST": "mail.example.com", "TERMSYNC_SMTP_PASSWORD": "x"}, "setting-invalid", 2),
    ],
)
def test_what_is_wrong_with_the_server_is_named(
    termsync: Termsync, change: dict[str, Any], code: str, exit_code: int
) -> None:
    done = termsync("mail", "test", "--to", "me@example.com", "--json", **change)
    assert (done.code, done.document["error"]["code"]) == (exit_code, code)
    assert done.document["error"]["remedy"]


def test_an_address_that_is_none_is_refused(termsync: Termsync) -> None:
    done = termsync("mail", "test", "--to", "me", "--json")
    assert (done.code, done.document["error"]["code"]) == (1, "mail-address-unusable")


def test_mails_are_listed_and_parked_ones_tried_again(termsync: Termsync, mails: MailWorld) -> None:
    sent = mails.put(mails.ann)
    mails.send()
    mails.inbox.answers["data"] = ["hang up"]
    parked = mails.put(mails.ann)
    mails.send()
    listed = termsync("mail", "list", "--json").document["mails"]
    assert [(mail["id"], mail["state"], mail["reason"]) for mail in listed] == [
        (parked, "parked", "mail-outcome-unknown"),
        (sent, "sent", None),
    ]
    assert "body" not in listed[0]
    (only,) = termsync("mail", "list", "--state", "sent", "--tenant", "acme", "--json").document["mails"]
    assert only["id"] == sent
    assert "parked\titem-unlocked\tann@acme.example" in termsync("mail", "list").out
    assert termsync("mail", "list", "--state", "gone").code == 2

    assert termsync("status", "--json").document["mails_parked"] == 1
    assert termsync("mail", "retry", str(sent), "--json").document["error"]["code"] == "mail-not-parked"
    assert termsync("mail", "retry", "999", "--json").document["error"]["code"] == "mail-unknown"
    assert termsync("mail", "retry", "--json").code == 2
    assert termsync("mail", "retry", "--all", "--json").document["error"]["code"] == "confirmation-needed"
    assert termsync("mail", "retry", "--all", "--yes", "--json").document == {"retried": [parked]}
    assert termsync("mail", "retry", "--all", "--yes").out == "No mail is parked.\n"
    assert mails.send() == {"sent": 1}


def test_doctor_tries_the_mail_server(termsync: Termsync, inbox: Inbox) -> None:
    def finding(**changes: Any) -> dict[str, str]:
        findings = termsync("doctor", "--json", **changes).document["findings"]
        return next(each for each in findings if each["what"] == "mail server")

    assert finding()["state"] == "ok"
    assert (finding(TERMSYNC_SMTP_HOST=None)["state"], finding(TERMSYNC_SMTP_PORT="1")["code"]) == (
        "warning",
        "mail-server-unreachable",
    )
    assert inbox.received == []


def test_doctor_names_a_tenant_of_the_weekly_list_that_is_not_there(termsync: Termsync, mails: MailWorld) -> None:
    def codes(digest_to: str) -> list[str]:
        done = termsync("doctor", "--json", TERMSYNC_DIGEST_TO=digest_to)
        return [each["code"] for each in done.document["findings"] if each["code"]]

    assert "digest-recipient-invalid" in codes("team@example.com nobody=a@example.com")
    assert "digest-recipient-invalid" not in codes("team@example.com acme=a@example.com")


def test_status_tells_of_mails_that_wait_for_a_server(termsync: Termsync, mails: MailWorld) -> None:
    mails.put(mails.ann)
    found = termsync("status", "--json", TERMSYNC_SMTP_HOST=None).document
    (problem,) = (each for each in found["problems"] if each["about"] == "outbox")
    assert "no mail server is set" in problem["what"]
    assert "TERMSYNC_SMTP_HOST" in problem["action"]
    assert [each for each in termsync("status", "--json").document["problems"] if each["about"] == "outbox"] == []
