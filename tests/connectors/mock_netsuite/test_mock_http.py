"""HTTP itself: odd, broken and slow requests get an answer, and the next one on the connection is read right."""

from __future__ import annotations

import socket
from datetime import datetime
from email.utils import parsedate_to_datetime

import pytest
from plain_client import Client

from connectors.mock_netsuite import MockConfig
from connectors.mock_netsuite.app import App
from connectors.mock_netsuite.messages import Request

pytest_plugins = ("mock_accounts",)

SETTINGS = b"GET /_mock/settings HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def sent(client: Client, *pieces: bytes) -> list[int]:
    """The status codes on one connection that answers until it ends."""
    with socket.create_connection(("127.0.0.1", client.mock.port), timeout=10) as connection:
        for piece in pieces:
            connection.sendall(piece)
        answer = b""
        while received := connection.recv(65536):
            answer += received
    return [int(part.split()[0]) for part in answer.split(b"HTTP/1.1 ")[1:]]


def churn(headers: bytes, body: bytes) -> bytes:
    return b"POST /_mock/churn HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n" + body


CHUNKED = b"Transfer-Encoding: chunked\r\n"


@pytest.mark.parametrize(
    "request_bytes",
    [
        churn(b"Content-Length: 11\r\n", b'{"count":1}'),
        churn(CHUNKED, b'5\r\n{"cou\r\n6;note=x\r\nnt":1}\r\n0\r\n\r\n'),
        churn(CHUNKED, b'b\r\n{"count":1}\r\n0\r\nX-Trailer: 1\r\nX-More: 2\r\n\r\n'),
    ],
    ids=["length", "chunks", "trailers"],
)
def test_bodies_of_either_form_leave_the_connection_ready(own_mock: Client, request_bytes: bytes) -> None:
    assert sent(own_mock, request_bytes + SETTINGS) == [200, 200]


def test_a_client_may_ask_before_it_sends_the_body(own_mock: Client) -> None:
    head = churn(b"Content-Length: 11\r\nExpect: 100-continue\r\n", b"")
    assert sent(own_mock, head, b'{"count":1}', SETTINGS) == [100, 200, 200]


def test_a_request_may_come_in_pieces(own_mock: Client) -> None:
    assert sent(own_mock, *(SETTINGS[start : start + 7] for start in range(0, len(SETTINGS), 7))) == [200]


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (churn(b"Content-Length: -5\r\n", b""), 400),
        (churn("Content-Length: ²\r\n".encode("latin-1"), b""), 400),
        (churn(b"Content-Length: 99999999999\r\n", b""), 413),
        (churn(CHUNKED, b"zz\r\n"), 400),
        (churn(CHUNKED, b"-5\r\n"), 400),
        (churn(CHUNKED, b"7fffffff\r\n"), 413),
        (churn(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"), 400),
        (b"GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 501),
    ],
)
def test_what_cannot_be_read_is_answered_and_ends_the_connection(
    shared_mock: Client, request_bytes: bytes, status: int
) -> None:
    assert sent(shared_mock, request_bytes) == [status]


def test_an_error_leaves_the_connection_open(shared_mock: Client) -> None:
    refused = b"POST /services/rest/query/v1/suiteql HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
    assert sent(shared_mock, refused + SETTINGS) == [401, 200]


def test_head_answers_as_get_does_without_the_body(shared_mock: Client) -> None:
    response = shared_mock.call("HEAD", "/services/rest/record/v1/customer/101")
    full = shared_mock.call("GET", "/services/rest/record/v1/customer/101")
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["Content-Length"] == full.headers["Content-Length"]


def test_the_date_header_is_the_accounts_clock(own_mock: Client) -> None:
    def date_header() -> datetime:
        return parsedate_to_datetime(own_mock.call("GET", "/services/rest/system/v1/serverTime").headers["Date"])

    before = date_header()
    own_mock.control("PATCH", "settings", {"clock_offset": 86_400})
    assert (date_header() - before).days == 1


@pytest.mark.parametrize(
    "path", ["/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/services/rest/record/v1/../../../etc/passwd"]
)
def test_a_path_is_a_name_and_no_file(shared_mock: Client, path: str) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    assert sent(shared_mock, request) == [401]


def test_only_this_machine_may_control_the_account() -> None:
    app = App(MockConfig(orders=1))
    try:
        local, _ = app.respond(Request("GET", "/_mock/stats", (), {}))
        remote, _ = app.respond(Request("GET", "/_mock/stats", (), {}, local=False))
    finally:
        app.close()
    assert (local.status, remote.status) == (200, 403)


def test_a_name_that_begins_like_the_control_api_is_not_it(shared_mock: Client) -> None:
    assert sent(shared_mock, b"GET /_mockery HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") == [401]
