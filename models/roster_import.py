"""Bringing a roster in, in sets: lines are copied into a temporary table, then written by a few statements.

A line speaks of a user, a course version and an enrollment: courses are brought in here, users by
`models.roster_users`, enrollments by `models.roster_enrolling`. Each part that cannot be taken is noted in
`roster_bad` with its reason; the others stand. The same lines a second time change nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, NamedTuple

from psycopg import Cursor as PsycopgCursor
from sqlalchemy import text
from sqlalchemy.orm import Session


class Line(NamedTuple):
    """One line of a roster. None says nothing about its column; where `…_given`, None says "none"."""

    line: int
    tenant: str
    user: str
    name: str | None
    email: str | None
    active: bool | None
    manager: str | None
    manager_given: bool
    groups: list[str] | None
    course: str | None
    version: str | None
    title: str | None
    modules: list[str] | None
    sales_order: str | None
    order_given: bool
    expiration_date: date | None
    date_given: bool
    completed_modules: int | None
    status: str | None


class Bad(NamedTuple):
    """A part of a line that was not taken: which cell, what it holds, why."""

    line: int
    field: str
    value: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class RosterCounts:
    """What an import did. `unchanged` and `progress` are of enrollments that were there."""

    users_new: int = 0
    users_changed: int = 0
    courses_new: int = 0
    courses_changed: int = 0
    enrolled: int = 0
    changed: int = 0
    unchanged: int = 0
    progress: int = 0
    expired: int = 0
    reinstated: int = 0

    def __add__(self, other: "RosterCounts") -> "RosterCounts":
        return RosterCounts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


_CREATE = text("""
create temporary table roster_line (
    line bigint primary key, tenant text not null, user_key text not null, name text, email text, active boolean,
    manager text, manager_given boolean, groups text[], course text, version text, title text, modules text[],
    sales_order text, order_given boolean, expiration_date date, date_given boolean, completed_modules smallint,
    status char(1)
);
create temporary table roster_bad (line bigint, field text, value text, code text, detail text);
create temporary table roster_user (user_id bigint primary key, may_change boolean not null);
create temporary table roster_enrollment (
    line bigint, user_id bigint, course_version_id bigint, enrollment_id bigint, sales_order_id bigint,
    expiration_date date, day date, completed_modules smallint, ask char(1), differs boolean
) on commit delete rows
""")
_COPY_LINES = "copy roster_line from stdin"
_COPY_BAD = "copy roster_bad from stdin"
_INDEX = text("""
create index on roster_line (tenant, line);
create index on roster_line (tenant, user_key);
analyze roster_line
""")


def create(session: Session) -> None:
    """The temporary tables of one import; they live as long as the connection of this session."""
    session.execute(_CREATE)


def copy(session: Session, lines: Iterable[Line], bad: Iterable[Bad]) -> None:
    """Copy lines in, and those that could not even be read to the bad ones."""
    _copy(session, _COPY_LINES, lines)
    _copy(session, _COPY_BAD, bad)


def _copy(session: Session, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    driver = session.connection().connection.driver_connection
    assert driver is not None
    cursor: PsycopgCursor[tuple[object, ...]] = driver.cursor()
    with cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


_UNKNOWN_TENANTS = text("""
with gone as (
    delete from roster_line l where not exists (select from tenant t where t.key = l.tenant)
    returning line, tenant
)
insert into roster_bad
select line, 'tenant', tenant, 'line-tenant-unknown', 'there is no such tenant' from gone
""")
# Of several lines about one enrollment the first counts.
_REPEATED = text("""
with numbered as (
    select line, first_value(line) over (partition by tenant, user_key, course, version order by line) as first
    from roster_line where course is not null
), gone as (
    update roster_line l set course = null from numbered n where l.line = n.line and n.first < n.line
    returning l.line, n.first
)
insert into roster_bad
select line, 'course', '', 'enrollment-repeated', 'line ' || first || ' has the same user and course version'
from gone
""")


def check(session: Session) -> list[int]:
    """Sort out lines that contradict the file or name no tenant. Returns the ids of the tenants that are left."""
    session.execute(_INDEX)
    session.execute(_UNKNOWN_TENANTS)
    session.execute(_REPEATED)
    tenants = text(
        "select id from tenant t where exists (select from roster_line l where l.tenant = t.key) order by id"
    )
    return list(session.execute(tenants).scalars())


# The last line that says something about a thing counts.
_COURSES = text("""
insert into course (key) select distinct course from roster_line where course is not null order by 1
on conflict (key) do nothing
""")
_VERSIONS = text("""
with said as (
    select course, version, (array_agg(title order by line desc) filter (where title is not null))[1] as title
    from roster_line where course is not null group by course, version
), written as (
    insert into course_version as v (course_id, key, title)
    select c.id, s.version, coalesce(s.title, s.course) from said s join course c on c.key = s.course order by 1, 2
    on conflict (course_id, key) do update set title = excluded.title
    where v.title <> excluded.title and exists (
        select from said s join course c on c.key = s.course
        where c.id = v.course_id and s.version = v.key and s.title is not null)
    returning (xmax = 0) as is_new
)
select count(*) filter (where is_new), count(*) filter (where not is_new) from written
""")
_MODULES = text("""
with said as (
    select v.id, (array_agg(l.line order by l.line desc) filter (where l.modules is not null))[1] as line
    from roster_line l join course c on c.key = l.course join course_version v on v.course_id = c.id
        and v.key = l.version
    group by v.id
), wanted as (
    select s.id, m.position, m.title from said s join roster_line l on l.line = s.line
    cross join unnest(l.modules) with ordinality as m(title, position)
), gone as (
    delete from module m using said s where m.course_version_id = s.id and s.line is not null
        and not exists (select from wanted w where w.id = m.course_version_id and w.position = m.position)
), written as (
    insert into module as m (course_version_id, position, title) select id, position, title from wanted
    on conflict (course_version_id, position) do update set title = excluded.title where m.title <> excluded.title
)
select 1
""")


def bring_in_courses(session: Session) -> RosterCounts:
    """Courses, versions and modules of all lines; they are shared by the tenants."""
    session.execute(_COURSES)
    new, changed = session.execute(_VERSIONS).one()
    session.execute(_MODULES)
    return RosterCounts(courses_new=new, courses_changed=changed)


def count_bad(session: Session) -> int:
    """How many parts of lines were not taken."""
    bad: int = session.execute(text("select count(*) from roster_bad")).scalar_one()
    return bad


def all_bad(session: Session) -> Iterator[Bad]:
    """All that was not taken, by line; read in batches, so that millions fit."""
    query = text("select line, field, value, code, detail from roster_bad order by line, field")
    for row in session.execute(query, execution_options={"yield_per": 1000}):
        yield Bad(*row)
