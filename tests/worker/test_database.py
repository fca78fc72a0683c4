"""Engines and the clock against the real server."""

from datetime import UTC, datetime

import psycopg
import pytest
import time_machine
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from worker import clock
from worker.database import check, driver_url, make_engine
from worker.errors import DependencyUnreachable, SettingInvalid


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


@pytest.mark.parametrize(
    "url", ["postgresql://me:canary@host:port/db", "postgresql:canary", "postgresql://me:1/canary@h:x"]
)
def test_what_is_no_url_is_refused_by_name_without_its_password(url: str) -> None:
    with pytest.raises(SettingInvalid) as refused:
        make_engine(url)
    assert refused.value.message.startswith("DATABASE_URL: ")
    assert "canary" not in f"{refused.value} {refused.value.remedy}"


def test_an_option_the_driver_does_not_know_is_named() -> None:
    with pytest.raises(DependencyUnreachable, match=r'DATABASE_URL: .*"bogus"'):
        check("postgresql://127.0.0.1:1/db?bogus=1")


def test_a_server_that_vanishes_is_noticed_by_who_waits_for_its_answer() -> None:
    asked: dict[str, object] = {}
    engine = make_engine("postgresql://host/db")

    @event.listens_for(engine, "do_connect")
    def refuse(_dialect: object, _record: object, _arguments: object, parameters: dict[str, object]) -> None:
        asked.update(parameters)
        raise ConnectionRefusedError

    with pytest.raises(ConnectionRefusedError):
        engine.connect()
    assert (asked["tcp_user_timeout"], asked["keepalives_idle"], asked["keepalives_interval"]) == (30_000, 10, 5)


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
