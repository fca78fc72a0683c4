"""The actors: ids in, nothing out. Each finds in the database what is to be done, and may run twice at once."""

import math

import dramatiq

from models import boundaries
from worker import clock, metrics
from worker.logs import get_logger
from worker.pipeline import checking, digest, expire, mail, naming, reconcile, rejects, runs, webhooks_sending
from worker.queue import calling, doorbell, housekeeping, runner, ticks
from worker.queue.broker import CALLS, LONG, SHORT, broker, resources

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
def retry_rejected() -> None:
    """Asks NetSuite again for rejected rows whose time has come; a good one is accepted with its tenant."""
    account = runner.pull_options(resources.settings).account
    tally = rejects.retry_due(resources.sessions, resources.orders(), account)
    if tally.read:
        log.info("rejects-retried", read=tally.read, rejected=tally.rejected)


@dramatiq.actor(broker=broker, queue_name=SHORT)
def name_customers() -> None:
    """Asks NetSuite what customers are called whose names were not asked for lately."""
    account = runner.pull_options(resources.settings).account
    told = naming.name_customers(resources.sessions, resources.customer_names(), account)
    log.info("customers-named", told=told)


@dramatiq.actor(broker=broker, queue_name=CALLS)
def call_webhook(webhook_id: int) -> None:
    """Calls a webhook about what follows in the change feed, call by call."""
    if webhooks_sending.take_turn(calling.of(resources), webhook_id):
        doorbell.ring_webhook(webhook_id)


@dramatiq.actor(broker=broker, queue_name=CALLS)
def send_mails() -> None:
    """Hands mails that are due to the mail server, each decided at that moment; does nothing while none is set."""
    post = mail.post_of(resources.settings)
    if post is None:
        return
    outcomes = mail.send_due(resources.sessions, post, resources.worker_id, resources.stopping)
    for outcome, mails in outcomes.items():
        metrics.mails.labels(outcome).inc(mails)


@dramatiq.actor(broker=broker, queue_name=SHORT)
def write_digest() -> None:
    """Writes the weekly list of orders that end as mails to staff, once a week."""
    with resources.sessions.begin() as session:
        if ticks.take(session, (ticks.DIGEST,)):
            digest.write(session, resources.settings, clock.now(session))


@dramatiq.actor(broker=broker, queue_name=SHORT)
def look_for_work() -> None:
    """Turns the ticks that wait into runs, each schedule once however many of its ticks wait.

    With the tick of the poll goes what else is asked of NetSuite: rejected rows again, names of customers.
    """
    with resources.sessions.begin() as session:
        now = clock.now(session)
        taken = ticks.take(session, ticks.PULLS)
        scopes = [ticks.scope(schedule, resources.settings, now) for schedule in sorted(taken)]
        asked = [runs.request_pull(session, scope, ticks.ASKED_BY)[0] for scope in scopes]
        if ticks.NIGHTLY in taken:
            housekeeping.forget_old(session, now)
        retries, names = rejects.is_due(session), naming.is_due(session)
    for run_id in asked:
        doorbell.ring_run(run_id)
    if ticks.POLL in taken:
        if retries:
            doorbell.ring_retry()
        if names:
            doorbell.ring_names()
    if ticks.NIGHTLY in taken:
        corrected = checking.check_tenants(resources.sessions)
        log.info("tenants-checked", redated=corrected.redated.changed, reopened=corrected.reopened)
