"""Settings: the database and the doorbell."""

from pathlib import Path

from pydantic import Field, SecretStr, field_validator

from worker.settings.group import SettingsGroup


class ServerSettings(SettingsGroup):
    """PostgreSQL and Redis, or where embedded ones keep their data."""

    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL, e.g. postgresql://user:password@host/termsync. Unset: an embedded server.",
    )
    redis_url: SecretStr | None = Field(
        default=None,
        description="Redis or Valkey: redis://host:6379/0, rediss:// or unix://. Unset: an embedded server.",
    )

    data_dir: Path = Field(
        default=Path(".termsync"),
        description="Where the embedded servers keep their data.",
    )

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
