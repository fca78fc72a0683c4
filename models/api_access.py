"""Who may open what, for many questions at once: one statement, whatever their number.

Each question names the SHA-256 of the token it came with, so that a token that was revoked a moment ago opens
nothing, at no further round trip.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from models.token_use import BEARER, Bearer


class Question(NamedTuple):
    """Keys as the learning platform says them. Without `course` and `version`: all of the user's courses."""

    token_hash: bytes
    tenant: str
    user: str
    course: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class CourseAccess:
    """One enrollment as it reads now. `last_day` is inclusive; `boundary` is the first instant after it.

    `cause` and `expired_at` are there for X only.
    """

    course: str
    version: str
    title: str
    status: str
    last_day: date | None
    boundary: datetime | None
    cause: str | None
    expired_at: datetime | None


@dataclass(frozen=True, slots=True)
class UserAccess:
    """One user and the enrollments that were asked for. `manager`: name and address of an active one."""

    active: bool
    time_zone: str
    manager: str | None
    courses: list[CourseAccess]


@dataclass(frozen=True, slots=True)
class Answer:
    """Whose token it is, None for nobody's, and the user; None for one that the token's tenants do not have."""

    bearer: Bearer | None
    user: UserAccess | None


# An expiry that is read but not yet written shows the time and the cause that the sweep will write.
ACCESS = f"""
select a.n, {BEARER},
    u.active, t.time_zone, case when m.active then m.name || ' <' || m.email || '>' end, e.course, e.version,
    e.title, e.status, e.last_day, e.boundary, e.cause, e.expired_at
from unnest(%s::bytea[], %s::text[], %s::text[], %s::text[], %s::text[])
    with ordinality as a(hash, tenant, "user", course, version, n)
left join api_token k on k.hash = a.hash and k.revoked_at is null
left join tenant own on own.id = k.tenant_id
left join tenant t on t.key = a.tenant and k.id is not null and coalesce(k.tenant_id, t.id) = t.id
left join users u on u.tenant_id = t.id and u.key = a."user"
left join users m on m.id = u.manager_id and m.tenant_id = u.tenant_id
left join lateral (
    select c.key as course, v.key as version, v.title, s.status, e.boundary,
        coalesce(e.expiration_date, o.term_end + t.grace_days) as last_day,
        case when s.status <> 'X' then null when e.status = 'X' then e.expired_cause
            when e.expiration_date is null then 'term_ended' else 'manual_date' end as cause,
        case when s.status = 'X' then coalesce(e.expired_at, greatest(e.boundary, t.pause_until)) end as expired_at
    from enrollment e
    join course_version v on v.id = e.course_version_id
    join course c on c.id = v.course_id
    left join sales_order o on o.id = e.sales_order_id and o.tenant_id = e.tenant_id
    cross join lateral (
        select status_at(e.status, e.boundary, t.paused_at, t.pause_until, clock_timestamp()) as status
    ) s
    where e.user_id = u.id and e.tenant_id = t.id
        and (a.course is null or (c.key = a.course and v.key = a.version))
) e on true
order by a.n, e.status, e.title, e.course, e.version
"""
_BEARER_ENDS = 8
_USER_ENDS = 11


def parameters(questions: Sequence[Question]) -> list[list[Any]]:
    """What `ACCESS` is executed with."""
    return [list(column) for column in zip(*questions, strict=True)]


def answers(rows: Sequence[tuple[Any, ...]]) -> list[Answer]:
    """The answers in the rows of `ACCESS`, in the order of the questions."""
    found: list[Answer] = []
    last = 0
    for row in rows:
        if row[0] != last:
            last = row[0]
            bearer = None if row[1] is None else Bearer(*row[1:_BEARER_ENDS])
            active, time_zone, manager = row[_BEARER_ENDS:_USER_ENDS]
            found.append(Answer(bearer, None if active is None else UserAccess(active, time_zone, manager, [])))
        user = found[-1].user
        if user is not None and row[_USER_ENDS] is not None:
            user.courses.append(CourseAccess(*row[_USER_ENDS:]))
    return found
