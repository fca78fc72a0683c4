"""Settings: environment variables, or the same names in an env file.

Every name is public interface. Where a value came from is part of the answer `describe()` gives.
"""

import os
import re
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from dotenv import dotenv_values
from pydantic import SecretStr, ValidationError

from worker.errors import SettingInvalid
from worker.settings.group import variable_of
from worker.settings.mail import MailSettings, entries
from worker.settings.netsuite import NetSuiteSettings
from worker.settings.pulling import PullSettings
from worker.settings.servers import ServerSettings
from worker.settings.serving import WebSettings
from worker.settings.webhooks import WebhookSettings

__all__ = ["MASK", "Described", "Settings", "entries", "env_file", "load", "mask_passwords"]

ENV_FILE_VARIABLE = "TERMSYNC_ENV_FILE"
# Up to the last @: a password somebody forgot to quote may hold any of the marks of a URL. With a bound, so that a
# long text takes time in proportion to its length.
PASSWORD_IN_URL = re.compile(r"(?P<before>://[^:@/\s]*:)\S{1,2000}(?=@)|(?P<named>password=)[^&\s]+")
MASK = "***"


class Described(NamedTuple):
    """One setting as a person sees it; secrets are masked in `value`."""

    name: str
    value: str | None
    source: str  # "default", "environment", "argument" or "file PATH"
    help: str


# Fields come in the order of the bases from last to first.
class Settings(MailSettings, WebhookSettings, WebSettings, PullSettings, NetSuiteSettings, ServerSettings):
    """All settings of termsync. Immutable; made by `load()`."""

    def describe(self) -> list[Described]:
        """Every setting in the order of its groups, secrets masked, with where its value came from."""
        return [
            Described(variable_of(name), _shown(getattr(self, name)), self._source(name), field.description or "")
            for name, field in type(self).model_fields.items()
        ]

    def _source(self, field: str) -> str:
        variable = variable_of(field)
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


def env_file() -> Path:
    return Path(os.environ.get(ENV_FILE_VARIABLE) or ".env")


def _invalid(error: ValidationError) -> SettingInvalid:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    name = str(first["loc"][0])
    variable = variable_of(name) if name.islower() else name
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
