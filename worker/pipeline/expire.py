"""Writing down the expiries that time has brought. Readers already see them; this makes them rows and events."""

from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from models import boundaries, locks
from models.enrollment_changes import NOTHING, Changes, Why, sweep
from models.tenant import Tenant
from worker import clock

ACTOR = "sweep"


def is_due(session: Session, now: datetime) -> bool:
    """Whether any boundary has passed that was not swept. One index look-up; writes nothing."""
    return bool(boundaries.open_and_passed(session, now, limit=1))


def sweep_all(sessions: sessionmaker[Session], run_id: int | None = None, actor: str = ACTOR) -> Changes:
    """Sweep everything that has passed by the database's clock, a batch a transaction.

    A tenant somebody else is writing is left for the next sweep: nobody waits here, and the others go on.
    """
    total = NOTHING
    busy: set[int] = set()
    while True:
        with sessions.begin() as session:
            swept = sweep_batch(session, Why(actor, clock.now(session), run_id), busy)
        if swept is None:
            return total
        total += swept


def sweep_batch(session: Session, why: Why, busy: set[int] | None = None) -> Changes | None:
    """Sweep one batch of passed boundaries in the caller's transaction. None when nothing is left to take.

    Tenants in `busy` are passed over; those found locked are added to it.
    """
    busy = set() if busy is None else busy
    while passed := boundaries.open_and_passed(session, why.now, not_of=busy):
        of = {tenant_id for tenant_id, _ in passed}
        tenants = locks.lock_free_tenants(session, sorted(of))
        busy |= of - {tenant.id for tenant in tenants}
        if tenants:
            return _sweep_locked(session, tenants, passed, why)
    return None


def _sweep_locked(
    session: Session, tenants: list[Tenant], passed: list[tuple[int, datetime]], why: Why
) -> Changes:
    """Sweep one tenant's whole backlog first, as far as the batch goes, then what else is oldest.

    A tenant's enrollments lie together: after an outage a batch of one tenant's days touches few pages, a batch of
    one day of all tenants touches them all.
    """
    total = NOTHING
    for tenant in tenants:
        total += release_if_due(session, tenant, why)
    swept = [tenant.id for tenant in tenants if tenant.paused_at is None]
    batch = boundaries.open_and_passed(session, why.now, swept[:1]) if swept else []
    batch += [pair for pair in passed if pair[0] in swept[1:]][: boundaries.SWEEP_BATCH - len(batch)]
    return total + sweep(session, batch, why)


def catch_up(session: Session, tenant: Tenant, why: Why, released_at: datetime | None = None) -> Changes:
    """Sweep one tenant whose write lock the caller holds.

    Whatever changes a tenant does this first, so that the outcome does not depend on whether a sweep ran before.
    """
    total = release_if_due(session, tenant, why)
    while passed := boundaries.open_and_passed(session, why.now, [tenant.id]):
        total += sweep(session, [(tenant_id, at) for tenant_id, at in passed], why, released_at)
    return total


def release_if_due(session: Session, tenant: Tenant, why: Why) -> Changes:
    """End a pause whose time has come: what passed during it expired when it ended."""
    ended = tenant.pause_until
    if ended is None or ended > why.now:
        return NOTHING
    end_pause(tenant)
    session.flush()
    return catch_up(session, tenant, why, released_at=ended)


def end_pause(tenant: Tenant) -> None:
    """Take every mark of a pause off the tenant."""
    tenant.paused_at = tenant.paused_by = tenant.pause_reason = tenant.pause_until = None
