"""Lists of staff accounts."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, or_, select
from sqlalchemy.orm import Session

from models.paging import Rows, bounded_count, contains, ordered
from models.staff import Staff

COLUMNS = (Staff.id, Staff.email, Staff.name, Staff.role, Staff.active, Staff.created_at)
SORTABLE = {"name": Staff.name, "email": Staff.email, "created_at": Staff.created_at}


def rows(
    session: Session,
    *,
    search: str | None = None,
    role: str | None = None,
    sorts: Sequence[tuple[str, bool]] = (),
    skip: int = 0,
    limit: int = 100,
) -> Sequence[Row[Any]]:
    """Accounts whose name or address holds `search`, with this role; `skip` and `limit` count rows."""
    statement = ordered(_found(search, role), sorts, SORTABLE, Staff.id)
    return session.execute(statement.offset(skip).limit(limit)).all()


def count(session: Session, *, search: str | None = None, role: str | None = None) -> int:
    """How many there are, up to the bound of lists."""
    return bounded_count(session, _found(search, role))


def _found(search: str | None, role: str | None) -> Rows:
    statement: Rows = select(*COLUMNS)
    if search:
        statement = statement.where(or_(contains(Staff.name, search), contains(Staff.email, search)))
    return statement if role is None else statement.where(Staff.role == role)
