"""What every benchmark runs on: one PostgreSQL and one Valkey of its own, fresh databases, sizes, progress."""

import fcntl
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session, sessionmaker

from models import migrate
from worker import logs, settings
from worker.database import make_engine, make_sessions
from worker.embedded import Addresses, embedded

EMPTY = "bench_empty"
SEED = 20260101


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything. The figures of the issue are about FULL."""

    orders: tuple[int, int] = (100_000, 1_000_000)
    pull_runs: tuple[int, int] = (3, 1)  # for each size of `orders`
    tenants: int = 100
    customers: int = 2_000
    changed_orders: int = 100
    change_runs: int = 8
    landing_runs: int = 5
    enrollments: int = 1_000_000
    followers: int = 100_000
    expiry_runs: int = 3
    idle_sweeps: int = 100
    rings: int = 100
    kills: int = 3
    page_latency: float = 0.5  # s
    slots: int = 5
    latency_runs: int = 3
    page_views: int = 30
    load_seconds: float = 10
    load_runs: int = 3


FULL = Sizes()
SMALL = Sizes(
    orders=(10_000, 50_000),
    pull_runs=(2, 1),
    change_runs=3,
    landing_runs=2,
    enrollments=100_000,
    followers=10_000,
    expiry_runs=2,
    idle_sweeps=20,
    rings=30,
    kills=1,
    latency_runs=1,
    page_views=15,
    load_seconds=5,
    load_runs=2,
)
TINY = Sizes(
    orders=(300, 600),
    pull_runs=(1, 1),
    tenants=3,
    customers=20,
    changed_orders=10,
    change_runs=1,
    landing_runs=1,
    enrollments=5_000,
    followers=200,
    expiry_runs=1,
    idle_sweeps=2,
    rings=3,
    kills=1,
    page_latency=0.05,
    latency_runs=1,
    page_views=2,
    load_seconds=0.5,
    load_runs=1,
)


@dataclass(frozen=True)
class Database:
    """One database of the bench's server, with its engine."""

    name: str
    url: str
    sessions: sessionmaker[Session] = field(repr=False)

    def connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        """A plain connection that commits each statement."""
        return psycopg.connect(self.url, autocommit=True)

    def scalar(self, query: str, parameters: Sequence[object] = ()) -> int:
        """The single whole number a query yields."""
        with self.connect() as connection:
            row = connection.execute(query.encode(), parameters).fetchone()
        assert row is not None
        return int(str(row[0]))


class Bench:
    """Servers, databases and sizes of one run of the benchmarks."""

    def __init__(self, addresses: Addresses, sizes: Sizes) -> None:
        self.addresses = addresses
        self.sizes = sizes
        self._numbers = count(1)
        self._started = time.monotonic()
        self._make(EMPTY)
        migrate.upgrade(self._url(EMPTY))

    def say(self, message: str) -> None:
        """Progress, on stderr."""
        print(f"{time.monotonic() - self._started:6.0f} s  {message}", file=sys.stderr, flush=True)

    def redis_url(self) -> str:
        """An empty database of the Valkey."""
        return self.addresses.redis_url.replace("?db=0", f"?db={next(self._numbers)}")

    @contextmanager
    def database(self, template: str = EMPTY) -> Iterator[Database]:
        """A fresh database, block for block a copy of `template`; gone afterwards."""
        name = f"bench_{next(self._numbers)}"
        self._make(name, template)
        engine = make_engine(self._url(name), application_name="bench")
        try:
            yield Database(name, self._url(name), make_sessions(engine))
        finally:
            engine.dispose()
            self._administrate(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def settle(self) -> None:
        """Writes out what earlier work has left behind, so that the next measurement does not pay for it."""
        self._administrate(sql.SQL("CHECKPOINT"))

    def _make(self, name: str, template: str = "template1") -> None:
        self._administrate(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )

    def _administrate(self, statement: sql.SQL | sql.Composed) -> None:
        with psycopg.connect(
            make_conninfo(self.addresses.database_url, dbname="postgres"), autocommit=True
        ) as server:
            server.execute(statement)

    def _url(self, name: str) -> str:
        return make_url(self.addresses.database_url).set(database=name).render_as_string(hide_password=False)


@contextmanager
def started(sizes: Sizes, options: Sequence[str] = ()) -> Iterator[Bench]:
    """A bench on embedded servers as `termsync up` starts them, `options` added to PostgreSQL's."""
    os.environ["TERMSYNC_LOG_LEVEL"] = "error"  # for the workers too
    logs.configure(settings.load())
    with tempfile.TemporaryDirectory(prefix="termsync-bench-") as directory:
        data_dir = Path(directory) / "data"
        with embedded(data_dir, options) as addresses:
            yield Bench(addresses, sizes)
        _wait_for_keeper(data_dir)


def _wait_for_keeper(data_dir: Path) -> None:
    """The servers stop when nobody uses them any more; their files can go after that."""
    with (data_dir / "keeper.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
