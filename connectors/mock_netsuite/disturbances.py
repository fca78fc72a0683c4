"""Faults that answer in place of the account, and faults in how an answer is sent."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from connectors.mock_netsuite import problems
from connectors.mock_netsuite.chaos import Fault
from connectors.mock_netsuite.messages import COLLECTION, Response, Wire

if TYPE_CHECKING:
    from connectors.mock_netsuite.account import Account

_MAINTENANCE = (
    b"<!DOCTYPE html><html><head><title>NetSuite - Scheduled Maintenance</title></head><body><p>The account "
    b"you are trying to access is currently unavailable while we undergo our regularly scheduled maintenance."
    b"</p></body></html>"
)
_LOGIN_PAGE = b"<!DOCTYPE html><html><head><title>NetSuite - Customer Login</title></head><body></body></html>"
_BROKEN_JSON = b'{"links": [], "count": 1000, "hasMore": true, "items": [{"links": [], "id": "10'
_MEGABYTE = 1024 * 1024


def answer_instead(faults: Iterable[Fault], account: Account) -> Response | None:
    """What a fault answers before the request is looked at; None when the account answers itself."""
    for fault in faults:
        if fault.kind in ("latency", "queue-then-401"):
            time.sleep(fault.seconds)
        if fault.kind in _REFUSALS:
            raise _REFUSALS[fault.kind](fault, account)
        if fault.kind in _PAGES:
            return _PAGES[fault.kind](fault)
    return None


_REFUSALS: dict[str, Callable[[Fault, Account], problems.Problem]] = {
    "rate-limit": lambda fault, _: problems.too_many_requests(fault.retry_after),
    "queue-then-401": lambda _, account: problems.invalid_login(account.login.challenge()),
    "request-limit": lambda *_: problems.request_limit(),
    "server-error": lambda *_: problems.unexpected_error(),
}
_PAGES: dict[str, Callable[[Fault], Response]] = {
    "maintenance": lambda _: Response(503, _MAINTENANCE, "text/html; charset=utf-8"),
    "html-ok": lambda _: Response(200, _LOGIN_PAGE, "text/html; charset=utf-8"),
    "bad-json": lambda _: Response(200, _BROKEN_JSON, COLLECTION),
    "gzip-bomb": lambda fault: _bomb(fault.megabytes),
}


def _bomb(megabytes: int) -> Response:
    """A valid JSON page of spaces: a few kilobytes on the wire."""
    packed = gzip.compress(b'{"items": [' + b" " * (megabytes * _MEGABYTE) + b"]}", compresslevel=9)
    return Response(200, packed, COLLECTION, encoding="gzip")


def on_the_wire(response: Response, faults: Iterable[Fault]) -> Response:
    """The response with the faults of its transmission."""
    for fault in faults:
        match fault.kind:
            case "truncated":
                response.wire = Wire(keep=fault.share)
            case "reset":
                response.wire = Wire(keep=fault.share, reset=True)
            case "slow-page":
                response.wire = Wire(seconds=fault.seconds)
    return response
