"""Q15 access decisions: the web process under a load generator, beside a bare server that answers a constant."""

import json
import os
import random
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.enrollment_changes import Why
from worker import clock
from worker.pipeline import tokens

from .bench import SEED, Bench, Database
from .enrollments import COURSES, PEOPLE, enrolled
from .figures import Figure, Spread, ratios
from .workers import wait_until
from .world import Worlds

PATHS = 2_000
CONNECTIONS = 24
# Modules of this folder as programs: by their own path they would hide modules of the same names.
HERE = {"PYTHONPATH": str(Path(__file__).parent.parent)}
DECISIONS, LATENCY, RATIO, COST = 1_500, 20.0, 0.25, 600.0  # /s, ms, ×, µs


def q15_access(bench: Bench, worlds: Worlds) -> list[Figure]:
    """One process decides about pages of people drawn at random; half of them have lost access."""
    sizes = bench.sizes
    bench.say(f"Q15: {sizes.enrollments:,} enrollments")
    with enrolled(bench, 0.5) as database:
        header, paths = f"authorization: Bearer {_token(database)}", _paths(database)
        ours, floor, late, costs = [], [], [], []
        with serving(bench, database) as server, constant() as bare:
            load(server.port, header, paths, sizes.load_seconds / 3)
            for _ in range(sizes.load_runs):
                floor.append(load(bare.port, header, ["/"], sizes.load_seconds)["rate"])
                before = server.cpu()
                seen = load(server.port, header, paths, sizes.load_seconds)
                ours.append(seen["rate"])
                costs.append((server.cpu() - before) / sum(seen["statuses"].values()) * 1e6)
                late.append(load(server.port, header, paths, sizes.load_seconds, DECISIONS / 2)["p99"] * 1000)
    bare_rate, our_rate = Spread.of(floor, "/s"), Spread.of(ours, "/s")
    work = f"decisions a second, one process, {sizes.enrollments:,} enrollments"
    return [
        Figure("Q15", work, our_rate, DECISIONS, at_least=True),
        Figure(
            "Q15", "… by those of a bare server", ratios(ours, floor), RATIO, True, floor=bare_rate, ours=our_rate
        ),
        Figure("Q15", "time of its processor for one decision", Spread.of(costs, " µs"), COST),
        Figure("Q15", f"p99 at {DECISIONS // 2}/s", Spread.of(late, " ms"), LATENCY),
    ]


def _token(database: Database) -> str:
    with database.sessions.begin() as session:
        return tokens.add(session, "bench", ["read"], Why("bench", clock.now(session)), per_minute=10_000_000)


def _paths(database: Database) -> list[str]:
    """Pages of users drawn at random, in the order they are asked."""
    chance = random.Random(SEED)
    with database.connect() as connection:
        orders: list[Any] = connection.execute(
            "select t.key, o.id from sales_order o join tenant t on t.id = o.tenant_id order by o.id"
        ).fetchall()
    return [
        f"/api/v1/tenants/{tenant}/users/u{order}-{chance.randint(1, PEOPLE)}"
        f"/access/c{chance.randint(1, COURSES)}/1/{chance.choice(['learn', 'results'])}"
        for tenant, order in chance.choices(orders, k=PATHS)
    ]


def load(port: int, header: str, paths: list[str], seconds: float, rate: float | None = None) -> dict[str, Any]:
    """What a load generator sees; decisions are 200 or 403, anything else is an error."""
    order = {
        "host": "127.0.0.1",
        "port": port,
        "header": header,
        "paths": paths,
        "seconds": seconds,
        "connections": CONNECTIONS,
        "rate": rate,
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        env={**os.environ, **HERE},
        input=json.dumps(order),
        capture_output=True,
        text=True,
        check=True,
        timeout=60 + 3 * seconds,
    )
    seen: dict[str, Any] = json.loads(done.stdout)
    assert set(seen["statuses"]) <= {"200", "403"}, seen
    return seen


@dataclass(frozen=True, slots=True)
class Server:
    """A server in a process of its own."""

    port: int
    pid: int

    def cpu(self) -> float:
        """Seconds of processor time it has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(bench: Bench, database: Database) -> Iterator[Server]:
    """`termsync web`."""
    environment = {"DATABASE_URL": database.url, "REDIS_URL": bench.redis_url()}
    with _process([sys.executable, "-m", "worker.cli", "web", "--port"], "/health", environment) as server:
        yield server


@contextmanager
def constant() -> Iterator[Server]:
    """A bare server that answers a constant."""
    with _process([sys.executable, "-m", "benchmarks.constant_server"], "/", HERE) as server:
        yield server


@contextmanager
def _process(command: list[str], path: str, environment: dict[str, str]) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    process = subprocess.Popen([*command, str(port)], env={**os.environ, **environment})
    try:
        wait_until(lambda: _answers(f"http://127.0.0.1:{port}{path}"), "the server does not answer", 60)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        time.sleep(0.05)
        return False
