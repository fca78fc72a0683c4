"""Looking for users of one tenant, each with what they are in every course."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.selectable import like
from models.tenant import Tenant

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class UserFilter:
    """What is looked for; everything that is given must hold. `user` is a part of a name, an address or a key."""

    tenant_id: int
    user: str = ""
    group: str = ""
    ids: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What a user is in one course version, as read now."""

    enrollment_id: int
    version_id: int
    course: str
    version: str
    title: str
    status: str
    boundary: datetime | None


@dataclass(frozen=True, slots=True)
class UserRow:
    """One user with their standings by course. `groups` are names."""

    id: int
    key: str
    name: str
    email: str
    active: bool
    groups: list[str]
    standings: tuple[Standing, ...] = ()


@dataclass(frozen=True, slots=True)
class UserPage:
    """Rows in the order of names; `next` is the user behind whom the next page begins, None on the last."""

    rows: list[UserRow]
    next: int | None


_CONDITIONS = {
    "user": "(u.name ilike :user or u.email ilike :user or u.key ilike :user)",
    "group": "u.id in (select m.user_id from group_member m join user_group g on g.id = m.group_id"
    " where g.tenant_id = :tenant_id and g.name = :group)",
    "ids": "u.id = any(:ids)",
}
_PAGE = """
select u.id, u.key, u.name, u.email, u.active, array(
    select g.name from group_member m join user_group g on g.id = m.group_id
    where m.user_id = u.id order by g.name) as groups
from users u {where} {behind} order by u.name, u.id limit :limit
"""
_BEHIND = (
    "and (u.name, u.id) > (select n.name, n.id from users n where n.id = :after and n.tenant_id = :tenant_id)"
)
_STANDINGS = text("""
select e.user_id, e.id, v.id, c.key, v.key, v.title,
    status_at(e.status, e.boundary, t.paused_at, t.pause_until, :now), e.boundary
from enrollment e
join tenant t on t.id = e.tenant_id
join course_version v on v.id = e.course_version_id
join course c on c.id = v.course_id
where e.user_id = any(:user_ids) and e.tenant_id = :tenant_id
order by c.key, v.key, e.id
""")


def page(
    session: Session,
    tenant: Tenant,
    wanted: UserFilter,
    now: datetime,
    after: int | None = None,
    limit: int = PAGE_SIZE,
) -> UserPage:
    """At most `limit` users behind the user `after`, by name, with their standings at `now`."""
    where, parameters = _matching(tenant, wanted)
    query = text(_PAGE.format(where=where, behind="" if after is None else _BEHIND))
    found = session.execute(query, {**parameters, "after": after, "limit": limit + 1}).mappings().all()
    standings = _standings(session, tenant, [row["id"] for row in found[:limit]], now)
    rows = [UserRow(**row, standings=tuple(standings.get(row["id"], ()))) for row in found[:limit]]
    return UserPage(rows, rows[-1].id if len(found) > limit else None)


def count(session: Session, tenant: Tenant, wanted: UserFilter, bound: int | None = 10_000) -> int:
    """How many users match; `bound` + 1 means more than `bound`. Without a bound exactly how many."""
    where, parameters = _matching(tenant, wanted)
    query = text(f"select count(*) from (select 1 from users u {where} limit cast(:most as bigint)) n")
    found: int = session.execute(query, {**parameters, "most": None if bound is None else bound + 1}).scalar_one()
    return found


def matching_user_ids(tenant: Tenant, wanted: UserFilter) -> tuple[str, dict[str, Any]]:
    """A SELECT of the `id` of every user that matches, with its parameters, to be a part of a statement."""
    where, parameters = _matching(tenant, wanted)
    return f"select u.id from users u {where}", parameters


_GROUPS = text("""
select g.name, count(m.user_id) from user_group g left join group_member m on m.group_id = g.id
where g.tenant_id = :tenant_id group by g.id order by g.name limit :limit
""")


def groups(session: Session, tenant: Tenant, limit: int = 500) -> list[tuple[str, int]]:
    """The groups of the tenant with the number of their members."""
    rows = session.execute(_GROUPS, {"tenant_id": tenant.id, "limit": limit})
    return [(name, members) for name, members in rows]


def _standings(session: Session, tenant: Tenant, user_ids: list[int], now: datetime) -> dict[int, list[Standing]]:
    found: dict[int, list[Standing]] = {}
    parameters = {"user_ids": user_ids, "tenant_id": tenant.id, "now": now}
    for user_id, *standing in session.execute(_STANDINGS, parameters):
        found.setdefault(user_id, []).append(Standing(*standing))
    return found


def _matching(tenant: Tenant, wanted: UserFilter) -> tuple[str, dict[str, Any]]:
    if wanted.tenant_id != tenant.id:
        raise ValueError(f"a filter of tenant {wanted.tenant_id} was used for tenant {tenant.id}")
    given = {"user": bool(wanted.user), "group": bool(wanted.group), "ids": wanted.ids is not None}
    conditions = [_CONDITIONS[name] for name, is_given in given.items() if is_given]
    parameters = {
        "tenant_id": tenant.id,
        "user": like(wanted.user),
        "group": wanted.group,
        "ids": None if wanted.ids is None else list(wanted.ids),
    }
    return " and ".join(["where u.tenant_id = :tenant_id", *conditions]), parameters
