"""Everything a browser test needs, once a run: a mock NetSuite, all processes of termsync, and Chromium."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from browser_stage import CUSTOMERS, Stage, until
from commands import Termsync
from own_databases import fresh_database, fresh_redis
from playwright.sync_api import Browser, sync_playwright
from processes import PATIENCE, gone, tree
from sqlalchemy.orm import Session, sessionmaker
from web_running import add_staff

from connectors.mock_netsuite import MockConfig, serve
from models import watermarks
from worker.database import make_engine, make_sessions
from worker.demo.account import Login, RecordApi, free_port
from worker.embedded import Addresses
from worker.pipeline import reading

ORDERS = 120
LOGIN = Login()  # the one that a mock without credentials takes
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def stage(servers: Addresses, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The stage of this run. Screenshots go to TERMSYNC_SCREENSHOTS, or nowhere that lasts."""
    folder = tmp_path_factory.mktemp("stage")
    with ExitStack() as stack:
        database_url = stack.enter_context(fresh_database(servers.database_url, template))
        redis_url = stack.enter_context(fresh_redis(servers.redis_url))
        engine = make_engine(database_url, application_name="test")
        stack.callback(engine.dispose)
        mock = stack.enter_context(serve(MockConfig(orders=ORDERS, customers=CUSTOMERS)))
        variables = {
            **LOGIN.environment(mock.port),
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "TERMSYNC_POLL_SECONDS": "1",
            "TERMSYNC_SAFETY_SECONDS": "2",
            "TERMSYNC_OVERLAP_SECONDS": "10",
            "TERMSYNC_SECRET_KEY": "the key of the stage, long enough",
            "TERMSYNC_WEBHOOK_ALLOW_NETWORKS": "127.0.0.0/8",
        }
        termsync = Termsync(folder, variables)
        sessions = make_sessions(engine)
        staff = _staff(sessions)
        url = stack.enter_context(_up(termsync))
        until(lambda: _has_read(sessions))  # what the account had before arrives in no test
        browser = stack.enter_context(chromium())
        shots = Path(os.environ.get("TERMSYNC_SCREENSHOTS") or folder / "screenshots")
        shots.mkdir(parents=True, exist_ok=True)
        yield Stage(url, sessions, mock, RecordApi(mock.port, LOGIN), termsync, browser, shots, staff)


def _staff(sessions: sessionmaker[Session]) -> dict[str, str]:
    """One person of each staff role, by role: the address they sign in with."""
    with sessions.begin() as session:
        return {role: add_staff(session, role) for role in ("admin", "enrollment", "ops")}


@contextmanager
def _up(termsync: Termsync) -> Iterator[str]:
    """`termsync up`: workers, scheduler and web. Yields the address of the pages; ends them all."""
    port = free_port()
    command = [sys.executable, "-m", "worker.cli", "up", "--port", str(port)]
    with (termsync.folder / "up.log").open("w") as log:
        process = subprocess.Popen(
            command, env=termsync.environment(), cwd=termsync.folder, stdout=log, stderr=subprocess.STDOUT
        )
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: process.poll() is not None or _answers(f"{url}/health"))
        assert process.poll() is None, (termsync.folder / "up.log").read_text()
        yield url
    finally:
        running = tree(process.pid)
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
        assert gone(running)


def _has_read(sessions: sessionmaker[Session]) -> bool:
    """Whether the whole account was read once."""
    with sessions() as session:
        return watermarks.watermark(session, reading.ORDERS) is not None


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=1):
            return True
    except (URLError, OSError):
        return False


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium or Chrome, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_program(), args=QUIET)
        yield browser
        browser.close()


def _program() -> str:
    chosen = os.environ.get("CHROMIUM")
    names = (chosen,) if chosen else BROWSERS
    found = next(filter(None, map(shutil.which, names)), None)
    assert found, "No Chromium: `make test` installs one as root; or set CHROMIUM to the path of one."
    return found
