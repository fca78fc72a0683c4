"""From settings to a client and a reader; the login is the one whose settings are present."""

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import redis
from pydantic import SecretStr

from connectors.errors import OperatorMustAct
from connectors.netsuite.account import Account
from connectors.netsuite.auth import (
    CertificateCredentials,
    ClientCredentialsAuth,
    Login,
    NetSuiteCredentials,
    TokenAuth,
    TokenCredentials,
)
from connectors.netsuite.client import ApiCall, NetSuiteClient
from connectors.netsuite.codes import error
from connectors.netsuite.fields import TermFields
from connectors.netsuite.governor import Governor
from connectors.netsuite.refusals import RedisRefusals
from connectors.netsuite.sales_orders import SalesOrders
from connectors.netsuite.transport import Timeouts

_TOKEN_SETTINGS = (
    "netsuite_consumer_key",
    "netsuite_consumer_secret",
    "netsuite_token_id",
    "netsuite_token_secret",
)
_CERTIFICATE_SETTINGS = ("netsuite_client_id", "netsuite_certificate_id", "netsuite_private_key_file")


class AccountSettings(Protocol):
    """The settings of an account and its login, named as their environment variables; empty counts as absent."""

    @property
    def netsuite_account(self) -> str | None: ...
    @property
    def netsuite_base_url(self) -> str | None: ...
    @property
    def netsuite_consumer_key(self) -> SecretStr | None: ...
    @property
    def netsuite_consumer_secret(self) -> SecretStr | None: ...
    @property
    def netsuite_token_id(self) -> SecretStr | None: ...
    @property
    def netsuite_token_secret(self) -> SecretStr | None: ...
    @property
    def netsuite_client_id(self) -> str | None: ...
    @property
    def netsuite_certificate_id(self) -> str | None: ...
    @property
    def netsuite_private_key_file(self) -> Path | None: ...


class ReaderSettings(Protocol):
    @property
    def netsuite_term_start(self) -> str: ...
    @property
    def netsuite_term_end(self) -> str: ...
    @property
    def page_size(self) -> int: ...


def connect(
    settings: AccountSettings,
    slots: int = 4,
    slots_in: "redis.Redis | None" = None,
    timeouts: tuple[float, float] = Timeouts(),
    on_call: Callable[[ApiCall], None] | None = None,
    stopping: threading.Event | None = None,
) -> NetSuiteClient:
    """A client for the account; sends nothing yet.

    `slots`: the most requests in flight, over all processes that share the Redis `slots_in` (which needs socket
    timeouts), or in this process alone; they share what is known of a refused login, too. `timeouts`: connect and
    read, in seconds.

    Raises OperatorMustAct `netsuite-account-invalid`, `netsuite-base-url-invalid`, `netsuite-login-missing`,
    `-incomplete`, `-ambiguous`, `netsuite-key-unreadable` or `-exposed`.
    """
    account = Account.of(settings.netsuite_account or "", settings.netsuite_base_url)
    credentials = choose_credentials(settings)
    login = _login(credentials, account)
    return NetSuiteClient(
        account.realm,
        login,
        settings.netsuite_base_url,
        Governor(slots, account.realm, slots_in),
        timeouts,
        on_call,
        stopping,
        refusals=RedisRefusals(slots_in, account.realm, _digest(credentials)) if slots_in else None,
    )


def order_reader(settings: ReaderSettings, client: NetSuiteClient) -> SalesOrders:
    """The reader of sales orders with the configured term fields. OperatorMustAct `term-fields-invalid`."""
    start = TermFields.parse(settings.netsuite_term_start, "NETSUITE_TERM_START")
    end = TermFields.parse(settings.netsuite_term_end, "NETSUITE_TERM_END")
    return SalesOrders(client, start, end, settings.page_size)


def choose_credentials(settings: AccountSettings) -> NetSuiteCredentials:
    """The one login whose settings are all present."""
    names = (*_TOKEN_SETTINGS, *_CERTIFICATE_SETTINGS)
    given = {name: value for name in names if (value := _plain(getattr(settings, name)))}
    token = [name for name in _TOKEN_SETTINGS if name in given]
    certificate = [name for name in _CERTIFICATE_SETTINGS if name in given]
    if not given:
        raise error(OperatorMustAct, "netsuite-login-missing", "No NETSUITE_* login setting is set")
    if token and certificate:
        message = f"Settings of both logins are set: {_shown(token)} and {_shown(certificate)}"
        raise error(OperatorMustAct, "netsuite-login-ambiguous", message)
    missing = [name for name in (_TOKEN_SETTINGS if token else _CERTIFICATE_SETTINGS) if name not in given]
    if missing:
        message = f"{_shown(token + certificate)} needs {_shown(missing)} too"
        raise error(OperatorMustAct, "netsuite-login-incomplete", message)
    if token:
        return TokenCredentials(*(SecretStr(given[name]) for name in _TOKEN_SETTINGS))
    client_id, certificate_id, key_file = (given[name] for name in _CERTIFICATE_SETTINGS)
    return CertificateCredentials(client_id, certificate_id, Path(key_file))


def _login(credentials: NetSuiteCredentials, account: Account) -> Login:
    if isinstance(credentials, TokenCredentials):
        return TokenAuth(credentials, account.realm)
    return ClientCredentialsAuth(credentials, account.base_url)


def _digest(credentials: NetSuiteCredentials) -> str:
    """Names a login without telling it: the same for the same secrets, another once one of them is corrected."""
    parts = [_plain(part).encode() for part in credentials]
    if isinstance(credentials, CertificateCredentials):
        parts.append(credentials.private_key_file.read_bytes())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _plain(value: SecretStr | str | Path | None) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(value) if value is not None else ""


def _shown(settings: list[str]) -> str:
    return ", ".join(name.upper() for name in settings)
