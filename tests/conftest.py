"""Real servers for every test: one PostgreSQL and one Valkey a test run, shared by all of its processes.

Fixtures: `database_url` and `redis_url` are fresh and empty (schema in place) for each test that asks;
`database`, `sessions` and `session` are an engine, a session factory and a session on that database;
`redis_client` is a client of that Redis database.
"""

import fcntl
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import structlog
from own_databases import administrator, fresh_database, fresh_redis, with_database
from processes import eventually
from psycopg import sql
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from models import migrate
from worker.database import make_engine, make_sessions
from worker.embedded import Addresses, embedded

SERVERS = "TERMSYNC_TEST_SERVERS"  # set by the first process of a run, inherited by the others
TEMPLATE = "termsync_template"
# Tests lose nothing that matters when the machine loses power.
UNSAFE_BUT_FAST = ["fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=200"]


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        os.environ[SERVERS] = tempfile.mkdtemp(prefix="termsync-test-")


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        data_dir = Path(os.environ.pop(SERVERS))
        assert eventually(lambda: _left_alone(data_dir)), f"some process still uses the servers of {data_dir}"
        shutil.rmtree(data_dir)


def _left_alone(data_dir: Path) -> bool:
    """Whether the keeper of the servers has gone, as it does when nobody uses them."""
    with (data_dir / "keeper.lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@pytest.fixture(scope="session")
def servers() -> Iterator[Addresses]:
    with embedded(Path(os.environ[SERVERS]), UNSAFE_BUT_FAST) as addresses:
        yield addresses


@pytest.fixture(scope="session")
def template(servers: Addresses) -> str:
    """Name of a database with the whole schema and no rows; made once a run."""
    with administrator(servers.database_url) as connection:
        connection.execute("SELECT pg_advisory_lock(1)")
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone():
            connection.execute("DROP DATABASE IF EXISTS template_in_the_making")
            connection.execute("CREATE DATABASE template_in_the_making")
            migrate.upgrade(with_database(servers.database_url, "template_in_the_making"))
            connection.execute(
                sql.SQL("ALTER DATABASE template_in_the_making RENAME TO {}").format(sql.Identifier(TEMPLATE))
            )
    return TEMPLATE


@pytest.fixture
def database_url(servers: Addresses, template: str) -> Iterator[str]:
    with fresh_database(servers.database_url, template) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url, application_name="test")
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(database: Engine) -> sessionmaker[Session]:
    return make_sessions(database)


@pytest.fixture
def session(sessions: sessionmaker[Session]) -> Iterator[Session]:
    with sessions() as session:
        yield session


@pytest.fixture
def redis_url(servers: Addresses) -> Iterator[str]:
    with fresh_redis(servers.redis_url) as url:
        yield url


@pytest.fixture
def redis_client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url, socket_timeout=5, decode_responses=True) as client:
        yield client


@pytest.fixture
def logging_restored() -> Iterator[None]:
    """For tests that configure logging, which is one for the whole process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()
    root.handlers[:], root.level = handlers, level
