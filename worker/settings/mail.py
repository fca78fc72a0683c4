"""Settings: mail, and who gets which."""

import re
from email.utils import parseaddr
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from worker.settings.group import SettingsGroup

ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class MailSettings(SettingsGroup):
    """The server that mails are handed to, their sender, and who is told what."""

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

    @field_validator("smtp_security", mode="before")
    @classmethod
    def _security_in_lower_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

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


def entries(value: str | None) -> list[str]:
    """What a setting lists with spaces, commas or semicolons between."""
    return [entry for entry in re.split(r"[\s,;]+", value or "") if entry]
