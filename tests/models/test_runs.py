"""Runs: joined, claimed once, fenced, given back, stopped, and set aside when they keep killing their workers."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from models import runs, watermarks
from models.runs import LOST_STARTS, SILENT_AFTER, ClaimedRun, RunLost
from models.sync_run import SyncRun, WorkerProcess

NOW = datetime(2026, 3, 10, 17, tzinfo=UTC)


def ask(session: Session, scope: str = "tenant:acme", dry_run: bool = False, moves: bool = False) -> int:
    run_id, _ = runs.request(session, "pull", scope, "test", dry_run=dry_run, moves_watermark=moves)
    return run_id


def living(session: Session, now: datetime = NOW) -> UUID:
    """A worker process with a sign of life at `now`."""
    worker = WorkerProcess(id=uuid4(), host="test", pid=1, queues="all", heartbeat_at=now)
    session.add(worker)
    session.flush()
    return worker.id


def claimed(session: Session, run_id: int, now: datetime = NOW) -> ClaimedRun:
    run = runs.claim(session, run_id, uuid4(), now)
    assert run is not None
    return run


def row(session: Session, run_id: int) -> SyncRun:
    return session.get_one(SyncRun, run_id, populate_existing=True)


def test_asking_again_joins_the_open_run(session: Session) -> None:
    first, new = runs.request(session, "pull", "full", "ann")
    assert new
    assert runs.request(session, "pull", "full", "bob") == (first, False)
    claimed(session, first)
    assert runs.request(session, "pull", "full", "bob") == (first, False)
    assert row(session, first).asked_by == "ann"


@pytest.mark.parametrize("state", ["done", "failed", "stopped"])
def test_asking_after_the_end_makes_a_new_run(session: Session, state: str) -> None:
    first = ask(session)
    runs.finish(session, claimed(session, first), state, NOW)
    assert ask(session) != first


def test_different_work_is_not_joined(session: Session) -> None:
    asked = {ask(session), ask(session, "tenant:beta"), ask(session, dry_run=True)}
    assert len(asked) == 3


def test_a_run_under_a_living_worker_is_not_to_be_had(session: Session) -> None:
    run_id, worker = ask(session), living(session)
    assert runs.claim(session, run_id, worker, NOW) is not None
    assert runs.claim(session, run_id, uuid4(), NOW) is None
    assert runs.claim(session, run_id, uuid4(), NOW + SILENT_AFTER) is None
    assert runs.due(session, NOW + SILENT_AFTER) == []


def test_a_run_whose_worker_fell_silent_is_taken_over(session: Session) -> None:
    run_id, worker = ask(session), living(session)
    first = runs.claim(session, run_id, worker, NOW)
    later = NOW + SILENT_AFTER + timedelta(seconds=1)
    assert first is not None
    assert runs.due(session, later) == [run_id]
    second = runs.claim(session, run_id, uuid4(), later)
    assert second is not None
    assert second.epoch == first.epoch + 1


def test_whoever_lost_a_run_can_write_nothing_of_it(session: Session) -> None:
    run_id = ask(session)
    first, second = claimed(session, run_id), claimed(session, run_id)
    with pytest.raises(RunLost):
        runs.save_progress(session, first, {"page": 1}, {})
    with pytest.raises(RunLost):
        runs.finish(session, first, "done", NOW)
    with pytest.raises(RunLost):
        runs.give_back(session, first)
    runs.save_progress(session, second, {"page": 2}, {"read": 3})
    assert row(session, run_id).progress == {"page": 2}


def test_a_finished_run_can_be_written_no_more(session: Session) -> None:
    run_id = ask(session)
    run = claimed(session, run_id)
    runs.finish(session, run, "done", NOW, outcome="ok")
    with pytest.raises(RunLost):
        runs.save_progress(session, run, {}, {})
    with pytest.raises(RunLost):
        runs.finish(session, run, "failed", NOW)


def test_a_claim_goes_on_from_the_progress(session: Session) -> None:
    run_id = ask(session)
    runs.save_progress(session, claimed(session, run_id), {"after": [1, 2]}, {"read": 7})
    again = claimed(session, run_id)
    assert (again.progress, again.counts) == ({"after": [1, 2]}, {"read": 7})


def test_a_run_that_keeps_killing_its_workers_is_set_aside(session: Session) -> None:
    run_id = ask(session)
    for _ in range(LOST_STARTS):
        claimed(session, run_id)
    assert runs.claim(session, run_id, uuid4(), NOW) is None
    assert (row(session, run_id).state, row(session, run_id).error_code) == ("quarantined", "run-quarantined")
    assert runs.due(session, NOW) == []
    assert ask(session) != run_id


def test_progress_forgives_lost_starts(session: Session) -> None:
    run_id = ask(session)
    for _ in range(3 * LOST_STARTS):
        runs.save_progress(session, claimed(session, run_id), {}, {})
    assert row(session, run_id).state == "running"


def test_a_start_that_was_given_back_was_not_lost(session: Session) -> None:
    run_id = ask(session)
    for _ in range(3 * LOST_STARTS):
        runs.give_back(session, claimed(session, run_id))
    assert row(session, run_id).state == "queued"
    assert runs.due(session, NOW) == [run_id]


def test_a_run_given_back_for_later_waits(session: Session) -> None:
    run_id, later = ask(session), NOW + timedelta(minutes=1)
    runs.give_back(session, claimed(session, run_id), later)
    assert runs.due(session, NOW) == []
    assert runs.claim(session, run_id, uuid4(), NOW) is None
    assert runs.due(session, later) == [run_id]
    assert runs.claim(session, run_id, uuid4(), later) is not None


def test_runs_that_move_the_watermark_go_one_after_the_other(session: Session) -> None:
    full, incremental = ask(session, "full", moves=True), ask(session, "incremental", moves=True)
    assert runs.due(session, NOW) == [full, incremental]
    first = claimed(session, full)
    living_worker = living(session)
    row(session, full).worker_id = living_worker
    session.flush()
    assert runs.due(session, NOW) == []
    assert runs.claim(session, incremental, uuid4(), NOW) is None
    assert row(session, incremental).attempts == 0
    runs.finish(session, first, "done", NOW)
    assert runs.due(session, NOW) == [incremental]
    assert runs.claim(session, incremental, uuid4(), NOW) is not None


def test_a_dry_run_moves_nothing_and_waits_for_nobody(session: Session) -> None:
    claimed(session, ask(session, "full", moves=True))
    assert runs.claim(session, ask(session, "full", dry_run=True, moves=True), uuid4(), NOW) is not None


def test_stopping(session: Session) -> None:
    waiting, running, over = ask(session, "tenant:a"), ask(session, "tenant:b"), ask(session, "tenant:c")
    run = claimed(session, running)
    runs.finish(session, claimed(session, over), "done", NOW)
    assert runs.request_stop(session, waiting, NOW)
    assert runs.request_stop(session, running, NOW)
    assert not runs.request_stop(session, over, NOW)
    assert not runs.request_stop(session, 4711, NOW)
    assert (row(session, waiting).state, row(session, waiting).finished_at) == ("stopped", NOW)
    assert (row(session, running).state, row(session, running).finished_at) == ("running", None)
    assert row(session, over).state == "done"
    assert runs.save_progress(session, run, {}, {})
    assert runs.due(session, NOW) == [running]  # its worker is not known to live


def test_nobody_asked_to_stop(session: Session) -> None:
    assert not runs.save_progress(session, claimed(session, ask(session)), {}, {})


def test_a_watermark_only_moves_forward(session: Session) -> None:
    assert watermarks.watermark(session, "orders") is None
    for offset, expected in ((0, 0), (5, 5), (3, 5), (6, 6)):
        watermarks.move(session, "orders", NOW + timedelta(hours=offset), 1, NOW)
        assert watermarks.watermark(session, "orders") == NOW + timedelta(hours=expected)
    assert watermarks.watermark(session, "deletions") is None


def test_idle_pulls_are_forgotten_and_others_are_not(session: Session) -> None:
    def ended(scope: str, counts: dict[str, int], state: str = "done", outcome: str | None = "ok") -> int:
        run_id = ask(session, scope)
        runs.finish(session, claimed(session, run_id), state, NOW, outcome=outcome, counts=counts)
        return run_id

    idle = ended("incremental", {"pages": 1, "read": 4, "landed_new": 0})
    kept = [
        ended("incremental", {"pages": 1, "landed_new": 1}),
        ended("incremental", {"pages": 1}, outcome="errors"),
        ended("incremental", {}, state="failed", outcome=None),
        ended("full", {"pages": 1}),
        ask(session, "incremental"),
    ]
    runs.forget_idle(session, NOW)
    assert session.get(SyncRun, idle) is not None  # not old enough
    runs.forget_idle(session, NOW + timedelta(seconds=1))
    session.expire_all()
    assert session.get(SyncRun, idle) is None
    assert all(session.get(SyncRun, run_id) is not None for run_id in kept)
