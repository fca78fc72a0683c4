"""Opening and deciding holds. The caller has the tenant's write lock and a filled `proposal`."""

from datetime import datetime

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from models.hold import Hold
from models.impact import WEIGHED, Judging, weighing

_ITEMS = text(f"""
insert into hold_item (
    hold_id, order_id, customer_id, number, status, term_start, term_end, flag, modified_at,
    term_end_before, would_expire
)
select :new_hold_id, p.order_id, p.customer_id, p.number, p.status, p.term_start, p.term_end, p.flag,
    p.modified_at, p.term_end_before, coalesce(w.would_expire, 0)
from proposal p left join ({WEIGHED}) w on w.order_id = p.order_id
""")
_PUT_BACK = text("""
insert into landing_due (tenant_id, order_id, hold_id)
select :tenant_id, order_id, :hold_id from proposal
on conflict (tenant_id, order_id) do nothing
""")
_SAME_LIST = text("""
select not exists (
    (select order_id, customer_id, number, status, term_start, term_end, flag from proposal
     except select order_id, customer_id, number, status, term_start, term_end, flag from hold_item
         where hold_id = :hold_id)
    union all
    (select order_id, customer_id, number, status, term_start, term_end, flag from hold_item
         where hold_id = :hold_id
     except select order_id, customer_id, number, status, term_start, term_end, flag from proposal)
)
""")
_RELEASE_DUE = text("delete from landing_due where tenant_id = :tenant_id and hold_id = :hold_id")


def open_hold(session: Session, tenant_id: int) -> Hold | None:
    """The tenant's open hold, if it has one."""
    return session.execute(
        select(Hold).where(Hold.tenant_id == tenant_id, Hold.state == "open")
    ).scalar_one_or_none()


def lists_the_same(session: Session, hold: Hold) -> bool:
    """Whether the proposals are just the list of this hold."""
    same: bool = session.execute(_SAME_LIST, {"hold_id": hold.id}).scalar_one()
    return same


def add_items(session: Session, hold: Hold, judging: Judging) -> None:
    """Write the proposals down as the list of the hold, with what they weigh beside the hold it replaces."""
    session.execute(_ITEMS, {**weighing(session, judging), "new_hold_id": hold.id})


def put_back(session: Session, hold: Hold) -> None:
    """Return the rows that were taken to the mailbox, as held: only a decision or new data moves them."""
    session.execute(_PUT_BACK, {"tenant_id": hold.tenant_id, "hold_id": hold.id})


def decide(session: Session, hold: Hold, state: str, by: str, reason: str | None, now: datetime) -> None:
    """Close the hold as `approved`, `rejected` or `superseded`."""
    session.execute(
        update(Hold)
        .where(Hold.id == hold.id)
        .values(
            state=state,
            decided_at=now,
            decided_by=by,
            decision_reason=reason,
            decided_event=func.nextval("enrollment_event_id_seq"),
        )
    )


def release_due(session: Session, hold: Hold) -> None:
    """Take the rows of the hold out of the mailbox; what landed since stays due."""
    session.execute(_RELEASE_DUE, {"tenant_id": hold.tenant_id, "hold_id": hold.id})
