"""What people rejected: ends of terms, and that orders are gone, that a tenant does not accept although NetSuite
says so. Read off the items of its rejected holds; the caller has the tenant's write lock and a filled `proposal`.

Only what takes access from somebody is rejected: an earlier end, and the loss of all orders at once. A new order,
a later end, a number, a status are taken whatever became of the hold that listed them, then and afterwards. A
rejection is forgotten once NetSuite says what is accepted, or something else in its place is accepted.
"""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.hold import Hold

_ANY = text("""
select exists (select from hold h join hold_item i on i.hold_id = h.id
    where h.tenant_id = :tenant_id and (i.end_rejected or i.flag_rejected))
""")


def any_of(session: Session, tenant_id: int) -> bool:
    """Whether the tenant has rejections that are not forgotten. Most have none."""
    found: bool = session.execute(_ANY, {"tenant_id": tenant_id}).scalar_one()
    return found


_REJECT_ENDS = text("""
update hold_item i set end_rejected = true
from proposal p
where i.hold_id = :hold_id and i.order_id = p.order_id and not p.is_new
    and (p.term_end_before is null or p.term_end < p.term_end_before)
    and p.term_end is not null
""")
_REJECT_FLAGS = text("""
update hold_item i set flag_rejected = true
from proposal p
where i.hold_id = :hold_id and i.order_id = p.order_id and not p.is_new
    and p.flag in ('deleted', 'missing', 'moved') and p.flag is distinct from p.flag_before
""")


def reject_ends(session: Session, hold: Hold) -> None:
    """Remember every earlier end among the proposals, which are the list of the hold, as rejected."""
    session.execute(_REJECT_ENDS, {"hold_id": hold.id})
    keep_out(session, hold.tenant_id)


def reject_flags(session: Session, hold: Hold) -> None:
    """Remember as rejected that orders of the proposals are gone."""
    session.execute(_REJECT_FLAGS, {"hold_id": hold.id})
    keep_out(session, hold.tenant_id)


# The start goes with the end: a new start beside an old end may be no term at all.
_KEEP_OUT = text("""
update proposal p set
    term_start = case when r.end_rejected then r.term_start else p.term_start end,
    term_end = case when r.end_rejected then r.term_end else p.term_end end,
    flag = case when r.flag_rejected then p.flag_before else p.flag end
from (
    select o.id, o.term_start, o.term_end, bool_or(
            i.end_rejected and i.term_end is not distinct from said.term_end
        ) as end_rejected,
        bool_or(i.flag_rejected and i.flag = said.flag) as flag_rejected
    from hold h
    join hold_item i on i.hold_id = h.id and (i.end_rejected or i.flag_rejected)
    join proposal said on said.order_id = i.order_id
    join sales_order o on o.id = i.order_id and o.tenant_id = h.tenant_id
    where h.tenant_id = :tenant_id
    group by o.id, o.tenant_id
) r
where p.order_id = r.id
""")
_DROP_UNCHANGED = text("""
delete from proposal p using sales_order o
where o.id = p.order_id and o.tenant_id = :tenant_id
    and (p.customer_id, p.number, p.status, p.term_start, p.term_end, p.flag) is not distinct from
        (o.customer_id, o.number, o.status, o.term_start, o.term_end, o.flag)
""")


def keep_out(session: Session, tenant_id: int) -> None:
    """Take what is rejected out of the proposals; what else they say of the same orders stays."""
    session.execute(_KEEP_OUT, {"tenant_id": tenant_id})
    session.execute(_DROP_UNCHANGED, {"tenant_id": tenant_id})


# A row that cannot be read, or is of an order that moved away, says nothing about the tenant's term.
_FORGET_SETTLED = text("""
update hold_item i set
    end_rejected = i.end_rejected and (l.reject_code is not null or c.tenant_id is distinct from h.tenant_id
        or l.term_end is distinct from o.term_end),
    flag_rejected = i.flag_rejected and exists (
        select from proposal p where p.order_id = i.order_id and p.flag is distinct from p.flag_before)
from hold h, sales_order o, landing_order l left join customer c on c.id = l.customer_id
where h.id = i.hold_id and h.tenant_id = :tenant_id and (i.end_rejected or i.flag_rejected)
    and i.order_id = any(:order_ids) and l.order_id = i.order_id
    and o.id = i.order_id and o.tenant_id = h.tenant_id
""")
_FORGET_OVERTAKEN = text("""
update hold_item i set
    end_rejected = i.end_rejected and p.term_end is not distinct from p.term_end_before,
    flag_rejected = i.flag_rejected and p.flag is not distinct from p.flag_before
from hold h, proposal p
where h.id = i.hold_id and h.tenant_id = :tenant_id and i.order_id = p.order_id
    and (i.end_rejected or i.flag_rejected)
""")


def forget_settled(session: Session, tenant_id: int, order_ids: Sequence[int]) -> None:
    """Before `keep_out`: forget what was rejected of these orders where NetSuite says what is accepted."""
    session.execute(_FORGET_SETTLED, {"tenant_id": tenant_id, "order_ids": list(order_ids)})


def forget_overtaken(session: Session, tenant_id: int) -> None:
    """Forget what was rejected where the proposals, now accepted, bring another end or flag."""
    session.execute(_FORGET_OVERTAKEN, {"tenant_id": tenant_id})
