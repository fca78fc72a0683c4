"""Settings: webhooks."""

from ipaddress import IPv4Network, IPv6Network, ip_network

from pydantic import Field, SecretStr, field_validator

from worker.settings.group import HOUR_SECONDS, SettingsGroup


class WebhookSettings(SettingsGroup):
    """Whom webhooks may call, and how patiently."""

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

    @field_validator("webhook_allow_networks")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        _networks(value)
        return value

    @property
    def webhook_networks(self) -> list[IPv4Network | IPv6Network]:
        return _networks(self.webhook_allow_networks)


def _networks(text: str) -> list[IPv4Network | IPv6Network]:
    return [ip_network(each.strip()) for each in text.split(",") if each.strip()]
