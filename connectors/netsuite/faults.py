"""What each failure means, as a table: (status, o:errorCode, text) → whose fault and what to do.

Network failures are in `_NETWORK`, NetSuite's answers in `RULES`, refusals of a login assertion in `TOKEN_RULES`;
`ATTEMPTS` says how often a passing failure is tried in all before it is handed to the caller.
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
import requests
from requests.structures import CaseInsensitiveDict

from connectors.errors import ConnectorError, NotFound, OperatorMustAct, TryAgain
from connectors.headers import http_date, retry_after
from connectors.netsuite.codes import CODES, error

CLOCK_SKEW = "clock-skew"
BUSY = "netsuite-busy"

ATTEMPTS = {
    BUSY: 8,
    "netsuite-unavailable": 6,
    "netsuite-unreachable": 5,
    "netsuite-answer-broken": 4,
    "netsuite-answer-too-large": 2,
    "netsuite-timeout": 3,
    "netsuite-unexpected-error": 3,
}
CLOCK_TOLERANCE = 270.0
"""Seconds; NetSuite refuses signatures more than five minutes off."""


NOT_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that are not the JSON asked for: other types, other text, nested without end."""

_MESSAGE_LIMIT = 1000
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


class Answer(NamedTuple):
    """An HTTP answer of any status, its body decompressed."""

    status: int
    headers: CaseInsensitiveDict[str]
    body: bytes


class LoginRefused(OperatorMustAct):
    """A 401. Overload looks the same, so the client confirms it by a lone request before anybody is told."""


class UnknownField(OperatorMustAct):
    """NetSuite does not know `field` (lower case), or the role may not see it."""

    def __init__(self, field: str, message: str) -> None:
        code = "netsuite-unknown-field"
        super().__init__(code, message, CODES[code].remedy)
        self.field = field


class Rule(NamedTuple):
    """The first rule whose every given part matches decides."""

    statuses: range
    error_code: str | None
    text: str | None
    kind: type[ConnectorError]
    code: str


def _only(status: int) -> range:
    return range(status, status + 1)


_ANY = range(100, 600)
_UNKNOWN_FIELD = r"Unknown identifier '([^']+)'|Field '([^']+)'"

RULES = (
    Rule(_ANY, "CONCURRENCY_LIMIT_EXCEEDED", None, TryAgain, BUSY),
    Rule(_ANY, "SSS_REQUEST_LIMIT_EXCEEDED", None, TryAgain, BUSY),
    Rule(_only(429), None, None, TryAgain, BUSY),
    Rule(_only(401), None, None, LoginRefused, "netsuite-login-refused"),
    Rule(range(400, 404), "INSUFFICIENT_PERMISSION", None, OperatorMustAct, "netsuite-permission-missing"),
    Rule(_only(403), None, None, OperatorMustAct, "netsuite-permission-missing"),
    Rule(_only(404), None, None, NotFound, "netsuite-not-found"),
    Rule(range(400, 406), "INVALID_URL", None, NotFound, "netsuite-not-found"),
    Rule(_only(400), None, _UNKNOWN_FIELD, OperatorMustAct, "netsuite-unknown-field"),
    Rule(_only(400), None, r"Record '[^']*' was not found", OperatorMustAct, "netsuite-record-not-readable"),
    Rule(_only(400), None, r"Invalid search type", OperatorMustAct, "netsuite-record-not-readable"),
    Rule(_only(400), "INVALID_PARAMETER", None, OperatorMustAct, "netsuite-query-refused"),
    Rule(_only(408), None, None, TryAgain, "netsuite-timeout"),
    Rule(range(300, 400), None, None, OperatorMustAct, "netsuite-redirected"),
    Rule(range(400, 500), None, None, OperatorMustAct, "netsuite-request-refused"),
    Rule(_only(500), None, None, TryAgain, "netsuite-unexpected-error"),
    Rule(range(500, 600), None, None, TryAgain, "netsuite-unavailable"),
)

TOKEN_RULES = (
    Rule(_ANY, "server_error", None, TryAgain, "netsuite-unavailable"),
    Rule(_only(429), None, None, TryAgain, BUSY),
    Rule(range(400, 402), None, None, OperatorMustAct, "netsuite-login-refused"),
    *RULES,
)

_NETWORK: tuple[tuple[type[Exception], str, type[ConnectorError], str], ...] = (
    (requests.exceptions.SSLError, "CERTIFICATE_VERIFY_FAILED", OperatorMustAct, "netsuite-tls-refused"),
    (requests.exceptions.ConnectTimeout, "", TryAgain, "netsuite-unreachable"),
    (requests.exceptions.Timeout, "", TryAgain, "netsuite-timeout"),
    (requests.exceptions.ConnectionError, "Read timed out", TryAgain, "netsuite-timeout"),
    (requests.exceptions.ChunkedEncodingError, "", TryAgain, "netsuite-answer-broken"),
    (requests.exceptions.ContentDecodingError, "", TryAgain, "netsuite-answer-broken"),
    (Exception, "", TryAgain, "netsuite-unreachable"),
)


class _Detail(msgspec.Struct):
    detail: Any = ""
    code: Any = msgspec.field(name="o:errorCode", default="")


class _Body(msgspec.Struct):
    """NetSuite's error object, or OAuth 2.0's (`error`, `error_description`)."""

    code: Any = msgspec.field(name="o:errorCode", default="")
    details: list[_Detail] = msgspec.field(name="o:errorDetails", default_factory=list)
    error: Any = ""
    error_description: Any = ""


def answer_fault(answer: Answer, rules: tuple[Rule, ...] = RULES) -> ConnectorError:
    """The error an answer other than 2xx stands for."""
    codes, text = _said(answer.body)
    for rule in rules:
        match = re.search(rule.text, text, re.IGNORECASE) if rule.text else None
        if answer.status in rule.statuses and rule.error_code in (None, *codes) and (match or not rule.text):
            return _fault(rule, answer, text, match)
    return error(OperatorMustAct, "netsuite-request-refused", _message(answer.status, text))


def _fault(rule: Rule, answer: Answer, text: str, match: re.Match[str] | None) -> ConnectorError:
    message = _message(answer.status, text)
    if rule.code == "netsuite-unknown-field" and match:
        field = next(filter(None, match.groups())).rpartition(".")[2].lower()
        return UnknownField(field, f"NetSuite knows no field {field!r}, or the role may not see it.")
    fault = error(rule.kind, rule.code, message)
    if isinstance(fault, TryAgain):
        fault.retry_after = retry_after(answer.headers.get("Retry-After", ""))
    return fault


def connection_fault(problem: Exception) -> ConnectorError:
    """The error an exception of the HTTP library stands for.

    A ValueError quotes the value it refuses, which may be a proxy's password or a login header, so its text is
    left out.
    """
    kind, code = next(
        (kind, code)
        for known, words, kind, code in _NETWORK
        if isinstance(problem, known) and words in str(problem)
    )
    text = "" if isinstance(problem, ValueError) else f": {str(problem)[:200]}"
    return error(kind, code, f"{CODES[code].meaning} ({type(problem).__name__}{text})")


def timed_out(seconds: float) -> TryAgain:
    """An exchange that went on past its time limit."""
    return error(TryAgain, "netsuite-timeout", f"NetSuite's answer was not complete after {seconds:g} s")


def too_large(limit: int) -> TryAgain:
    """A body that goes on past `limit` bytes."""
    return error(TryAgain, "netsuite-answer-too-large", f"NetSuite's answer is larger than {limit} bytes")


def broken(what: str) -> TryAgain:
    """A 2xx whose body cannot be what was asked for."""
    return error(TryAgain, "netsuite-answer-broken", f"NetSuite's answer {what}")


def clock_fault(headers: CaseInsensitiveDict[str], now: float) -> OperatorMustAct | None:
    """`clock-skew` when the answer's Date header is too far from `now` (seconds since the epoch)."""
    theirs = http_date(headers.get("Date", ""))
    ahead = now - theirs.timestamp() if theirs else 0.0
    if abs(ahead) <= CLOCK_TOLERANCE:
        return None
    direction = "ahead of" if ahead > 0 else "behind"
    message = (
        f"This machine's clock is {abs(ahead):.0f} s {direction} NetSuite's; signed requests may be 300 s off"
    )
    return error(OperatorMustAct, CLOCK_SKEW, message)


def _said(body: bytes) -> tuple[set[str], str]:
    """Error codes and text of an error body; nothing for HTML and other things that are not NetSuite's JSON.

    The text goes into logs and database columns, so it is cut and control characters become spaces.
    """
    try:
        said = msgspec.json.decode(body, type=_Body)
    except NOT_JSON:
        return set(), ""
    codes = _texts([said.code, said.error, *(detail.code for detail in said.details)])
    words = _texts([said.error, said.error_description, *(each.detail for each in said.details)])
    return set(codes), _CONTROL.sub(" ", " ".join(words))[:_MESSAGE_LIMIT]


def _texts(values: Iterable[Any]) -> list[str]:
    return [value for value in values if value and isinstance(value, str)]


def _message(status: int, text: str) -> str:
    return f"NetSuite answered {status}" + (f": {text}" if text else "")
