"""Token-based authentication: OAuth 1.0a with HMAC-SHA256, verified for real."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import threading
from collections.abc import Iterable
from urllib.parse import quote, unquote

from connectors.mock_netsuite.clock import Clock
from connectors.mock_netsuite.config import MockConfig
from connectors.mock_netsuite.messages import Request

WINDOW_SECONDS = 300
_PAIR = re.compile(r'\s*([A-Za-z0-9_]+)\s*=\s*"([^"]*)"\s*')
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def account_key(account: str) -> str:
    """An account id in the one form both `1234567_SB1` and `1234567-sb1` reduce to."""
    return account.replace("-", "_").upper()


def escape(text: str) -> str:
    """Percent-encoding of RFC 3986, as OAuth 1.0a wants it."""
    return quote(text, safe="-._~")


def base_string(method: str, url: str, parameters: Iterable[tuple[str, str]]) -> str:
    """The text that is signed; `parameters` are all of query, form and oauth_*, without realm and signature."""
    pairs = sorted((escape(name), escape(value)) for name, value in parameters)
    joined = "&".join(f"{name}={value}" for name, value in pairs)
    return "&".join((method.upper(), escape(url), escape(joined)))


def sign(text: str, consumer_secret: str, token_secret: str) -> str:
    """HMAC-SHA256 in base64."""
    key = f"{escape(consumer_secret)}&{escape(token_secret)}".encode()
    return base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode()


class Refused(Exception):
    """A login that failed; `reason` is what the Login Audit Trail shows, never the response."""

    def __init__(self, reason: str, error: str = "token_rejected") -> None:
        super().__init__(reason)
        self.reason, self.error = reason, error


class TokenLogin:
    """Checks the Authorization header of one request after another."""

    def __init__(self, config: MockConfig, clock: Clock) -> None:
        self._config, self._clock = config, clock
        self._lock = threading.Lock()
        self._nonces: dict[tuple[str, str, str], float] = {}

    def check(self, header: str, request: Request) -> None:
        """Raises Refused with the reason of the audit trail."""
        given = self._parameters(header)
        self._check_names(given)
        timestamp = self._check_time(given.get("oauth_timestamp", ""))
        if not hmac.compare_digest(self._expected(given, request), given.get("oauth_signature", "")):
            raise Refused("InvalidSignature")
        self._check_nonce(given, timestamp)

    def _parameters(self, header: str) -> dict[str, str]:
        return {name: unquote(value) for name, value in _PAIR.findall(header.partition(" ")[2])}

    def _check_names(self, given: dict[str, str]) -> None:
        if account_key(given.get("realm", "")) != account_key(self._config.account):
            raise Refused("permission_denied")
        if given.get("oauth_consumer_key") != self._config.consumer_key:
            raise Refused("consumer_key_unknown")
        if given.get("oauth_token") != self._config.token_id:
            raise Refused("token_rejected")
        if given.get("oauth_version", "1.0") != "1.0":
            raise Refused("VersionRejected")
        if given.get("oauth_signature_method") != "HMAC-SHA256":
            raise Refused("UnknownAlgorithm")

    def _check_time(self, timestamp: str) -> float:
        if not timestamp.isdigit() or abs(int(timestamp) - self._clock.seconds()) > WINDOW_SECONDS:
            raise Refused("InvalidTimestamp")
        return float(timestamp)

    def _expected(self, given: dict[str, str], request: Request) -> str:
        host = request.host.lower().removesuffix(_DEFAULT_PORTS[self._config.scheme])
        signed = [(name, value) for name, value in given.items() if name not in ("realm", "oauth_signature")]
        signed += request.query
        if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            signed += request.form().items()
        text = base_string(request.method, f"{self._config.scheme}://{host}{request.raw_path}", signed)
        secrets = self._config.consumer_secret.get_secret_value(), self._config.token_secret.get_secret_value()
        return sign(text, *secrets)

    def _check_nonce(self, given: dict[str, str], timestamp: float) -> None:
        """A nonce is good once for its token and timestamp; past the window its timestamp refuses it."""
        key = (given["oauth_token"], given["oauth_timestamp"], given.get("oauth_nonce", ""))
        if len(key[2]) < 6:
            raise Refused("InvalidNonce")
        with self._lock:
            if key in self._nonces:
                raise Refused("NonceUsed")
            if len(self._nonces) > 50_000:
                oldest = self._clock.seconds() - WINDOW_SECONDS
                self._nonces = {nonce: seen for nonce, seen in self._nonces.items() if seen >= oldest}
            self._nonces[key] = timestamp
