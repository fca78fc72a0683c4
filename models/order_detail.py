"""One accepted order of one tenant: what NetSuite said beside it, its people, and how it came to be as it is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from models.order_listing import COUNTED

Row = dict[str, Any]

# Larger orders are told by some of their enrollments: a time line is there to be read.
TOLD_ENROLLMENTS = 5000


@dataclass(frozen=True, slots=True)
class People:
    """Enrollments on an order, course version by course version; with `more`, there are more than were counted."""

    courses: list[Row]
    more: bool

    @property
    def enrolled(self) -> int:
        return self._sum("enrolled")

    @property
    def expired(self) -> int:
        return self._sum("expired")

    @property
    def all(self) -> int:
        return self._sum("people")

    def _sum(self, name: str) -> int:
        return sum(row[name] for row in self.courses)


_ORDER = text("""
select o.id, o.tenant_id, o.number, o.customer_id, c.name as customer_name, o.status, o.term_start, o.term_end,
    o.flag, o.flagged_at, o.reviewed_at >= o.flagged_at as reviewed, o.reviewed_at, o.reviewed_by, o.review_reason,
    o.modified_at, o.accepted_at, t.key as tenant, t.name as tenant_name, t.time_zone, t.grace_days,
    t.paused_at, t.pause_until,
    (select d.hold_id from landing_due d where d.tenant_id = o.tenant_id and d.order_id = o.id) as hold_id,
    exists (select from landing_due d where d.tenant_id = o.tenant_id and d.order_id = o.id) as due
from sales_order o join tenant t on t.id = o.tenant_id left join customer c on c.id = o.customer_id
where o.id = :order_id and t.key = :tenant
""")
_LANDED = text("""
select l.number, l.customer_id, c.name as customer_name, c.tenant_id, t.name as tenant_name, l.status,
    l.term_start, l.term_end, l.modified_at, l.payload, l.read_at, l.first_seen_at, l.reject_code,
    l.reject_detail, l.gone, l.gone_at
from landing_order l left join customer c on c.id = l.customer_id left join tenant t on t.id = c.tenant_id
where l.order_id = :order_id
""")
_TENANTS = text("""
select t.key as tenant, t.name as tenant_name, o.number, o.flag
from sales_order o join tenant t on t.id = o.tenant_id
where o.id = :order_id order by o.flag is not null, t.name
""")


def order(session: Session, tenant: str, order_id: int) -> Row | None:
    """The accepted order; None: no such order.

    `due` tells that something landed that was not yet compared, `hold_id` the open hold that keeps it back.
    """
    found = _rows(session, _ORDER, order_id=order_id, tenant=tenant)
    return found[0] if found else None


def landed(session: Session, order_id: int) -> Row | None:
    """What NetSuite last said about the order, with its text word for word."""
    found = _rows(session, _LANDED, order_id=order_id)
    return found[0] if found else None


def tenants_of(session: Session, order_id: int) -> list[Row]:
    """Every tenant that has accepted the order: more than one after it moved."""
    return _rows(session, _TENANTS, order_id=order_id)


# An order of a hundred thousand people lies all over the table: so many of them are looked at.
_SOME = """(
    select * from enrollment where sales_order_id = :order_id and tenant_id = :tenant_id
    limit cast(:most as bigint)
)"""
_ENROLLMENTS = text(f"""
select e.id, u.key as user, u.name, u.email, u.active, c.key as course, cv.key as version, cv.title, s.status,
    e.expiration_date, e.boundary, e.expired_at, e.expired_cause
from {_SOME} e join tenant t on t.id = e.tenant_id
join users u on u.id = e.user_id
join course_version cv on cv.id = e.course_version_id join course c on c.id = cv.course_id
cross join lateral (select status_at(e.status, e.boundary, t.paused_at, t.pause_until, :now) as status) s
order by u.name, e.id limit :limit
""")


def enrollments(session: Session, order_id: int, tenant_id: int, now: datetime, limit: int = 50) -> list[Row]:
    """The first enrollments on the order by name, of a large order among COUNTED of them, with their status as it
    reads at `now`.
    """
    of = {"order_id": order_id, "tenant_id": tenant_id, "most": COUNTED}
    return _rows(session, _ENROLLMENTS, **of, now=now, limit=limit)


_COURSES = text(f"""
select e.course_version_id, cv.title, cv.key as version, count(*) filter (where s.status = 'E') as enrolled,
    count(*) filter (where s.status = 'X') as expired, count(*) as people
from {_SOME} e join tenant t on t.id = e.tenant_id join course_version cv on cv.id = e.course_version_id
cross join lateral (select status_at(e.status, e.boundary, t.paused_at, t.pause_until, :now) as status) s
group by e.course_version_id, cv.title, cv.key order by cv.title, cv.key
""")


def people(session: Session, order_id: int, tenant_id: int, now: datetime) -> People:
    """How many enrollments on the order read as E and as X at `now`, and how many there are, by course version.

    COUNTED of them are counted, whichever they are.
    """
    rows = _rows(session, _COURSES, order_id=order_id, tenant_id=tenant_id, now=now, most=COUNTED + 1)
    return People(rows, more=sum(row["people"] for row in rows) > COUNTED)


# What happened to the order at its tenant. `kind` says which columns mean something.
_CHANGES = text("""
select 'accepted' as kind, v.at, v.actor, v.run_id, v.number_before, v.number_after, v.status_before,
    v.status_after, v.term_start_before, v.term_start_after, v.term_end_before, v.term_end_after, v.flag_before,
    v.flag_after
from sales_order_event v where v.order_id = :order_id and v.tenant_id = :tenant_id
order by v.id desc limit :limit
""")
# Each enrollment's events are looked up by its id: nothing else keeps from reading everybody's.
_FLIPS = text(f"""
with e as materialized {_SOME}
select 'enrollments' as kind, v.at, v.actor, v.run_id, v.cause,
    coalesce(v.before ->> 'status', v.status) as status_before, v.status as status_after,
    v.before is null as is_new, count(*) as enrollments, (select count(*) from e) = :most as more
from e cross join lateral (
    select * from enrollment_event n where n.enrollment_id = e.id and n.sales_order_id = :order_id offset 0
) v
group by v.at, v.actor, v.run_id, v.cause, status_before, status_after, is_new
order by v.at desc limit :limit
""")
_HOLDS = text("""
select 'hold' as kind, h.id as hold_id, h.opened_at as at, h.run_id, h.state, h.decided_at, h.decided_by,
    h.decision_reason, i.term_end_before, i.term_end as term_end_after, i.flag as flag_after, i.would_expire
from hold h join hold_item i on i.hold_id = h.id and i.order_id = :order_id
where h.tenant_id = :tenant_id order by h.id desc limit :limit
""")
_ACTIONS = text("""
select 'action' as kind, at, actor, action, reason from staff_action
where subject = :subject order by id desc limit :limit
""")


def subject(order_id: int) -> str:
    """How `staff_action` names an order: by its NetSuite id, for its number may change."""
    return f"order {order_id}"


def time_line(session: Session, order_id: int, tenant_id: int, limit: int = 100) -> list[Row]:
    """What happened to the order and to the people on it, the latest first, in four kinds of rows.

    `accepted`: a change was accepted; `enrollments`: so many were changed at once, by one cause (with `more`, so
    many of those that were looked at); `hold`: the guard kept a change back; `action`: what a person did. Flips
    are told of those who are on the order still.
    """
    parameters = {"order_id": order_id, "tenant_id": tenant_id, "limit": limit}
    found = [
        *_rows(session, _CHANGES, **parameters),
        *_rows(session, _FLIPS, **parameters, most=TOLD_ENROLLMENTS),
        *_rows(session, _HOLDS, **parameters),
        *_rows(session, _ACTIONS, subject=subject(order_id), limit=limit),
    ]
    return sorted(found, key=lambda row: (row["at"], row["kind"] == "enrollments"), reverse=True)[:limit]


def _rows(session: Session, query: TextClause, **parameters: object) -> list[Row]:
    return [dict(row) for row in session.execute(query, parameters).mappings()]
