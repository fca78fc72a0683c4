"""What a bad network or server can do to one exchange: everything ends in time, with the right error."""

import gzip
import multiprocessing
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from connectors.errors import ConnectorError, TryAgain
from connectors.netsuite.transport import Timeouts, Transport

Server = Callable[[socket.socket], None]


@contextmanager
def serving(answer: Server, heads: list[bytes] | None = None) -> Iterator[str]:
    """A server that reads a request head and then does as `answer` says, connection after connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def accept() -> None:
        while not ended.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                head = connection.recv(65_536)
                if heads is not None:
                    heads.append(head)
                try:
                    answer(connection)
                except OSError:
                    continue

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        ended.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def dribble(connection: socket.socket, head: bytes) -> None:
    connection.sendall(head)
    while True:
        connection.sendall(b"x")
        time.sleep(0.02)


def bomb(connection: socket.socket) -> None:
    body = gzip.compress(bytes(5_000_000))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)


def silent(connection: socket.socket) -> None:
    connection.recv(1)


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def sends(data: bytes) -> Server:
    return lambda connection: connection.sendall(data)


OK = b"HTTP/1.1 200 OK\r\n"
CASES: dict[str, tuple[Server, type[ConnectorError], str]] = {
    "a body byte by byte": (
        lambda c: dribble(c, OK + b"Content-Length: 9999\r\n\r\n"),
        TryAgain,
        "netsuite-timeout",
    ),
    "an endless chunk": (
        lambda c: dribble(c, OK + b"Transfer-Encoding: chunked\r\n\r\nffff\r\n"),
        TryAgain,
        "netsuite-timeout",
    ),
    "a head byte by byte": (lambda c: dribble(c, OK + b"X-Slow: "), TryAgain, "netsuite-timeout"),
    "silence": (silent, TryAgain, "netsuite-timeout"),
    "a gzip bomb": (bomb, TryAgain, "netsuite-answer-too-large"),
    "a body cut short": (sends(OK + b"Content-Length: 99\r\n\r\n{"), TryAgain, "netsuite-answer-broken"),
    "gzip that is not": (
        sends(OK + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\noops"),
        TryAgain,
        "netsuite-answer-broken",
    ),
    "a closed connection": (lambda c: None, TryAgain, "netsuite-unreachable"),
    "a reset": (reset, TryAgain, "netsuite-unreachable"),
    "not HTTP": (sends(b"220 smtp ready\r\n"), TryAgain, "netsuite-unreachable"),
}


@pytest.mark.parametrize(("server", "kind", "code"), CASES.values(), ids=CASES.keys())
def test_every_exchange_ends_with_its_error(server: Server, kind: type[ConnectorError], code: str) -> None:
    with serving(server) as base_url:
        transport = Transport(base_url, Timeouts(connect=1, read=0.3), body_limit=1_000_000)
        with pytest.raises(kind) as caught:
            transport.send(requests.Request("GET", "/"))
        transport.close()
    assert caught.value.code == code


def test_nobody_listening_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(TryAgain) as caught:
        Transport(address, Timeouts(1, 1)).send(requests.Request("GET", "/"))
    assert caught.value.code == "netsuite-unreachable"


def test_a_plain_server_behind_https_is_not_a_certificate_fault() -> None:
    with serving(sends(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as base_url:
        transport = Transport(base_url.replace("http:", "https:"), Timeouts(1, 1))
        with pytest.raises(TryAgain) as caught:
            transport.send(requests.Request("GET", "/"))
    assert caught.value.code == "netsuite-unreachable"


def test_redirects_are_answers_not_followed() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    with serving(sends(moved)) as base_url:
        answer = Transport(base_url, Timeouts(1, 1)).send(requests.Request("GET", "/"))
    assert answer.status == 302


@pytest.mark.parametrize("location", ["http://127.0.0.1:1/", "http://["])
def test_the_body_of_a_redirect_has_its_limit_too(location: str) -> None:
    body = gzip.compress(bytes(5_000_000))
    head = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}"
    with serving(sends(head.encode() + b"\r\n\r\n" + body)) as base_url:
        transport = Transport(base_url, Timeouts(1, 1), body_limit=4_000_000)
        with pytest.raises(TryAgain) as caught:
            transport.send(requests.Request("GET", "/"))
    assert caught.value.code == "netsuite-answer-too-large"


def test_a_login_from_a_netrc_file_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password canary")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    heads: list[bytes] = []
    with serving(sends(OK + b"Content-Length: 2\r\n\r\n{}"), heads) as base_url:
        Transport(base_url, Timeouts(1, 1)).send(requests.Request("GET", "/"))
    assert heads[0].startswith(b"GET / ")
    assert b"Authorization" not in heads[0]


def test_the_password_of_a_proxy_stays_out_of_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://somebody:canary/1@127.0.0.1:9")
    with pytest.raises(TryAgain) as caught:
        Transport("https://1234567.suitetalk.api.netsuite.com", Timeouts(1, 1)).send(requests.Request("GET", "/"))
    assert "canary" not in f"{caught.value!r}"
    assert caught.value.code == "netsuite-unreachable"


def test_a_token_that_is_no_header_stays_out_of_messages() -> None:
    def signed(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = "Bearer canary\r\nX: y"
        return request

    with serving(sends(OK)) as base_url, pytest.raises(TryAgain) as caught:
        Transport(base_url, Timeouts(1, 1)).send(requests.Request("GET", "/", auth=signed))
    assert "canary" not in f"{caught.value!r}"


def test_a_forked_process_opens_its_own_connection() -> None:
    connections: list[int] = []

    def answers(connection: socket.socket) -> None:
        connections.append(1)
        connection.sendall(OK + b"Content-Length: 2\r\n\r\n{}")
        ended.wait(10)

    ended = threading.Event()
    with serving(answers) as base_url:
        transport = Transport(base_url, Timeouts(1, 5))
        transport.send(requests.Request("GET", "/"))
        child = multiprocessing.get_context("fork").Process(
            target=transport.send, args=(requests.Request("GET", "/"),)
        )
        child.start()
        ended.set()
        child.join(10)
    assert child.exitcode == 0
    assert len(connections) == 2


def test_a_thread_keeps_its_connection_and_shares_it_with_none() -> None:
    connections: list[int] = []

    def twice(connection: socket.socket) -> None:
        connections.append(1)
        for _ in range(2):
            connection.sendall(OK + b"Content-Length: 2\r\n\r\n{}")
            if not connection.recv(65_536):
                return

    with serving(twice) as base_url:
        transport = Transport(base_url, Timeouts(1, 5))

        def call_twice() -> None:
            for _ in range(2):
                assert transport.send(requests.Request("GET", "/")).body == b"{}"
            transport.close()

        for _ in range(2):
            thread = threading.Thread(target=call_twice)
            thread.start()
            thread.join(10)
    assert len(connections) == 2
