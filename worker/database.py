"""Connections to PostgreSQL: one engine a process, made from a URL."""

from collections.abc import Callable
from typing import TypeVar

from psycopg.errors import DeadlockDetected
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.orm import Session, sessionmaker
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random

from models import migrate
from worker.errors import DependencyUnreachable, SettingInvalid

CONNECT_TIMEOUT = 10  # seconds
# Long enough for one set-based statement over a million rows, short enough that a lost plan is noticed.
STATEMENT_TIMEOUT = 600  # seconds
# Nobody here waits long for a row: whoever holds it commits after one page.
LOCK_TIMEOUT = 30  # seconds
# No network call is made inside a transaction, so an idle one is a fault.
IDLE_IN_TRANSACTION_TIMEOUT = 60  # seconds
# A server that vanished without a word is noticed within this time, also by who only waits for its answer.
TCP_USER_TIMEOUT = 30  # seconds
KEEPALIVES_IDLE, KEEPALIVES_INTERVAL = 10, 5  # seconds
# Landing and reconciling take the same rows in different orders; whoever loses just does it again.
DEADLOCK_ATTEMPTS = 6

Result = TypeVar("Result")


def driver_url(url: str) -> URL:
    """`url` for psycopg 3; `postgres://` and `postgresql://` are both taken. Raises SettingInvalid."""
    try:
        parsed = make_url(url.replace("postgres://", "postgresql://", 1))
    except (ArgumentError, ValueError):  # their text may hold a part of the password
        raise SettingInvalid(
            "setting-invalid",
            "DATABASE_URL: is not a URL like postgresql://user:password@host:5432/database",
            "Correct DATABASE_URL; marks like @ : / in its password are written as %40 %3A %2F.",
        ) from None
    return parsed.set(drivername="postgresql+psycopg")


def make_engine(
    url: str,
    *,
    application_name: str = "termsync",
    pool_size: int = 5,
    statement_timeout: float = STATEMENT_TIMEOUT,
    lock_timeout: float = LOCK_TIMEOUT,
) -> Engine:
    """An engine whose connections have deadlines (seconds) and UTC as their time zone.

    The pool opens up to `pool_size` connections plus half as many in a rush, and tests each before it is
    handed out, so that a restart of the server costs nobody an error.
    """
    parameters = {
        "timezone": "UTC",
        "statement_timeout": _milliseconds(statement_timeout),
        "lock_timeout": _milliseconds(lock_timeout),
        "idle_in_transaction_session_timeout": _milliseconds(IDLE_IN_TRANSACTION_TIMEOUT),
    }
    return create_engine(
        driver_url(url),
        hide_parameters=True,  # what is written and looked for is nothing for logs: mails and hashes are among it
        pool_size=pool_size,
        max_overflow=max(1, pool_size // 2),
        pool_pre_ping=True,
        pool_timeout=30,
        connect_args={
            "application_name": application_name,
            "connect_timeout": CONNECT_TIMEOUT,
            "tcp_user_timeout": _milliseconds(TCP_USER_TIMEOUT),
            "keepalives_idle": KEEPALIVES_IDLE,
            "keepalives_interval": KEEPALIVES_INTERVAL,
            "options": " ".join(f"-c {name}={value}" for name, value in parameters.items()),
        },
    )


def make_sessions(engine: Engine) -> sessionmaker[Session]:
    """Sessions on `engine`; loaded objects stay readable after the commit."""
    return sessionmaker(engine, expire_on_commit=False)


def check(url: str) -> None:
    """Raises DependencyUnreachable when PostgreSQL does not answer or its schema is not this program's."""
    engine = make_engine(url, pool_size=1)
    try:
        with engine.connect() as connection:
            found = migrate.current(connection)
    except DBAPIError as error:
        raise DependencyUnreachable(
            "database-unreachable",
            f"DATABASE_URL: PostgreSQL does not answer: {str(error.orig).strip()}",
            "Check that the server runs and that DATABASE_URL names it, its user and its password.",
        ) from None
    finally:
        engine.dispose()
    if found != migrate.head():
        raise DependencyUnreachable(
            "schema-not-current",
            f"The database's schema is at {found or 'nothing'}; this program needs {migrate.head()}.",
            "Run `termsync migrate`.",
        )


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def in_transaction(sessions: sessionmaker[Session], work: Callable[[Session], Result]) -> Result:
    """Do `work` in a transaction of its own, again when the database ended it to break a deadlock."""
    for attempt in Retrying(
        retry=retry_if_exception(_is_deadlock),
        stop=stop_after_attempt(DEADLOCK_ATTEMPTS),
        wait=wait_random(0, 0.2),
        reraise=True,
    ):
        with attempt, sessions.begin() as session:
            result = work(session)
    return result


def _is_deadlock(error: BaseException) -> bool:
    return isinstance(error, OperationalError) and isinstance(error.orig, DeadlockDetected)
