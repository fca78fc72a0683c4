"""Hostile requests: too large, too deep, not text, injected. Refused with a reason, or stored word for word."""

import json
import select
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from api_running import V1, api
from processes import eventually
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from worker.database import make_engine
from worker.pages import bodies

pytest_plugins = ("api_world",)

USER = "/tenants/acme/users/ann"
BODY = {"name": "Ann", "email": "ann@acme.example"}
STRANGE = [
    "'; drop table users; --",
    '=cmd|"/c calc"!A1',
    "{{7*7}}${7*7}<script>alert(1)</script>",
    "\u202egnp.exe",
    "\r\nset-cookie: a=b",
    "../../etc/passwd",
    "\U0001f600 \u0130 \ufb03",
    "%s %(x)s :name {0}",
]


@pytest.mark.parametrize("words", STRANGE)
def test_any_words_are_only_words(client: httpx.Client, words: str) -> None:
    stored = client.put(USER, json={**BODY, "name": words, "groups": [words]})
    assert (stored.status_code, stored.json()["name"], stored.json()["groups"]) == (201, words, [words])
    found = client.get("/tenants/acme/enrollments", params={"user": words, "search": words, "sales_order": words})
    assert (found.status_code, found.json()["items"]) == (200, [])
    assert client.get("/tenants/acme/sales-orders", params={"cursor": words}).status_code == 422


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 422),
        (b"\xff\xfe", 422),
        (b"[" * 200_000, 422),
        (b'{"name":' * 100_000, 422),
        (b'{"name": "\\ud800", "email": "a@b"}', 422),
        (b'{"name": "a\\u0000b", "email": "a@b"}', 422),
        (b'{"name": NaN, "email": 1e999}', 422),
        (b'{"name": "' + b"a" * 1_100_000, 413),
        (b"null", 422),
    ],
    ids=["cut", "bytes", "deep list", "deep object", "half a character", "NUL", "no numbers", "large", "null"],
)
def test_bodies_that_cannot_be_taken(client: httpx.Client, content: bytes, status: int) -> None:
    answer = client.put(USER, content=content, headers={"content-type": "application/json"})
    assert answer.status_code == status, answer.text[:500]
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.content) < 5_000
    lines = client.post("/tenants/acme/users/bulk", content=content)
    assert lines.status_code in {200, 413}


def test_however_many_bring_the_roster_others_are_answered(
    client: httpx.Client, sessions: sessionmaker[Session]
) -> None:
    line = json.dumps({"user": "ann", **BODY})
    with ThreadPoolExecutor(12) as crowd:  # more than there are connections to the database
        with sessions.begin() as session:
            session.execute(text("lock table users"))  # nobody's lines go in
            waiting = [crowd.submit(client.post, "/tenants/acme/users/bulk", content=line) for _ in range(12)]
            assert eventually(lambda: held_up(sessions) >= 4)
            assert client.get("/token", timeout=10).status_code == 200
        assert {answer.result().status_code for answer in waiting} == {200}


def test_who_meets_held_rows_is_told_to_come_again(
    api_world: None, database_url: str, sessions: sessionmaker[Session]
) -> None:
    with api(make_engine(database_url, lock_timeout=0.2), sessions) as client, sessions.begin() as session:
        session.execute(text("lock table users"))
        answer = client.put(USER, json=BODY)
    assert (answer.status_code, answer.json()["code"]) == (503, "database-busy")


def test_without_a_database_the_answer_is_to_come_again(api_world: None, sessions: sessionmaker[Session]) -> None:
    with api(make_engine("postgresql://nobody@127.0.0.1:1/none"), sessions) as client:
        for answer in (client.get("/token"), client.get("/tenants/acme/users/user-1/access")):
            assert (answer.status_code, answer.json()["code"]) == (503, "database-unreachable")


def held_up(sessions: sessionmaker[Session]) -> int:
    """How many wait for a lock. A transaction goes on seeing what it saw first: each look has its own."""
    waiting = """
        select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
    """
    with sessions() as session:
        found: int = session.execute(text(waiting)).scalar_one()
    return found


def test_a_body_larger_than_all_lines_is_not_read_to_its_end(client: httpx.Client) -> None:
    answer = client.post("/tenants/acme/users/bulk", content=b"x" * 33_000_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "request-too-large")


@pytest.mark.parametrize(
    "sent",
    [
        1795392000,
        1795392000.0,
        1795392000000,
        "1795392000",
        "2026-11-23T00:00:00Z",
        "20261123",
        True,
        "2026-02-30",
    ],
)
def test_a_day_is_a_day_and_nothing_that_might_be_one(client: httpx.Client, sent: object) -> None:
    enrollment = "/tenants/acme/enrollments/user-0/safety/v1"
    for method, path, body in (
        ("PUT", enrollment, {"expiration_date": sent}),
        ("POST", "/tenants/acme/enrollments/edit", {"select": {}, "set": {"expiration_date": sent}}),
    ):
        answer = client.request(method, path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "request-invalid"), sent
    line = {"user": "user-0", "course": "safety", "version": "v1", "expiration_date": sent}
    assert '"ok":false' in client.post("/tenants/acme/enrollments/bulk", content=json.dumps(line)).text


def test_an_id_is_a_number(client: httpx.Client) -> None:
    for ids in ([True], [1.0], ["1"]):
        edit = {"ids": ids, "set": {"action": "X"}, "preview": True}
        assert client.post("/tenants/acme/enrollments/edit", json=edit).status_code == 422, ids


MANY_FIELDS = b"{" + b",".join(b'"%x":0' % number for number in range(90_000)) + b"}"
MANY_MISTAKES = b'{"user":"u","name":"n","email":"a@b","groups":[' + b"1," * 900 + b"1]}"


@pytest.mark.parametrize(
    ("method", "path", "content"),
    [
        ("PUT", USER, MANY_FIELDS),
        ("POST", "/tenants/acme/enrollments/edit", b'{"set":{},"ids":[' + b"0," * 9_000 + b"0]}"),
        ("POST", "/tenants/acme/users/bulk", b"\n".join([MANY_FIELDS, *[MANY_MISTAKES] * 10])),
    ],
    ids=["fields", "items", "lines"],
)
def test_however_much_is_wrong_the_answer_is_short(
    client: httpx.Client, method: str, path: str, content: bytes
) -> None:
    """Told one by one, the mistakes of a bulk request of 30 MB are more than a gigabyte."""
    answer = client.request(method, path, content=content, headers={"content-type": "application/json"})
    assert answer.status_code in {200, 422}
    assert len(answer.content) < 50_000


@pytest.mark.parametrize("rest", [[], [b" "] * 100], ids=["nothing more", "a byte now and then"])
def test_a_body_that_does_not_come_is_not_waited_for(
    client: httpx.Client, rest: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "SECONDS", 0.5)
    head = [f"PUT {V1}{USER} HTTP/1.1", f"host: {client.base_url.host}", "content-length: 1000"]
    head += [f"authorization: {client.headers['authorization']}", "content-type: application/json", "", "{"]
    with socket.create_connection((client.base_url.host, client.base_url.port or 80), 30) as slow:
        slow.sendall("\r\n".join(head).encode())
        for piece in rest:
            if select.select([slow], [], [], 0.05)[0]:
                break
            slow.sendall(piece)
        said = b"".join(iter(lambda: slow.recv(65_536), b""))
    assert said.startswith(b"HTTP/1.1 408"), said
    assert b"request-too-slow" in said


def test_answers_are_for_programs_only(client: httpx.Client) -> None:
    for answer in (client.get("/token"), client.get("/nothing")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "store" in answer.headers["cache-control"]
        assert "set-cookie" not in answer.headers


def test_a_cookie_of_the_pages_opens_nothing(client: httpx.Client) -> None:
    headers: dict[str, Any] = {"cookie": "termsync_session=anything"}
    bare = httpx.get(f"{client.base_url}token", headers=headers)
    assert bare.status_code == 401
