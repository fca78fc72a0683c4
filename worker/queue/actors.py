"""The actors: ids in, nothing out. Each finds in the database what is to be done, and may run twice at once."""

import math

import dramatiq

from models import boundaries
from worker import clock, metrics
from worker.logs import get_logger
from worker.pipeline import checking, expire, reconcile, runs
from worker.queue import doorbell, housekeeping, runner, ticks
from worker.queue.broker import LONG, SHORT, broker, resources

log = get_logger(__name__)


# A pull of a whole account may take hours; it stops between two pages when the worker is told to.
@dramatiq.actor(broker=broker, queue_name=LONG, time_limit=math.inf)
def perform_run(run_id: int) -> None:
    """Does a queued run, or one whose worker died."""
    runner.perform(resources, run_id)


@dramatiq.actor(broker=broker, queue_name=SHORT)
def reconcile_tenant(tenant_id: int) -> None:
    """Compares the tenant's due landing rows with its accepted orders, in one transaction."""
    thresholds = runner.thresholds(resources.settings)
    reconciled = reconcile.reconcile_one(resources.sessions, tenant_id, thresholds)
    metrics.expiry_flips.labels("order_change").inc(reconciled.accepted.enrollments.expired)


@dramatiq.actor(broker=broker, queue_name=SHORT)
def expire_due() -> None:
    """Writes down every expiry that time has brought."""
    with resources.sessions() as session:
        oldest = boundaries.oldest_overdue(session, clock.now(session))
    swept = expire.sweep_all(resources.sessions)
    metrics.expiry_flips.labels("term").inc(swept.expired)
    if oldest is not None and swept.expired:
        with resources.sessions() as session:
            metrics.expiry_lag.observe((clock.now(session) - oldest).total_seconds())


@dramatiq.actor(broker=broker, queue_name=SHORT)
def look_for_work() -> None:
    """Turns the ticks that wait into runs, each schedule once however many of its ticks wait."""
    with resources.sessions.begin() as session:
        now = clock.now(session)
        taken = ticks.take(session)
        scopes = [ticks.scope(schedule, resources.settings, now) for schedule in sorted(taken)]
        asked = [runs.request_pull(session, scope, ticks.ASKED_BY)[0] for scope in scopes]
        if ticks.NIGHTLY in taken:
            housekeeping.forget_old(session, now)
    for run_id in asked:
        doorbell.ring_run(run_id)
    if ticks.NIGHTLY in taken:
        corrected = checking.check_tenants(resources.sessions)
        log.info("tenants-checked", redated=corrected.redated.changed, reopened=corrected.reopened)
