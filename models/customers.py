"""What customers are called: which names are to be asked for, and writing down what NetSuite said."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

# A company may be renamed, and a role may be given the right to tell.
ASKED_EVERY = timedelta(days=1)

_UNASKED = text("""
select id from customer where name_asked_at is null or name_asked_at < :before
order by name_asked_at nulls first, id limit :limit
""")
_NAME = text("""
update customer c set name = coalesce(told.name, c.name), name_asked_at = :now
from unnest(cast(:ids as bigint[]), cast(:names as text[])) as told(id, name)
where c.id = told.id
""")


def unasked(session: Session, now: datetime, limit: int = 1000) -> list[int]:
    """Ids of customers whose names were never asked for, then of those asked for longest ago."""
    return list(session.execute(_UNASKED, {"before": now - ASKED_EVERY, "limit": limit}).scalars())


def name(session: Session, asked: Sequence[int], names: Mapping[int, str], now: datetime) -> None:
    """Write down the names of the customers that were `asked` for; one that was not told stays as it was."""
    session.execute(_NAME, {"ids": list(asked), "names": [names.get(each) for each in asked], "now": now})
