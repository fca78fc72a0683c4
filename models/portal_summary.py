"""How many enrollments of a tenant are E and X, of which course, and what ends when."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.portal_selection import Selection
from models.portal_standing import FROM
from models.status import Status

Period = Literal["month", "week"]
SOON = 30  # days


@dataclass(frozen=True, slots=True)
class Count:
    """How many enrollments share a course version, a status, whether the user is active, and a period.

    `period` is the first day of the month or week in which an E has its last day; None for X, and for E without
    a last day. `soon` of them have their last day within the next `SOON` days, today included.
    """

    course: str
    version: str
    title: str
    status: Status
    active: bool
    period: date | None
    enrollments: int
    soon: int


@dataclass(frozen=True, slots=True)
class Summary:
    """The counts of a selection. All totals are sums of them, so that they add up."""

    counts: tuple[Count, ...]

    def of(self, course: tuple[str, str] | None) -> "Summary":
        """The counts of one course version, or all."""
        if course is None:
            return self
        return replace(self, counts=tuple(c for c in self.counts if (c.course, c.version) == course))

    def total(self, status: Status | None = None, *, active: bool | None = None) -> int:
        """Enrollments of a status or of both, of active or inactive users or of both."""
        return sum(c.enrollments for c in self.counts if status in (None, c.status) and active in (None, c.active))

    @property
    def soon(self) -> int:
        """Enrollments whose last day is within the next `SOON` days."""
        return sum(c.soon for c in self.counts)

    @property
    def without_end(self) -> int:
        """E without a last day."""
        return self.endings().get(None, 0)

    def courses(self) -> dict[tuple[str, str], str]:
        """Titles by keys of course and version, in the order of titles."""
        return {(c.course, c.version): c.title for c in self.counts}

    def endings(self) -> dict[date | None, int]:
        """E by the period of their last day, None for those without one."""
        found: dict[date | None, int] = {}
        for count in self.counts:
            if count.status is Status.ENROLLED:
                found[count.period] = found.get(count.period, 0) + count.enrollments
        return found


# Counted by boundary first, which makes few rows of many; days, months and titles are found for those few. The
# last day is the day before the boundary, so that no order is read.
_SUMMARY = """
with counted as (
    select e.tenant_id, e.course_version_id, s.status, u.active,
        case when s.status = 'E' then e.boundary end as boundary,
        count(*) as enrollments
    {from_}
    where {where}
    group by 1, 2, 3, 4, 5
)
select c.key as course, v.key as version, v.title, n.status, n.active,
    cast(date_trunc(:period, cast(last.day as timestamp)) as date) as period, cast(sum(n.enrollments) as bigint),
    cast(coalesce(sum(n.enrollments) filter (where last.day - today.day between 0 and :soon), 0) as bigint) as soon
from counted n
join tenant t on t.id = n.tenant_id
cross join lateral (select cast(cast(:now as timestamptz) at time zone t.time_zone as date) as day) today
cross join lateral (select cast(n.boundary at time zone t.time_zone as date) - 1 as day) last
join course_version v on v.id = n.course_version_id
join course c on c.id = v.course_id
group by c.key, v.key, v.title, n.status, n.active, period
order by v.title, c.key, v.key, period
"""


def summary(session: Session, selection: Selection, now: datetime, period: Period = "month") -> Summary:
    """Count what `selection` names, of every course and both statuses; `Summary.of` narrows to one course."""
    everything = replace(selection, status=None, course=None)
    statement = _SUMMARY.format(from_=FROM, where=everything.where())
    parameters = everything.parameters(now) | {"period": period, "soon": SOON}
    rows = session.execute(text(statement), parameters)
    return Summary(tuple(Count(row.course, row.version, row.title, Status(row.status), *row[4:]) for row in rows))


_GROUPS = text("select name from user_group where tenant_id = :tenant_id order by name limit :limit")
GROUPS = 500


def groups(session: Session, tenant_id: int) -> list[str]:
    """Names of the tenant's groups, the first `GROUPS` of them."""
    return list(session.execute(_GROUPS, {"tenant_id": tenant_id, "limit": GROUPS}).scalars())
