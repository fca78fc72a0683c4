"""What nobody types in good faith: a page that says no, never a fault, and nothing kept that harms later."""

import base64
import contextlib
import html
import re
import select
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from own_databases import fresh_database
from sqlalchemy import Engine, text
from web_running import add_staff, browsing, serving, sign_in, token_of

from worker.database import make_engine, make_sessions
from worker.embedded import Addresses
from worker.pages import bodies
from worker.web import heads

DIGITS = "9" * 5000  # more than Python reads as a number
TENANT = "/console/tenants/acme"
FLAG = {"flag": "cancelled", "since": "2026-11-23T17:00:00+00:00"}


@pytest.fixture(scope="module")
def engine(servers: Addresses, template: str) -> Iterator[Engine]:
    """One database for all tests here: they change nothing."""
    with fresh_database(servers.database_url, template) as url:
        engine = make_engine(url)
        with make_sessions(engine).begin() as session:
            add_staff(session, "admin")
            session.execute(text("insert into tenant (key, name) values ('acme', 'Acme')"))
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def site(engine: Engine) -> Iterator[str]:
    with serving(engine) as url:
        yield url


@pytest.fixture
def browser(site: str) -> Iterator[httpx.Client]:
    with browsing(site) as client:
        assert sign_in(client, "admin@staff.example").status_code == 303
        yield client


def seen(browser: httpx.Client, path: str) -> dict[str, str]:
    """What the form of a tenant's page that goes to `path` tells of how things were when it was opened."""
    found = re.search(rf'action="{path}".*?name="seen" value="([^"]+)"', browser.get(TENANT).text, re.DOTALL)
    return {"seen": html.unescape(found[1])} if found else {}


def _page_behind(key: str) -> str:
    return f"/console/orders?after={base64.urlsafe_b64encode(key.encode()).decode().rstrip('=')}"


@pytest.mark.parametrize(
    "path",
    [
        f"/console/runs/{DIGITS}",
        f"/console/attention/unmatched/map?customer={DIGITS}",
        _page_behind('["x", 1e400, 1]'),
        _page_behind("[" * 1400),
        _page_behind(f'["x", {"9" * 23}, 1]'),
        f"/console/edits/{'9' * 30}",
        "/console/runs?since=9999-12-31T23:59:59-14:00",
        "/console/courses?tenant=%00",
        f"/console/users/acme/preview?ids=1&version={DIGITS}",
    ],
)
def test_what_no_row_can_have_is_not_there(browser: httpx.Client, path: str) -> None:
    assert browser.get(path).status_code in {400, 404} or "cannot be read" in browser.get(path).text


def test_a_number_without_end_is_no_fault_to_who_is_not_signed_in(site: str) -> None:
    with browsing(site) as nobody:
        assert nobody.get(f"/console/runs/{DIGITS}").headers["location"].startswith("/login")


@pytest.mark.parametrize(
    ("path", "form", "says"),
    [
        (f"{TENANT}/guard", {"people_share": "NaN"}, "is not a share"),
        (f"{TENANT}/guard", {"people_share": "1e99999999"}, "is not a share"),
        (f"{TENANT}/guard", {"people": "9" * 15}, "cannot be a limit"),
        (f"{TENANT}/pause", {"reason": "x", "until": "0001-01-01T00:00"}, "years 2000 to 2100"),
        (f"{TENANT}/pause", {"reason": "x", "until": "2026-01-01T00:00"}, "has passed"),
        (f"{TENANT}/dates", {"time_zone": "../../etc/passwd"}, "is not a time zone"),
        (f"{TENANT}/dates", {"grace_days": "9" * 15}, "out of range"),
        (
            "/console/orders/acme/1/expire",
            {"expected": DIGITS, "reason": "x", **FLAG},
            "not say what you looked at",
        ),
        ("/console/attention/unmatched/map", {"customer": DIGITS, "tenant": "acme"}, "No customer was ticked"),
        ("/console/runs/new/ask", {"kind": "order", "order": "SO" * 50_000}, "can be synced"),
        ("/console/runs/new/ask", {"kind": "customer", "customer": "9" * 30}, "can be synced"),
        ("/console/accounts/new", {"email": "z@b.example", "role": "root"}, "There is no role"),
    ],
)
def test_a_form_that_makes_no_sense_is_refused_in_words(
    browser: httpx.Client, path: str, form: dict[str, str], says: str
) -> None:
    token = token_of(browser.get("/password"))
    answer = browser.post(path, data={**form, **seen(browser, path), "csrftoken": token})
    assert answer.status_code == 303
    assert says in browser.get("/console/").text


def test_a_pause_until_the_end_of_time_is_refused_and_the_tenant_stays_readable(browser: httpx.Client) -> None:
    """In UTC that instant lies in a year that no program reads: whoever reads the tenant would fail for ever."""
    token = token_of(browser.get("/password"))
    form = {"reason": "for ever", "until": "9999-12-31T23:59", "csrftoken": token}
    path = f"{TENANT}/pause"
    assert browser.post(path, data={**form, **seen(browser, path)}).status_code == 303
    answer = browser.get(TENANT)
    assert answer.status_code == 200
    assert "years 2000 to 2100" in answer.text
    assert browser.get("/console/tenants").status_code == 200


def answered(site: str, *pieces: bytes) -> bytes:
    """What comes back for these bytes, sent with pauses, until the connection ends.

    Bytes that cross the end of the connection may take an answer with them: who looks for one sends none late.
    """
    url, answer = httpx.URL(site), b""
    with (
        socket.create_connection((url.host, url.port or 80), 20) as connection,
        contextlib.suppress(ConnectionResetError, BrokenPipeError),
    ):
        for piece in pieces:
            connection.sendall(piece)
            if select.select([connection], [], [], 0.05)[0]:
                break
        while more := connection.recv(65_536):
            answer += more
    return answer


def head(path: str = "/health", *headers: str, method: str = "GET") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1", "connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (head("/health?q=" + "a" * 8_000, *["x: 1"] * 90, "cookie: " + "a=b; " * 6_000), 200),
        (head("/health?q=" + "a" * 8_200), 414),
        (head("/api/v1/" + "a" * 8_200), 414),
        (head("/health", "cookie: " + "a=b; " * 7_000), 431),
        (head("/health", *["x: 1"] * 101), 431),
        (head("/health", "x: " + "a" * 41_000)[:-4], 400),
    ],
    ids=["all that is taken", "address", "address of the API", "cookies", "many headers", "no end"],
)
def test_a_head_that_is_too_large_is_refused(site: str, request_head: bytes, status: int) -> None:
    answer = answered(site, request_head)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer
    assert status not in {414, 431} or b"request-head-too-large" in answer
    assert httpx.get(f"{site}/health").status_code == 200, "it goes on"


@pytest.mark.parametrize("pieces", [[], [b"GET /he"], [b"a"] * 100], ids=["nothing", "a part", "byte by byte"])
def test_a_head_that_does_not_come_is_not_waited_for(
    site: str, pieces: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heads, "SECONDS", 0.3)
    assert answered(site, *pieces) == b""


def test_a_form_that_does_not_come_is_not_waited_for(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "SECONDS", 0.3)
    answer = answered(site, head("/login", "content-length: 1000", method="POST"), b"a")
    assert answer.startswith(b"HTTP/1.1 408 "), answer
    assert b"Send it again." in answer


@pytest.mark.parametrize(
    "form",
    [
        {"data": {f"field{number}": "x" for number in range(1_100)}},
        {"files": [(f"field{number}", (None, "x")) for number in range(1_100)]},
        {"files": [(f"file{number}", ("name", "x")) for number in range(1_100)]},
        {"data": {"email": "x" * 1_100_000}},
        {"data": {"email": "x" * 2_100_000}},
        {"json": {"email": "x"}},
    ],
    ids=["fields", "parts", "files", "long field", "long form", "no form"],
)
def test_a_form_that_is_too_large_is_refused(browser: httpx.Client, form: dict[str, Any]) -> None:
    token = token_of(browser.get("/password"))
    assert browser.post("/login", **form, headers={"x-csrftoken": token}).status_code in {400, 413}
    assert browser.post("/login", **form).status_code in {403, 413}, "nor is the token looked for in it"
