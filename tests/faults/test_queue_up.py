"""All processes together, with embedded servers, as `termsync up` runs them; parts of it are killed."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from processes import PATIENCE, eventually, find, gone, tree
from sqlalchemy import create_engine, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from connectors.mock_netsuite import MockConfig, serve
from models.sync_run import SyncRun, WorkerProcess
from worker.database import driver_url
from worker.embedded import Addresses, embedded
from worker.pipeline import runs
from worker.pipeline.scope import Scope

UP = """
from worker import logs, settings, supervisor
configured = settings.load()
logs.configure(configured)
with supervisor.prepared(configured) as processes:
    processes.run()
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="termsync-test-up-") as path:
        yield Path(path)
        assert gone(_keepers(Path(path)))


def _keepers(data_dir: Path) -> list[int]:
    return [pid for keeper in find("worker.keeper", str(data_dir)) for pid in tree(keeper)]


@pytest.fixture
def up(data_dir: Path) -> Iterator["subprocess.Popen[bytes]"]:
    config = MockConfig(orders=200)
    with serve(config) as mock:
        environment = {
            **{name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")},
            "TERMSYNC_DATA_DIR": str(data_dir),
            "TERMSYNC_POLL_SECONDS": "3600",
            "NETSUITE_ACCOUNT": config.account,
            "NETSUITE_BASE_URL": mock.base_url,
            "NETSUITE_CONSUMER_KEY": config.consumer_key,
            "NETSUITE_CONSUMER_SECRET": config.consumer_secret.get_secret_value(),
            "NETSUITE_TOKEN_ID": config.token_id,
            "NETSUITE_TOKEN_SECRET": config.token_secret.get_secret_value(),
        }
        process = subprocess.Popen([sys.executable, "-c", UP], env=environment)
        yield process
        process.kill()
        process.wait(PATIENCE)


@pytest.fixture
def addresses(up: "subprocess.Popen[bytes]", data_dir: Path) -> Iterator[Addresses]:
    with embedded(data_dir) as found:
        yield found


@pytest.fixture
def rows(addresses: Addresses) -> Iterator[sessionmaker[Session]]:
    engine = create_engine(driver_url(addresses.database_url), pool_pre_ping=True)
    yield sessionmaker(engine)
    engine.dispose()


def _pull_without_ringing(rows: sessionmaker[Session]) -> None:
    """A row without its message, as when Redis has lost it: found by looking."""
    with rows.begin() as session:
        run_id, _ = runs.request_pull(session, Scope.parse("full"), "test")

    def done() -> bool:
        with rows() as session:
            return session.get_one(SyncRun, run_id).state == "done"

    assert eventually(done, SQLAlchemyError)


def _worker(rows: sessionmaker[Session], queue: str) -> int:
    """The process that works on `queue` now; waits for one that lives."""
    living: list[int] = []

    def found() -> bool:
        with rows() as session:
            pids = session.scalars(select(WorkerProcess.pid).where(WorkerProcess.queues == queue))
            living[:] = [pid for pid in pids if not gone([pid], 0)]
        return bool(living)

    assert eventually(found, SQLAlchemyError)
    return living[0]


def test_every_part_may_die_and_all_of_it_ends_together(
    up: "subprocess.Popen[bytes]", data_dir: Path, addresses: Addresses, rows: sessionmaker[Session]
) -> None:
    victim = _worker(rows, "long")
    os.kill(victim, signal.SIGKILL)
    assert gone([victim])
    _pull_without_ringing(rows)

    redis.Redis.from_url(addresses.redis_url, socket_timeout=PATIENCE).flushall()
    _pull_without_ringing(rows)

    servers = _keepers(data_dir)
    os.kill(servers[0], signal.SIGKILL)
    assert gone(servers)
    assert eventually(lambda: bool(_worker(rows, "long")), SQLAlchemyError)
    _pull_without_ringing(rows)

    processes = tree(up.pid)
    assert len(processes) >= 6
    up.kill()
    assert gone(processes)


def test_ctrl_c_ends_everything_and_the_data_are_kept(
    up: "subprocess.Popen[bytes]", data_dir: Path, rows: sessionmaker[Session]
) -> None:
    assert _worker(rows, "long")
    _pull_without_ringing(rows)
    processes = tree(up.pid)
    up.send_signal(signal.SIGINT)
    assert up.wait(PATIENCE) == 0
    assert gone(processes)
    with embedded(data_dir), rows() as session:
        assert "done" in session.scalars(select(SyncRun.state)).all()
