"""What people do to one order: ask NetSuite for it again, expire those on it, say that its flag was looked at."""

from sqlalchemy.orm import Session

from models import order_actions
from models.enrollment_changes import Changes, Why
from models.locks import lock_tenant
from models.order_detail import subject
from models.sales_order import SalesOrder
from models.staff import StaffAction
from models.tenant import Tenant
from worker.errors import NotFound, TermsyncError
from worker.pipeline import expire, runs, tenants
from worker.pipeline.scope import Scope, ScopeKind


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


def expire_people(
    session: Session, tenant_key: str, order_id: int, expected: int, why: Why, reason: str
) -> Changes:
    """Expire everybody who is E on a flagged order, if they are still the number a person was shown.

    Raises NotFound, `order-not-flagged`, and `people-changed` with the new number: nobody is expired who was not
    agreed to.
    """
    reason = given(reason)
    order, tenant = _find(session, tenant_key, order_id, lock=True)
    expire.catch_up(session, tenant, why)
    if order.flag is None:
        raise _not_flagged(order)
    found = order_actions.expirable(session, order_id, tenant.id, why.now).active
    if found != expected:
        raise TermsyncError(
            "people-changed",
            f"{found} enrollments on order {order.number} would expire now, not {expected}; nothing was changed.",
            "Look at the order again, and confirm the new number.",
        )
    changes = order_actions.expire_people(session, order_id, tenant.id, why)
    _note(session, why, f"expired {changes.expired} enrollments", order, tenant, reason)
    return changes


def review(session: Session, tenant_key: str, order_id: int, why: Why, reason: str) -> None:
    """Take a flagged order off the list of what needs attention. Raises NotFound and `order-not-flagged`.

    The flag stays: what NetSuite said is a fact. One raised later waits for a review of its own.
    """
    reason = given(reason)
    order, tenant = _find(session, tenant_key, order_id, lock=True)
    if not order_actions.review(session, order_id, tenant.id, why, reason):
        raise _not_flagged(order)
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


def _not_flagged(order: SalesOrder) -> TermsyncError:
    return TermsyncError(
        "order-not-flagged",
        f"Order {order.number} has no flag that waits for a review.",
        "Nothing is left to do here; the people on it follow its term.",
    )


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
