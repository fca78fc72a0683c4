"""Webhooks in the API: each program sees those about its tenants, and may send dead calls again."""

import re
from collections.abc import Callable

import httpx
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker
from webhook_receiver import Reply, receiving

from models.enrollment_changes import Why
from worker import clock
from worker.pipeline import webhooks
from worker.pipeline.webhooks import Wanted
from worker.pipeline.webhooks_sending import take_turn
from worker.queue import calling
from worker.settings import load

pytest_plugins = ("api_world",)

Clients = Callable[..., httpx.Client]
SETTINGS = load(secret_key="k" * 32, webhook_allow_networks="127.0.0.0/8", webhook_attempts=1)


def two_dead_calls(sessions: sessionmaker[Session]) -> None:
    """The webhook `lms` about acme, whose receiver took none of two calls."""
    means = calling.made(sessions, SETTINGS)
    with receiving(Reply(500, body=b"no /hook?token=s3cret")) as receiver:
        with sessions.begin() as session:
            why = Why("test", clock.now(session))
            webhooks.add(
                session, SETTINGS, means.keys(), Wanted("lms", f"{receiver.url}?token=s3cret", "acme"), why
            )
            webhook_id = session.execute(text("select id from webhook")).scalar_one()
        for _ in range(2):
            with sessions.begin() as session:
                session.execute(
                    text("""
                    insert into sales_order_event (order_id, tenant_id, at, actor, number_before, number_after,
                        status_before, status_after)
                    select 1, id, clock_timestamp(), 'test', 'SO1', 'SO1', 'A', 'B' from tenant where key = 'acme'
                    """)
                )
            take_turn(means, webhook_id)


def test_others_webhooks_are_not_there(clients: Clients, sessions: sessionmaker[Session]) -> None:
    two_dead_calls(sessions)
    foreign = clients(tenant="other", name="foreign")
    assert foreign.get("/webhooks").json() == {"items": []}
    hidden, nowhere = (foreign.get(f"/webhooks/{name}/calls") for name in ("lms", "nothing"))
    assert hidden.status_code == nowhere.status_code == 404
    assert hidden.text.replace("lms", "nothing") == nowhere.text
    assert foreign.post("/webhooks/lms/replay").status_code == 404


def test_how_it_is_and_sending_again(clients: Clients, sessions: sessionmaker[Session]) -> None:
    two_dead_calls(sessions)
    client = clients(tenant="acme", name="own")
    (webhook,) = client.get("/webhooks").json()["items"]
    assert webhook == clients().get("/webhooks").json()["items"][0]
    assert (webhook["webhook"], webhook["state"], webhook["tenant"]) == ("lms", "failing", "acme")
    assert webhook["dead"] == 2
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/…", webhook["url"])
    assert "s3cret" not in str(webhook)
    first = client.get("/webhooks/lms/calls", params={"limit": 1, "state": "dead"}).json()
    second = client.get(
        "/webhooks/lms/calls", params={"limit": 1, "state": "dead", "cursor": first["next"]}
    ).json()
    calls = [page["items"][0] for page in (first, second)]
    assert second["next"] is None
    assert [call["last_error"] for call in calls] == ["HTTP 500: no …"] * 2
    assert calls[0]["call"] > calls[1]["call"]
    for _ in range(2):
        again = client.post(
            "/webhooks/lms/replay", json={"call": calls[0]["call"]}, headers={"idempotency-key": "one"}
        )
        assert (again.status_code, again.json()) == (200, {"calls": 1})
    assert client.post("/webhooks/lms/replay", json={"call": calls[0]["call"]}).status_code == 404
    assert client.post("/webhooks/lms/replay").json() == {"calls": 1}
    assert client.post("/webhooks/lms/replay").json() == {"calls": 0}
    states = {call["state"] for call in client.get("/webhooks/lms/calls").json()["items"]}
    assert states == {"due"}
