"""Deciding holds: approve applies exactly the list, reject drops it for good."""

from sqlalchemy.orm import Session

from models import holding, reconciling
from models.enrollment_changes import Why
from models.hold import Hold
from models.locks import lock_tenant
from models.reconciling import Accepted
from models.staff import StaffAction
from models.tenant import Tenant
from worker.errors import NotFound, TermsyncError
from worker.pipeline import expire


def approve(session: Session, hold_id: int, why: Why, reason: str | None = None) -> Accepted:
    """Accept exactly what the hold lists, whatever landed since. Raises NotFound, or `hold-decided`."""
    hold, tenant = _open(session, hold_id)
    expire.catch_up(session, tenant, why)
    reconciling.propose_hold(session, hold_id)
    accepted = reconciling.accept(session, tenant, why)
    holding.release_due(session, hold)
    _decide(session, hold, "approved", why, reason)
    return accepted


def reject(session: Session, hold_id: int, why: Why, reason: str | None = None) -> None:
    """Drop the list. The accepted terms stay, and the same data does not come back as a new hold."""
    hold, _ = _open(session, hold_id)
    holding.release_due(session, hold)
    _decide(session, hold, "rejected", why, reason)


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
