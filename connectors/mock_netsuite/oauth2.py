"""OAuth 2.0 client credentials (machine to machine): the assertion and the access token, verified for real."""

from __future__ import annotations

import secrets
import threading
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from connectors.mock_netsuite.clock import Clock
from connectors.mock_netsuite.config import MockConfig
from connectors.mock_netsuite.messages import Request, Response, json_response
from connectors.mock_netsuite.oauth1 import Refused

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105  a path, not a secret
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ALGORITHMS = ["PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
_SCOPES = {"restlets", "rest_webservices", "suite_analytics"}
_LONGEST_SECONDS = 3600
_SKEW_SECONDS = 300


def public_key(path: Path) -> PublicKeyTypes:
    """The public part of a PEM file: a certificate, a public key or a private key."""
    pem = path.read_bytes()
    if b"BEGIN CERTIFICATE" in pem:
        return x509.load_pem_x509_certificate(pem).public_key()
    if b"PRIVATE KEY" in pem:
        return load_pem_private_key(pem, password=None).public_key()
    return load_pem_public_key(pem)


class _Denied(Exception):
    """An OAuth 2.0 error answer."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error, self.status = error, status


class ClientCredentialsLogin:
    """Gives out access tokens for good assertions, and knows them again until they end."""

    def __init__(self, config: MockConfig, clock: Clock) -> None:
        self._config, self._clock = config, clock
        self._key = public_key(config.key_file) if config.key_file and config.client_id else None
        self._signing_key = secrets.token_hex(32)
        self._lock = threading.Lock()
        self._tokens: dict[str, float] = {}

    def issue(self, request: Request) -> tuple[Response, str | None]:
        """The token endpoint: the answer, and the reason for the audit trail when it is a refusal."""
        try:
            return json_response(self._grant(request)), None
        except _Denied as denied:
            response = json_response({"error": denied.error}, status=denied.status)
            if denied.error == "invalid_client":
                response.headers["WWW-Authenticate"] = f'Basic realm="{self._config.account}"'
            return response, denied.error

    def check(self, header: str) -> None:
        """A bearer header on a resource; raises Refused."""
        token = header.partition(" ")[2].strip()
        with self._lock:
            ends = self._tokens.get(token)
        if ends is None or ends <= self._clock.seconds():
            raise Refused("invalid_token", "invalid_token")

    def _grant(self, request: Request) -> dict[str, Any]:
        form = request.form()
        if request.method != "POST" or "grant_type" not in form:
            raise _Denied("invalid_request")
        if form["grant_type"] != "client_credentials":
            raise _Denied("unsupported_grant_type")
        if form.get("client_assertion_type") != ASSERTION_TYPE or not form.get("client_assertion"):
            raise _Denied("invalid_request")
        claims = self._claims(form["client_assertion"])
        self._check_claims(claims, request)
        return self._new_token(_scopes(claims.get("scope")))

    def _claims(self, assertion: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(assertion)
            if self._key is None or header.get("kid") != self._config.certificate_id:
                raise _Denied("invalid_client", 401)
            unchecked = {"verify_aud": False, "verify_exp": False, "verify_iat": False, "verify_nbf": False}
            claims: dict[str, Any] = jwt.decode(assertion, self._key, algorithms=_ALGORITHMS, options=unchecked)  # type: ignore[arg-type]
        except (jwt.PyJWTError, TypeError, ValueError) as error:
            raise _Denied("invalid_client", 401) from error
        return claims

    def _check_claims(self, claims: dict[str, Any], request: Request) -> None:
        """Issuer, audience and times; the audience may name any host, as Oracle's own sample does."""
        if claims.get("iss") != self._config.client_id:
            raise _Denied("invalid_client", 401)
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if not any(str(one).partition("://")[2].partition("/")[2] == TOKEN_PATH[1:] for one in audiences):
            raise _Denied("invalid_grant")
        issued, ends = claims.get("iat"), claims.get("exp")
        if not isinstance(issued, int | float) or not isinstance(ends, int | float):
            raise _Denied("invalid_grant")
        now = self._clock.seconds()
        if not 0 < ends - issued <= _LONGEST_SECONDS or ends <= now or issued > now + _SKEW_SECONDS:
            raise _Denied("invalid_grant")

    def _new_token(self, scopes: set[str]) -> dict[str, Any]:
        if not scopes or not scopes <= _SCOPES:
            raise _Denied("invalid_scope")
        if "rest_webservices" not in scopes:
            raise _Denied("unauthorized_client")
        now = self._clock.seconds()
        ends = now + self._config.token_seconds
        claims = {"iss": self._config.account, "iat": int(now), "exp": int(ends), "jti": secrets.token_hex(8)}
        token = jwt.encode(claims, self._signing_key, algorithm="HS256")
        with self._lock:
            self._tokens = {known: end for known, end in self._tokens.items() if end > now} | {token: ends}
        return {"access_token": token, "expires_in": self._config.token_seconds, "token_type": "Bearer"}

    def revoke_all(self) -> None:
        """Ends every access token given out."""
        with self._lock:
            self._tokens.clear()


def _scopes(scope: object) -> set[str]:
    """Scopes as clients send them: a JSON array, one string, or several in one string."""
    parts = scope if isinstance(scope, list) else [scope]
    return {word for part in parts if isinstance(part, str) for word in part.replace(",", " ").split()}
