"""What people do to an accepted order with a flag: who could be expired on it, and that it was looked at.

Whoever changes anything here holds the tenant's write lock.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.enrollment_changes import Why
from models.order_listing import COUNTED


@dataclass(frozen=True, slots=True)
class Expirable:
    """Enrollments on an order that read as E: of `active` users, which can be expired, and of `inactive` ones.

    With `more`, there are more than were counted.
    """

    active: int
    inactive: int
    more: bool = False


_EXPIRABLE = text("""
select count(*) filter (where u.active), count(*) filter (where not u.active), count(*) > :counted
from (
    select e.user_id from enrollment e join tenant t on t.id = e.tenant_id
    where e.sales_order_id = :order_id and e.tenant_id = :tenant_id
        and status_at(e.status, e.boundary, t.paused_at, t.pause_until, :now) = 'E'
    limit cast(:counted as bigint) + 1
) e join users u on u.id = e.user_id
""")
# A flag raised again after this is another flag, and waits for another review.
_REVIEW = text("""
update sales_order set reviewed_at = :now, reviewed_by = :actor, review_reason = :reason
where id = :order_id and tenant_id = :tenant_id and flag is not null
    and (reviewed_at is null or reviewed_at < flagged_at)
returning number
""")


def expirable(session: Session, order_id: int, tenant_id: int, now: datetime) -> Expirable:
    """Count who could be expired on the order at `now`, as far as COUNTED."""
    parameters = {"order_id": order_id, "tenant_id": tenant_id, "now": now, "counted": COUNTED}
    return Expirable(*session.execute(_EXPIRABLE, parameters).one())


def review(session: Session, order_id: int, tenant_id: int, why: Why, reason: str) -> bool:
    """Note that the order's flag was looked at; False when it has none, or none that waits."""
    parameters = {"order_id": order_id, "tenant_id": tenant_id, "reason": reason, "now": why.now}
    return session.execute(_REVIEW, {**parameters, "actor": why.actor}).one_or_none() is not None
