"""Two workers at once end where one would, and only one of them has a run."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Event
from typing import Any

import pytest
from busy_world import OPTIONS, World, build, content
from engine_checks import check_events, check_findable, must_equal
from locking import wait_for
from pulls import Pulls
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker
from worlds import copy_of

from models.enrollment_changes import NOTHING, Why
from models.runs import RunLost
from models.sync_run import WorkerProcess
from worker import clock
from worker.pipeline import expire, pull, reconcile

PATIENCE = 60.0  # seconds a worker waits for the other before the test fails


@pytest.fixture
def world(database: Engine, sessions: sessionmaker[Session]) -> World:
    built = build(sessions)
    database.dispose()
    return built


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(len(jobs)) as executor:
        return [future.result(PATIENCE) for future in [executor.submit(job) for job in jobs]]


def one_after_the_other(world: World, database: Engine, scopes: list[str]) -> dict[str, Any]:
    with copy_of(database.url) as (_, sessions):
        for scope in scopes:
            Pulls(sessions, deepcopy(world.orders), OPTIONS).do(scope)
        return without_history(content(sessions))


def without_history(found: dict[str, Any]) -> dict[str, Any]:
    """Two runs may share the work of accepting between them in more than one way; the end is the same."""
    return {what: rows for what, rows in found.items() if what not in {"order history", "holds"}} | {
        "open holds": [row for row in found["holds"] if row[1] == "open"]
    }


@pytest.mark.parametrize(
    "scopes",
    [
        ["full", "tenant:acme"],
        ["incremental", "customer:5", "tenant:acme"],
        ["tenant:acme", "customer:1", "order:SO11"],
    ],
)
def test_different_runs_at_once(scopes: list[str], world: World, database: Engine) -> None:
    expected = one_after_the_other(world, database, scopes)
    with copy_of(database.url) as (_, sessions):
        barrier = Barrier(len(scopes))

        def job(scope: str) -> Callable[[], str]:
            pulls = Pulls(sessions, deepcopy(world.orders), OPTIONS)
            pulls.orders.before_page = lambda page: meet(barrier) if page == 1 else None
            run_id = pulls.ask(scope)
            return lambda: pulls.perform(run_id)

        assert at_once(*[job(scope) for scope in scopes]) == ["done"] * len(scopes)
        must_equal(without_history(content(sessions)), expected)
        with sessions() as session:
            check_events(session)
            check_findable(session)


def meet(barrier: Barrier) -> None:
    barrier.wait(PATIENCE)


def test_only_one_worker_gets_a_run(world: World, sessions: sessionmaker[Session]) -> None:
    run_id = Pulls(sessions, world.orders, OPTIONS).ask("full")
    barrier = Barrier(4)

    def claim() -> bool:
        pulls = Pulls(sessions, world.orders, OPTIONS)
        with sessions.begin() as session:
            register(session, pulls)
        meet(barrier)
        return pulls.claim(run_id) is not None

    assert sorted(at_once(*[claim] * 4)) == [False, False, False, True]


def register(session: Session, pulls: Pulls) -> None:
    session.add(WorkerProcess(id=pulls.worker_id, host="test", pid=1, queues="all"))


def test_a_worker_taken_for_dead_cannot_write_beside_its_successor(
    world: World, sessions: sessionmaker[Session]
) -> None:
    """It wakes up in the middle of its pages, after another has finished the run."""
    slow = Pulls(sessions, deepcopy(world.orders), OPTIONS)
    quick = Pulls(sessions, deepcopy(world.orders), OPTIONS)
    run_id = slow.ask("full")
    overtaken = Event()

    def overtake(page: int) -> None:
        if page == 3:
            claimed = wait_for(lambda: quick.claim(run_id))  # the slow one may just be writing its second page
            assert pull.perform(sessions, quick.orders, claimed, OPTIONS) == "done"
            overtaken.set()

    slow.orders.before_page = overtake
    with pytest.raises(RunLost):
        slow.perform(run_id)
    assert overtaken.wait(PATIENCE)
    run = slow.row(run_id)
    assert (run.state, run.epoch, run.counts["read"]) == ("done", 2, 18)
    with sessions() as session:
        check_events(session)
        check_findable(session)


def test_reconciling_twice_at_once(world: World, database: Engine) -> None:
    expected = one_after_the_other(world, database, ["incremental"])
    with copy_of(database.url) as (_, sessions):
        landed_only(world, sessions)
        barrier = Barrier(2)

        def job() -> Any:
            meet(barrier)
            return reconcile.reconcile_all(sessions, OPTIONS.thresholds)

        done = at_once(job, job)
        must_equal(without_history(content(sessions)), expected)
        assert len({hold for each in done for hold in each.holds}) == 1


def landed_only(world: World, sessions: sessionmaker[Session]) -> None:
    """An incremental pull that died before it accepted anything."""

    class Dead(Exception):
        pass

    def die(*_: Any, **__: Any) -> None:
        raise Dead

    pulls = Pulls(sessions, deepcopy(world.orders), OPTIONS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reconcile, "reconcile_all", die)
        with pytest.raises(Dead):
            pulls.do("incremental")


def test_sweeping_twice_at_once_writes_each_expiry_once(world: World, sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        later = clock.now(session) + timedelta(days=45)
        due = (
            session.connection()
            .exec_driver_sql(
                "select count(*) from enrollment where status = 'E' and boundary < now() + interval '45 days'"
            )
            .scalar_one()
        )
    barrier = Barrier(2)

    def job() -> int:
        meet(barrier)
        total = NOTHING
        while True:
            with sessions.begin() as session:
                swept = expire.sweep_batch(session, Why("sweep", later))
            if swept is None:
                return total.expired
            total += swept

    assert sum(at_once(job, job)) == due > 5
    with sessions() as session:
        assert not expire.is_due(session, later)
        check_events(session)


def test_many_slots_land_what_one_does(world: World, database: Engine) -> None:
    expected = one_after_the_other(world, database, ["full"])
    with copy_of(database.url) as (_, sessions):
        orders = deepcopy(world.orders)
        orders.page_size = 1
        Pulls(sessions, orders, replace(OPTIONS, slots=4)).do("full")
        must_equal(without_history(content(sessions)), expected)
