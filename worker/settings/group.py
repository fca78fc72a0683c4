"""What all groups of settings have in common."""

from pydantic_settings import BaseSettings, SettingsConfigDict

HOUR_SECONDS, DAY_SECONDS, YEAR_HOURS = 3600, 86_400, 8760


def variable_of(field: str) -> str:
    """The environment variable of a field."""
    name = field.upper()
    return name if name.startswith(("DATABASE_", "REDIS_", "NETSUITE_")) else f"TERMSYNC_{name}"


class SettingsGroup(BaseSettings):
    """Settings about one matter; `Settings` is all of them."""

    model_config = SettingsConfigDict(
        alias_generator=variable_of,
        validate_by_name=True,
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )
