"""Mails handed over through the API: taken in at once, sent once, told with their outcome, of one tenant only."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest
from api_running import asking, make_token
from mail_world import MailWorld
from sqlalchemy import Engine
from web_running import serving

pytest_plugins = ("mail_fixtures",)

Client = Callable[..., httpx.Client]
AT = "/tenants/acme/notifications"
ITEM = {"kind": "Item Unlocked", "user": "ann", "course": "safety", "version": "v1"}


@pytest.fixture
def clients(mails: MailWorld, database: Engine) -> Iterator[Client]:
    """`clients(tenant=…)`: the API with a new token."""
    with serving(database) as url, ExitStack() as stack:
        yield lambda **of: stack.enter_context(asking(url, make_token(mails.sessions, **of)))


@pytest.fixture
def client(clients: Client) -> httpx.Client:
    return clients()


def test_it_is_taken_in_at_once_and_told_when_it_is_decided(mails: MailWorld, client: httpx.Client) -> None:
    taken = client.post(AT, json={**ITEM, "subject": "A module is open", "body": "Have a look."})
    assert taken.status_code == 202
    document = taken.json()
    assert (document["state"], document["kind"], document["withheld"]) == ("queued", "item-unlocked", True)
    mails.send()
    shown = client.get(f"{AT}/{document['id']}").json()
    assert (shown["state"], shown["reason"], shown["detail"]) == ("sent", None, "250 taken")
    assert mails.inbox.subjects == ["A module is open"]


def test_who_expires_before_it_is_sent_gets_nothing(mails: MailWorld, client: httpx.Client) -> None:
    mail_id = client.post(AT, json=ITEM).json()["id"]
    mails.expire(mails.ann)
    mails.send()
    shown = client.get(f"{AT}/{mail_id}").json()
    assert (shown["state"], shown["reason"]) == ("suppressed", "reader-expired")
    assert mails.inbox.received == []


def test_without_words_the_kind_has_some(mails: MailWorld, client: httpx.Client) -> None:
    client.post(AT, json=ITEM)
    mails.send()
    ((_, mail),) = mails.inbox.received
    assert mail["Subject"] == "Item Unlocked: Safety at work"
    assert "Dear Ann" in mail.get_content()


def test_the_same_key_hands_over_once(mails: MailWorld, client: httpx.Client) -> None:
    key = {"idempotency-key": "k"}
    first, again = client.post(AT, json=ITEM, headers=key), client.post(AT, json=ITEM, headers=key)
    assert first.json() == again.json()
    other = client.post(AT, json={**ITEM, "subject": "Another"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")
    assert mails.send() == {"sent": 1}


@pytest.mark.parametrize(
    ("change", "code", "named"),
    [
        ({"user": "nobody"}, "user-unknown", "nobody"),
        ({"version": "v9"}, "course-version-unknown", "v9"),
        ({"version": None}, "notification-course-missing", "the version is missing"),
        ({"course": None, "version": None}, "notification-course-missing", "item-unlocked"),
        ({"kind": "--"}, "notification-kind-invalid", "--"),
        ({"subject": "a\r\nBcc: b@example.com"}, "request-invalid", "body.subject"),
        ({"subject": "a\u2028b"}, "request-invalid", "body.subject"),
        ({"kind": "a\nb"}, "request-invalid", "body.kind"),
        ({"subject": "x" * 201}, "request-invalid", "body.subject"),
        ({"body": "x" * 100_001}, "request-invalid", "body.body"),
        ({"body": "a\0b"}, "request-invalid", "body.body"),
        ({"to": "somebody@example.com"}, "request-invalid", "body.to"),
    ],
)
def test_what_cannot_be_taken_is_named(
    client: httpx.Client, change: dict[str, str], code: str, named: str
) -> None:
    refused = client.post(AT, json={**ITEM, **change})
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert named in refused.text
    assert refused.json()["errors"][0]["field"].startswith("body.")
    assert refused.json()["remedy"]
    assert client.get(AT).json()["items"] == []


def test_other_kinds_need_no_course(client: httpx.Client) -> None:
    taken = client.post(AT, json={"kind": "Password Reset", "user": "ann", "body": "https://example.com/reset"})
    assert (taken.status_code, taken.json()["withheld"]) == (202, False)


def test_the_list_is_newest_first_and_in_parts(mails: MailWorld, client: httpx.Client) -> None:
    made = [client.post(AT, json=ITEM).json()["id"] for _ in range(5)]
    mails.put_to_staff()
    first = client.get(AT, params={"limit": 2}).json()
    rest = client.get(AT, params={"limit": 2, "cursor": first["next"]}).json()
    last = client.get(AT, params={"limit": 2, "cursor": rest["next"]}).json()
    assert [item["id"] for part in (first, rest, last) for item in part["items"]] == made[::-1]
    assert last["next"] is None
    mails.send()
    assert client.get(AT, params={"state": "queued"}).json()["items"] == []
    assert (
        len(client.get(AT, params={"user": "ann", "kind": "ITEM UNLOCKED", "state": "sent"}).json()["items"]) == 5
    )
    assert client.get(AT, params={"user": "nobody"}).json()["items"] == []
    wrong = client.get(AT, params={"user": "ann", "cursor": first["next"]})
    assert wrong.json()["code"] == "cursor-invalid"


def test_another_tenants_mails_are_not_there(mails: MailWorld, clients: Client) -> None:
    mails.set("insert into tenant (key, name) values ('other', 'Other')")
    other, everybody = clients(tenant="other"), clients()
    mail_id = everybody.post(AT, json=ITEM).json()["id"]
    staff_mail = mails.put_to_staff()
    for path in (AT, f"{AT}/{mail_id}"):
        assert other.get(path).status_code == 404
    assert other.post(AT, json=ITEM).status_code == 404
    assert other.get(f"/tenants/other/notifications/{mail_id}").status_code == 404
    assert everybody.get(f"{AT}/{staff_mail}").status_code == 404
    assert other.post("/tenants/other/notifications", json=ITEM).json()["code"] == "user-unknown"
