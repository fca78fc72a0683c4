"""Settings: logs, metrics, pages and single sign-on."""

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from worker.settings.group import SettingsGroup


class WebSettings(SettingsGroup):
    """What a process shows of itself, and where."""

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

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _in_lower_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("web_url", "oidc_issuer")
    @classmethod
    def _is_web_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("must be an address like https://termsync.example.com")
        return value
