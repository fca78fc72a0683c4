"""Pulling: a claimed run from its start to its end, whatever NetSuite or an operator does to it."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy.orm import Session, sessionmaker

from connectors.errors import OperatorMustAct, TryAgain
from models import runs
from models.runs import ClaimedRun
from worker import clock
from worker.errors import TermsyncError
from worker.pipeline.reading import Interrupted, Orders, PullOptions, Reading
from worker.pipeline.store import FAILED_STARTS, DryStore, LiveStore, StopAsked
from worker.pipeline.tally import Tally

# A full run that NetSuite interrupted goes on after this time, unless it got no further in so many starts.
PAUSE = timedelta(seconds=30)
MOST_FAILED_STARTS = 5


def perform(
    sessions: sessionmaker[Session],
    orders: Orders,
    run: ClaimedRun,
    options: PullOptions,
    stop: Callable[[], bool] = lambda: False,
) -> str:
    """Do a claimed pull to its end and write the end on its row. Returns the state the run is in then.

    `stop` is asked at each page edge; when it says so the run goes back to the queue with its progress. So does a
    full run that NetSuite interrupts: what was read stays read. Other errors of the connector end the run as
    failed and are raised. RunLost: another worker has it now.
    """
    tally = Tally.of(run.counts)
    store = (DryStore if run.dry_run else LiveStore)(sessions, run, tally, options.thresholds)
    try:
        Reading(sessions, orders, run, options, store, stop).read()
        return _end(sessions, run, store, "done")
    except Interrupted:
        with sessions.begin() as session:
            runs.give_back(session, run)
        return "queued"
    except StopAsked:
        return _end(sessions, run, store, "stopped")
    except (OperatorMustAct, TryAgain, TermsyncError) as error:
        with sessions.begin() as session:
            now = clock.now(session)
            reason = (error.code, str(error))
            if isinstance(error, TryAgain) and stop():
                runs.give_back(session, run, error=reason)
                return "queued"
            if isinstance(error, TryAgain) and _goes_on_later(store):
                runs.give_back(session, run, now + PAUSE, reason, store.progress)
                return "queued"
            runs.finish(session, run, "failed", now, counts=store.tally.counts(), error=reason)
        raise


def _goes_on_later(store: "LiveStore | DryStore") -> bool:
    """Whether pages of a full read are kept, and NetSuite has not failed it too often since the last one."""
    failed = store.progress.get(FAILED_STARTS, 0) + 1
    store.progress[FAILED_STARTS] = failed
    return "started" in store.progress and failed <= MOST_FAILED_STARTS


def _end(sessions: sessionmaker[Session], run: ClaimedRun, store: "LiveStore | DryStore", state: str) -> str:
    outcome = store.tally.outcome if state == "done" else None
    with sessions.begin() as session:
        if isinstance(store, DryStore):
            runs.save_progress(session, run, {"diff": store.diff}, store.tally.counts())
        runs.finish(session, run, state, clock.now(session), outcome=outcome, counts=store.tally.counts())
    return state
