"""What people do to one order: ask NetSuite for it again, expire those on it, say that its flag was looked at."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from models import order_actions
from models.enrollment_changes import Why
from models.locks import lock_tenant
from models.order_detail import subject
from models.sales_order import SalesOrder
from models.staff import StaffAction
from models.tenant import Tenant
from worker.errors import NotFound, TermsyncError
from worker.pipeline import edit, edit_checks, runs, tenants
from worker.pipeline.edit import Asked
from worker.pipeline.edit_requests import ExpirePeople
from worker.pipeline.scope import Scope, ScopeKind


@dataclass(frozen=True, slots=True)
class Flagged:
    """A tenant's order with the flag that a person saw on it, and since when it had it."""

    tenant_key: str
    order_id: int
    flag: str
    since: datetime


def resync(session: Session, tenant_key: str, order_id: int, asked_by: str) -> tuple[int, bool]:
    """Ask for a pull of this order. Joins the one under way. Returns (run id, whether it is new).

    Raises NotFound when the tenant has no such order.
    """
    order, _ = _find(session, tenant_key, order_id)
    scope = Scope.parse(f"{ScopeKind.ORDER}:{order.number}")
    run_id, new = runs.request_pull(session, scope, asked_by)
    if new:
        runs.note_asked(session, run_id, "resync", asked_by, scope=str(scope))
    return run_id, new


def expire_people(session: Session, flagged: Flagged, why: Why, reason: str, *, key: str, expected: str) -> Asked:
    """Expire whoever is Enrolled on a flagged order: an edit like others, of which `expected` is what was shown.

    Raises NotFound, `flag-differs`, `reason-missing`, and what `edit.ask` raises: nobody is expired who was not
    agreed to.
    """
    reason = given(reason)
    order, tenant = _find_flagged(session, flagged)
    asked = edit.ask(session, ExpirePeople(tenant.id, order.id), why, key, expected=expected)
    if asked.new:
        _note(session, why, "people to be expired", order, tenant, reason, edit=asked.run_id, flag=flagged.flag)
    return asked


def review(session: Session, flagged: Flagged, why: Why, reason: str) -> None:
    """Take a flagged order off the list of what needs attention. Raises NotFound, `flag-differs`, `reason-missing`
    and `order-not-flagged`.

    The flag stays: what NetSuite said is a fact. One raised later waits for a review of its own.
    """
    reason = given(reason)
    order, tenant = _find_flagged(session, flagged)
    if not order_actions.review(session, order.id, tenant.id, why, reason):
        raise edit_checks.not_flagged(order)
    _note(session, why, "flag reviewed", order, tenant, reason, flag=order.flag)


def given(reason: str) -> str:
    """The reason without blanks around it. Raises `reason-missing` when nothing is left."""
    if not (reason := reason.strip()):
        raise TermsyncError(
            "reason-missing", "Nothing was changed: no reason was given.", "Write in a few words why."
        )
    return reason


def _find(session: Session, tenant_key: str, order_id: int, lock: bool = False) -> tuple[SalesOrder, Tenant]:
    tenant = tenants.known(session, tenant_key)
    if tenant is not None and lock:
        tenant = lock_tenant(session, tenant.id)
    order = None if tenant is None else session.get(SalesOrder, (order_id, tenant.id))
    if tenant is None or order is None:
        raise NotFound(
            "order-not-accepted",
            f"Tenant {tenant_key!r} has no sales order with the NetSuite id {order_id}.",
            "Look for it by its number under Sales orders.",
        )
    return order, tenant


def _find_flagged(session: Session, flagged: Flagged) -> tuple[SalesOrder, Tenant]:
    """The order, its tenant locked. Raises NotFound, and `flag-differs` for another flag than was seen."""
    order, tenant = _find(session, flagged.tenant_key, flagged.order_id, lock=True)
    if (order.flag, order.flagged_at) != (flagged.flag, flagged.since):
        raise TermsyncError(
            "flag-differs",
            f"Order {order.number} {_flag_words(order)}, which is not what you looked at. Nothing was changed.",
            "Look at the order again, then decide.",
        )
    return order, tenant


def _flag_words(order: SalesOrder) -> str:
    if order.flag is None or order.flagged_at is None:
        return "has no flag any more"
    return f"is flagged as {order.flag} since {order.flagged_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _note(
    session: Session, why: Why, action: str, order: SalesOrder, tenant: Tenant, reason: str, **detail: object
) -> None:
    names = {"number": order.number, "tenant": tenant.key}
    session.add(
        StaffAction(
            at=why.now,
            actor=why.actor,
            action=action,
            subject=subject(order.id),
            reason=reason,
            detail={**names, **detail},
        )
    )
