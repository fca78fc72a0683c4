"""The mock NetSuite of the demo, in a process of its own, and the sales staff's way in: the record API."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection, HTTPException
from typing import Any, Literal, NamedTuple

from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client

from worker.errors import TermsyncError
from worker.lifeline import end_with_parent

HOST = "127.0.0.1"
START_SECONDS = 30.0
ORDERS = "/services/rest/record/v1/salesOrder"
SUITEQL = "/services/rest/query/v1/suiteql"
BUSY = 429

Method = Literal["POST", "PATCH"]


class Login(NamedTuple):
    """The account and the token the demo uses on both sides; the mock takes them from the same settings."""

    account: str = "TSTDRV1234567"
    consumer_key: str = "demo-consumer-key"
    consumer_secret: str = "demo-consumer-secret"  # noqa: S105  (of a mock on this machine)
    token_id: str = "demo-token-id"  # noqa: S105
    token_secret: str = "demo-token-secret"  # noqa: S105

    def environment(self, port: int) -> dict[str, str]:
        """The NETSUITE_* settings of a client."""
        return {
            **{f"NETSUITE_{name.upper()}": value for name, value in self._asdict().items()},
            "NETSUITE_BASE_URL": f"http://{HOST}:{port}",
        }


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(port: int, orders: int, customers: int, seed: int) -> Iterator[None]:
    """Runs the mock while the block runs, with the account and login of the environment."""
    settings = {"--port": port, "--orders": orders, "--customers": customers, "--seed": seed}
    arguments = [str(part) for setting in settings.items() for part in setting]
    process = subprocess.Popen(
        [sys.executable, "-m", "connectors.mock_netsuite", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        process_group=0,
        preexec_fn=partial(end_with_parent, signal.SIGKILL, os.getpid()),
    )
    try:
        yield
    finally:
        process.kill()  # it keeps nothing
        process.wait()


def wait_until_it_listens(port: int) -> None:
    """Raises `demo-not-started` when nothing listens on the port in time."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise TermsyncError(
        "demo-not-started", "The mock NetSuite did not start.", "Look into demo.log, then start the demo again."
    )


class RecordApi:
    """Sales orders as sales staff enter and change them, signed like any client of NetSuite."""

    def __init__(self, port: int, login: Login) -> None:
        self._port = port
        self._signing = Client(
            login.consumer_key,
            login.consumer_secret,
            login.token_id,
            login.token_secret,
            realm=login.account,
            signature_method=SIGNATURE_HMAC_SHA256,
        )

    def orders(self, customers: tuple[int, ...]) -> list[dict[str, str]]:
        """Orders of these customers that have a term on the header."""
        ids = ", ".join(str(customer) for customer in customers)
        query = (
            "SELECT id, tranid, entity, status, TO_CHAR(startdate, 'YYYY-MM-DD') AS starts,"  # noqa: S608  (numbers)
            " TO_CHAR(enddate, 'YYYY-MM-DD') AS ends FROM transaction"
            f" WHERE type = 'SalesOrd' AND enddate IS NOT NULL AND entity IN ({ids}) ORDER BY id"
        )
        found: list[dict[str, str]] = self._send("POST", f"{SUITEQL}?limit=1000", {"q": query})[0]["items"]
        return found

    def create(self, order: Mapping[str, Any]) -> int:
        """Enters an order; returns its internal id."""
        return int(self._send("POST", ORDERS, order)[1].rsplit("/", 1)[-1])

    def change(self, order_id: int, fields: Mapping[str, Any]) -> None:
        """Changes fields of an order."""
        self._send("PATCH", f"{ORDERS}/{order_id}", fields)

    def _send(self, method: Method, path: str, body: Mapping[str, Any]) -> tuple[Any, str]:
        """The answer's body and where it says the record is. A busy account is asked again."""
        while True:
            status, answer, location = self._attempt(method, path, body)
            if status == BUSY:
                time.sleep(0.1)
                continue
            if status >= 400:
                raise HTTPException(f"{method} {path}: {status} {answer[:300]!r}")
            return (json.loads(answer) if answer else None), location

    def _attempt(self, method: Method, path: str, body: Mapping[str, Any]) -> tuple[int, bytes, str]:
        headers = {"Content-Type": "application/json", "Prefer": "transient"}
        _, signed, _ = self._signing.sign(f"http://{HOST}:{self._port}{path}", method, None, headers)
        connection = HTTPConnection(HOST, self._port, timeout=10)
        try:
            connection.request(method, path, json.dumps(body), signed)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers.get("Location", "")
        finally:
            connection.close()
