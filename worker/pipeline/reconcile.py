"""Reconciling: landing rows become accepted orders, tenant by tenant, if the guard agrees."""

from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from models import holding, impact, reconciling
from models.enrollment_changes import Why
from models.hold import Hold
from models.impact import Impact, Judging
from models.locks import lock_tenant
from models.reconciling import Accepted, due_tenants
from worker import clock
from worker.database import in_transaction
from worker.pipeline import expire, guard
from worker.pipeline.guard import Thresholds

__all__ = ["Reconciled", "due_tenants", "reconcile_all", "reconcile_one", "reconcile_tenant"]

ACTOR = "reconcile"


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What reconciling did: what was accepted, and the holds that are open now because of it."""

    accepted: Accepted = Accepted()  # noqa: RUF009  (immutable)
    holds: tuple[int, ...] = ()

    def __add__(self, other: "Reconciled") -> "Reconciled":
        return Reconciled(self.accepted + other.accepted, self.holds + other.holds)


def reconcile_all(
    sessions: sessionmaker[Session], thresholds: Thresholds, run_id: int | None = None
) -> Reconciled:
    """Reconcile every tenant that is due, one transaction each."""
    total = Reconciled()
    with sessions() as session:
        due = due_tenants(session)
    for tenant_id in due:
        total += reconcile_one(sessions, tenant_id, thresholds, run_id)
    return total


def reconcile_one(
    sessions: sessionmaker[Session], tenant_id: int, thresholds: Thresholds, run_id: int | None = None
) -> Reconciled:
    """Reconcile one tenant in a transaction of its own."""

    def work(session: Session) -> Reconciled:
        lock_tenant(session, tenant_id)  # before now is asked for: waiting for it may take long
        return reconcile_tenant(session, tenant_id, thresholds, Why(ACTOR, clock.now(session), run_id))

    return in_transaction(sessions, work)


def reconcile_tenant(session: Session, tenant_id: int, thresholds: Thresholds, why: Why) -> Reconciled:
    """Compare the tenant's due landing rows with its accepted orders; accept all of the changes or hold them all.

    Runs in the caller's transaction. Nothing due: nothing is written.
    """
    tenant = lock_tenant(session, tenant_id)
    expire.catch_up(session, tenant, why)
    proposed = reconciling.propose(session, tenant_id)
    hold = holding.open_hold(session, tenant_id)
    limits = thresholds.of(tenant)
    judging = Judging(tenant, why.now, limits.horizon, limits.window, hold)
    would = impact.count_impact(session, judging) if proposed else Impact(0, 0, 0)
    trip = _judge(session, judging, would, limits)
    if trip is not None:
        return Reconciled(holds=(_keep_back(session, judging, would, trip, why),))
    if hold is not None:
        holding.decide(session, hold, "superseded", why.actor, "newer data no longer trips the guard", why.now)
    if would.would_expire or would.cut_short:
        impact.note_cuts(session, judging)
    return Reconciled(reconciling.accept(session, tenant, why) if proposed else Accepted())


def _judge(session: Session, judging: Judging, would: Impact, limits: Thresholds) -> guard.Trip | None:
    if not guard.in_doubt(would, limits):
        return None
    totals = impact.count_totals(session, judging.tenant, judging.now, judging.held)
    return guard.verdict(would, totals, limits)


def _keep_back(session: Session, judging: Judging, would: Impact, trip: guard.Trip, why: Why) -> int:
    """Put the changes back as held. The same list stays the same hold; another list replaces it."""
    old = judging.held
    if old is not None and holding.lists_the_same(session, old):
        holding.put_back(session, old)
        return old.id
    if old is not None:
        holding.decide(session, old, "superseded", why.actor, "replaced by a newer list", why.now)
    totals = impact.count_totals(session, judging.tenant, why.now, old)
    hold = Hold(
        tenant_id=judging.tenant.id,
        rule=trip.rule,
        reason=trip.reason,
        would_expire=would.would_expire,
        enrolled=totals.enrolled,
        orders=totals.current_orders,
        run_id=why.run_id,
        opened_at=why.now,
        waiting_since=why.now if old is None else old.waiting_since,
    )
    session.add(hold)
    session.flush()
    holding.add_items(session, hold, judging)
    holding.put_back(session, hold)
    return hold.id
