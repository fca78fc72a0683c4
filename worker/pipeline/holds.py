"""Deciding holds: approve applies exactly the list, reject drops for good what it would take from anybody."""

from sqlalchemy.orm import Session

from models import attention, holding, impact, reconciling, rejections
from models.enrollment_changes import Why
from models.hold import Hold
from models.locks import lock_tenant
from models.reconciling import Accepted
from models.staff import StaffAction
from models.tenant import Tenant
from worker.errors import NotFound, TermsyncError
from worker.pipeline import expire


def approve(
    session: Session, hold_id: int, why: Why, reason: str | None = None, expected: int | None = None
) -> Accepted:
    """Accept exactly what the hold lists, whatever landed since. Raises NotFound, or `hold-decided`.

    `expected`: the number of people whose access a person was told would end earlier; `people-changed` when it is
    another by now, as it is when somebody was put on one of the orders meanwhile.
    """
    hold, tenant = _open(session, hold_id)
    expire.catch_up(session, tenant, why)
    found = None if expected is None else attention.count_hold_people(session, hold_id, why.now)
    if found != expected:
        raise TermsyncError(
            "people-changed",
            f"Access of {found} people would end earlier now, not of {expected}; nothing was changed.",
            "Look at the hold again, and decide anew.",
        )
    reconciling.propose_hold(session, hold_id)
    accepted = reconciling.accept(session, tenant, why)
    holding.release_due(session, hold)
    _decide(session, hold, "approved", why, reason)
    return accepted


def reject(session: Session, hold_id: int, why: Why, reason: str | None = None) -> Accepted:
    """Drop every earlier end of the list: the accepted terms stay, and it does not come back as a new hold.

    What takes nothing from anybody (new orders, later ends, numbers, statuses) is accepted: it was held for the
    others' sake only. Raises NotFound, or `hold-decided`.
    """
    hold, tenant = _open(session, hold_id)
    expire.catch_up(session, tenant, why)
    reconciling.propose_hold(session, hold_id)
    rejections.reject_ends(session, hold)
    left = impact.count_totals(session, tenant, why.now, hold)
    if left.current_orders and not left.current_orders_left:  # that all of them are gone is rejected too
        rejections.reject_flags(session, hold)
    accepted = reconciling.accept(session, tenant, why)
    holding.release_due(session, hold)
    _decide(session, hold, "rejected", why, reason)
    return accepted


def _open(session: Session, hold_id: int) -> tuple[Hold, Tenant]:
    """The hold, open, and its tenant locked: whoever decides or replaces a hold has that lock."""
    hold = session.get(Hold, hold_id)
    if hold is None:
        raise NotFound(
            "hold-unknown", f"There is no hold {hold_id}.", "List the open ones with `termsync hold list`."
        )
    tenant = lock_tenant(session, hold.tenant_id)
    session.refresh(hold)
    if hold.state != "open":
        raise TermsyncError(
            "hold-decided",
            f"Hold {hold_id} is already {hold.state}.",
            "Nothing is left to do for it; `termsync hold list` shows the open ones.",
        )
    return hold, tenant


def _decide(session: Session, hold: Hold, state: str, why: Why, reason: str | None) -> None:
    holding.decide(session, hold, state, why.actor, reason, why.now)
    session.add(
        StaffAction(at=why.now, actor=why.actor, action=f"hold {state}", subject=f"hold {hold.id}", reason=reason)
    )
