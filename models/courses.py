"""Course versions as staff list them: with how many of a tenant's people are E, X and U in each."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.tenant import Tenant


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One course version. The numbers are those of one tenant, as read now."""

    id: int
    course: str
    version: str
    title: str
    modules: int
    enrolled: int = 0
    expired: int = 0
    unenrolled: int = 0

    @property
    def people(self) -> int:
        return self.enrolled + self.expired + self.unenrolled


_VERSIONS = """
select v.id, c.key as course, v.key as version, v.title,
    (select count(*) from module m where m.course_version_id = v.id) as modules {counts}
from course_version v join course c on c.id = v.course_id {counted}
{where} order by v.title, c.key, v.key limit :limit
"""
_COUNTS = """, coalesce(n.enrolled, 0) as enrolled, coalesce(n.expired, 0) as expired,
    coalesce(n.unenrolled, 0) as unenrolled"""
_COUNTED = """
left join (
    select e.course_version_id, count(*) filter (where s.status = 'E') as enrolled,
        count(*) filter (where s.status = 'X') as expired, count(*) filter (where s.status = 'U') as unenrolled
    from enrollment e join tenant t on t.id = e.tenant_id
    cross join lateral (select status_at(e.status, e.boundary, t.paused_at, t.pause_until, :now) as status) s
    where e.tenant_id = :tenant_id group by e.course_version_id
) n on n.course_version_id = v.id
"""


def versions(session: Session, tenant: Tenant, now: datetime, limit: int = 1000) -> list[VersionRow]:
    """Every course version with the tenant's people in it, by title."""
    query = text(_VERSIONS.format(counts=_COUNTS, counted=_COUNTED, where=""))
    found = session.execute(query, {"tenant_id": tenant.id, "now": now, "limit": limit})
    return [VersionRow(**row) for row in found.mappings()]


def all_versions(session: Session, limit: int = 1000) -> list[VersionRow]:
    """Every course version by title, nobody counted."""
    found = session.execute(text(_VERSIONS.format(counts="", counted="", where="")), {"limit": limit})
    return [VersionRow(**row) for row in found.mappings()]


def version(session: Session, version_id: int) -> VersionRow | None:
    """One course version, nobody counted."""
    query = text(_VERSIONS.format(counts="", counted="", where="where v.id = :id"))
    row = session.execute(query, {"id": version_id, "limit": 1}).mappings().one_or_none()
    return None if row is None else VersionRow(**row)
