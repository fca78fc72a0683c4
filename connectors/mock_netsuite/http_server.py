"""HTTP/1.1 on a socket, with full say over how a response is sent: in part, slowly, or ended by a reset."""

from __future__ import annotations

import contextlib
import gzip
import os
import re
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from connectors.mock_netsuite import problems
from connectors.mock_netsuite.app import App
from connectors.mock_netsuite.governance import Slot
from connectors.mock_netsuite.messages import Request, Response, problem_response

_GZIP_FROM = 1400  # bytes; below, packing gains nothing
_IDLE_SECONDS = 120
_LENGTH = re.compile(r"[0-9]{1,18}")
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}")
_LONGEST_LINE = 65536  # bytes, of a chunk's head or a trailer
_DRIBBLES = 20  # pieces of a slow page
_ENDLESS = struct.pack("ii", 1, 0)  # SO_LINGER that makes close() send RST


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "mock-netsuite"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = _IDLE_SECONDS

    def handle(self) -> None:
        # A client may go away at any moment; that is not an error of the server.
        with contextlib.suppress(ConnectionError, TimeoutError):
            super().handle()

    def finish(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are in `/_mock/log`, not on stderr."""

    def do_GET(self) -> None:
        server = cast("MockServer", self.server)
        try:
            request = self._request(server.body_limit)
        except problems.Problem as problem:
            self.close_connection = True  # where the next request would begin is not known
            self._send(problem_response(problem), None)
            return
        response, slot = server.app.respond(request)
        try:
            self._send(response, slot)
        finally:
            if slot is not None:
                slot.release()

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET

    def _request(self, body_limit: int) -> Request:
        try:
            address = urlsplit(self.path)
        except ValueError as error:
            raise problems.invalid_url(self.path) from error
        return Request(
            self.command,
            unquote(address.path),
            tuple(parse_qsl(address.query, keep_blank_values=True)),
            {name.lower(): value for name, value in self.headers.items()},
            self._body(body_limit),
            address.path,
            ip_address(self.client_address[0]).is_loopback,
        )

    def _body(self, limit: int) -> bytes:
        coding = self.headers.get("Transfer-Encoding", "").lower()
        if coding == "chunked":
            return self._chunks(limit)
        length = self.headers.get("Content-Length", "0")
        if coding or _LENGTH.fullmatch(length) is None:
            raise problems.invalid_content()
        if int(length) > limit:
            raise problems.body_too_large()
        body = self.rfile.read(int(length))
        if len(body) < int(length):  # the client went away
            raise problems.invalid_content()
        return body

    def _chunks(self, limit: int) -> bytes:
        body = b""
        while True:
            size = self.rfile.readline(_LONGEST_LINE).partition(b";")[0].strip()
            if _CHUNK_SIZE.fullmatch(size) is None:
                raise problems.invalid_content()
            if len(body) + int(size, 16) > limit:
                raise problems.body_too_large()
            if int(size, 16) == 0:
                break
            body += self.rfile.read(int(size, 16))
            self.rfile.readline(_LONGEST_LINE)
        while self.rfile.readline(_LONGEST_LINE).strip():
            pass  # trailers
        return body

    def _send(self, response: Response, slot: Slot | None) -> None:
        """The slot is given back before the last byte goes out: a client that has its answer may ask again."""
        body = self._packed(response)
        head = self._head(response, len(body))
        if self.command == "HEAD":
            body = b""
        wire = response.wire
        if wire.seconds:
            self.wfile.write(head)
            self._dribble(body, wire.seconds, slot)
            return
        sent = body if wire.keep == 1.0 else body[: int(len(body) * wire.keep)]
        if slot is not None:
            slot.release()
        if wire.keep == 1.0:
            self.wfile.write(head + sent)
            return
        if sent or not wire.reset:
            self.wfile.write(head + sent)
        self._cut(wire.reset)

    def _packed(self, response: Response) -> bytes:
        accepted = self.headers.get("Accept-Encoding", "")
        if response.encoding is None and "gzip" in accepted and len(response.body) >= _GZIP_FROM:
            response.encoding = "gzip"
            return gzip.compress(response.body, compresslevel=1)
        return response.body

    def _head(self, response: Response, length: int) -> bytes:
        lines = [f"HTTP/1.1 {response.status} {self.responses.get(response.status, ('',))[0]}"]
        lines.append(f"Date: {cast('MockServer', self.server).app.http_date()}")
        lines += [f"{name}: {value}" for name, value in response.headers.items()]
        if response.content_type is not None:
            lines.append(f"Content-Type: {response.content_type}")
        if response.encoding is not None:
            lines.append(f"Content-Encoding: {response.encoding}")
        if response.status != 204:
            lines.append(f"Content-Length: {length}")
        if self.close_connection:
            lines.append("Connection: close")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def _dribble(self, body: bytes, seconds: float, slot: Slot | None) -> None:
        size = max(1, -(-len(body) // _DRIBBLES))
        pieces = [body[start : start + size] for start in range(0, len(body), size)]
        for number, piece in enumerate(pieces, start=1):
            time.sleep(seconds / len(pieces))
            if number == len(pieces) and slot is not None:
                slot.release()
            self.wfile.write(piece)

    def _cut(self, reset: bool) -> None:
        """Ends the connection before the response is complete."""
        self.close_connection = True
        connection = cast(socket.socket, self.connection)
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ENDLESS)
            os.close(connection.detach())
        else:
            connection.shutdown(socket.SHUT_RDWR)


class MockServer(ThreadingHTTPServer):
    """One thread a connection; `stop` also ends connections that are kept alive."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, app: App, host: str, port: int, body_limit: int) -> None:
        self.app, self.body_limit = app, body_limit
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((host, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def stop(self) -> None:
        """Stops listening and cuts every open connection."""
        self.shutdown()
        self.server_close()
        with self._lock:
            open_connections = list(self._connections)
        for connection in open_connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
