"""What the API adds to bringing in lines of a roster: what a line only refers to is not made; and reading back."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

_UNKNOWN_USERS = text("""
with gone as (
    delete from roster_line l
    where not exists (select from users u where u.tenant_id = :tenant_id and u.key = l.user_key)
    returning line, user_key
)
insert into roster_bad
select line, 'user', user_key, 'user-unknown', 'is not a user of this tenant' from gone
""")
_UNKNOWN_VERSIONS = text("""
with gone as (
    delete from roster_line l where not exists (
        select from course c join course_version v on v.course_id = c.id
        where c.key = l.course and v.key = l.version)
    returning line, course, version
)
insert into roster_bad
select line, 'course', course || ' ' || version, 'course-version-unknown', 'is not a course version' from gone
""")
_FORGET = text("drop table roster_line, roster_bad, roster_user, roster_enrollment")


def refuse_unknown(session: Session, tenant_id: int) -> None:
    """Sort out lines about users and course versions there are not."""
    session.execute(_UNKNOWN_USERS, {"tenant_id": tenant_id})
    session.execute(_UNKNOWN_VERSIONS)


def forget(session: Session) -> None:
    """Drop the tables of `roster_import.create`: the connection is used again."""
    session.execute(_FORGET)


@dataclass(frozen=True, slots=True)
class UserRow:
    """One user as the roster has it. `manager` is a key, `groups` are names."""

    user: str
    name: str
    email: str
    active: bool
    manager: str | None
    groups: list[str]


_USER = text("""
select u.key, u.name, u.email, u.active, m.key,
    array(select g.name from group_member n join user_group g on g.id = n.group_id
        where n.user_id = u.id order by g.name)
from users u left join users m on m.id = u.manager_id and m.tenant_id = u.tenant_id
where u.tenant_id = :tenant_id and u.key = :user
""")


def user(session: Session, tenant_id: int, key: str) -> UserRow | None:
    """One user of the tenant."""
    row = session.execute(_USER, {"tenant_id": tenant_id, "user": key}).one_or_none()
    return None if row is None else UserRow(*row)


_VERSION = text("""
select v.id, v.title, array(
    select m.title from module m where m.course_version_id = v.id order by m.position) as modules
from course c join course_version v on v.course_id = c.id where c.key = :course and v.key = :version
""")


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One course version."""

    id: int
    title: str
    modules: list[str]


def course_version(session: Session, course: str, version: str) -> VersionRow | None:
    """One version of a course."""
    row = session.execute(_VERSION, {"course": course, "version": version}).one_or_none()
    return None if row is None else VersionRow(*row)


_ENROLLMENT = text("""
select e.id from enrollment e join users u on u.id = e.user_id and u.tenant_id = e.tenant_id
join course_version v on v.id = e.course_version_id join course c on c.id = v.course_id
where e.tenant_id = :tenant_id and u.key = :user and c.key = :course and v.key = :version
""")


def enrollment_id(session: Session, tenant_id: int, user: str, course: str, version: str) -> int | None:
    """The id of a user's enrollment in a course version."""
    asked = {"tenant_id": tenant_id, "user": user, "course": course, "version": version}
    found: int | None = session.execute(_ENROLLMENT, asked).scalar_one_or_none()
    return found


_MORE_ENROLLMENTS = text("""
select count(*) > :most from (select from enrollment where tenant_id = :tenant_id limit :most + 1) counted
""")


def has_more_enrollments(session: Session, tenant_id: int, most: int) -> bool:
    """Whether the tenant has more than `most` enrollments."""
    asked = {"tenant_id": tenant_id, "most": most}
    return bool(session.execute(_MORE_ENROLLMENTS, asked).scalar_one())
