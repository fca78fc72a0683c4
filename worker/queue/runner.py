"""Taking a run from its row, doing it, and making sure that the row says how it ended.

A run must never stay `running` under a living worker that no longer works on it: nobody else would take it up.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from dramatiq.middleware import Interrupt
from sqlalchemy import select
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from connectors.errors import ConnectorError
from connectors.netsuite.account import Account
from models.sync_run import SyncRun
from worker import clock, metrics
from worker.errors import TermsyncError
from worker.logs import get_logger
from worker.pipeline import edit, fields, pull, runs, tenant_change, undo
from worker.pipeline.guard import Thresholds
from worker.pipeline.reading import PullOptions
from worker.pipeline.runs import ClaimedRun, RunLost
from worker.pipeline.scope import Scope, ScopeKind
from worker.pipeline.tally import Tally
from worker.queue.resources import Resources
from worker.settings import Settings

log = get_logger(__name__)

# Their code and text are on the run's row; the queue has nothing to repeat.
ON_THE_ROW = (ConnectorError, TermsyncError, RunLost)
# The run itself is sound: it goes back to the queue.
PASSING = (OperationalError, InterfaceError, Interrupt)
PAUSE = timedelta(seconds=5)
STREAM = "orders"
DATABASE_SECONDS = 1.0


def perform(resources: Resources, run_id: int) -> None:
    """Claims a run and does it to its end; does nothing when it is not to be had. Raises what made it fail."""
    with resources.sessions.begin() as session:
        run = runs.claim(session, run_id, resources.worker_id, clock.now(session))
    if run is None:
        log.debug("run-not-claimed", run_id=run_id)
        return
    log.info("run-claimed", run_id=run_id, kind=run.kind, scope=run.scope, epoch=run.epoch)
    started = time.monotonic()
    state = "failed"
    try:
        state = _do(resources, run)
    except BaseException as error:
        state = _end_after(resources, run, error)
        raise
    finally:
        seconds = time.monotonic() - started
        log.info("run-ended", run_id=run_id, state=state, seconds=round(seconds, 3))
        mode = run.scope.partition(":")[0] if run.kind == runs.PULL else run.kind
        metrics.run_duration.labels(STREAM, mode, state).observe(seconds)
    _count_rows(resources, run)


def _do(resources: Resources, run: ClaimedRun) -> str:
    work = WORK.get(run.kind)
    if work is None:
        raise TermsyncError(
            "run-kind-unknown",
            f"This program cannot do runs of kind {run.kind!r}.",
            "Update the workers to the version that asked for the run.",
        )
    return work(resources, run)


def _pull(resources: Resources, run: ClaimedRun) -> str:
    if Scope.parse(run.scope).kind is ScopeKind.FULL:
        resources.learn_slots()
    options = pull_options(resources.settings)
    return pull.perform(resources.sessions, resources.orders(run.id), run, options, resources.stopping)


# What a run of each kind does; returns the state the run is in then.
WORK: dict[str, Callable[[Resources, ClaimedRun], str]] = {
    runs.PULL: _pull,
    edit.EDIT: lambda resources, run: edit.perform(resources.sessions, run, resources.stopping),
    undo.UNDO: lambda resources, run: undo.perform(resources.sessions, run, resources.stopping),
    tenant_change.TENANT: lambda resources, run: tenant_change.perform(resources.sessions, run),
    fields.FIELDS: lambda resources, run: fields.perform(resources.sessions, resources.orders(run.id), run),
}


def _count_rows(resources: Resources, run: ClaimedRun) -> None:
    """Adds what this claim has read, by the difference of the counts on the row."""
    with resources.sessions() as session:
        counts = session.scalars(select(SyncRun.counts).where(SyncRun.id == run.id)).one()
    more = Tally(**{name: value - run.counts.get(name, 0) for name, value in Tally.of(counts).counts().items()})
    bad = more.rejected + more.parked
    outcomes = {"new": more.landed_new, "changed": more.landed_changed, "rejected": bad}
    outcomes["unchanged"] = more.read - sum(outcomes.values())
    for outcome, rows in outcomes.items():
        metrics.rows.labels(STREAM, outcome).inc(max(0, rows))
    metrics.expiry_flips.labels("order_change").inc(max(0, more.expired))


def pull_options(settings: Settings) -> PullOptions:
    """How to pull, by the settings."""
    return PullOptions(
        account=Account.of(settings.netsuite_account or "", settings.netsuite_base_url).realm,
        slots=settings.slots,
        safety=timedelta(seconds=settings.safety_seconds),
        overlap=timedelta(seconds=settings.overlap_seconds),
        thresholds=thresholds(settings),
    )


def thresholds(settings: Settings) -> Thresholds:
    """The guard's thresholds, by the settings."""
    return Thresholds(
        people=settings.guard_min,
        people_share=Decimal(str(settings.guard_share)),
        orders=settings.guard_orders_min,
        orders_share=Decimal(str(settings.guard_orders_share)),
        horizon=timedelta(days=settings.guard_horizon_days),
        window=timedelta(minutes=settings.guard_window_minutes),
    )


def _end_after(resources: Resources, run: ClaimedRun, error: BaseException) -> str:
    """Writes the end on the row, however long the database is away. Returns the state the run is in then."""
    while True:
        try:
            return _write_end(resources, run, error)
        except RunLost:  # the pull has ended it itself, or another worker has it
            return "failed"
        except SQLAlchemyError as problem:
            if resources.stopping():  # this worker is soon taken for dead, and its runs are taken up
                return "running"
            log.warning("run-end-waits-for-database", run_id=run.id, reason=type(problem).__name__)
            time.sleep(DATABASE_SECONDS)


def _write_end(resources: Resources, run: ClaimedRun, error: BaseException) -> str:
    with resources.sessions.begin() as session:
        now = clock.now(session)
        if isinstance(error, PASSING):
            runs.give_back(session, run, now + PAUSE)
            return "queued"
        code = getattr(error, "code", "internal-error")
        detail = str(error) if isinstance(error, ON_THE_ROW) else f"{type(error).__name__}: {error}"
        runs.finish(session, run, "failed", now, error=(code, detail.replace("\0", "")))
        return "failed"
