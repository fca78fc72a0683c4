"""What keeps a worker process from starting, and what it says then."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from worker.embedded import Addresses
from worker.errors import DependencyUnreachable, SettingInvalid
from worker.queue import process

pytestmark = pytest.mark.usefixtures("logging_restored")
NOWHERE = "postgresql://nobody:canary@127.0.0.1:1/nothing"


@pytest.fixture
def empty_database_url(servers: Addresses) -> Iterator[str]:
    with psycopg.connect(make_conninfo(servers.database_url, dbname="postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE without_schema")
        yield servers.database_url.replace("/termsync?", "/without_schema?")
        connection.execute("DROP DATABASE without_schema WITH (FORCE)")


def _refusal(monkeypatch: pytest.MonkeyPatch, database_url: str, redis_url: str) -> DependencyUnreachable:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", redis_url)
    with pytest.raises(DependencyUnreachable) as refused:
        process.main(["short"], 1)
    return refused.value


def test_an_unreachable_database_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> None:
    error = _refusal(monkeypatch, NOWHERE, redis_url)
    assert error.code == "database-unreachable"
    assert "DATABASE_URL" in error.message
    assert "canary" not in f"{error.message} {error.remedy} {error.__context__}"


def test_a_database_without_the_schema_is_refused(
    monkeypatch: pytest.MonkeyPatch, empty_database_url: str, redis_url: str
) -> None:
    error = _refusal(monkeypatch, empty_database_url, redis_url)
    assert error.code == "schema-not-current"
    assert "termsync migrate" in error.remedy


def test_an_unreachable_redis_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    error = _refusal(monkeypatch, database_url, "redis://:canary@127.0.0.1:1/0")
    assert error.code == "redis-unreachable"
    assert "REDIS_URL" in error.message
    assert "canary" not in f"{error.message} {error.remedy}"


@pytest.mark.parametrize(
    "url", ["redis://:canary@host:port/0", "redis://:canary/1@host:6379", "redis://127.0.0.1:1?canary=1"]
)
def test_what_is_no_url_of_a_redis_is_refused_by_name_without_its_password(
    monkeypatch: pytest.MonkeyPatch, database_url: str, url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", url)
    with pytest.raises(SettingInvalid) as refused:
        process.main(["short"], 1)
    assert refused.value.message.startswith("REDIS_URL: ")
    assert "canary" not in f"{refused.value} {refused.value.remedy}"
