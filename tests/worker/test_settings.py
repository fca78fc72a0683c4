"""Settings: where values come from, what is refused, and that secrets are never shown."""

import os
from pathlib import Path

import pytest

from worker.errors import SettingInvalid
from worker.settings import Described, Settings, load, mask_passwords


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.startswith(("TERMSYNC_", "NETSUITE_")) or name in ("DATABASE_URL", "REDIS_URL"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def _described(settings: Settings) -> dict[str, Described]:
    return {line.name: line for line in settings.describe()}


def test_each_value_tells_where_it_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("TERMSYNC_SLOTS=2\nTERMSYNC_GUARD_MIN=7\n")
    monkeypatch.setenv("TERMSYNC_GUARD_MIN", "9")
    lines = _described(load(page_size=10))

    assert lines["TERMSYNC_POLL_SECONDS"][1:3] == ("5", "default")
    assert lines["TERMSYNC_SLOTS"][1:3] == ("2", "file .env")
    assert lines["TERMSYNC_GUARD_MIN"][1:3] == ("9", "environment")
    assert lines["TERMSYNC_PAGE_SIZE"][1:3] == ("10", "argument")


def test_another_env_file_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("staging.env").write_text("NETSUITE_ACCOUNT=1234567_SB1\n")
    monkeypatch.setenv("TERMSYNC_ENV_FILE", "staging.env")
    assert _described(load())["NETSUITE_ACCOUNT"][1:3] == ("1234567_SB1", "file staging.env")


@pytest.mark.parametrize("named", ["missing.env", "."])
def test_a_named_env_file_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("TERMSYNC_ENV_FILE", named)
    with pytest.raises(SettingInvalid) as refused:
        load()
    assert f"env file {named}" in refused.value.message
    assert "TERMSYNC_ENV_FILE" in refused.value.remedy


def test_an_env_file_that_is_not_text_is_refused_by_name() -> None:
    Path(".env").write_bytes(b"NETSUITE_ACCOUNT=\xfc\n")
    with pytest.raises(SettingInvalid, match=r"env file \.env cannot be read: it is not UTF-8"):
        load()


def test_an_env_file_of_another_system_is_understood() -> None:
    Path(".env").write_bytes(b'\xef\xbb\xbfTERMSYNC_SLOTS=3\r\nexport NETSUITE_ACCOUNT="1_SB1" # ours\r\n')
    settings = load()
    assert (settings.slots, settings.netsuite_account) == (3, "1_SB1")


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    assert load().database_url is None


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("DATABASE_URL", "postgresql://me:canary@host/db", "postgresql://me:***@host/db"),
        ("DATABASE_URL", "postgresql:///db?host=h&password=canary", "postgresql:///db?host=h&password=***"),
        ("DATABASE_URL", "postgresql://me:can:ary/canary@canary@host/db", "postgresql://me:***@host/db"),
        ("REDIS_URL", "redis://:canary@host:6379/0", "redis://:***@host:6379/0"),
        ("REDIS_URL", "redis://:canary:ca/na@ry@host:6379/0", "redis://:***@host:6379/0"),
        ("NETSUITE_CONSUMER_KEY", "canary", "***"),
        ("NETSUITE_CONSUMER_SECRET", "canary", "***"),
        ("NETSUITE_TOKEN_ID", "canary", "***"),
        ("NETSUITE_TOKEN_SECRET", "canary", "***"),
    ],
)
def test_secrets_are_masked(monkeypatch: pytest.MonkeyPatch, name: str, value: str, shown: str) -> None:
    monkeypatch.setenv(name, value)
    settings = load()
    assert _described(settings)[name].value == shown
    assert "canary" not in repr(settings) + str(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("TERMSYNC_POLL_SECONDS", "often", "valid number"),
        ("TERMSYNC_POLL_SECONDS", "0", "greater than or equal to 0.1"),
        ("TERMSYNC_POLL_SECONDS", "1e-9", "greater than or equal to 0.1"),
        ("TERMSYNC_POLL_SECONDS", "inf", "finite number"),
        ("TERMSYNC_FULL_HOURS", "1e300", "less than or equal to 8760"),
        ("TERMSYNC_OVERLAP_SECONDS", "inf", "finite number"),
        ("TERMSYNC_SAFETY_SECONDS", "1e300", "less than or equal to 86400"),
        ("TERMSYNC_NIGHTLY_OVERLAP_HOURS", "1e300", "less than or equal to 8760"),
        ("TERMSYNC_PAGE_SIZE", "1001", "less than or equal to 1000"),
        ("TERMSYNC_GUARD_SHARE", "20", "less than or equal to 1"),
        ("TERMSYNC_LOG_FORMAT", "xml", "'console' or 'json'"),
        ("DATABASE_URL", "mysql://me:canary@host/db", "must begin with postgresql://"),
        ("REDIS_URL", "amqp://me:canary@host", "must begin with redis://"),
    ],
)
def test_an_unusable_value_is_refused_by_name_without_showing_a_secret(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingInvalid) as refused:
        load()
    error = refused.value
    assert error.code == "setting-invalid"
    assert error.message.startswith(f"{name}: ")
    assert message in error.message
    assert name in error.remedy
    assert "canary" not in f"{error} {error.remedy} {error.__context__}"


def test_an_unusable_argument_is_named_as_its_variable() -> None:
    with pytest.raises(SettingInvalid, match="TERMSYNC_SLOTS: Input"):
        load(slots=0)


def test_case_of_words_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERMSYNC_LOG_LEVEL", "WARNING")
    assert load().log_level == "warning"


def test_every_setting_is_explained() -> None:
    assert [line.name for line in load().describe() if not line.help.endswith(".")] == []


@pytest.mark.timeout(20)
def test_a_text_made_to_be_looked_through_for_ever_is_masked() -> None:
    text = "://a:" * 40_000
    assert mask_passwords(f"{text} redis://:canary@host") == f"{text} redis://:***@host"
