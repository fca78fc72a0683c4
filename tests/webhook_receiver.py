"""A receiver of webhooks over real HTTP, which answers as it is told and keeps what it was sent."""

import base64
import hashlib
import hmac
import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HERE = "127.0.0.1"


@dataclass(frozen=True)
class Call:
    """What came in. Names of headers are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def events(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.body)["events"]
        return found

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def is_signed_with(self, secret: str) -> bool:
        """By the rules of Standard Webhooks, written down anew."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        content = f"{self.id}.{self.headers['webhook-timestamp']}.".encode() + self.body
        wanted = "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        return wanted in self.headers["webhook-signature"].split(" ")


@dataclass(frozen=True)
class Reply:
    """What is answered. `hang`: only when the receiver ends."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    hang: bool = False


OK = Reply()


class Receiver:
    """`plan` is answered first, one by one, then `usual`."""

    def __init__(self, usual: Reply = OK) -> None:
        self.calls: list[Call] = []
        self.plan: deque[Reply] = deque()
        self.usual = usual
        self.url = ""
        self.ended = threading.Event()
        self._lock = threading.Lock()

    def take(self, call: Call) -> Reply:
        with self._lock:
            self.calls.append(call)
            return self.plan.popleft() if self.plan else self.usual

    def event_ids(self) -> list[int]:
        """Of every call, in the order they came."""
        return [event["id"] for call in list(self.calls) for event in call.events]


@contextmanager
def receiving(
    usual: Reply = OK, host: str = HERE, port: int = 0, receiver: Receiver | None = None
) -> Iterator[Receiver]:
    """A receiver on a port of its own, unless one is named; `receiver` may be of a kind of its own."""
    found = receiver or Receiver(usual)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = found.take(Call(self.path, headers, body))
            if reply.hang:
                found.ended.wait(60)
                return
            self.send_response(reply.status)
            for name, value in {"content-length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    found.url = f"http://{host}:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield found
    finally:
        found.ended.set()
        server.shutdown()
        thread.join(10)
        server.server_close()
