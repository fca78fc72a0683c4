"""Reconciling one tenant: due landing rows against accepted orders, and the acceptance itself.

`propose` takes the due rows out of the mailbox and works out what each would change; `models.impact` counts what
accepting them would do; `accept` applies them. All in the caller's transaction, under the tenant's lock.
"""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from models import rejections
from models.boundaries import DAY_MAP
from models.enrollment_changes import NOTHING, Changes, Why, change
from models.impact import following
from models.tenant import Tenant

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
_PROPOSE = text("""
insert into proposal
select order_id, is_new, customer_id, number, status, term_start, term_end, flag, modified_at,
    term_end_before, flag_before
from (
    select due.order_id, o.id is null as is_new,
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
where is_new or (customer_id, number, status, term_start, term_end, flag) is distinct from
    (old_customer_id, old_number, old_status, old_term_start, term_end_before, flag_before)
""")
_COLUMNS = "order_id, customer_id, number, status, term_start, term_end, flag, modified_at"


def propose(session: Session, tenant_id: int) -> int:
    """Take the tenant's due rows and fill `proposal` with what they would change. Returns how many changes.

    A term, or that an order is gone, that a person rejected is not proposed while NetSuite goes on saying it.
    """
    start_proposals(session)
    order_ids = list(session.execute(_TAKE_DUE, {"tenant_id": tenant_id}).scalars())
    session.execute(_PROPOSE, {"tenant_id": tenant_id, "order_ids": order_ids})
    if rejections.any_of(session, tenant_id):
        rejections.forget_settled(session, tenant_id, order_ids)
        rejections.keep_out(session, tenant_id)
    return _count(session)


def propose_hold(session: Session, hold_id: int) -> int:
    """Fill `proposal` with exactly the list of a hold, against the orders as they are accepted now.

    But no order that would be new to the tenant while it is another's by now.
    """
    start_proposals(session)
    session.execute(
        text(f"""
        insert into proposal ({_COLUMNS}, is_new, term_end_before, flag_before)
        select {", ".join(f"i.{column}" for column in _COLUMNS.split(", "))}, o.id is null, o.term_end, o.flag
        from hold_item i
        join hold h on h.id = i.hold_id
        join landing_order l on l.order_id = i.order_id
        left join customer c on c.id = l.customer_id
        left join sales_order o on o.id = i.order_id and o.tenant_id = h.tenant_id
        where i.hold_id = :hold_id and (o.id is not null or c.tenant_id = h.tenant_id)
        """),
        {"hold_id": hold_id},
    )
    return _count(session)


def _count(session: Session) -> int:
    proposed: int = session.execute(text("select count(*) from proposal")).scalar_one()
    return proposed


def start_proposals(session: Session) -> None:
    """An empty `proposal`. It is one already but for a second use in one transaction: truncating costs more."""
    session.execute(_CREATE)
    if session.execute(_IS_FILLED).scalar_one():
        session.execute(_EMPTY)


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
    stamp = {"tenant_id": tenant.id, "now": why.now, "actor": why.actor, "run_id": why.run_id}
    session.execute(_HISTORY, stamp)
    new, total = session.execute(_ACCEPT, stamp).one()
    if new == total:  # nobody follows an order that was not there
        return Accepted(new)
    rejections.forget_overtaken(session, tenant.id)
    return Accepted(new, total - new, change(session, _FOLLOWERS, following(session, tenant), why))
