"""The one clock: the database server's. A worker whose own clock is wrong cannot expire anybody early."""

from datetime import UTC, datetime

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session


def now(database: Connection | Session) -> datetime:
    """The database server's present as an aware UTC instant; it moves on inside a transaction."""
    instant: datetime = database.execute(select(func.clock_timestamp())).scalar_one()
    return instant.astimezone(UTC)
