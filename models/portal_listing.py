"""Enrollments of a tenant as the client admin's dashboard and report list them, one line each, by name."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.portal_selection import Selection
from models.portal_standing import COLUMNS, FROM, Standing, standing

COURSES = """
join course_version v on v.id = e.course_version_id
join course c on c.id = v.course_id
"""
_LINE = f"""
select e.id, u.name, u.email, u.active, c.key as course, v.key as version, v.title, o.number as sales_order,
    e.completed_modules, (select count(*) from module m where m.course_version_id = v.id) as modules,
    array(select g.name from group_member gm join user_group g on g.id = gm.group_id
        where gm.user_id = u.id order by g.name) as groups,
    {COLUMNS}
{FROM} {COURSES}
"""
_ORDER = "order by u.name, u.id, e.id"
# Nothing is greater than a row that is not there. The name is compared once more for the index on it.
_PLACE = "from enrollment a join users au on au.id = a.user_id where a.id = :after and a.tenant_id = :tenant_id"
_AFTER = f""" and u.name >= (select au.name {_PLACE})
    and (u.name, u.id, e.id) > (select au.name, au.id, a.id {_PLACE})"""
# Rows of an export held in memory at a time.
CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Line:
    """One enrollment of one user. `id` is the enrollment's; `completed` and `modules` count modules."""

    id: int
    name: str
    email: str
    active: bool
    groups: tuple[str, ...]
    course: str
    version: str
    title: str
    sales_order: str | None
    completed: int
    modules: int
    standing: Standing


def _line(row: Any) -> Line:
    return Line(
        id=row.id,
        name=row.name,
        email=row.email,
        active=row.active,
        groups=tuple(row.groups),
        course=row.course,
        version=row.version,
        title=row.title,
        sales_order=row.sales_order,
        completed=min(row.completed_modules, row.modules),
        modules=row.modules,
        standing=standing(row),
    )


def lines(
    session: Session, selection: Selection, now: datetime, *, after: int | None = None, limit: int = 50
) -> list[Line]:
    """The first `limit` lines, or those that follow the line of the enrollment `after`.

    An `after` that is no enrollment of the tenant has nothing after it.
    """
    where = selection.where() + (_AFTER if after is not None else "")
    parameters = selection.parameters(now) | {"after": after, "limit": limit}
    rows = session.execute(text(f"{_LINE} where {where} {_ORDER} limit :limit"), parameters)
    return [_line(row) for row in rows]


def every_line(session: Session, selection: Selection, now: datetime) -> Iterator[Line]:
    """All lines, read from the database as they are taken; of one moment, however long that takes."""
    rows = session.execute(
        text(f"{_LINE} where {selection.where()} {_ORDER}"),
        selection.parameters(now),
        execution_options={"stream_results": True, "yield_per": CHUNK},
    )
    return (_line(row) for row in rows)
