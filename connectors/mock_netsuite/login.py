"""Who may come in: either login, the audit trail, and the lock after repeated failures."""

from __future__ import annotations

import threading
from collections import deque

from connectors.mock_netsuite import problems
from connectors.mock_netsuite.clock import Clock
from connectors.mock_netsuite.config import MockConfig
from connectors.mock_netsuite.messages import Request, Response
from connectors.mock_netsuite.oauth1 import Refused, TokenLogin, account_key
from connectors.mock_netsuite.oauth2 import ClientCredentialsLogin

_FAILURES = 5
_LOCK_SECONDS = 1800


class Login:
    """Checks a request's Authorization header; every refusal is one line in the audit trail."""

    def __init__(self, config: MockConfig, clock: Clock) -> None:
        self._config, self._clock = config, clock
        self._tokens = TokenLogin(config, clock)
        self._credentials = ClientCredentialsLogin(config, clock)
        self._lock = threading.Lock()
        self._failures = 0
        self._locked_until = 0.0
        self.audit: deque[dict[str, str]] = deque(maxlen=1000)

    def issue_token(self, request: Request) -> Response:
        response, reason = self._credentials.issue(request)
        if reason is not None:
            self._note(reason)
        return response

    def check(self, request: Request) -> None:
        """Raises NetSuite's 401 for anything but a good login."""
        header = request.headers.get("authorization", "")
        scheme = header.partition(" ")[0].lower()
        try:
            self._check_lock()
            if scheme == "oauth":
                self._tokens.check(header, request)
            elif scheme == "bearer":
                self._credentials.check(header)
            else:
                raise Refused("MissingAuthorization")
        except Refused as refused:
            self._failed(refused)
            raise problems.invalid_login(self.challenge(scheme, refused.error)) from refused
        with self._lock:
            self._failures = 0

    def challenge(self, scheme: str = "oauth", error: str = "token_rejected") -> str:
        """The WWW-Authenticate header of a refusal."""
        realm = account_key(self._config.account)
        word = "Bearer" if scheme == "bearer" else "OAuth"
        return f'{word} realm="{realm}", error="{error}", error_description="Invalid login attempt."'

    def revoke_tokens(self) -> None:
        self._credentials.revoke_all()

    def _check_lock(self) -> None:
        if self._config.lock_out and self._clock.seconds() < self._locked_until:
            raise Refused("temporary_locked")

    def _failed(self, refused: Refused) -> None:
        self._note(refused.reason)
        with self._lock:
            self._failures += 1
            if self._failures >= _FAILURES:
                self._failures = 0
                self._locked_until = self._clock.seconds() + _LOCK_SECONDS

    def _note(self, reason: str) -> None:
        self.audit.append({"time": self._clock.now().isoformat(), "status": "Failure", "detail": reason})
