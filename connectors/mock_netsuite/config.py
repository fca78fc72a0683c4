"""Everything that can be set about the mocked account."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from connectors.mock_netsuite.chaos import Fault

Endpoint = Literal["suiteql", "record", "metadata", "system", "token"]


DATE_FORMATS = (
    "M/D/YYYY",
    "MM/DD/YYYY",
    "D/M/YYYY",
    "DD/MM/YYYY",
    "D.M.YYYY",
    "DD.MM.YYYY",
    "D-Mon-YYYY",
    "DD-Mon-YYYY",
    "DD-MON-YYYY",
    "YYYY/M/D",
    "YYYY/MM/DD",
    "YYYY-M-D",
    "YYYY-MM-DD",
)


class CustomField(BaseModel):
    """One more custom field of the account, e.g. `custbody_contract_end` on the order header."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scriptid: str = Field(pattern=r"^cust(body|col|entity)_[a-z0-9_]+$")
    kind: Literal["date", "text", "number"] = "date"


class MockConfig(BaseModel):
    """The account, its login, its data and its faults. Frozen; `/_mock/` changes a running account.

    Without any credentials set, the documented demo values below are valid ones: account `TSTDRV1234567`,
    consumer key `demo-consumer-key`, consumer secret `demo-consumer-secret`, token id `demo-token-id`, token
    secret `demo-token-secret`. OAuth 2.0 has no demo default, since a private key must not be in the source.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    # login
    account: str = "TSTDRV1234567"
    consumer_key: str = "demo-consumer-key"
    consumer_secret: SecretStr = SecretStr("demo-consumer-secret")
    token_id: str = "demo-token-id"  # noqa: S105  a name, not a secret
    token_secret: SecretStr = SecretStr("demo-token-secret")
    client_id: str | None = None
    certificate_id: str | None = None
    key_file: Path | None = None  # certificate, public or private key (PEM): only its public part is used
    token_seconds: int = 3600
    lock_out: bool = False  # five refused logins lock the login for 30 minutes

    # server
    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535)  # 0: any free port
    scheme: Literal["http", "https"] = "http"  # what the client sees, e.g. behind a TLS proxy
    body_limit: int = 32 * 1024 * 1024  # bytes

    # data
    orders: int = Field(default=1000, ge=0)
    customers: int | None = Field(default=None, ge=1)  # unset: one for every twenty orders
    seed: int = 1
    today: date | None = None  # the day all dates are relative to; unset: the day of the start
    with_lines: bool = True
    custom_fields: tuple[CustomField, ...] = ()

    # account
    time_zone: str = "America/Los_Angeles"  # session time zone of the integration user
    date_format: str = "M/D/YYYY"  # preference of the integration user, one of DATE_FORMATS
    one_world: bool = True
    suite_billing: bool = True
    administrator: bool = True  # may read governanceLimits
    hidden_tables: frozenset[str] = frozenset()
    hidden_columns: frozenset[str] = frozenset()  # "transaction.memo"
    unknown_column_status: Literal[400, 500] = 400
    line_edits_bump_header: bool = True
    locked_records: frozenset[int] = frozenset()  # a read answers 400 USER_ERROR
    row_cap: int = 100_000
    query_seconds: float = Field(default=30.0, gt=0)  # a query that takes longer answers 500 UNEXPECTED_ERROR
    memory_limit: str = Field(default="4GB", pattern=r"^\d+(\.\d+)?[KMGT]B$")  # of all rows and queries

    # governance
    concurrency: int = Field(default=5, ge=1)
    over_limit: Literal["429", "queue-then-401"] = "429"
    queue_seconds: float = 60.0
    retry_after: float | None = None  # seconds; unset: no Retry-After, as documented

    # faults
    latency: dict[Endpoint, float] = Field(default_factory=dict)  # seconds
    faults: tuple[Fault, ...] = ()
    clock_offset: float = 0.0  # seconds

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            return ZoneInfo(name).key
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: a folder of zones, `America`
            raise ValueError(f"time zone {name!r} is not in the tz database") from error

    @field_validator("date_format")
    @classmethod
    def _known_format(cls, name: str) -> str:
        if name not in DATE_FORMATS:
            raise ValueError(f"date format {name!r} is none of {', '.join(DATE_FORMATS)}")
        return name

    @classmethod
    def from_environment(cls, **settings: Any) -> Self:
        """Account and credentials from the NETSUITE_* names; `settings` win over them."""
        found = {field: os.environ[name] for name, field in _ENVIRONMENT.items() if os.environ.get(name)}
        return cls(**{**found, **settings})

    def environment(self) -> dict[str, str]:
        """The NETSUITE_* variables with which a client logs in by token."""
        return {
            "NETSUITE_ACCOUNT": self.account,
            "NETSUITE_CONSUMER_KEY": self.consumer_key,
            "NETSUITE_CONSUMER_SECRET": self.consumer_secret.get_secret_value(),
            "NETSUITE_TOKEN_ID": self.token_id,
            "NETSUITE_TOKEN_SECRET": self.token_secret.get_secret_value(),
        }

    @property
    def customer_count(self) -> int:
        return self.customers if self.customers is not None else max(1, self.orders // 20)


_ENVIRONMENT = {
    "NETSUITE_ACCOUNT": "account",
    "NETSUITE_CONSUMER_KEY": "consumer_key",
    "NETSUITE_CONSUMER_SECRET": "consumer_secret",
    "NETSUITE_TOKEN_ID": "token_id",
    "NETSUITE_TOKEN_SECRET": "token_secret",
    "NETSUITE_CLIENT_ID": "client_id",
    "NETSUITE_CERTIFICATE_ID": "certificate_id",
    "NETSUITE_PRIVATE_KEY_FILE": "key_file",
}
