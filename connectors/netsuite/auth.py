"""The two logins: token-based (OAuth 1.0a, HMAC-SHA256) and OAuth 2.0 client credentials (signed assertion)."""

import logging
import stat
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import jwt
import msgspec
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256
from pydantic import SecretStr
from requests.auth import AuthBase
from requests_oauthlib import OAuth1

from connectors.errors import OperatorMustAct
from connectors.netsuite.codes import error
from connectors.netsuite.faults import NOT_JSON, Answer, broken

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105  an address, not a secret
ASSERTION_SECONDS = 300
RENEW_BEFORE = 300.0
"""Seconds before its end at which an access token (of 3600) is renewed."""

_ALGORITHMS = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}

# At debug level they print consumer keys, token ids and whole signed headers.
for _talkative in ("oauthlib", "requests_oauthlib"):
    logging.getLogger(_talkative).setLevel(logging.WARNING)

SigningKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PostToken = Callable[[dict[str, str]], Answer]


class TokenCredentials(NamedTuple):
    """Token-based authentication: an integration's consumer and one user's token."""

    consumer_key: SecretStr
    consumer_secret: SecretStr
    token_id: SecretStr
    token_secret: SecretStr


class CertificateCredentials(NamedTuple):
    """OAuth 2.0: the integration, and the certificate whose private key is in that file."""

    client_id: str
    certificate_id: str
    private_key_file: Path


NetSuiteCredentials = TokenCredentials | CertificateCredentials


class Login(Protocol):
    """Signs requests. Called for every attempt anew."""

    def signer(self, post_token: PostToken) -> AuthBase:
        """What signs one attempt. `post_token` sends a form to the token address; it may be called first."""

    def renew(self, refused: AuthBase) -> bool:
        """After a 401 for that signer: whether a newer token may help, so that one more attempt makes sense."""


class TokenAuth:
    """OAuth 1.0a; every signature has its own nonce, a re-sent one is a 401."""

    def __init__(self, credentials: TokenCredentials, realm: str) -> None:
        self._credentials = credentials
        self._realm = realm

    def signer(self, post_token: PostToken) -> AuthBase:
        key, secret, token, token_secret = (each.get_secret_value() for each in self._credentials)
        return OAuth1(key, secret, token, token_secret, signature_method=SIGNATURE_HMAC_SHA256, realm=self._realm)

    def renew(self, refused: AuthBase) -> bool:
        return False


class ClientCredentialsAuth:
    """OAuth 2.0: one access token for all threads, asked for once and renewed before its end.

    Reads the private key when made; raises OperatorMustAct `netsuite-key-unreadable`, `netsuite-key-exposed`.
    """

    def __init__(
        self, credentials: CertificateCredentials, base_url: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._credentials = credentials
        self._audience = base_url + TOKEN_PATH
        self._key, self._algorithm = _signing_key(credentials.private_key_file)
        self._clock = clock
        self._lock = threading.Lock()
        self._token: _Token | None = None

    def signer(self, post_token: PostToken) -> AuthBase:
        with self._lock:
            if self._token is None or self._clock() > self._token.renew_at:
                self._token = self._ask(post_token)
            return self._token.signer

    def renew(self, refused: AuthBase) -> bool:
        with self._lock:
            # Only the refused one: another thread may have fetched a new token meanwhile.
            if self._token is not None and self._token.signer is refused:
                self._token = None
        return True

    def _ask(self, post_token: PostToken) -> "_Token":
        asked_at = self._clock()
        answer = post_token(
            {
                "grant_type": "client_credentials",
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": self._assertion(int(asked_at)),
            }
        )
        try:
            said = msgspec.json.decode(answer.body, type=_TokenAnswer, strict=False)
        except NOT_JSON:
            raise broken("to the token request is not a token") from None
        life = float(said.expires_in)
        return _Token(_Bearer(SecretStr(said.access_token)), asked_at + max(life - RENEW_BEFORE, life / 2))

    def _assertion(self, now: int) -> str:
        claims: dict[str, Any] = {
            "iss": self._credentials.client_id,
            "scope": ["rest_webservices"],
            "aud": self._audience,
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
            "jti": uuid.uuid4().hex,
        }
        headers = {"kid": self._credentials.certificate_id}
        return jwt.encode(claims, self._key, algorithm=self._algorithm, headers=headers)


class _Token(NamedTuple):
    signer: "_Bearer"
    renew_at: float


class _TokenAnswer(msgspec.Struct):
    access_token: str
    expires_in: int = 3600


class _Bearer(AuthBase):
    def __init__(self, token: SecretStr) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        return request


def _signing_key(path: Path) -> tuple[SigningKey, str]:
    """The key and the algorithm that goes with it."""
    try:
        mode = path.stat().st_mode
        _refuse_exposed(path, mode)
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as problem:
        raise _unreadable(path, str(problem)) from None
    if isinstance(key, rsa.RSAPrivateKey):
        return key, "PS256"
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _ALGORITHMS:
        return key, _ALGORITHMS[key.curve.name]
    raise _unreadable(path, "NetSuite takes RSA, and EC on P-256, P-384 and P-521 only")


def _refuse_exposed(path: Path, mode: int) -> None:
    """Reading by the group is let through: that is how Kubernetes hands a secret to a process that is not root."""
    if mode & (stat.S_IRWXO | stat.S_IWGRP):
        message = f"NETSUITE_PRIVATE_KEY_FILE: {path} has mode {stat.S_IMODE(mode):04o}"
        raise error(OperatorMustAct, "netsuite-key-exposed", message)


def _unreadable(path: Path, reason: str) -> OperatorMustAct:
    return error(OperatorMustAct, "netsuite-key-unreadable", f"NETSUITE_PRIVATE_KEY_FILE: {path}: {reason}")
