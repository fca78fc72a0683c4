"""Many copies of one prepared database: each trial gets the same beginning."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from sqlalchemy import URL, Engine, create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from worker.database import make_engine, make_sessions


@contextmanager
def copy_of(source: URL) -> Iterator[tuple[Engine, sessionmaker[Session]]]:
    """A database like `source`, which nobody may be connected to; dropped afterwards."""
    name = f"copy_{uuid4().hex}"
    administrator = create_engine(source.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with administrator.connect() as connection:
        connection.execute(text(f'create database {name} template "{source.database}"'))
        engine = make_engine(source.set(database=name).render_as_string(hide_password=False))
        try:
            yield engine, make_sessions(engine)
        finally:
            engine.dispose()
            connection.execute(text(f"drop database {name} with (force)"))
    administrator.dispose()
