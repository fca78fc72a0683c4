"""Engines and the clock against the real server."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg
import pytest
import time_machine
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from worker import clock
from worker.database import check, driver_url, in_transaction, make_engine
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


def test_what_a_statement_that_fails_was_about_is_not_told(session: Session) -> None:
    with pytest.raises(DBAPIError) as failed:
        session.execute(text("select :mail, 1 / :zero"), {"mail": "canary", "zero": 0})
    assert "canary" not in str(failed.value)


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


def test_who_loses_a_deadlock_does_its_work_again(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        session.execute(text("create table pair (id int primary key, n int not null)"))
        session.execute(text("insert into pair values (1, 0), (2, 0)"))
    both_hold_one = threading.Barrier(2, timeout=30)
    starts = []

    def add(first: int, second: int) -> None:
        def work(session: Session) -> None:
            starts.append(first)
            session.execute(text("update pair set n = n + 1 where id = :id"), {"id": first})
            if len(starts) <= 2:
                both_hold_one.wait()
            session.execute(text("update pair set n = n + 1 where id = :id"), {"id": second})

        in_transaction(sessions, work)

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(add, 1, 2), threads.submit(add, 2, 1)]:
            done.result(timeout=60)
    with sessions() as session:
        assert session.execute(text("select id, n from pair order by id")).all() == [(1, 2), (2, 2)]
    assert len(starts) == 3
