"""Looking for enrollments of one tenant: a filter, pages of rows behind it, how many there are, and their ids."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.selectable import like
from models.status import Status
from models.tenant import Tenant
from models.terms import boundary, today

COUNT_BOUND = 10_000
PAGE_SIZE = 50
MOST_DAYS = 36_600


@dataclass(frozen=True, slots=True)
class EnrollmentFilter:
    """What is looked for; everything that is given must hold.

    `user` is a part of a name, an e-mail address or a key; `user_key`, `course`, `version`, `group` and
    `sales_order` are whole; a `course` without a `version` is all of its versions. `status` is the one that is
    read now. `ends_within` counts days from today in the tenant's zone, for
    those who still have access. `past_order_end`: the typed date is later than the order's term end.
    """

    tenant_id: int
    course_version_id: int | None = None
    user: str = ""
    user_key: str = ""
    course: str = ""
    version: str = ""
    group: str = ""
    status: Status | None = None
    sales_order: str = ""
    ends_within: int | None = None
    no_order: bool = False
    no_end_date: bool = False
    past_order_end: bool = False
    ids: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class EnrollmentRow:
    """One enrollment as people see it. `status`, `cause` and `expired_at` are read now, whatever is stored."""

    id: int
    user_key: str
    user_name: str
    email: str
    active: bool
    course: str
    version: str
    title: str
    status: str
    cause: str | None
    expired_at: datetime | None
    order_id: int | None
    sales_order: str | None
    order_flag: str | None
    expiration_date: date | None
    last_day: date | None
    boundary: datetime | None
    past_order_end: bool
    completed_modules: int
    modules: int


@dataclass(frozen=True, slots=True)
class EnrollmentPage:
    """Rows in the order of names; `next` is where the page behind this one begins, None on the last."""

    rows: list[EnrollmentRow]
    next: int | None


_READ = "status_at(e.status, e.boundary, t.paused_at, t.pause_until, :now)"
_FROM = """
from enrollment e
join tenant t on t.id = e.tenant_id
left join sales_order o on o.id = e.sales_order_id and o.tenant_id = e.tenant_id
"""
_CONDITIONS = {
    "course_version_id": "e.course_version_id = :course_version_id",
    "user": "e.user_id in (select n.id from users n where n.tenant_id = :tenant_id"
    " and (n.name ilike :user or n.email ilike :user or n.key ilike :user))",
    "user_key": "e.user_id = (select n.id from users n where n.tenant_id = :tenant_id and n.key = :user_key)",
    "course": "e.course_version_id = any(array(select v.id from course_version v"
    " join course c on c.id = v.course_id where c.key = :course and (:version = '' or v.key = :version)))",
    "group": "e.user_id in (select m.user_id from group_member m join user_group g on g.id = m.group_id"
    " where g.tenant_id = :tenant_id and g.name = :group)",
    "status": f"{_READ} = :status",
    "sales_order": "e.sales_order_id in (select n.id from sales_order n"
    " where n.tenant_id = :tenant_id and n.number = :sales_order)",
    "ends_within": f"e.boundary > :now and e.boundary <= :ends_by and {_READ} = 'E'",
    "no_order": "e.sales_order_id is null",
    "no_end_date": "e.boundary is null",
    "past_order_end": "e.expiration_date > o.term_end",
    "ids": "e.id = any(:ids)",
}
# The page is cut out first, so that names, titles and progress are looked up for its rows only.
_PAGE = """
with page as materialized (
    select e.id, u.name as user_name, e.user_id
    {joined} join users u on u.id = e.user_id and u.tenant_id = :tenant_id
    {where} {behind}
    order by u.name, u.id, e.id limit :limit
)
select e.id, u.key, u.name, u.email, u.active, c.key, v.key, v.title, {read},
    coalesce(e.expired_cause, case when {read} <> 'X' then null
        when e.expiration_date is null then 'term_ended' else 'manual_date' end),
    coalesce(e.expired_at, case when {read} = 'X' then greatest(e.boundary, t.pause_until) end),
    o.id, o.number, o.flag, e.expiration_date,
    coalesce(e.expiration_date, o.term_end + t.grace_days), e.boundary,
    coalesce(e.expiration_date > o.term_end, false), e.completed_modules,
    (select count(*) from module m where m.course_version_id = v.id)
from page p join enrollment e on e.id = p.id
join tenant t on t.id = e.tenant_id
left join sales_order o on o.id = e.sales_order_id and o.tenant_id = e.tenant_id
join users u on u.id = p.user_id
join course_version v on v.id = e.course_version_id
join course c on c.id = v.course_id
order by p.user_name, p.user_id, p.id
"""
_BEHIND = "and (u.name, u.id, e.id) > (:name, :user_id, :after)"
_PLACE = text("""
select u.name, u.id as user_id from enrollment e join users u on u.id = e.user_id
where e.id = :after and e.tenant_id = :tenant_id
""")


def page(
    session: Session,
    tenant: Tenant,
    wanted: EnrollmentFilter,
    now: datetime,
    after: int | None = None,
    limit: int = PAGE_SIZE,
) -> EnrollmentPage:
    """At most `limit` rows behind the enrollment `after`, by name. An `after` of another tenant is ignored."""
    where, parameters = matching(tenant, wanted, now)
    place = None
    if after is not None:
        place = session.execute(_PLACE, {"after": after, "tenant_id": tenant.id}).mappings().one_or_none()
    behind = "" if place is None else _BEHIND
    parameters |= {"limit": limit + 1, "after": after, **(place or {})}
    query = text(_PAGE.format(joined=_FROM, where=where, behind=behind, read=_READ))
    rows = [EnrollmentRow(*row) for row in session.execute(query, parameters)]
    return EnrollmentPage(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)


def count(
    session: Session, tenant: Tenant, wanted: EnrollmentFilter, now: datetime, bound: int | None = COUNT_BOUND
) -> int:
    """How many match; `bound` + 1 means more than `bound`. Without a bound exactly how many."""
    where, parameters = matching(tenant, wanted, now)
    query = text(f"select count(*) from (select 1 {_FROM} {where} limit cast(:most as bigint)) n")
    found: int = session.execute(query, {**parameters, "most": None if bound is None else bound + 1}).scalar_one()
    return found


def matching_ids(tenant: Tenant, wanted: EnrollmentFilter, now: datetime) -> tuple[str, dict[str, Any]]:
    """A SELECT of the `id` of every enrollment that matches, with its parameters, to be a part of a statement."""
    where, parameters = matching(tenant, wanted, now)
    return f"select e.id {_FROM} {where}", parameters


def matching(tenant: Tenant, wanted: EnrollmentFilter, now: datetime) -> tuple[str, dict[str, Any]]:
    """The WHERE of a filter and its parameters. Raises ValueError for the filter of another tenant."""
    if wanted.tenant_id != tenant.id:
        raise ValueError(f"a filter of tenant {wanted.tenant_id} was used for tenant {tenant.id}")
    conditions = [sql for name, sql in _CONDITIONS.items() if _is_given(wanted, name)]
    return " and ".join(["where e.tenant_id = :tenant_id", *conditions]), _parameters(tenant, wanted, now)


def _is_given(wanted: EnrollmentFilter, name: str) -> bool:
    value = getattr(wanted, name)
    return value is not None and value is not False and value != ""


def _parameters(tenant: Tenant, wanted: EnrollmentFilter, now: datetime) -> dict[str, Any]:
    return {
        "now": now,
        "tenant_id": tenant.id,
        "course_version_id": wanted.course_version_id,
        "user": like(wanted.user),
        "user_key": wanted.user_key,
        "course": wanted.course,
        "version": wanted.version,
        "group": wanted.group,
        "status": None if wanted.status is None else str(wanted.status),
        "sales_order": wanted.sales_order,
        "ids": None if wanted.ids is None else list(wanted.ids),
        "ends_by": _ends_by(tenant, wanted.ends_within, now),
    }


def _ends_by(tenant: Tenant, days: int | None, now: datetime) -> datetime | None:
    if days is None:
        return None
    return boundary(today(now, tenant.time_zone) + timedelta(days=min(days, MOST_DAYS)), tenant.time_zone)
