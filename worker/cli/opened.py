"""The database and queue a command works with, opened from the settings."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session, sessionmaker

from models import migrate
from models.enrollment_changes import Why
from worker import clock, database, logs, settings
from worker.embedded import Addresses, servers
from worker.errors import SettingInvalid
from worker.settings import Settings


@dataclass(frozen=True)
class Opened:
    """What a command works with. `actor` is the person at the keyboard, as written beside what they do."""

    settings: Settings
    addresses: Addresses
    sessions: sessionmaker[Session]
    actor: str

    def why(self, session: Session) -> Why:
        """For changes made by this command, at the database's present."""
        return Why(self.actor, clock.now(session))


def configured() -> Settings:
    """The settings, with logging set up for a command: warnings, unless the level was chosen."""
    found = settings.load()
    if "log_level" not in found.model_fields_set:
        found = found.model_copy(update={"log_level": "warning"})
    logs.configure(found)
    return found


@contextmanager
def opened(pool_size: int = 3) -> Iterator[Opened]:
    """Connects to the configured or embedded servers. An embedded database gets its schema here.

    Raises DependencyUnreachable when the database does not answer or its schema is not this program's.
    """
    found = configured()
    with servers(found) as addresses:
        try:
            if found.database_url is None:
                migrate.upgrade(addresses.database_url)
            database.check(addresses.database_url)
        except ArgumentError:
            raise url_invalid() from None
        engine = database.make_engine(
            addresses.database_url, application_name="termsync command", pool_size=pool_size
        )
        try:
            yield Opened(found, addresses, database.make_sessions(engine), actor())
        finally:
            engine.dispose()


def url_invalid() -> SettingInvalid:
    return SettingInvalid(
        "setting-invalid",
        "DATABASE_URL cannot be read as an address.",
        "Write it as postgresql://user:password@host:5432/termsync; special characters as %XX.",
    )


def actor() -> str:
    """Who runs this command."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container whose user has no name
        return "cli"
