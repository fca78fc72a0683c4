"""Q3 everything again, Q4 nothing new, Q5 little new: what a pull costs when the database is full already."""

import time
from datetime import date, timedelta

from .bench import Bench, Database
from .figures import Figure, Spread, ratios
from .workers import Run, Worker, worker
from .world import World, Worlds, some_orders

TABLES = ("landing_order", "sales_order", "enrollment")
SECOND = 1.1  # s; a pull of changes reads up to the last second that is over
FIRST_NEW_END = date(2060, 1, 1)


class Writes:
    """What was written to the order tables since then: rows by PostgreSQL's counters, and their versions."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._versions = self._fingerprints()
        self._counted = self._counters()

    def rows(self) -> int:
        """Rows inserted, updated or deleted since this look was made. Whoever wrote must have disconnected."""
        return self._counters() - self._counted

    def versions_kept(self) -> bool:
        """Whether every row is where it was, as written by the same transaction."""
        return self._fingerprints() == self._versions

    def _counters(self) -> int:
        names = ", ".join(f"'{table}'" for table in TABLES)
        return self._database.scalar(
            f"select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_user_tables where relname in ({names})"
        )

    def _fingerprints(self) -> list[int]:
        query = "select coalesce(sum(hashtextextended(ctid::text || xmin::text, 0)), 0) from {}"
        return [self._database.scalar(query.format(table)) for table in TABLES]


def q3_nothing_changed(bench: Bench, worlds: Worlds) -> list[Figure]:
    """A second full read of the same orders rewrites none."""
    figures = []
    for size in bench.sizes.orders:
        world = worlds.loaded(size)
        bench.say(f"Q3 {size:,} orders again")
        written = Writes(world.database)
        run = _pull(world, "full")
        assert run.counts["read"] == size, run
        assert run.counts["landed_new"] == run.counts["landed_changed"] == 0, run
        assert written.versions_kept()
        figures.append(
            Figure(
                "Q3",
                f"full read of {size:,} unchanged orders: rows written",
                Spread.of([written.rows()]),
                0,
                ours=Spread.of([size / run.seconds], "/s"),
            )
        )
    return figures


def q4_nothing_new(bench: Bench, worlds: Worlds) -> list[Figure]:
    """A pull of changes that finds none: calls to NetSuite, and writes to orders."""
    world = worlds.loaded(bench.sizes.orders[1])
    bench.say("Q4")
    written = Writes(world.database)
    with worker(world.database, world.redis_url, world.account) as started:
        calls, seconds = [], []
        for _ in range(bench.sizes.change_runs):
            world.account.forget()
            run = started.pull("incremental")
            stats = world.account.stats()
            assert run.counts["read"] == 0, run
            calls.append(float(stats["requests"]))
            seconds.append((run.seconds - _in_the_mock(stats)) * 1000)
    assert written.versions_kept()
    held = f"{world.size:,} orders held"
    return [
        Figure(
            "Q4",
            f"pull of changes, nothing new, {held}: calls",
            Spread.of(calls),
            3,
            worst=True,
            ours=Spread.of(seconds, " ms"),
        ),
        Figure("Q4", f"the same: orders written, {held}", Spread.of([written.rows()]), 0),
    ]


def q5_little_new(bench: Bench, worlds: Worlds) -> list[Figure]:
    """The same number of orders with a new last day, in a small and in a large database, turn by turn."""
    sizes = bench.sizes
    small, large = (worlds.loaded(size) for size in sizes.orders)
    costs: dict[int, list[float]] = {small.size: [], large.size: []}
    whole: dict[int, list[float]] = {small.size: [], large.size: []}
    with (
        worker(small.database, small.redis_url, small.account) as first,
        worker(large.database, large.redis_url, large.account) as second,
    ):
        for number in range(sizes.change_runs):
            bench.say(f"Q5 run {number + 1} of {sizes.change_runs}")
            for world, started in ((small, first), (large, second)):
                cost, in_all = _pull_changes(world, started, sizes.changed_orders, number)
                costs[world.size].append(cost * 1000)
                whole[world.size].append(in_all * 1000)
    return [
        Figure(
            "Q5",
            f"{sizes.changed_orders} changed of {large.size:,}, by as many of {small.size:,}, mock left out",
            ratios(costs[large.size], costs[small.size]),
            1.2,
            floor=Spread.of(costs[small.size], " ms"),
            ours=Spread.of(costs[large.size], " ms"),
            facts={"with_the_mock_ms": {str(size): spent for size, spent in whole.items()}},
        )
    ]


def _pull_changes(world: World, started: Worker, amount: int, number: int) -> tuple[float, float]:
    """Seconds of one pull of changes: of our own, and with the mock's share."""
    changed = some_orders(world, amount, number)
    world.account.end_terms_on(changed, FIRST_NEW_END + timedelta(days=number))
    time.sleep(SECOND)
    world.account.forget()
    run = started.pull("incremental")
    assert run.counts["landed_changed"] == run.counts["accepted_changed"] == amount, run
    return run.seconds - _in_the_mock(world.account.stats()), run.seconds


def _in_the_mock(stats: dict[str, dict[str, float]]) -> float:
    """Seconds the account worked on the calls of a pull, which come one after the other."""
    return sum(stats["seconds"].values())


def _pull(world: World, scope: str) -> Run:
    with worker(world.database, world.redis_url, world.account) as started:
        return started.pull(scope)
