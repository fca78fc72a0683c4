"""Reconciling one tenant: due landing rows against accepted orders, and the acceptance itself.

`propose` takes the due rows out of the mailbox and works out what each would change; `impact` and `totals` count
what accepting them would do; `accept` applies them. All in the caller's transaction, under the tenant's lock.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.boundaries import DAY_MAP, day_map
from models.enrollment_changes import NOTHING, Changes, Why, change
from models.tenant import Tenant
from models.terms import last_day, today

DUE_TENANTS = text("""
select t.id from tenant t
where exists (select from landing_due d where d.tenant_id = t.id and d.hold_id is null)
order by t.id
""")


def due_tenants(session: Session) -> list[int]:
    """Ids of tenants with landing rows that were not yet compared. Reads one index entry a tenant."""
    return list(session.execute(DUE_TENANTS).scalars())


# Without a key: emptying an index at each commit would have every statement on the table planned anew.
_CREATE = text("""
create temporary table if not exists proposal (
    order_id bigint not null, is_new boolean not null, customer_id bigint not null, number text not null,
    status text not null, term_start date, term_end date, flag text, modified_at timestamptz not null,
    term_end_before date, flag_before text
) on commit delete rows
""")
_IS_FILLED = text("select exists (select from proposal)")
_EMPTY = text("truncate proposal")
_TAKE_DUE = text("delete from landing_due where tenant_id = :tenant_id returning order_id")

# The columns of a proposal are those of the accepted order. Where the landing row may not speak for this tenant
# (rejected, moved to another tenant's customer) the accepted values stay and only the flag can change.
# The due rows are read in a statement of their own, after they were taken: what lands later is due again. They are
# given as an array, so that the plan starts from them: a table without statistics is taken for thousands of rows,
# and all landing rows were read for each tenant.
# What a person rejected in a hold of this tenant is not proposed again until something else of that order has been
# accepted; a new number alone does not make it other data.
_PROPOSE = text("""
insert into proposal
select order_id, is_new, customer_id, number, status, term_start, term_end, flag, modified_at,
    term_end_before, flag_before
from (
    select due.order_id, o.id is null as is_new, o.accepted_at,
        case when keeps then o.customer_id else l.customer_id end as customer_id,
        case when keeps then o.number else l.number end as number,
        case when keeps then o.status else l.status end as status,
        case when keeps then o.term_start else l.term_start end as term_start,
        case when keeps then o.term_end else l.term_end end as term_end,
        case
            when l.gone is not null then l.gone
            when c.tenant_id is distinct from :tenant_id then 'moved'
            when not keeps and l.status = 'C' or keeps and o.status = 'C' then 'cancelled'
        end as flag,
        case when keeps then o.modified_at else l.modified_at end as modified_at,
        o.term_end as term_end_before, o.flag as flag_before, o.customer_id as old_customer_id,
        o.number as old_number, o.status as old_status, o.term_start as old_term_start
    from unnest(cast(:order_ids as bigint[])) as due(order_id)
    join landing_order l on l.order_id = due.order_id
    left join customer c on c.id = l.customer_id
    left join sales_order o on o.id = due.order_id and o.tenant_id = :tenant_id
    cross join lateral (
        select l.reject_code is not null or c.tenant_id is distinct from :tenant_id as keeps
    ) k
    where o.id is not null or (l.reject_code is null and l.gone is null and c.tenant_id = :tenant_id)
) p
where (is_new or (customer_id, number, status, term_start, term_end, flag) is distinct from
        (old_customer_id, old_number, old_status, old_term_start, term_end_before, flag_before))
    and not exists (
        select from hold h join hold_item i on i.hold_id = h.id and i.order_id = p.order_id
        where h.tenant_id = :tenant_id and h.state = 'rejected'
            and h.decided_at >= coalesce(p.accepted_at, '-infinity')
            and (i.customer_id, i.status, i.term_start, i.term_end, i.flag) is not distinct from
                (p.customer_id, p.status, p.term_start, p.term_end, p.flag)
    )
""")
_COLUMNS = "order_id, customer_id, number, status, term_start, term_end, flag, modified_at"


def propose(session: Session, tenant_id: int) -> int:
    """Take the tenant's due rows and fill `proposal` with what they would change. Returns how many changes."""
    _empty(session)
    order_ids = list(session.execute(_TAKE_DUE, {"tenant_id": tenant_id}).scalars())
    session.execute(_PROPOSE, {"tenant_id": tenant_id, "order_ids": order_ids})
    proposed: int = session.execute(text("select count(*) from proposal")).scalar_one()
    return proposed


def propose_hold(session: Session, hold_id: int) -> int:
    """Fill `proposal` with exactly the list of a hold, against the orders as they are accepted now."""
    _empty(session)
    session.execute(
        text(f"""
        insert into proposal ({_COLUMNS}, is_new, term_end_before, flag_before)
        select {", ".join(f"i.{column}" for column in _COLUMNS.split(", "))}, o.id is null, o.term_end, o.flag
        from hold_item i
        join hold h on h.id = i.hold_id
        left join sales_order o on o.id = i.order_id and o.tenant_id = h.tenant_id
        where i.hold_id = :hold_id
        """),
        {"hold_id": hold_id},
    )
    proposed: int = session.execute(text("select count(*) from proposal")).scalar_one()
    return proposed


def _empty(session: Session) -> None:
    """An empty `proposal`. It is one already but for a second use in one transaction: truncating costs more."""
    session.execute(_CREATE)
    if session.execute(_IS_FILLED).scalar_one():
        session.execute(_EMPTY)


@dataclass(frozen=True, slots=True)
class Impact:
    """What the proposals alone say: people they would newly expire, current orders they end or lose."""

    would_expire: int
    redated_into_past: int
    newly_gone: int


@dataclass(frozen=True, slots=True)
class Totals:
    """What the guard measures an impact against. Counting them reads the whole tenant, so only when in doubt."""

    enrolled: int
    current_orders: int
    current_orders_left: int


# Counted as if expiry were not paused: what is accepted in a pause expires people when it ends.
WOULD_EXPIRE = f"""
    select e.sales_order_id as order_id, count(*) as would_expire
    from proposal p
    join {DAY_MAP} on day_map.day = p.term_end + cast(:grace_days as int)
    join enrollment e on e.sales_order_id = p.order_id and e.tenant_id = :tenant_id
    where not p.is_new and p.term_end is distinct from p.term_end_before
        and e.status = 'E' and e.expiration_date is null
        and day_map.boundary <= :now and (e.boundary is null or e.boundary > :now)
    group by e.sales_order_id
"""
# An order is current when its term has not ended and nothing says that it is gone.
_CURRENT = "(coalesce({0}term_end{1} + cast(:grace_days as int) >= :today, true) and {0}flag{1} is null)"
_WAS_CURRENT = _CURRENT.format("p.", "_before")
_IMPACT = text(f"""
select (select coalesce(sum(would_expire), 0) from ({WOULD_EXPIRE}) w),
    count(*) filter (where {_WAS_CURRENT} and p.term_end + cast(:grace_days as int) < :today),
    count(*) filter (where {_WAS_CURRENT} and p.flag in ('deleted', 'missing', 'moved'))
from proposal p where not p.is_new
""")
_ENROLLED = text("""
select count(*) from enrollment
where tenant_id = :tenant_id and status = 'E' and (boundary is null or boundary > :now)
""")
_ORDERS = text(f"""
select
    (select count(*) from sales_order o where o.tenant_id = :tenant_id and {_CURRENT.format("o.", "")}),
    (select count(*) from sales_order o where o.tenant_id = :tenant_id and {_CURRENT.format("o.", "")}
        and not exists (select from proposal p where p.order_id = o.id))
    + (select count(*) from proposal p where {_CURRENT.format("p.", "")})
""")


# Nobody follows an order that is new, so its term asks for no boundary yet.
_NEW_ENDS = text("""
select distinct term_end from proposal
where not is_new and term_end is not null and term_end is distinct from term_end_before
""")


def impact(session: Session, tenant: Tenant, now: datetime) -> Impact:
    """Count what the proposals would do, reading only what they touch."""
    expiring, redated, gone = session.execute(_IMPACT, proposal_parameters(session, tenant, now)).one()
    return Impact(int(expiring), redated, gone)


def totals(session: Session, tenant: Tenant, now: datetime) -> Totals:
    """Count the tenant's E, its current orders, and those that the proposals would leave current."""
    enrolled = session.execute(_ENROLLED, {"tenant_id": tenant.id, "now": now}).scalar_one()
    current, left = session.execute(_ORDERS, proposal_parameters(session, tenant, now)).one()
    return Totals(enrolled, current, left)


def proposal_parameters(session: Session, tenant: Tenant, now: datetime) -> dict[str, Any]:
    """Parameters of the statements that ask what the proposals do to people, `WOULD_EXPIRE` among them."""
    ends = session.execute(_NEW_ENDS).scalars()
    days = (_with_grace(end, tenant.grace_days) for end in ends)
    return {
        **day_map(days, tenant.time_zone),
        "tenant_id": tenant.id,
        "grace_days": tenant.grace_days,
        "today": today(now, tenant.time_zone),
        "now": now,
    }


def _with_grace(term_end: date, grace_days: int) -> date:
    day = last_day(None, term_end, grace_days)
    assert day is not None
    return day


@dataclass(frozen=True, slots=True)
class Accepted:
    """What one acceptance did: orders new to the tenant, orders changed, and the enrollments that followed."""

    new: int = 0
    changed: int = 0
    enrollments: Changes = NOTHING

    def __add__(self, other: "Accepted") -> "Accepted":
        return Accepted(self.new + other.new, self.changed + other.changed, self.enrollments + other.enrollments)


_HISTORY = text("""
insert into sales_order_event (
    order_id, tenant_id, at, actor, run_id, number_before, number_after, status_before, status_after,
    term_start_before, term_start_after, term_end_before, term_end_after, flag_before, flag_after
)
select o.id, o.tenant_id, :now, :actor, :run_id, o.number, p.number, o.status, p.status,
    o.term_start, p.term_start, o.term_end, p.term_end, o.flag, p.flag
from proposal p join sales_order o on o.id = p.order_id and o.tenant_id = :tenant_id
""")
_ACCEPT = text("""
with accepted as (insert into sales_order as o (
    id, tenant_id, customer_id, number, status, term_start, term_end, flag, flagged_at, modified_at, accepted_at
)
select order_id, :tenant_id, customer_id, number, status, term_start, term_end, flag,
    case when flag is not null then cast(:now as timestamptz) end, modified_at, :now
from proposal
on conflict (id, tenant_id) do update set
    customer_id = excluded.customer_id, number = excluded.number, status = excluded.status,
    term_start = excluded.term_start, term_end = excluded.term_end, flag = excluded.flag,
    flagged_at = case when excluded.flag = o.flag then o.flagged_at else excluded.flagged_at end,
    modified_at = excluded.modified_at, accepted_at = excluded.accepted_at
returning (xmax = 0) as is_new)
select count(*) filter (where is_new), count(*) from accepted
""")
# People without a typed date follow the order's term end. A typed date dominates whatever the order does.
_FOLLOWERS = f"""
    select e.id, e.sales_order_id, e.expiration_date, day_map.boundary, cast(null as char(1)) as ask,
        'term_changed' as cause, 'order_ended_early' as order_cause
    from proposal p
    join enrollment e on e.sales_order_id = p.order_id and e.tenant_id = :tenant_id
    left join {DAY_MAP} on day_map.day = p.term_end + cast(:grace_days as int)
    where not p.is_new and p.term_end is distinct from p.term_end_before and e.expiration_date is null
"""


def accept(session: Session, tenant: Tenant, why: Why) -> Accepted:
    """Make the proposals the tenant's accepted orders, and re-date every enrollment that follows one of them."""
    parameters = proposal_parameters(session, tenant, why.now)
    stamp = {"tenant_id": tenant.id, "now": why.now, "actor": why.actor, "run_id": why.run_id}
    session.execute(_HISTORY, stamp)
    new, total = session.execute(_ACCEPT, stamp).one()
    if new == total:  # nobody follows an order that was not there
        return Accepted(new)
    return Accepted(new, total - new, change(session, _FOLLOWERS, parameters, why))
