"""Which enrollments of a tenant a client admin looks at: those of the dashboard, of the report, of a search."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.status import Status


@dataclass(frozen=True, slots=True)
class Selection:
    """Enrollments of one tenant that read as E or X; U is never among them.

    `search` is part of a name, an e-mail address or a user's key; `group` is a group's name; `course` is the keys
    of a course and its version. Users who are not active are left out unless `inactive` asks for them.
    """

    tenant_id: int
    status: Status | None = None
    search: str = ""
    group: str | None = None
    course: tuple[str, str] | None = None
    inactive: bool = False

    @property
    def narrowed(self) -> bool:
        """Whether anything was searched or filtered for."""
        return self != Selection(self.tenant_id, inactive=self.inactive)

    def where(self) -> str:
        """The conditions in SQL, on the tables of `models.portal_standing.FROM` and of course `c`, version `v`."""
        conditions = ["e.tenant_id = :tenant_id", "s.status <> 'U'"]
        if not self.inactive:
            conditions.append("u.active")
        if self.status is not None:
            conditions.append("s.status = :status")
        if self.search:
            conditions.append(SEARCH)
        if self.group is not None:
            conditions.append(IN_GROUP)
        if self.course is not None:
            conditions.append("c.key = :course and v.key = :version")
        return " and ".join(conditions)

    def parameters(self, now: datetime) -> dict[str, Any]:
        """Values of the parameters that `where` and the statements around it name."""
        course, version = self.course or (None, None)
        return {
            "now": now,
            "tenant_id": self.tenant_id,
            "status": self.status,
            "pattern": pattern(self.search),
            "group": self.group,
            "course": course,
            "version": version,
        }


SEARCH = "(u.name ilike :pattern or u.email ilike :pattern or u.key ilike :pattern)"
IN_GROUP = """exists (
    select from group_member gm join user_group g on g.id = gm.group_id
    where gm.user_id = u.id and g.tenant_id = :tenant_id and g.name = :group
)"""


def pattern(search: str) -> str:
    """What ILIKE takes to find `search` anywhere: its wildcards stand for themselves."""
    escaped = search.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"
