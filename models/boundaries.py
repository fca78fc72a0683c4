"""Boundaries in sets: the tz database is asked once for each distinct day, never for each row."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.tenant import Tenant
from models.terms import boundary, last_day

# A last day and its boundary, to join on. The parameters come from `day_map`.
DAY_MAP = "unnest(cast(:days as date[]), cast(:boundaries as timestamptz[])) as day_map(day, boundary)"


def day_map(days: Iterable[date], time_zone: str) -> dict[str, Any]:
    """Parameters of `DAY_MAP`: each distinct day of `days` with its boundary in `time_zone`."""
    distinct = sorted(set(days))
    return {"days": distinct, "boundaries": [boundary(day, time_zone) for day in distinct]}


def term_boundary(term_end: date | None, tenant: Tenant) -> datetime | None:
    """The boundary of an order's term for people without a typed date: grace included, null without an end."""
    day = last_day(None, term_end, tenant.grace_days)
    return None if day is None else boundary(day, tenant.time_zone)


# Boundaries swept in one transaction: a tenant's years of outage, for its rows lie together.
SWEEP_BATCH = 1000

OPEN_AND_PASSED = text("""
select b.tenant_id, b.at
from due_boundary b join tenant t on t.id = b.tenant_id
where b.open and b.at <= :now
    and (t.paused_at is null or t.pause_until <= :now)
    and (cast(:tenant_ids as bigint[]) is null or b.tenant_id = any(:tenant_ids))
    and b.tenant_id <> all(:not_of)
order by b.at, b.tenant_id
limit :limit
""")


def open_and_passed(
    session: Session,
    now: datetime,
    tenant_ids: list[int] | None = None,
    *,
    not_of: Collection[int] = (),
    limit: int = SWEEP_BATCH,
) -> list[tuple[int, datetime]]:
    """(tenant id, boundary) pairs that have passed and were not swept, oldest first; paused tenants left out.

    Of `tenant_ids` only, where given, and of none in `not_of`.
    """
    parameters = {"now": now, "tenant_ids": tenant_ids, "not_of": list(not_of), "limit": limit}
    rows = session.execute(OPEN_AND_PASSED, parameters)
    return [(tenant_id, at) for tenant_id, at in rows]


_REOPEN = text("""
insert into due_boundary (tenant_id, at)
select distinct tenant_id, boundary from enrollment
where tenant_id = :tenant_id and status = 'E' and boundary is not null
on conflict (tenant_id, at) do update set open = true, opened_at = now() where not due_boundary.open
returning 1
""")


def reopen(session: Session, tenant_id: int) -> int:
    """Open the boundary of every E of the tenant. Returns how many were not: always 0, unless rows were written
    past the statements of `models.enrollment_changes`.
    """
    return len(session.execute(_REOPEN, {"tenant_id": tenant_id}).all())


# What a pause kept back is due from its end on, not from the boundary.
OLDEST_OVERDUE = text("""
select min(greatest(e.boundary, t.pause_until))
from due_boundary b
join tenant t on t.id = b.tenant_id
join enrollment e on e.tenant_id = b.tenant_id and e.boundary = b.at and e.status = 'E'
where b.open and b.at <= :now and (t.paused_at is null or t.pause_until <= :now)
""")


def oldest_overdue(session: Session, now: datetime) -> datetime | None:
    """Since when somebody is stored as E and should be X; None when all is written."""
    overdue: datetime | None = session.execute(OLDEST_OVERDUE, {"now": now}).scalar_one()
    return overdue
