"""Engines and the clock against the real server."""

from datetime import UTC, datetime

import psycopg
import pytest
import time_machine
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from worker import clock
from worker.database import driver_url, make_engine


def test_time_is_the_database_servers_and_not_this_hosts(session: Session) -> None:
    real = datetime.now(UTC)
    with time_machine.travel("2001-01-01", tick=False):
        first = clock.now(session)
        second = clock.now(session)
    assert first.utcoffset() is not None
    assert second > first >= real.replace(microsecond=0)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_every_spelling_of_postgresql_gets_the_same_driver(scheme: str) -> None:
    assert driver_url(f"{scheme}://me:p%40ss@host/db").render_as_string(False) == (
        "postgresql+psycopg://me:p%40ss@host/db"
    )


def test_connections_have_deadlines_and_utc(session: Session) -> None:
    def shown(name: str) -> str | None:
        value: str | None = session.scalar(text(f"show {name}"))
        return value

    assert shown("timezone") == "UTC"
    assert shown("statement_timeout") == "10min"
    assert shown("lock_timeout") == "30s"
    assert shown("idle_in_transaction_session_timeout") == "1min"


def test_a_statement_over_its_deadline_is_ended(database_url: str) -> None:
    engine = make_engine(database_url, statement_timeout=0.05)
    with engine.connect() as connection, pytest.raises(OperationalError, match="statement timeout"):
        connection.execute(text("select pg_sleep(10)"))
    engine.dispose()


def test_a_pool_outlives_the_loss_of_its_connections(sessions: sessionmaker[Session], database_url: str) -> None:
    with sessions() as session:
        victim = session.scalar(text("select pg_backend_pid()"))
    with psycopg.connect(database_url, autocommit=True) as killer:
        killer.execute("select pg_terminate_backend(%s, 5000)", [victim])
    with sessions() as session:
        assert session.scalar(text("select pg_backend_pid()")) != victim
