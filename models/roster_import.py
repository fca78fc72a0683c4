"""Bringing a roster in, in sets: lines are copied into a temporary table, then written by a few statements.

A line speaks of a user, a course version and an enrollment. Each part that cannot be taken is noted in
`roster_bad` with its reason; the others stand. The same lines a second time change nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, NamedTuple

from psycopg import Cursor as PsycopgCursor
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.tenant import Tenant


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


_SAID_OF_USERS = """
    select user_key as key, min(line) as line,
        (array_agg(name order by line desc) filter (where name is not null))[1] as name,
        (array_agg(email order by line desc) filter (where email is not null))[1] as email,
        (array_agg(active order by line desc) filter (where active is not null))[1] as active
    from roster_line where tenant = :tenant group by user_key
"""
_INCOMPLETE_USERS = text(f"""
with said as ({_SAID_OF_USERS}), incomplete as (
    select key, case when name is null then 'name' else 'email' end as field from said s
    where (name is null or email is null)
        and not exists (select from users u where u.tenant_id = :tenant_id and u.key = s.key)
), gone as (
    delete from roster_line l using incomplete i where l.tenant = :tenant and l.user_key = i.key
    returning l.line, i.field, i.key
)
insert into roster_bad
select line, field, '', 'user-incomplete', 'is empty, and user ' || key || ' is new' from gone
""")
# Whoever was active before or is made active may have enrollments changed; so may whoever is new, whose
# enrollments are not changed but brought in as they are.
_USERS = text(f"""
with said as materialized ({_SAID_OF_USERS}), known as materialized (
    select u.id, u.key, u.active from users u join said s on s.key = u.key where u.tenant_id = :tenant_id
), added as (
    insert into users (tenant_id, key, name, email, active)
    select :tenant_id, s.key, s.name, s.email, coalesce(s.active, true) from said s
    where not exists (select from known k where k.key = s.key) order by s.key
    returning id
), changed as (
    update users u set name = coalesce(s.name, u.name), email = coalesce(s.email, u.email),
        active = coalesce(s.active, u.active)
    from said s
    where u.tenant_id = :tenant_id and u.key = s.key and (u.name, u.email, u.active) is distinct from
        (coalesce(s.name, u.name), coalesce(s.email, u.email), coalesce(s.active, u.active))
    returning u.id
), marked as (
    insert into roster_user (user_id, may_change)
    select id, true from added
    union all
    select k.id, k.active or coalesce(s.active, false) from known k join said s on s.key = k.key
)
select (select count(*) from added), (select count(*) from changed)
""")
_UNKNOWN_MANAGERS = text("""
with unknown as (
    update roster_line l set manager_given = false
    where l.tenant = :tenant and l.manager is not null
        and not exists (select from users u where u.tenant_id = :tenant_id and u.key = l.manager)
    returning line, manager
)
insert into roster_bad
select line, 'manager', manager, 'manager-unknown', 'is not a user of this tenant' from unknown
""")
_MANAGERS = text("""
with said as (
    select distinct on (user_key) user_key, manager from roster_line
    where tenant = :tenant and manager_given order by user_key, line desc
), changed as (
    update users u set manager_id = m.id
    from said s left join users m on m.tenant_id = :tenant_id and m.key = s.manager
    where u.tenant_id = :tenant_id and u.key = s.user_key and u.manager_id is distinct from m.id
    returning 1
)
select count(*) from changed
""")
_GROUPS = text("""
with said as (
    select distinct on (user_key) user_key, groups from roster_line
    where tenant = :tenant and groups is not null order by user_key, line desc
)
insert into user_group (tenant_id, name) select distinct :tenant_id, g from said, unnest(groups) g order by 2
on conflict (tenant_id, name) do nothing
""")
_MEMBERS = text("""
with said as (
    select distinct on (user_key) user_key, groups from roster_line
    where tenant = :tenant and groups is not null order by user_key, line desc
), wanted as (
    select distinct u.id as user_id, g.id as group_id
    from said s join users u on u.tenant_id = :tenant_id and u.key = s.user_key
    join user_group g on g.tenant_id = :tenant_id and g.name = any(s.groups)
), gone as (
    delete from group_member m using said s, users u
    where u.tenant_id = :tenant_id and u.key = s.user_key and m.user_id = u.id
        and not exists (select from wanted w where w.user_id = m.user_id and w.group_id = m.group_id)
)
insert into group_member (group_id, user_id, tenant_id) select group_id, user_id, :tenant_id from wanted
on conflict do nothing
""")


def bring_in_users(session: Session, tenant: Tenant) -> RosterCounts:
    """Users, managers and groups of one tenant."""
    of_tenant = {"tenant": tenant.key, "tenant_id": tenant.id}
    session.execute(_INCOMPLETE_USERS, of_tenant)
    new, changed = session.execute(_USERS, of_tenant).one()
    for statement in (_UNKNOWN_MANAGERS, _MANAGERS, _GROUPS, _MEMBERS):
        session.execute(statement, of_tenant)
    return RosterCounts(users_new=new, users_changed=changed)


def count_bad(session: Session) -> int:
    """How many parts of lines were not taken."""
    bad: int = session.execute(text("select count(*) from roster_bad")).scalar_one()
    return bad


def all_bad(session: Session) -> Iterator[Bad]:
    """All that was not taken, by line; read in batches, so that millions fit."""
    query = text("select line, field, value, code, detail from roster_bad order by line, field")
    for row in session.execute(query, execution_options={"yield_per": 1000}):
        yield Bad(*row)
