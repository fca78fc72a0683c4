"""Bring a database to a schema version, one process at a time."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, make_url, text

LOCK = 7_305_011  # advisory lock number of the schema; any constant no one else uses
LOCK_TIMEOUT = "30s"


def sqlalchemy_url(url: str) -> str:
    """The same database through psycopg 3, whatever spelling of PostgreSQL the URL uses."""
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def upgrade(url: str, revision: str = "head") -> None:
    """Migrate up under an advisory lock. Waits at most 30 s for another migration or a table lock.

    Raises `sqlalchemy.exc.OperationalError` when the lock is not had in time; nothing is changed then.
    """
    _run(url, lambda connection: command.upgrade(_config(connection), revision))


def downgrade(url: str, revision: str) -> None:
    """Migrate down to `revision` (`base` for an empty database), under the same lock."""
    _run(url, lambda connection: command.downgrade(_config(connection), revision))


def _run(url: str, migrate: Callable[[Connection], None]) -> None:
    engine = create_engine(sqlalchemy_url(url))
    try:
        with engine.connect() as connection:
            connection.execute(text(f"set lock_timeout = '{LOCK_TIMEOUT}'"))
            connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": LOCK})
            connection.commit()
            try:
                migrate(connection)
                connection.commit()
            finally:
                connection.rollback()
                connection.execute(text("select pg_advisory_unlock(:lock)"), {"lock": LOCK})
                connection.commit()
    finally:
        engine.dispose()


def current(connection: Connection) -> str | None:
    """The revision this database is at; None when it holds no schema yet."""
    return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """The revision this program needs."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None
    return revision
