"""Q1 full pull, Q2 landing alone, Q11 a slow NetSuite."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from models.landing import Landed, land

from . import bare
from .bench import Bench, Database
from .figures import Figure, Spread, ratios
from .workers import Run, worker
from .world import World, Worlds, check_loaded, mapped

READ_AT = datetime(2026, 1, 1, tzinfo=UTC)
PEAK_MEMORY = 150.0  # MB


def q1_full_pull(bench: Bench, worlds: Worlds) -> list[Figure]:
    """Everything from the mock, landed and accepted, against a bare loop over the same pages; peak memory."""
    figures = []
    peaks: list[float] = []
    for size, runs in zip(bench.sizes.orders, bench.sizes.pull_runs, strict=True):
        floor, ours, memory, counts = [], [], [], {}
        for number in range(1, runs + 1):
            bench.say(f"Q1 {size:,} orders, run {number} of {runs}")
            floor.append(size / _bare_pull(bench, worlds, size))
            run, peak = _our_pull(bench, worlds, size)
            ours.append(size / run.seconds)
            memory.append(peak)
            counts = run.counts
        peaks.append(max(memory))
        figures += [
            Figure(
                "Q1",
                f"full pull of {size:,} orders, landed and accepted, rows/s",
                ratios(ours, floor),
                0.5,
                at_least=True,
                floor=Spread.of(floor, "/s"),
                ours=Spread.of(ours, "/s"),
                facts={"counts": counts},
            ),
            Figure(
                "Q1",
                f"peak memory of the worker, {size:,} orders",
                Spread.of(memory, " MB"),
                PEAK_MEMORY,
                worst=True,
            ),
        ]
    grown = Spread.of([peaks[1] / peaks[0]], "×")
    figures.append(Figure("Q1", "peak memory, larger pull by smaller", grown, 1.1))
    return figures


def _bare_pull(bench: Bench, worlds: Worlds, size: int) -> float:
    with mapped(bench) as database:
        bench.settle()
        started = time.perf_counter()
        with bare.Loader(database.url) as loader:
            rows = sum(loader.load(page) for page in bare.fetched(worlds.account(size)))
        seconds = time.perf_counter() - started
    assert rows == size
    return seconds


def _our_pull(bench: Bench, worlds: Worlds, size: int) -> tuple[Run, float]:
    with mapped(bench) as database:
        world = World(size, worlds.account(size), database, bench.redis_url())
        with worker(database, world.redis_url, world.account) as started:
            bench.settle()
            run = started.pull("full")
            peak = started.peak_memory()
        check_loaded(world, run)
    return run, peak


def q2_landing(bench: Bench, worlds: Worlds) -> list[Figure]:
    """Landing of ready pages, their customers mapped, against COPY, upsert and commit of the same pages.

    A page the one way, a page the other: whatever else the machine does meanwhile slows both.
    """
    rows = [row for page in bare.fetched(worlds.account(bench.sizes.orders[0])) for row in page]
    pages = list(bare.in_pages([_landed(row) for row in rows]))
    floor, ours = [], []
    for number in range(1, bench.sizes.landing_runs + 1):
        bench.say(f"Q2 run {number} of {bench.sizes.landing_runs}")
        with mapped(bench) as for_floor, mapped(bench) as for_ours, bare.Loader(for_floor.url) as loader:
            bench.settle()
            bare_seconds = our_seconds = 0.0
            for page in pages:
                plain = [row[: len(bare.Order._fields)] for row in page]
                bare_seconds += _timed(partial(loader.load, plain))
                our_seconds += _timed(partial(_land, for_ours, page))
            for database in (for_floor, for_ours):
                assert database.scalar("select count(*) from landing_order") == len(rows)
        floor.append(len(rows) / bare_seconds)
        ours.append(len(rows) / our_seconds)
    return [
        Figure(
            "Q2",
            f"landing of {len(rows):,} orders in memory, rows/s",
            ratios(ours, floor),
            0.6,
            at_least=True,
            floor=Spread.of(floor, "/s"),
            ours=Spread.of(ours, "/s"),
        )
    ]


def _landed(row: bare.Order) -> Landed:
    return Landed(
        int(row.order_id),
        int(row.customer_id),
        row.number,
        row.status,
        None if row.term_start is None else datetime.fromisoformat(row.term_start).date(),
        None if row.term_end is None else datetime.fromisoformat(row.term_end).date(),
        datetime.fromisoformat(row.modified_at),
        row.payload,
    )


def _land(database: Database, page: Sequence[Landed]) -> None:
    with database.sessions.begin() as session:
        land(session, page, READ_AT, READ_AT)


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def q11_slow_account(bench: Bench, worlds: Worlds) -> list[Figure]:
    """A full pull with a fixed latency a page: how well the slots are used, and that they are never exceeded."""
    sizes, size = bench.sizes, bench.sizes.orders[0]
    source = worlds.account(size)
    seconds, most, ideal = [], [], []
    source.set(latency={"suiteql": sizes.page_latency}, concurrency=sizes.slots)
    for number in range(1, sizes.latency_runs + 1):
        bench.say(f"Q11 run {number} of {sizes.latency_runs}")
        with mapped(bench) as database:
            world = World(size, source, database, bench.redis_url())
            with worker(database, world.redis_url, source, TERMSYNC_SLOTS=str(sizes.slots)) as started:
                bench.settle()
                source.forget()
                run = started.pull("full")
            check_loaded(world, run)
            stats = source.stats()
            assert stats["over_limit_refused"] == 0, stats
            seconds.append(run.seconds)
            ideal.append(stats["by_endpoint"]["suiteql"] * sizes.page_latency / sizes.slots)
            most.append(float(stats["most_in_flight"]))
    source.set(latency={})
    slow = f"{size:,} orders at {sizes.page_latency * 1000:g} ms a page, {sizes.slots} slots"
    return [
        Figure(
            "Q11",
            f"{slow}: time by pages × latency ÷ slots",
            ratios(seconds, ideal),
            1.2,
            floor=Spread.of(ideal, " s"),
            ours=Spread.of(seconds, " s"),
        ),
        Figure("Q11", "most requests in flight, seen by the mock", Spread.of(most), sizes.slots, worst=True),
    ]
