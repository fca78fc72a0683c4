"""Undoing what one pull, or the approval of one hold, did: as a run, first dry, then for real."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from models import differences, runs, undoing
from models.enrollment_changes import Changes, Why
from models.hold import Hold
from models.locks import lock_tenant
from models.reconciling import Accepted
from models.runs import ClaimedRun
from models.staff import StaffAction
from models.sync_run import SyncRun
from models.undoing import Deed
from worker import clock
from worker.database import in_transaction
from worker.errors import NotFound, TermsyncError
from worker.pipeline import expire

UNDO = "undo"
# What these kinds did is terms and their followers; other kinds are undone where they were asked for.
UNDOABLE = frozenset({"pull", UNDO})
MOST_LISTED = 1000


def request(
    session: Session, what: str, number: int, why: Why, reason: str, *, dry_run: bool = False
) -> tuple[int, bool]:
    """Ask for the undoing of `run` or `hold` (`what`) `number`. Joins an open one. Returns (run id, is new).

    Raises NotFound, `run-not-ended`, `run-not-undoable` and `hold-not-approved`.
    """
    scope = f"{what}:{number}"
    deed, _ = _deed(session, scope)
    if not undoing.tenants_of(session, deed):
        raise TermsyncError(
            "nothing-to-undo",
            f"{what.capitalize()} {number} changed no term and no enrollment.",
            "There is nothing to take back; see its counts for what it did.",
        )
    run_id, new = runs.request(session, UNDO, scope, why.actor, dry_run=dry_run, progress={"reason": reason})
    if new and not dry_run:
        session.add(
            StaffAction(
                at=why.now,
                actor=why.actor,
                action="undo asked",
                subject=f"{what} {number}",
                reason=reason,
                detail={"run": run_id},
            )
        )
    return run_id, new


def _deed(session: Session, scope: str) -> tuple[Deed, datetime]:
    """What is undone, and when it ended."""
    what, _, number = scope.partition(":")
    return _of_run(session, int(number)) if what == "run" else _of_hold(session, int(number))


def _of_run(session: Session, run_id: int) -> tuple[Deed, datetime]:
    run = session.get(SyncRun, run_id)
    if run is None:
        raise NotFound("run-unknown", f"There is no run {run_id}.", "List them with `termsync run list`.")
    if run.finished_at is None:
        raise TermsyncError(
            "run-not-ended",
            f"Run {run_id} is {run.state}.",
            f"Wait for its end, or stop it with `termsync run stop {run_id}`.",
        )
    if run.dry_run or run.kind not in UNDOABLE:
        what = "a dry run, which changed nothing" if run.dry_run else f"of kind {run.kind}"
        raise TermsyncError(
            "run-not-undoable",
            f"Run {run_id} is {what}.",
            "Undo the pull that changed the terms; a bulk edit is undone beside it, a time zone on the tenant.",
        )
    return Deed(run_id=run_id), run.finished_at


def _of_hold(session: Session, hold_id: int) -> tuple[Deed, datetime]:
    hold = session.get(Hold, hold_id)
    if hold is None:
        raise NotFound("hold-unknown", f"There is no hold {hold_id}.", "List them with `termsync hold list`.")
    if hold.state != "approved" or hold.decided_at is None:
        raise TermsyncError(
            "hold-not-approved",
            f"Hold {hold_id} is {hold.state}: nothing on its list was applied.",
            "Only an approved hold can be undone.",
        )
    return Deed(tenant_id=hold.tenant_id, at=hold.decided_at, actor=hold.decided_by), hold.decided_at


@dataclass
class _Undone:
    """What was put back so far, and what was left: counts, rows for people, tenants that are done."""

    counts: dict[str, int] = field(default_factory=dict)
    left: list[dict[str, Any]] = field(default_factory=list)
    left_orders: list[dict[str, Any]] = field(default_factory=list)
    done: list[int] = field(default_factory=list)

    @staticmethod
    def so_far(run: ClaimedRun) -> "_Undone":
        kept = {name: list(run.progress.get(name, [])) for name in ("left", "left_orders", "done")}
        return _Undone(dict(run.counts), **kept)

    def count(self, accepted: Accepted, changes: Changes, outcomes: dict[str, int], left_orders: int) -> None:
        done = accepted.enrollments + changes
        more = {
            "accepted_changed": accepted.changed,
            "enrollments_changed": done.changed,
            "expired": done.expired,
            "reinstated": done.reinstated,
            "left_orders": left_orders,
            "restored": outcomes.pop("restored", 0),
            **{f"left_{reason}": count for reason, count in outcomes.items()},
        }
        self.counts |= {name: self.counts.get(name, 0) + count for name, count in more.items()}

    def progress(self, run: ClaimedRun, tenants: int) -> dict[str, Any]:
        return {
            "reason": run.progress.get("reason"),
            "tenants": tenants,
            "done": self.done,
            "left": self.left[:MOST_LISTED],
            "left_orders": self.left_orders[:MOST_LISTED],
        }


def perform(sessions: sessionmaker[Session], run: ClaimedRun, stop: Callable[[], bool] = lambda: False) -> str:
    """Do a claimed undo, a transaction a tenant; a dry one all in one, which is taken back. Returns the state."""
    with sessions() as session:
        deed, ended = _deed(session, run.scope)
        tenant_ids = undoing.tenants_of(session, deed)
    if run.dry_run:
        return _try(sessions, run, deed, ended, tenant_ids)
    undone = _Undone.so_far(run)
    for tenant_id in (each for each in tenant_ids if each not in undone.done):
        undo = partial(_undo_and_save, tenant_id, deed, ended, run, undone, len(tenant_ids))
        undone, asked_to_stop = in_transaction(sessions, undo)
        if asked_to_stop:
            return _end(sessions, run, "stopped", undone.counts)
        if stop():
            with sessions.begin() as session:
                runs.give_back(session, run)
            return "queued"
    return _end(sessions, run, "done", undone.counts)


def _undo_and_save(
    tenant_id: int, deed: Deed, ended: datetime, run: ClaimedRun, before: _Undone, tenants: int, session: Session
) -> tuple[_Undone, bool]:
    """One tenant and how far the run is with it; also whether somebody asked to stop."""
    undone = _undo_tenant(session, tenant_id, deed, ended, run, before)
    return undone, runs.save_progress(session, run, undone.progress(run, tenants), undone.counts)


def _undo_tenant(
    session: Session, tenant_id: int, deed: Deed, ended: datetime, run: ClaimedRun, before: _Undone
) -> _Undone:
    """One tenant in the caller's transaction. Returns `before` with what came of it."""
    tenant = lock_tenant(session, tenant_id)
    why = Why(run.asked_by, clock.now(session), run.id)
    expire.catch_up(session, tenant, why)
    left_orders = undoing.left_orders(session, tenant_id, deed, MOST_LISTED)
    accepted = undoing.undo_terms(session, tenant, deed, why, run.progress.get("reason") or "undone")
    changes = undoing.undo_enrollments(session, tenant, deed, why)
    outcomes = undoing.outcomes(session, tenant_id, deed, run.id, ended)
    after = _Undone(dict(before.counts), [*before.left], [*before.left_orders], [*before.done, tenant_id])
    after.count(accepted, changes, outcomes, len(left_orders))
    after.left += undoing.left(session, tenant_id, deed, run.id, ended, MOST_LISTED)
    after.left_orders += left_orders
    return after


def _try(
    sessions: sessionmaker[Session], run: ClaimedRun, deed: Deed, ended: datetime, tenant_ids: list[int]
) -> str:
    """All that the real undo would do, then taken back; what it would have changed is kept on the run."""
    undone = _Undone()
    with sessions() as session:
        for tenant_id in tenant_ids:
            undone = _undo_tenant(session, tenant_id, deed, ended, run, undone)
        diff = differences.of_run(session, run.id)
        session.rollback()
    with sessions.begin() as session:
        runs.save_progress(session, run, {**undone.progress(run, len(tenant_ids)), "diff": diff}, undone.counts)
    return _end(sessions, run, "done", undone.counts)


def _end(sessions: sessionmaker[Session], run: ClaimedRun, state: str, counts: dict[str, int]) -> str:
    outcome = "ok" if state == "done" else None
    with sessions.begin() as session:
        runs.finish(session, run, state, clock.now(session), outcome=outcome, counts=counts)
    return state
