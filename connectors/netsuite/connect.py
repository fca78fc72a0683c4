"""From settings to a client: the login is the one whose settings are present."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import redis
from pydantic import SecretStr

from connectors.errors import OperatorMustAct
from connectors.netsuite.account import Account
from connectors.netsuite.auth import (
    CertificateCredentials,
    ClientCredentialsAuth,
    NetSuiteCredentials,
    TokenAuth,
    TokenCredentials,
)
from connectors.netsuite.client import ApiCall, NetSuiteClient
from connectors.netsuite.codes import error
from connectors.netsuite.governor import Governor
from connectors.netsuite.transport import Timeouts

Setting = SecretStr | str | Path | None

_TOKEN_SETTINGS = ("consumer_key", "consumer_secret", "token_id", "token_secret")
_CERTIFICATE_SETTINGS = ("client_id", "certificate_id", "private_key_file")


def connect(
    account: str,
    *,
    consumer_key: Setting = None,
    consumer_secret: Setting = None,
    token_id: Setting = None,
    token_secret: Setting = None,
    client_id: Setting = None,
    certificate_id: Setting = None,
    private_key_file: Setting = None,
    base_url: str | None = None,
    slots: int = 4,
    slots_in: "redis.Redis | None" = None,
    timeouts: tuple[float, float] = Timeouts(),
    on_call: Callable[[ApiCall], None] | None = None,
    stopping: threading.Event | None = None,
) -> NetSuiteClient:
    """A client for the account, named as in the NETSUITE_* settings.

    `slots` is the most requests in flight, shared by all processes through the Redis `slots_in` (which needs
    socket timeouts), or in this process alone. `timeouts`: connect and read, in seconds. Sends nothing yet.

    Raises OperatorMustAct `netsuite-account-invalid`, `netsuite-base-url-invalid`, `netsuite-login-missing`,
    `-incomplete`, `-ambiguous`, `netsuite-key-unreadable` or `-exposed`.
    """
    place = Account.of(account, base_url)
    given = {
        "consumer_key": consumer_key,
        "consumer_secret": consumer_secret,
        "token_id": token_id,
        "token_secret": token_secret,
        "client_id": client_id,
        "certificate_id": certificate_id,
        "private_key_file": private_key_file,
    }
    credentials = choose_credentials({name: _plain(value) for name, value in given.items()})
    if isinstance(credentials, TokenCredentials):
        login: TokenAuth | ClientCredentialsAuth = TokenAuth(credentials, place.realm)
    else:
        login = ClientCredentialsAuth(credentials, place.base_url)
    governor = Governor(slots, place.realm, slots_in)
    return NetSuiteClient(account, login, base_url, governor, timeouts, on_call, stopping)


def choose_credentials(given: Mapping[str, str]) -> NetSuiteCredentials:
    """The one login whose settings are all present; empty counts as absent."""
    present = {name for name, value in given.items() if value}
    token, certificate = present.intersection(_TOKEN_SETTINGS), present.intersection(_CERTIFICATE_SETTINGS)
    if not present:
        raise error(OperatorMustAct, "netsuite-login-missing", "No NETSUITE_* login setting is set")
    if token and certificate:
        message = f"Settings of both logins are set: {_names(token)} and {_names(certificate)}"
        raise error(OperatorMustAct, "netsuite-login-ambiguous", message)
    missing = set(_TOKEN_SETTINGS if token else _CERTIFICATE_SETTINGS) - present
    if missing:
        message = f"{_names(present)} needs {_names(missing)} too"
        raise error(OperatorMustAct, "netsuite-login-incomplete", message)
    if token:
        return TokenCredentials(*(SecretStr(given[name]) for name in _TOKEN_SETTINGS))
    key_file = Path(given["private_key_file"])
    return CertificateCredentials(SecretStr(given["client_id"]), given["certificate_id"], key_file)


def _plain(value: Setting) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(value) if value is not None else ""


def _names(settings: set[str]) -> str:
    return ", ".join(sorted(f"NETSUITE_{name.upper()}" for name in settings))
