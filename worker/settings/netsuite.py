"""Settings: the NetSuite account, its login, and the fields of a term."""

from pathlib import Path

from pydantic import Field, SecretStr

from worker.settings.group import HOUR_SECONDS, SettingsGroup


class NetSuiteSettings(SettingsGroup):
    """Which account is read, how, and where its terms are."""

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
    connect_timeout: float = Field(
        default=10, gt=0, le=HOUR_SECONDS, description="Seconds to connect to NetSuite."
    )
    read_timeout: float = Field(
        default=120, gt=0, le=HOUR_SECONDS, description="Seconds of silence from NetSuite in an answer."
    )
