"""Settings: environment variables, or the same names in an env file.

Every name is public interface. Where a value came from is part of the answer `describe()` gives.
"""

import os
import re
from datetime import timedelta
from email.utils import parseaddr
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from worker.errors import SettingInvalid

ENV_FILE_VARIABLE = "TERMSYNC_ENV_FILE"
# Up to the last @: a password somebody forgot to quote may hold any of the marks of a URL.
PASSWORD_IN_URL = re.compile(r"(?P<before>://[^:@/\s]*:)\S+(?=@)|(?P<named>password=)[^&\s]+")
MASK = "***"
ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")
LOOPBACK = ("localhost", "127.0.0.1", "::1")
HOUR_SECONDS, DAY_SECONDS, YEAR_HOURS = 3600, 86_400, 8760


class Described(NamedTuple):
    """One setting as a person sees it; secrets are masked in `value`."""

    name: str
    value: str | None
    source: str  # "default", "environment", "argument" or "file PATH"
    help: str


def _variable(field: str) -> str:
    """The environment variable of a field."""
    name = field.upper()
    return name if name.startswith(("DATABASE_", "REDIS_", "NETSUITE_")) else f"TERMSYNC_{name}"


class Settings(BaseSettings):
    """All settings of termsync. Immutable; made by `load()`."""

    model_config = SettingsConfigDict(
        alias_generator=_variable,
        validate_by_name=True,
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )

    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL, e.g. postgresql://user:password@host/termsync. Unset: an embedded server.",
    )
    redis_url: SecretStr | None = Field(
        default=None,
        description="Redis or Valkey: redis://host:6379/0, rediss:// or unix://. Unset: an embedded server.",
    )

    netsuite_account: str | None = Field(default=None, description="NetSuite account id, e.g. 1234567_SB1.")
    netsuite_base_url: str | None = Field(
        default=None,
        description="Only to point elsewhere, at the mock for example. Unset: made from the account id.",
    )
    netsuite_consumer_key: SecretStr | None = Field(default=None, description="Token-based login: consumer key.")
    netsuite_consumer_secret: SecretStr | None = Field(
        default=None, description="Token-based login: consumer secret."
    )
    netsuite_token_id: SecretStr | None = Field(default=None, description="Token-based login: token id.")
    netsuite_token_secret: SecretStr | None = Field(default=None, description="Token-based login: token secret.")
    netsuite_client_id: str | None = Field(
        default=None, description="OAuth 2.0 login: client id of the integration."
    )
    netsuite_certificate_id: str | None = Field(
        default=None,
        description="OAuth 2.0 login: certificate id given at its upload.",
    )
    netsuite_private_key_file: Path | None = Field(
        default=None,
        description="OAuth 2.0 login: PEM file of the certificate's private key, readable by its owner only.",
    )
    netsuite_term_start: str = Field(
        default="header:startdate",
        description="Term's first day: fields, first choice first, e.g. header:custbody_start, header:startdate.",
    )
    netsuite_term_end: str = Field(
        default="header:enddate",
        description="Term's last day: fields, first choice first, e.g. line:custcol_end_date, header:enddate.",
    )

    data_dir: Path = Field(
        default=Path(".termsync"),
        description="Where the embedded servers keep their data.",
    )
    poll_seconds: float = Field(
        default=5, ge=0.1, le=DAY_SECONDS, description="Seconds between two pulls of what changed."
    )
    full_hours: float = Field(default=24, ge=0.1, le=YEAR_HOURS, description="Hours between two full pulls.")
    slots: int = Field(
        default=4,
        ge=1,
        le=100,
        description="Most NetSuite requests in flight at once, over all processes.",
    )
    page_size: int = Field(default=1000, ge=1, le=1000, description="Rows asked for in one NetSuite page.")
    safety_seconds: float = Field(
        default=120,
        ge=0,
        le=DAY_SECONDS,
        description="Seconds before NetSuite's present at which a pull of changes ends, for late commits.",
    )
    overlap_seconds: float = Field(
        default=600,
        ge=0,
        le=30 * DAY_SECONDS,
        description="Seconds before the last watermark at which a pull of changes begins again.",
    )
    nightly_overlap_hours: float = Field(
        default=24,
        ge=0,
        le=YEAR_HOURS,
        description="Hours that the nightly pull of changes reads again.",
    )
    guard_min: int = Field(
        default=50,
        ge=0,
        description="Guard: newly expired enrollments of one tenant that never need approval.",
    )
    guard_share: float = Field(
        default=0.20,
        ge=0,
        le=1,
        description="Guard: share of a tenant's enrolled that may newly expire without approval.",
    )
    guard_orders_min: int = Field(
        default=5,
        ge=0,
        description="Guard: orders moved into the past below which their share does not count.",
    )
    guard_orders_share: float = Field(
        default=0.25,
        ge=0,
        le=1,
        description="Guard: share of a tenant's current orders that may move into the past without approval.",
    )
    guard_horizon_days: float = Field(
        default=2,
        ge=0,
        le=366,
        description="Guard: days from now by which a changed end counts as a loss of access. 0: only at once.",
    )
    guard_window_minutes: float = Field(
        default=60,
        ge=0,
        le=DAY_SECONDS / 60,
        description="Guard: minutes for which what was accepted unasked adds to what comes next. 0: for none.",
    )
    connect_timeout: float = Field(
        default=10, gt=0, le=HOUR_SECONDS, description="Seconds to connect to NetSuite."
    )
    read_timeout: float = Field(
        default=120, gt=0, le=HOUR_SECONDS, description="Seconds of silence from NetSuite in an answer."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level that is logged."
    )
    log_format: Literal["console", "json"] = Field(
        default="console", description="console for people, json for log collectors."
    )
    metrics_host: str = Field("127.0.0.1", description="Address that /metrics is served on.")
    metrics_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="Port of /metrics; `termsync up` gives each process the next one. 0: any free. Unset: none.",
    )
    web_host: str = Field("127.0.0.1", description="Address that the pages are served on.")
    web_port: int = Field(8000, ge=1, le=65535, description="Port that the pages are served on.")
    web_url: str | None = Field(
        default=None,
        description="Address people open the pages at, e.g. https://termsync.example.com behind TLS."
        " Unset: as they come.",
    )
    oidc_issuer: str | None = Field(
        default=None, description="Single sign-on: address of the OpenID Connect provider. Unset: passwords only."
    )
    oidc_client_id: str | None = Field(default=None, description="Single sign-on: client id at the provider.")
    oidc_client_secret: SecretStr | None = Field(
        default=None, description="Single sign-on: client secret at the provider."
    )
    oidc_trust_email: bool = Field(
        default=False,
        description="Single sign-on: take e-mail addresses that the provider does not call verified. Only where"
        " people cannot set their own there.",
    )

    secret_key: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="Key that secrets of webhooks are made with, the same for every process. Unset: kept in the"
        " data directory, beside an embedded database only.",
    )
    webhook_allow_networks: str = Field(
        default="",
        description="Networks beside the public internet that webhooks may call, e.g. 10.1.0.0/16, 127.0.0.0/8.",
    )
    webhook_timeout: float = Field(
        default=15, gt=0, le=300, description="Seconds from the call of a webhook to the end of its answer."
    )
    webhook_retry_seconds: float = Field(
        default=5,
        gt=0,
        le=HOUR_SECONDS,
        description="Seconds before a webhook's call that failed is made again; three times longer each time.",
    )
    webhook_attempts: int = Field(
        default=12, ge=1, le=100, description="Attempts after which a webhook's call is dead: about a day."
    )

    smtp_host: str | None = Field(
        default=None, description="Mail: name of the server that mails are handed to. Unset: mails wait."
    )
    smtp_security: Literal["none", "starttls", "tls"] = Field(
        default="starttls", description="Mail: starttls, tls (from the first byte) or none."
    )
    smtp_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="Mail: port of the server. Unset: 587 with starttls, 465 with tls, 25 with none.",
    )
    smtp_user: str | None = Field(default=None, description="Mail: login at the server. Unset: none.")
    smtp_password: SecretStr | None = Field(default=None, description="Mail: password of the login.")
    smtp_ca_file: Path | None = Field(
        default=None, description="Mail: PEM file of an authority to trust beside those of the system."
    )
    smtp_timeout: float = Field(
        default=30, gt=0, le=300, description="Mail: seconds for each step of handing a mail over."
    )
    mail_from: str | None = Field(
        default=None,
        description="Mail: sender, such as Example Learning <learning@example.com>. Unset: mails wait.",
    )
    ops_mail: str | None = Field(
        default=None,
        description="Addresses that are told at once of what is wrong, and when it is over. Unset: nobody.",
    )
    digest_to: str | None = Field(
        default=None,
        description="Who gets the weekly list of orders that end: addresses for all tenants, KEY=address for one.",
    )

    @field_validator("log_level", "log_format", "smtp_security", mode="before")
    @classmethod
    def _lower_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("postgres://", "postgresql")):
            raise ValueError("must begin with postgresql://")
        return value

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value

    @field_validator("web_url", "oidc_issuer")
    @classmethod
    def _is_web_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("must be an address like https://termsync.example.com")
        return value

    @field_validator("webhook_allow_networks")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        _networks(value)
        return value

    @property
    def webhook_networks(self) -> list[IPv4Network | IPv6Network]:
        return _networks(self.webhook_allow_networks)

    @field_validator("mail_from")
    @classmethod
    def _is_sender(cls, value: str | None) -> str | None:
        if value is not None and not (ADDRESS.fullmatch(parseaddr(value)[1]) and value.isprintable()):
            raise ValueError("must be like no-reply@example.com or Example Learning <no-reply@example.com>")
        return value

    @field_validator("ops_mail", "digest_to")
    @classmethod
    def _are_addresses(cls, value: str | None, info: ValidationInfo) -> str | None:
        for entry in entries(value):
            address = entry.rpartition("=")[2] if info.field_name == "digest_to" else entry
            if not ADDRESS.fullmatch(address):
                raise ValueError("must be addresses like team@example.com with spaces between")
        return value

    @field_validator("smtp_password")
    @classmethod
    def _is_not_overheard(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if info.data.get("smtp_security") == "none" and info.data.get("smtp_host") not in (None, *LOOPBACK):
            raise ValueError("would be sent in the clear; set TERMSYNC_SMTP_SECURITY to starttls or tls")
        return value

    @property
    def poll_interval(self) -> timedelta:
        return timedelta(seconds=self.poll_seconds)

    @property
    def full_interval(self) -> timedelta:
        return timedelta(hours=self.full_hours)

    def describe(self) -> list[Described]:
        """Every setting in the order of this class, secrets masked, with where its value came from."""
        return [
            Described(_variable(name), _shown(getattr(self, name)), self._source(name), field.description or "")
            for name, field in type(self).model_fields.items()
        ]

    def _source(self, field: str) -> str:
        variable = _variable(field)
        if field not in self.model_fields_set:
            return "default"
        if os.environ.get(variable):
            return "environment"
        if self._file_values.get(variable):
            return f"file {env_file()}"
        return "argument"

    @cached_property
    def _file_values(self) -> dict[str, str | None]:
        return dotenv_values(env_file())


def _networks(text: str) -> list[IPv4Network | IPv6Network]:
    return [ip_network(each.strip()) for each in text.split(",") if each.strip()]


def load(**overrides: Any) -> Settings:
    """Settings from `overrides`, then the environment, then the env file (`TERMSYNC_ENV_FILE`, else `.env`).

    Raises SettingInvalid naming the first variable whose value cannot be used, or the file.
    """
    file = env_file()
    if os.environ.get(ENV_FILE_VARIABLE) and (not file.exists() or file.is_dir()):
        raise _unreadable(file, "there is no such file")  # without it, defaults would be used for everything
    try:
        return Settings(**{"_env_file": file, **overrides})
    except ValidationError as error:
        raise _invalid(error) from None
    except UnicodeDecodeError:
        raise _unreadable(file, "it is not UTF-8 text") from None
    except OSError as error:
        raise _unreadable(file, error.strerror or type(error).__name__) from None


def entries(value: str | None) -> list[str]:
    """What a setting lists with spaces, commas or semicolons between."""
    return [entry for entry in re.split(r"[\s,;]+", value or "") if entry]


def env_file() -> Path:
    return Path(os.environ.get(ENV_FILE_VARIABLE) or ".env")


def _invalid(error: ValidationError) -> SettingInvalid:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    name = str(first["loc"][0])
    variable = _variable(name) if name.islower() else name
    return SettingInvalid(
        "setting-invalid",
        f"{variable}: {first['msg'].removeprefix('Value error, ')}",
        f"Correct {variable} in the environment or in the env file; `termsync config` lists every setting.",
    )


def _unreadable(file: Path, reason: str) -> SettingInvalid:
    return SettingInvalid(
        "setting-invalid",
        f"The env file {file} cannot be read: {reason}.",
        f"Correct the file, or have {ENV_FILE_VARIABLE} name another one.",
    )


def _shown(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, SecretStr):
        return _masked(value.get_secret_value())
    return f"{value:g}" if isinstance(value, float) else str(value)


def _masked(secret: str) -> str:
    """A URL without its password; anything else as asterisks."""
    return mask_passwords(secret) if "://" in secret else MASK


def mask_passwords(text: str) -> str:
    """`text` with the passwords of the URLs in it as asterisks."""
    return PASSWORD_IN_URL.sub(lambda found: f"{found['before'] or found['named']}{MASK}", text)
