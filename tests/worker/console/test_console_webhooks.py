"""Webhooks and tokens in the console: made, shown once, looked after."""

import re
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from operations import SignIn, said, words
from order_world import OrderWorld
from sqlalchemy import Engine, text
from web_running import browsing, send, serving, sign_in
from webhook_receiver import Receiver, Reply, receiving

from worker.settings import load

pytest_plugins = ("operations_site",)

WEBHOOKS = "/console/webhooks"
TOKENS = "/console/tokens"
NOTHING_ALLOWED = load(secret_key="k" * 32)
LOCAL = NOTHING_ALLOWED.model_copy(update={"webhook_allow_networks": "127.0.0.0/8"})


@pytest.fixture
def staff(world: OrderWorld, database: Engine) -> Iterator[SignIn]:
    """Browsers of staff by role, where local receivers may be called."""
    with serving(database, LOCAL) as url, ExitStack() as browsers:

        def staff(role: str = "admin") -> httpx.Client:
            client = browsers.enter_context(browsing(url))
            assert sign_in(client, f"{role}@staff.example").status_code == 303
            return client

        yield staff


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def secret_on(page: httpx.Response) -> str:
    found = re.search(r"data-secret>([^<]+)<", page.text)
    assert found, page.text
    return found[1]


def made(admin: httpx.Client, receiver: Receiver, **fields: str) -> tuple[str, str]:
    """A webhook made through the form: the address of its page, and its secret."""
    shown = send(admin, f"{WEBHOOKS}/new", f"{WEBHOOKS}/new", name="lms", url=receiver.url, **fields)
    found = re.search(rf'href="({WEBHOOKS}/\d+)"', admin.get(WEBHOOKS).text)
    assert found
    return found[1], secret_on(shown)


def test_a_webhook_is_made_tested_and_removed(staff: SignIn, receiver: Receiver) -> None:
    admin = staff()
    assert "Nobody is called yet" in words(admin.get(WEBHOOKS))
    at, secret = made(admin, receiver, tenant="acme", kind="enrollment.expired")
    page = words(admin.get(at))
    assert secret not in page
    assert "Acme , enrollment.expired" in page
    assert "The test was taken (200)" in said(admin, send(admin, at, f"{at}/test"))
    assert receiver.calls[0].is_signed_with(secret)
    receiver.usual = Reply(401)
    assert "was not taken" in said(admin, send(admin, at, f"{at}/test"))
    new = secret_on(send(admin, at, f"{at}/secret"))
    send(admin, at, f"{at}/test")
    assert receiver.calls[-1].is_signed_with(new)
    assert receiver.calls[-1].is_signed_with(secret)
    assert "not called any more" in said(admin, send(admin, at, f"{at}/disable"))
    assert "Disabled" in words(admin.get(WEBHOOKS))
    assert "called again" in said(admin, send(admin, at, f"{at}/enable"))
    assert "is removed" in said(admin, send(admin, at, f"{at}/remove"))
    assert admin.get(at).status_code == 404
    history = words(admin.get("/console/history?q=webhook"))
    assert "webhook added" in history
    assert "webhook removed" in history


def test_dead_calls_are_sent_again_by_ops(staff: SignIn, receiver: Receiver, world: OrderWorld) -> None:
    at, _ = made(staff(), receiver)
    world.session.execute(
        text("""
        insert into webhook_delivery (webhook_id, first_event, last_event, events, state, attempts, not_before,
            made_at, ended_at, last_status, last_error)
        select id, n, n, 1, 'dead', 12, now(), now(), now(), 500, 'HTTP 500: <b>no</b>'
        from webhook, generate_series(1, 3) n
        """)
    )
    world.session.commit()
    ops = staff("ops")
    page = ops.get(f"{at}?state=dead")
    assert "<b>no</b>" not in page.text
    assert words(page).count("HTTP 500: <b>no</b>") == 3
    assert "Make a new secret" not in words(page)
    call = re.search(r'name="call" value="(\d+)"', page.text)
    assert call
    assert "The dead call goes out again" in said(ops, send(ops, at, f"{at}/replay", call=call[1]))
    assert "no such dead call" in said(ops, send(ops, at, f"{at}/replay", call="1,2")), "nor are all of them meant"
    assert "2 dead calls go out again" in said(ops, send(ops, at, f"{at}/replay"))
    assert "No call is dead" in said(ops, send(ops, at, f"{at}/replay"))


def test_the_whole_address_is_shown_to_who_may_make_webhooks(staff: SignIn, receiver: Receiver) -> None:
    admin, ops = staff(), staff("ops")
    receiver.url += "/T0/s3cret"
    at, _ = made(admin, receiver)
    for page in (WEBHOOKS, at):
        assert receiver.url in words(admin.get(page))
        shown = ops.get(page)
        assert receiver.url.replace("/hook/T0/s3cret", "/…") in words(shown)
        assert "s3cret" not in shown.text


def test_what_termsync_disabled_may_be_left_so_by_a_person(
    staff: SignIn, receiver: Receiver, world: OrderWorld
) -> None:
    ops = staff("ops")
    at, _ = made(staff(), receiver)
    gone = "update webhook set disabled_at = now(), disabled_by = 'termsync', disabled_because = 'Gone.'"
    world.session.execute(text(gone))
    world.session.commit()
    page = words(ops.get(at))
    assert "by termsync : Gone. " in page
    assert "Leave it disabled" in page
    left = said(ops, send(ops, at, f"{at}/disable", reason="The platform moved."))
    assert "by ops@staff.example : The platform moved. " in left
    assert "Leave it disabled" not in left


def test_a_private_address_is_refused_on_the_form_it_came_from(world: OrderWorld, database: Engine) -> None:
    with serving(database, NOTHING_ALLOWED) as url, browsing(url) as admin:
        sign_in(admin, "admin@staff.example")
        fields = {"name": "lms", "url": "http://169.254.169.254/latest/meta-data"}
        refused = send(admin, f"{WEBHOOKS}/new", f"{WEBHOOKS}/new", **fields)
        assert "is not on the public internet" in said(admin, refused)


def test_a_token_is_made_shown_once_and_revoked(staff: SignIn) -> None:
    admin = staff()
    assert "No program has a token yet" in words(admin.get(TOKENS))
    fields = {"name": "lms", "tenant": "acme", "scope": ["read", "roster"], "per_minute": "1,000"}
    token = secret_on(send(admin, f"{TOKENS}/new", f"{TOKENS}/new", **fields))
    listed = words(admin.get(TOKENS))
    assert token not in listed
    assert "Acme read, roster 1,000 never" in listed
    bearer = {"authorization": f"Bearer {token}"}
    asked = httpx.get(admin.base_url.join("/api/v1/token"), headers=bearer)
    assert asked.json()["scopes"] == ["read", "roster"]
    assert "never" not in words(admin.get(TOKENS))
    assert "is revoked" in said(admin, send(admin, TOKENS, f"{TOKENS}/revoke", name="lms"))
    assert httpx.get(admin.base_url.join("/api/v1/token"), headers=bearer).status_code == 401
    assert "lms" not in words(admin.get(TOKENS))
    assert "Revoked" in words(admin.get(f"{TOKENS}?revoked=yes"))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "-", "scope": "read"}, "cannot be the name"),
        ({"name": "lms"}, "at least one scope"),
        ({"name": "lms", "scope": "root"}, "no scope"),
        ({"name": "lms", "scope": "read", "per_minute": "many"}, "is not a whole number"),
        ({"name": "lms", "scope": "read", "per_minute": "0"}, "cannot be a token's limit"),
        ({"name": "lms", "scope": "read", "tenant": "nobody"}, "no tenant"),
    ],
)
def test_what_is_no_token_is_said(staff: SignIn, fields: dict[str, str], message: str) -> None:
    admin = staff()
    assert message in said(admin, send(admin, f"{TOKENS}/new", f"{TOKENS}/new", **fields))


def test_only_the_admin_team_sees_tokens(staff: SignIn) -> None:
    assert "API tokens" in words(staff().get(WEBHOOKS))
    ops = staff("ops")
    assert ops.get(TOKENS).status_code == 403
    assert "API tokens" not in words(ops.get(WEBHOOKS))
