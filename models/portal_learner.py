"""What a learner sees: own courses, what is open in each, and whom to ask."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.access import Page, may_open
from models.portal_standing import COLUMNS, FROM, Standing, standing


@dataclass(frozen=True, slots=True)
class LearnerCourse:
    """A learner's enrollment in one course version; `course` and `version` are the learning platform's keys."""

    course: str
    version: str
    title: str
    active: bool
    modules: tuple[str, ...]
    completed_modules: int
    standing: Standing

    @property
    def next_module(self) -> str | None:
        """The module to go on with; None when all are completed."""
        return self.modules[self.completed_modules] if self.completed_modules < len(self.modules) else None

    @property
    def pages(self) -> tuple[Page, ...]:
        """The pages of the course that are open."""
        return tuple(page for page in Page if self.opens(page))

    def opens(self, page: str) -> bool:
        """Whether the learner may open `page` of the course."""
        return may_open(page, self.standing.status, self.active)


_SELECT = f"""
select {COLUMNS}, u.active, c.key as course, v.key as version, v.title, e.completed_modules,
    array(select m.title from module m where m.course_version_id = v.id order by m.position) as modules
{FROM}
join course_version v on v.id = e.course_version_id
join course c on c.id = v.course_id
where e.tenant_id = :tenant_id and e.user_id = :user_id
"""
_COURSES = text(f"{_SELECT} and s.status <> 'U' order by s.status, v.title, c.key, v.key")
_COURSE = text(f"{_SELECT} and c.key = :course and v.key = :version")


def _learner_course(row: Any) -> LearnerCourse:
    completed = min(row.completed_modules, len(row.modules))
    return LearnerCourse(
        row.course, row.version, row.title, row.active, tuple(row.modules), completed, standing(row)
    )


def courses(session: Session, tenant_id: int, user_id: int, now: datetime) -> list[LearnerCourse]:
    """The courses a user sees at `now`: those that read as E first, then X. U is not among them."""
    rows = session.execute(_COURSES, {"tenant_id": tenant_id, "user_id": user_id, "now": now})
    return [_learner_course(row) for row in rows]


def course(
    session: Session, tenant_id: int, user_id: int, course: str, version: str, now: datetime
) -> LearnerCourse | None:
    """One course version of the user at `now`, U too; None without an enrollment."""
    asked = {"tenant_id": tenant_id, "user_id": user_id, "course": course, "version": version, "now": now}
    row = session.execute(_COURSE, asked).one_or_none()
    return None if row is None else _learner_course(row)


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody of the learner's own organisation who can help."""

    name: str
    email: str
    is_manager: bool


_CONTACTS = text("""
(select m.name, m.email, true as is_manager
    from users u join users m on m.id = u.manager_id and m.tenant_id = u.tenant_id
    where u.id = :user_id and u.tenant_id = :tenant_id and m.active)
union all
(select a.name, a.email, false from users a
    where a.tenant_id = :tenant_id and a.client_admin and a.active and a.id <> :user_id order by a.name limit 3)
""")


def contacts(session: Session, tenant_id: int, user_id: int) -> list[Contact]:
    """Whom a learner can ask: the manager, then up to three client admins; nobody who is inactive."""
    rows = session.execute(_CONTACTS, {"tenant_id": tenant_id, "user_id": user_id})
    return [Contact(*row) for row in rows]
