"""Deciding holds: approve applies exactly the list, reject drops it for good."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import holding, reconciling
from models.enrollment_changes import Why
from models.hold import Hold
from models.locks import lock_tenant
from models.reconciling import Accepted
from models.staff import StaffAction
from worker.errors import NotFound, TermsyncError
from worker.pipeline import expire


def approve(session: Session, hold_id: int, why: Why, reason: str | None = None) -> Accepted:
    """Accept exactly what the hold lists, whatever landed since. Raises NotFound, or `hold-decided`."""
    hold = _open(session, hold_id)
    tenant = lock_tenant(session, hold.tenant_id)
    expire.catch_up(session, tenant, why)
    reconciling.propose_hold(session, hold_id)
    accepted = reconciling.accept(session, tenant, why)
    holding.release_due(session, hold)
    _decide(session, hold, "approved", why, reason)
    return accepted


def reject(session: Session, hold_id: int, why: Why, reason: str | None = None) -> None:
    """Drop the list. The accepted terms stay, and the same data does not come back as a new hold."""
    hold = _open(session, hold_id)
    lock_tenant(session, hold.tenant_id)
    holding.decline(session, hold)
    holding.release_due(session, hold)
    _decide(session, hold, "rejected", why, reason)


def _open(session: Session, hold_id: int) -> Hold:
    hold = session.execute(select(Hold).where(Hold.id == hold_id).with_for_update()).scalar_one_or_none()
    if hold is None:
        raise NotFound(
            "hold-unknown", f"There is no hold {hold_id}.", "List the open ones with `termsync hold list`."
        )
    if hold.state != "open":
        raise TermsyncError(
            "hold-decided",
            f"Hold {hold_id} is already {hold.state}.",
            "Nothing is left to do for it; `termsync hold list` shows the open ones.",
        )
    return hold


def _decide(session: Session, hold: Hold, state: str, why: Why, reason: str | None) -> None:
    holding.decide(session, hold, state, why.actor, reason, why.now)
    session.add(
        StaffAction(at=why.now, actor=why.actor, action=f"hold {state}", subject=f"hold {hold.id}", reason=reason)
    )
