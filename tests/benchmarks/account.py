"""The mock NetSuite account as a process of its own, and changes made in it through its record API."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from typing import Any

import requests
from requests_oauthlib import OAuth1

from connectors.mock_netsuite import MockConfig
from worker.lifeline import end_with_parent

TODAY = "2026-01-01"  # the data's own day: none of its orders changed lately
TIMEOUT = (5.0, 60.0)  # s
FIRST_CUSTOMER = 101
CONFIG = MockConfig()


class Account:
    """A running mock account."""

    def __init__(self, base_url: str, orders: int) -> None:
        self.base_url = base_url
        self.orders = orders
        self._http = requests.Session()

    @property
    def environment(self) -> dict[str, str]:
        """What a worker needs to know of the account."""
        return {
            "NETSUITE_ACCOUNT": CONFIG.account,
            "NETSUITE_BASE_URL": self.base_url,
            "NETSUITE_CONSUMER_KEY": CONFIG.consumer_key,
            "NETSUITE_CONSUMER_SECRET": CONFIG.consumer_secret.get_secret_value(),
            "NETSUITE_TOKEN_ID": CONFIG.token_id,
            "NETSUITE_TOKEN_SECRET": CONFIG.token_secret.get_secret_value(),
        }

    def signer(self) -> OAuth1:
        """Token-based login, as the connector does it."""
        return OAuth1(
            CONFIG.consumer_key,
            CONFIG.consumer_secret.get_secret_value(),
            CONFIG.token_id,
            CONFIG.token_secret.get_secret_value(),
            signature_method="HMAC-SHA256",
            realm=CONFIG.account,
        )

    def forget(self) -> None:
        """Begins the counts anew."""
        self._control("DELETE", "log")

    def stats(self) -> dict[str, Any]:
        """Requests, seconds of the account's own work by endpoint, most in flight; since `forget`."""
        return dict(self._control("GET", "stats").json())

    def set(self, **settings: object) -> None:
        self._control("PATCH", "settings", settings)

    def end_terms_on(self, order_ids: Sequence[int], day: date) -> None:
        """Gives orders a new last day, one PATCH each, as the sales desk would."""
        for order_id in order_ids:
            url = f"{self.base_url}/services/rest/record/v1/salesOrder/{order_id}"
            body = {"endDate": day.isoformat()}
            answer = self._http.patch(url, json=body, auth=self.signer(), timeout=TIMEOUT)
            answer.raise_for_status()

    def _control(self, method: str, name: str, body: object = None) -> requests.Response:
        answer = self._http.request(method, f"{self.base_url}/_mock/{name}", json=body, timeout=TIMEOUT)
        answer.raise_for_status()
        return answer


@contextmanager
def account(orders: int, customers: int) -> Iterator[Account]:
    """A mock with so many orders, always the same ones, without latency."""
    words = ["--orders", str(orders), "--customers", str(customers), "--today", TODAY]
    process = subprocess.Popen(
        [sys.executable, "-m", "connectors.mock_netsuite", *words],
        env={name: value for name, value in os.environ.items() if not name.startswith("NETSUITE_")},
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=partial(end_with_parent, signal.SIGTERM, os.getpid()),
    )
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        yield Account(ready["base_url"], orders)
    finally:
        process.terminate()
        process.communicate(timeout=30)
