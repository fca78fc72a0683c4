"""Q6: writing down expiries, looking when nothing is due, and following an order that moved."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session, sessionmaker

from models.enrollment_changes import Why
from worker import clock
from worker.pipeline import expire, reconcile
from worker.pipeline.guard import Thresholds

from .bench import Bench, Database
from .enrollments import enrolled, naive_layout
from .figures import Figure, Spread, ratios
from .world import Worlds

SHARES = (0.01, 0.10, 1.0)
IDLE = 5.0  # ms
BARE_EXPIRY = """
update enrollment set status = 'X', expired_at = boundary, expired_cause = 'term_ended'
where status = 'E' and boundary <= now()
"""
BARE_REDATING = """
update enrollment set boundary = boundary + interval '100 days'
where sales_order_id = (select max(id) from sales_order)
"""
WARM_UP = "select count(*) from enrollment; select count(*) from enrollment_event; select count(*) from users"
TRANSACTION = "select cast(pg_current_xact_id_if_assigned() as text)"
LSN = "select cast(pg_current_wal_insert_lsn() - '0/0' as bigint)"


def q6_expiry(bench: Bench, worlds: Worlds) -> list[Figure]:
    """Expiry of 1 %, 10 % and all enrollments, the idle sweep after each, and one order with many people."""
    figures = []
    for share in SHARES:
        figures += _expiry(bench, share)
    return [*figures, _moved_order(bench)]


def _expiry(bench: Bench, share: float) -> list[Figure]:
    amount = round(bench.sizes.enrollments * share)
    floor, ours = _Timed(), _Timed()
    idle: list[_Idle] = []
    bench.say(f"Q6 {bench.sizes.enrollments:,} enrollments, {share:.0%} due")
    with enrolled(bench, share) as template, naive_layout(bench, template) as naive:
        for _ in range(bench.sizes.expiry_runs * (3 if share < 0.1 else 1)):  # the shorter, the more they vary
            with _warm_copy(bench, naive) as database:
                floor.add(database, partial(_bare, database, BARE_EXPIRY, amount))
            with _warm_copy(bench, template) as database:
                ours.add(database, partial(_swept, database, amount))
                idle.append(_idle_sweeps(database, bench.sizes.idle_sweeps))
                _check_events(database, amount)
    wal = {"floor_wal_mb": floor.wal, "ours_wal_mb": ours.wal}
    looks = [seconds * 1000 for each in idle for seconds in each.seconds]
    return [
        Figure(
            "Q6",
            f"expiry of {amount:,} of {bench.sizes.enrollments:,} with events, by the naive bare UPDATE",
            ratios(ours.seconds, floor.seconds),
            0.8,
            floor=Spread.of(floor.seconds, " s"),
            ours=Spread.of(ours.seconds, " s"),
            facts=wal,
        ),
        Figure(
            "Q6",
            f"idle sweep right after it ({idle[0].statements} statements)",
            Spread.of(looks, " ms"),
            IDLE,
            facts={"slowest_ms": max(looks)},
        ),
        Figure(
            "Q6",
            "idle sweeps that were given a transaction id, which is to say wrote",
            Spread.of([float(each.written) for each in idle]),
            0,
            worst=True,
        ),
    ]


class _Timed:
    """Seconds and WAL (MB) of several runs."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.wal: list[float] = []

    def add(self, database: Database, work: Callable[[], None]) -> None:
        before = database.scalar(LSN)
        started = time.perf_counter()
        work()
        self.seconds.append(time.perf_counter() - started)
        self.wal.append(round((database.scalar(LSN) - before) / 2**20, 1))


@contextmanager
def _warm_copy(bench: Bench, template: Database) -> Iterator[Database]:
    """A copy of a template, its blocks read once, with nothing left to be written by anybody."""
    with bench.database(template.name) as database:
        with database.connect() as connection:
            connection.execute(WARM_UP)
        bench.settle()
        yield database


def _bare(database: Database, statement: str, amount: int) -> None:
    with database.connect() as connection:
        updated = connection.execute(statement.encode()).rowcount
    assert updated == amount, (updated, amount)


def _swept(database: Database, amount: int) -> None:
    swept = expire.sweep_all(database.sessions)
    assert swept.expired == amount, (swept, amount)


def _check_events(database: Database, amount: int) -> None:
    assert database.scalar("select count(*) from enrollment where status = 'X'") == amount
    assert database.scalar("select count(*) from enrollment_event where status = 'X' and version = 2") == amount


class _Idle:
    """What sweeps that found nothing cost."""

    def __init__(self, seconds: list[float], statements: int, written: int) -> None:
        self.seconds = seconds
        self.statements = statements
        self.written = written


def _idle_sweeps(database: Database, amount: int) -> _Idle:
    """Sweeps with nothing due, before any VACUUM: seconds of each, statements of one, and how many wrote."""
    seconds = []
    with _watched(database.sessions) as (statements, written):
        for _ in range(amount):
            started = time.perf_counter()
            swept = expire.sweep_all(database.sessions)
            seconds.append(time.perf_counter() - started)
            assert not swept.changed
    return _Idle(seconds, len(statements) // amount, len(written))


@contextmanager
def _watched(sessions: sessionmaker[Session]) -> Iterator[tuple[list[str], list[object]]]:
    """The statements sent, and the ids of transactions that wrote: one gets an id with its first write."""
    engine = sessions.kw["bind"]
    assert isinstance(engine, Engine)
    statements: list[str] = []
    written: list[object] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    def ask(connection: Connection) -> None:
        driver = connection.connection.driver_connection
        assert driver is not None
        written.extend(id for (id,) in driver.execute(TRANSACTION).fetchall() if id is not None)

    event.listen(engine, "before_cursor_execute", note)
    event.listen(engine, "commit", ask)
    try:
        yield statements, written
    finally:
        event.remove(engine, "before_cursor_execute", note)
        event.remove(engine, "commit", ask)


def _moved_order(bench: Bench) -> Figure:
    """Accepting the new last day of one order and re-dating everybody on it, against the bare UPDATE."""
    amount = bench.sizes.followers
    floor, ours = _Timed(), _Timed()
    bench.say(f"Q6 one order with {amount:,} people moves")
    with enrolled(bench, 0.0, amount) as template:
        for _ in range(bench.sizes.expiry_runs):
            with _warm_copy(bench, template) as database:
                floor.add(database, partial(_bare, database, BARE_REDATING, amount))
            with _warm_copy(bench, template) as database:
                ours.add(database, partial(_accepted, database, amount))
                _check_one_transaction(database, amount)
    return Figure(
        "Q6",
        f"accepting a new last day for {amount:,} people on one order, by the bare UPDATE of the same layout",
        ratios(ours.seconds, floor.seconds),
        2.0,
        floor=Spread.of(floor.seconds, " s"),
        ours=Spread.of(ours.seconds, " s"),
        facts={"floor_wal_mb": floor.wal, "ours_wal_mb": ours.wal},
    )


def _accepted(database: Database, amount: int) -> None:
    with database.sessions.begin() as session:
        (tenant_id,) = reconcile.due_tenants(session)
        why = Why(reconcile.ACTOR, clock.now(session))
        reconciled = reconcile.reconcile_tenant(session, tenant_id, Thresholds(), why)
    assert reconciled.accepted.changed == 1, reconciled
    assert reconciled.accepted.enrollments.changed == amount, reconciled


def _check_one_transaction(database: Database, amount: int) -> None:
    """The order, its enrollments and their events carry one and the same transaction id."""
    written = """
        select xmin from sales_order where id = (select max(id) from sales_order)
        union all select xmin from enrollment where version = 2
        union all select xmin from enrollment_event where version = 2
    """
    assert database.scalar(f"select count(distinct cast(xmin as text)) from ({written}) w") == 1
    assert database.scalar(f"select count(*) from ({written}) w") == 1 + 2 * amount
