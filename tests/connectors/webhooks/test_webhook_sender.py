"""One call over a real socket: what is sent, what is read, and where it never goes."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from typing import Any

import pytest
from webhook_receiver import HERE, Reply, receiving

from connectors.errors import ConnectorError, OperatorMustAct, TryAgain
from connectors.webhooks import Sender

LOCAL = [ip_network("127.0.0.0/8")]
GETADDRINFO = socket.getaddrinfo


def test_the_body_arrives_with_its_headers() -> None:
    with receiving(Reply(202, {"retry-after": "7"}, b"taken")) as receiver:
        answer = Sender(LOCAL).post(f"{receiver.url}?a=b", {"webhook-id": "1"}, b'{"events":[]}')
    assert answer == (202, 7.0, "taken")
    (call,) = receiver.calls
    assert (call.path, call.body) == ("/hook?a=b", b'{"events":[]}')
    assert call.headers["webhook-id"] == "1"
    assert call.headers["host"] == receiver.url.split("/")[2]


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with receiving() as other, receiving(Reply(307, {"location": other.url})) as receiver:
        assert Sender(LOCAL).post(receiver.url, {}, b"").status == 307
    assert other.calls == []


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as proxy, receiving() as receiver:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert Sender(LOCAL).post(receiver.url, {}, b"").status == 200
    assert proxy.calls == []


@pytest.mark.parametrize(
    "host", [HERE, "localhost", "2130706433", "0x7f.1", "127.1", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_this_machine_is_not_called_by_any_name(host: str) -> None:
    with receiving() as receiver:
        with pytest.raises(ConnectorError) as refused:
            Sender().post(receiver.url.replace(HERE, host), {}, b"")
        assert receiver.calls == []
    assert refused.value.code == "webhook-address-refused"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """A name server: each name means its first number, then the next one."""
    known: dict[str, list[str]] = {}

    def lookup(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        numbers = known.get(host)
        if numbers is None:
            return GETADDRINFO(host, port, *rest, **more)
        return GETADDRINFO(numbers.pop(0) if len(numbers) > 1 else numbers[0], port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return known


def test_a_name_that_changes_its_mind_is_connected_where_it_was_checked(names: dict[str, list[str]]) -> None:
    allowed = [ip_network("127.0.0.2/32")]
    with receiving(host="127.0.0.2") as wanted:
        port = int(wanted.url.split(":")[2].split("/")[0])
        with receiving(host="127.0.0.1", port=port) as forbidden:
            names["rebinding.test"] = ["127.0.0.2", "127.0.0.1"]
            assert Sender(allowed).post(f"http://rebinding.test:{port}/hook", {}, b"").status == 200
            assert len(wanted.calls) == 1
            with pytest.raises(OperatorMustAct):
                Sender(allowed).post(f"http://rebinding.test:{port}/hook", {}, b"")
            assert forbidden.calls == []


def serve_raw(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    listener = socket.create_server((HERE, 0))

    def serve() -> None:
        accepted, _ = listener.accept()
        with accepted:
            accepted.recv(65_536)
            try:
                answer(accepted)
            except OSError:
                return  # the caller has gone

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://{HERE}:{listener.getsockname()[1]}/"
    finally:
        listener.close()
        thread.join(10)


raw = contextmanager(serve_raw)


def dribble(connection: socket.socket) -> None:
    """A byte now and then, without end: no single wait is long."""
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


def dribble_headers(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nx: ")
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


def flood(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65_536)


@pytest.mark.parametrize("answer", [dribble, dribble_headers, lambda connection: connection.recv(1)])
def test_a_receiver_that_takes_for_ever_is_left(answer: Callable[[socket.socket], None]) -> None:
    with raw(answer) as url, pytest.raises(TryAgain) as late:
        Sender(LOCAL, total=0.5).post(url, {}, b"")
    assert late.value.code == "webhook-too-slow"


def test_nothing_is_sent_when_the_name_is_found_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its turn may be another worker's by then, and what follows may be there already."""

    def lookup(*asked: Any, **more: Any) -> Any:
        time.sleep(0.1)
        return GETADDRINFO(*asked, **more)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with receiving() as receiver:
        with pytest.raises(TryAgain) as late:
            Sender(LOCAL, total=0.05).post(receiver.url, {}, b"")
        assert receiver.calls == []
    assert late.value.code == "webhook-too-slow"


def test_nothing_is_sent_when_tls_is_agreed_on_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline passes while no socket is at hand that could be cut off."""

    def wrap(_: ssl.SSLContext, sock: socket.socket, **more: Any) -> socket.socket:
        agreed = socket.socket(fileno=sock.detach())
        time.sleep(0.3)
        return agreed

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", wrap)
    with receiving() as receiver:
        with pytest.raises(TryAgain) as late:
            Sender(LOCAL, total=0.2).post(receiver.url.replace("http://", "https://"), {}, b"")
        assert receiver.calls == []
    assert late.value.code == "webhook-too-slow"


def test_only_the_beginning_of_an_answer_is_read() -> None:
    with raw(flood) as url:
        answer = Sender(LOCAL).post(url, {}, b"")
    assert (answer.status, answer.text) == (200, "x" * 2000)


@pytest.mark.parametrize(
    "said", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200, b"HTTP/1.1 abc\r\n\r\n"]
)
def test_what_is_no_answer_is_tried_again(said: bytes) -> None:
    with raw(lambda connection: connection.sendall(said)) as url, pytest.raises(TryAgain) as broken:
        Sender(LOCAL).post(url, {}, b"")
    assert broken.value.code == "webhook-not-reached"


def test_a_certificate_nobody_signed_is_not_trusted() -> None:
    """A plain answer stands for any that is no TLS."""
    with (
        raw(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")) as url,
        pytest.raises(TryAgain) as no,
    ):
        Sender(LOCAL).post(url.replace("http://", "https://"), {}, b"")
    assert no.value.code == "webhook-not-trusted"


def test_names_and_ports_where_nobody_is() -> None:
    with socket.create_server((HERE, 0)) as listener:
        port = listener.getsockname()[1]
    for url in (f"http://{HERE}:{port}/", "http://no-such-name.invalid/", f"http://{'a' * 70}.example/"):
        with pytest.raises(TryAgain) as gone:
            Sender(LOCAL).post(url, {}, b"")
        assert gone.value.code == "webhook-not-reached"
