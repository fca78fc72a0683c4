"""Resyncs and holds: asked once a key, decided once, of one tenant where the token is."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import httpx
import pytest
from api_running import asking, make_token
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker
from web_running import serving

from worker.settings import load

pytest_plugins = ("api_world",)

Clients = Callable[..., httpx.Client]


@pytest.fixture
def configured(api_world: None, database: Engine, sessions: sessionmaker[Session]) -> Iterator[Clients]:
    """The API of an installation with a NetSuite account."""
    settings = load(
        netsuite_account="1234567_SB1",
        netsuite_consumer_key="k",
        netsuite_consumer_secret="s",
        netsuite_token_id="t",
        netsuite_token_secret="u",
    )
    opened = []
    with serving(database, settings) as url:

        def client(**of: object) -> httpx.Client:
            opened.append(asking(url, make_token(sessions, **of)))  # type: ignore[arg-type]
            return opened[-1].__enter__()

        yield client


def hold(sessions: sessionmaker[Session], tenant: str) -> int:
    with sessions.begin() as session:
        made: int = session.execute(
            text("""
            insert into hold (tenant_id, rule, reason, would_expire, enrolled, orders)
            select id, 'people', 'too many', 3, 4, 1 from tenant where key = :tenant returning id
            """),
            {"tenant": tenant},
        ).scalar_one()
        return made


def test_a_resync_is_asked_once_a_key(configured: Clients) -> None:
    client = configured()
    asked = client.post("/resyncs", json={"scope": "full"}, headers={"idempotency-key": "a"})
    assert (asked.status_code, asked.json()["new"]) == (202, True)
    assert client.post("/resyncs", json={"scope": "full"}, headers={"idempotency-key": "a"}).json() == asked.json()
    joined = client.post("/resyncs", json={"scope": "full"}).json()
    assert joined == {"resync": asked.json()["resync"], "new": False}
    other = client.post("/resyncs", json={"scope": "incremental"}, headers={"idempotency-key": "a"})
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")
    shown = client.get(f"/resyncs/{asked.json()['resync']}").json()
    assert (shown["scope"], shown["state"]) == ("full", "queued")
    assert client.post("/resyncs", json={"scope": "everything"}).json()["code"] == "scope-invalid"
    assert client.get("/resyncs/999").status_code == 404


def test_one_tenants_token_resyncs_its_tenant(configured: Clients) -> None:
    own, everybody = configured(tenant="acme"), configured()
    mine = own.post("/resyncs", json={"scope": "tenant:acme"})
    assert mine.status_code == 202
    assert own.get(f"/resyncs/{mine.json()['resync']}").status_code == 200
    foreign = own.post("/resyncs", json={"scope": "tenant:other"})
    nowhere = own.post("/resyncs", json={"scope": "tenant:nobody"})
    assert (foreign.status_code, nowhere.status_code) == (404, 404)
    for scope in ("full", "incremental", "order:SO5", "customer:8"):
        assert own.post("/resyncs", json={"scope": scope}).json()["code"] == "token-of-one-tenant"
    theirs = everybody.post("/resyncs", json={"scope": "tenant:other"}).json()["resync"]
    assert own.get(f"/resyncs/{theirs}").status_code == 404


def test_without_an_account_the_answer_says_so(client: httpx.Client) -> None:
    answer = client.post("/resyncs", json={"scope": "full"})
    assert answer.status_code in {422, 503}
    assert "NETSUITE" in answer.text


def test_holds_are_listed_and_decided_once(clients: Clients, sessions: sessionmaker[Session]) -> None:
    client, own = clients(), clients(tenant="acme")
    ours, theirs = hold(sessions, "acme"), hold(sessions, "other")
    assert [each["id"] for each in client.get("/holds").json()["items"]] == [theirs, ours]
    first = client.get("/holds", params={"limit": 1}).json()
    rest = client.get("/holds", params={"limit": 1, "cursor": first["next"]}).json()
    assert [each["id"] for each in first["items"] + rest["items"]] == [theirs, ours]
    assert [each["id"] for each in own.get("/holds").json()["items"]] == [ours]
    for answer in (own.get(f"/holds/{theirs}"), own.post(f"/holds/{theirs}/approve")):
        assert answer.status_code == 404
        assert answer.text.replace(str(theirs), "999") == own.get("/holds/999").text
    key = {"idempotency-key": "decide"}
    done = own.post(f"/holds/{ours}/reject", json={"reason": "wrong"}, headers=key)
    assert done.json() == {"hold": ours, "state": "rejected", "orders_new": 0, "orders_changed": 0, "expired": 0}
    assert own.post(f"/holds/{ours}/reject", json={"reason": "wrong"}, headers=key).json() == done.json()
    twice = own.post(f"/holds/{ours}/approve")
    assert (twice.status_code, twice.json()["code"]) == (409, "hold-decided")
    (shown,) = own.get("/holds", params={"state": "rejected"}).json()["items"]
    assert shown["decision_reason"] == "wrong"
    assert datetime.fromisoformat(shown["decided_at"]) <= datetime.now(UTC)
    assert shown["decided_by"].startswith("token:")
