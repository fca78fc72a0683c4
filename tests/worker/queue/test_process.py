"""What keeps a worker process from starting, and what it says then."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from worker.embedded import Addresses
from worker.errors import DependencyUnreachable
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
