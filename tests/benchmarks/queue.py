"""Q9 from ring to start on an idle worker, Q10 from kill -9 to the next page by another process."""

import os
import random
import signal
import sys
import time

from worker.pipeline import runs
from worker.pipeline.scope import Scope
from worker.queue import doorbell
from worker.supervisor import Child, Supervisor

from .bench import SEED, Bench, Database
from .figures import Figure, Spread
from .workers import database_clock, wait_until, worker, worker_environment
from .world import World, Worlds, mapped

RINGS_A_SECOND = 4.0
PICKUP = 100.0  # ms
RECOVERY = 15.0  # s
RECOVERY_LATENCY = 0.5  # s a page, so that all slots are taken when the worker dies
PAGES = 30  # at least
COUNT_PAGES = "select coalesce((counts->>'pages')::int, 0) from sync_run where id = %s"


def q9_pickup(bench: Bench, worlds: Worlds) -> list[Figure]:
    """Time from the ring to the attempt's row, at random moments of an idle worker process."""
    chance = random.Random(SEED)
    waits = []
    with bench.database() as database, worker(database, bench.redis_url(), None, "short") as started:
        bench.say("Q9")
        started.listen()
        for number in range(bench.sizes.rings):
            time.sleep(chance.expovariate(RINGS_A_SECOND))
            rung = database_clock(database)
            assert doorbell.ring_expire()
            done = f"select count(*) from attempt where outcome = 'done' having count(*) = {number + 1}"
            wait_until(lambda done=done: _any(database, done), "a ring was not answered")
            last = "select extract(epoch from max(started_at)) * 1e6 from attempt"
            waits.append((float(database.scalar(f"select cast(({last}) as bigint)")) / 1e6 - rung) * 1000)
    waits.sort()
    tail = waits[int(len(waits) * 0.99)]
    return [
        Figure(
            "Q9",
            f"pickup on an idle worker, median of {len(waits)} rings",
            Spread.of(waits, " ms"),
            PICKUP,
            facts={"p99_ms": tail},
        )
    ]


def q10_recovery(bench: Bench, worlds: Worlds) -> list[Figure]:
    """The supervised worker is killed while every slot is in use; time until its run has one more page."""
    source = worlds.account(bench.sizes.orders[0])
    seconds = []
    source.set(latency={"suiteql": RECOVERY_LATENCY})
    for number in range(1, bench.sizes.kills + 1):
        bench.say(f"Q10 kill {number} of {bench.sizes.kills}")
        with mapped(bench) as database:
            world = World(bench.sizes.orders[0], source, database, bench.redis_url())
            seconds.append(_recovery(world))
    source.set(latency={})
    return [
        Figure(
            "Q10",
            "from kill -9 in a full pull to its next page committed by another process",
            Spread.of(seconds, " s"),
            RECOVERY,
            worst=True,
        )
    ]


def _recovery(world: World) -> float:
    database = world.database
    environment = worker_environment(database, world.redis_url, world.account)
    environment["TERMSYNC_PAGE_SIZE"] = str(min(1000, world.size // PAGES))
    # The scheduler is given no account, so that it rings for what is due and asks for nothing of its own.
    servers = worker_environment(database, world.redis_url, None)
    children = [
        Child("worker-long", [sys.executable, "-m", "worker.queue.process", "long", "4"], environment),
        Child("scheduler", [sys.executable, "-m", "worker.scheduler"], servers),
    ]
    with database.sessions.begin() as session:
        run_id, _ = runs.request_pull(session, Scope.parse("full"), "bench")
    with Supervisor(children) as supervisor:
        _watch_until(supervisor, database, run_id, pages=1)
        pages = database.scalar(COUNT_PAGES, [run_id])
        os.kill(database.scalar("select pid from worker_process"), signal.SIGKILL)
        killed = time.perf_counter()
        _watch_until(supervisor, database, run_id, pages + 1)
        return time.perf_counter() - killed


def _watch_until(supervisor: Supervisor, database: Database, run_id: int, pages: int) -> None:
    def enough() -> bool:
        supervisor.watch()
        return database.scalar(COUNT_PAGES, [run_id]) >= pages

    wait_until(enough, "the run does not go on", patience=120.0)


def _any(database: Database, query: str) -> bool:
    with database.connect() as connection:
        return connection.execute(query.encode()).fetchone() is not None
