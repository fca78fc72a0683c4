"""Asking for runs, claiming them, and writing down how far they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import case, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.sync_run import SyncRun

# A worker gives a sign of life every two seconds; one silent for this long is taken for dead.
SILENT_AFTER = timedelta(seconds=10)
# Starts that died without a page of progress before the run is set aside.
LOST_STARTS = 3
OPEN = ("queued", "running")


class RunLost(Exception):
    """Another worker has taken over this run, or it was ended: the work of the holder must not be committed."""


@dataclass(frozen=True, slots=True)
class ClaimedRun:
    """A run held by one worker: every write of it names this epoch."""

    id: int
    epoch: int
    kind: str
    scope: str
    dry_run: bool
    asked_by: str
    progress: dict[str, Any]
    counts: dict[str, Any]
    attempts: int


def request(
    session: Session,
    kind: str,
    scope: str,
    asked_by: str,
    *,
    dry_run: bool = False,
    moves_watermark: bool = False,
    progress: Mapping[str, Any] | None = None,
) -> tuple[int, bool]:
    """Ask for a run. Joins the open one of the same kind and scope. Returns (run id, whether it is new).

    `progress` is what a new run begins with.
    """
    asked = (
        insert(SyncRun)
        .values(
            kind=kind,
            scope=scope,
            dry_run=dry_run,
            asked_by=asked_by,
            moves_watermark=moves_watermark and not dry_run,
            progress=dict(progress or {}),
        )
        .on_conflict_do_nothing(
            index_elements=["kind", "scope", "dry_run"], index_where=text("state in ('queued', 'running')")
        )
        .returning(SyncRun.id)
    )
    joined = select(SyncRun.id).where(
        SyncRun.kind == kind, SyncRun.scope == scope, SyncRun.dry_run == dry_run, SyncRun.state.in_(OPEN)
    )
    while True:
        new = session.execute(asked).scalar_one_or_none()
        if new is not None:
            return new, True
        open_run = session.execute(joined).scalar_one_or_none()
        if open_run is not None:
            return open_run, False


_CLAIMABLE = text("""
select r.id, r.state, r.attempts from sync_run r
left join worker_process w on w.id = r.worker_id
where r.id = :run_id
    and ((r.state = 'queued' and (r.not_before is null or r.not_before <= :now))
        or (r.state = 'running' and (w.id is null or w.heartbeat_at < :silent_since)))
for update of r skip locked
""")


def claim(session: Session, run_id: int, worker_id: UUID, now: datetime) -> ClaimedRun | None:
    """Take a queued run, or one whose worker died. None when it is not to be had (now).

    The start is counted before the work begins. A run whose starts keep dying without progress is quarantined.
    """
    parameters = {"run_id": run_id, "now": now, "silent_since": now - SILENT_AFTER}
    row = session.execute(_CLAIMABLE, parameters).one_or_none()
    if row is None:
        return None
    if row.state == "running" and row.attempts >= LOST_STARTS:
        _quarantine(session, run_id, row.attempts, now)
        return None
    try:
        with session.begin_nested():
            run = session.execute(
                update(SyncRun)
                .where(SyncRun.id == run_id)
                .values(
                    state="running",
                    worker_id=worker_id,
                    epoch=SyncRun.epoch + 1,
                    attempts=SyncRun.attempts + 1,
                    error_code=None,
                    error_detail=None,
                    started_at=text("coalesce(started_at, :now)").bindparams(now=now),
                )
                .returning(SyncRun),
                execution_options={"populate_existing": True},
            ).scalar_one()
    except IntegrityError:  # another run that moves the watermark is under way
        return None
    return ClaimedRun(
        run.id,
        run.epoch,
        run.kind,
        run.scope,
        run.dry_run,
        run.asked_by,
        dict(run.progress),
        dict(run.counts),
        run.attempts,
    )


def _quarantine(session: Session, run_id: int, attempts: int, now: datetime) -> None:
    session.execute(
        update(SyncRun)
        .where(SyncRun.id == run_id)
        .values(
            state="quarantined",
            finished_at=now,
            error_code="run-quarantined",
            error_detail=f"The worker died {attempts} times in this run without a page of progress.",
        )
    )


def save_progress(
    session: Session, run: ClaimedRun, progress: Mapping[str, Any], counts: Mapping[str, Any]
) -> bool:
    """Write progress in the transaction of the page it describes. Returns whether somebody asked to stop.

    Raises RunLost when the run is no longer held by this claim.
    """
    stop = session.execute(
        update(SyncRun)
        .where(SyncRun.id == run.id, SyncRun.epoch == run.epoch, SyncRun.state == "running")
        .values(progress=dict(progress), counts=dict(counts), attempts=0)
        .returning(SyncRun.stop_requested)
    ).scalar_one_or_none()
    if stop is None:
        raise RunLost(f"run {run.id} was taken over or ended")
    return stop


def finish(
    session: Session,
    run: ClaimedRun,
    state: str,
    now: datetime,
    *,
    outcome: str | None = None,
    counts: Mapping[str, Any] | None = None,
    error: tuple[str, str] | None = None,
) -> None:
    """End the run as `done`, `failed` or `stopped`. Raises RunLost when it is no longer held by this claim."""
    values: dict[str, Any] = {"state": state, "outcome": outcome, "finished_at": now}
    if counts is not None:
        values["counts"] = dict(counts)
    if error is not None:
        values["error_code"], values["error_detail"] = error
    _write_held(session, run, values)


def give_back(
    session: Session,
    run: ClaimedRun,
    not_before: datetime | None = None,
    error: tuple[str, str] | None = None,
    progress: Mapping[str, Any] | None = None,
) -> None:
    """Return the run to the queue with its progress, at once or for later. `error`: why it could not go on.

    A start that is given back was not lost: it does not count towards quarantine.
    """
    values: dict[str, Any] = {"state": "queued", "worker_id": None, "not_before": not_before, "attempts": 0}
    if error is not None:
        values["error_code"], values["error_detail"] = error
    if progress is not None:
        values["progress"] = dict(progress)
    _write_held(session, run, values)


def _write_held(session: Session, run: ClaimedRun, values: Mapping[str, Any]) -> None:
    held = session.execute(
        update(SyncRun)
        .where(SyncRun.id == run.id, SyncRun.epoch == run.epoch, SyncRun.state == "running")
        .values(**values)
        .returning(SyncRun.id)
    ).scalar_one_or_none()
    if held is None:
        raise RunLost(f"run {run.id} was taken over or ended")


_DUE = text("""
select r.id from sync_run r
left join worker_process w on w.id = r.worker_id
where (r.state = 'queued' and (r.not_before is null or r.not_before <= :now)
        and not (r.moves_watermark and exists (
            select from sync_run o where o.state = 'running' and o.moves_watermark and o.kind = r.kind)))
    or (r.state = 'running' and (w.id is null or w.heartbeat_at < :silent_since))
order by r.asked_at, r.id
limit 100
""")


def due(session: Session, now: datetime) -> list[int]:
    """Ids of runs somebody should take: queued ones whose time has come, and those whose worker died."""
    return list(session.execute(_DUE, {"now": now, "silent_since": now - SILENT_AFTER}).scalars())


def request_stop(session: Session, run_id: int, now: datetime) -> bool:
    """Ask an open run to stop: a queued one ends at once, a running one at its next page edge."""
    waits = SyncRun.state == "queued"
    asked = session.execute(
        update(SyncRun)
        .where(SyncRun.id == run_id, SyncRun.state.in_(OPEN))
        .values(
            stop_requested=True,
            state=case((waits, "stopped"), else_=SyncRun.state),
            finished_at=case((waits, now), else_=None),
        )
        .returning(SyncRun.id)
    ).scalar_one_or_none()
    return asked is not None


def reopen(session: Session, run_id: int) -> bool:
    """Return a run that was stopped, failed or was set aside to the queue, with the progress it has made."""
    reopened = session.execute(
        update(SyncRun)
        .where(SyncRun.id == run_id, SyncRun.state.in_(("stopped", "failed", "quarantined")))
        .values(
            state="queued",
            finished_at=None,
            stop_requested=False,
            worker_id=None,
            not_before=None,
            attempts=0,
            error_code=None,
            error_detail=None,
        )
        .returning(SyncRun.id)
    ).scalar_one_or_none()
    return reopened is not None


_FORGET_IDLE = text("""
delete from sync_run
where state = 'done' and outcome = 'ok' and scope = 'incremental' and finished_at < :before
    and not exists (
        select from jsonb_each(counts) c where c.key not in ('pages', 'read', 'api_calls') and c.value <> '0'
    )
""")


def forget_idle(session: Session, before: datetime) -> None:
    """Delete pulls of changes that found nothing and ended before `before`: one every few seconds adds up."""
    session.execute(_FORGET_IDLE, {"before": before})
