"""Puts the demo on: servers, account, processes, people and screen, and takes all of it away again."""

import fcntl
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import TextIO

from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from models.enrollment_changes import Why
from worker import clock, database, logs, settings
from worker.demo import account
from worker.demo.account import Login, RecordApi
from worker.demo.director import Director
from worker.demo.feed import Feed, Picture, Told
from worker.demo.view import Lines, Screen, View
from worker.demo.world import CLIENTS, CUSTOMERS
from worker.embedded import servers
from worker.errors import TermsyncError
from worker.lifeline import StopRequest, stop_requested
from worker.pipeline import tenants
from worker.queue import broker
from worker.settings import Settings
from worker.supervisor import Child, Supervisor, prepared

LOOK_SECONDS = 0.5
STOP_SECONDS = 15.0
OURS = ("NETSUITE_", "TERMSYNC_", "DATABASE_URL", "REDIS_URL")


@dataclass(frozen=True)
class Options:
    """How the demo is to be. `seconds` None: until it is stopped; `lines` None: a screen on terminals."""

    orders: int = 300
    seed: int = 1
    speed: float = 1.0
    seconds: float | None = None
    keep: bool = False
    quiet: bool = False


@dataclass(frozen=True)
class Stage:
    """Where the demo plays: its directory, and the ports of its account and its web process."""

    folder: Path
    mock_port: int
    web_port: int
    login: Login = Login()  # noqa: RUF009  (immutable)

    @property
    def title(self) -> str:
        return f"termsync demo  http://127.0.0.1:{self.web_port}"


def show(options: Options) -> dict[str, int]:
    """Runs the demo until Ctrl-C, SIGTERM or its time is up; returns how much of what happened.

    Uses nothing that is configured: its own servers, data directory and account. Raises `demo-running` when
    another demo uses the directory, `demo-not-started` when a part of it does not come up.
    """
    folder = (settings.load().data_dir / "demo").resolve()
    stage = Stage(folder, account.free_port(), account.free_port())
    with ExitStack() as stack:
        stack.enter_context(_only_one(folder, options.keep))
        stack.enter_context(_environment(_variables(stage)))
        stop = stack.enter_context(stop_requested())
        terminal = stack.enter_context(_output_kept(folder / "demo.log"))
        found = settings.load()
        logs.configure(found)
        stack.enter_context(account.running(stage.mock_port, options.orders, CUSTOMERS, options.seed))
        stack.callback(_wait_for_keeper, folder)
        view = stack.enter_context(_view(terminal, options, stage.title))
        return _Play(found, options, stage, view, stop).run()


class _Play:
    """From the start of the servers to the end of the demo, on the main thread."""

    def __init__(self, found: Settings, options: Options, stage: Stage, view: View, stop: StopRequest) -> None:
        self._settings = found
        self._options = options
        self._stage = stage
        self._view = view
        self._stop = stop
        self._said: SimpleQueue[Told] = SimpleQueue()
        self._started = time.monotonic()

    def run(self) -> dict[str, int]:
        self._say("", "note", "PostgreSQL and Valkey start from their wheels")
        self._show(Picture())
        web = Child("web", [sys.executable, "-m", "worker.cli", "web", "--port", str(self._stage.web_port)])
        with servers(self._settings) as addresses, prepared(self._settings, [web]) as supervisor:
            engine = database.make_engine(addresses.database_url, application_name="termsync demo")
            broker.broker.connect(addresses.redis_url)
            feed = Feed(database.make_sessions(engine), addresses.redis_url, self._settings)
            _add_tenants(database.make_sessions(engine))
            account.wait_until_it_listens(self._stage.mock_port)
            self._say(
                "", "note", f"pages at http://127.0.0.1:{self._stage.web_port} (NetSuite :{self._stage.mock_port})"
            )
            self._say("", "note", f"{len(CLIENTS)} clients, a NetSuite account with {self._options.orders} orders")
            self._show(feed.look())
            try:
                with supervisor:
                    self._watch(supervisor, feed, self._director(engine))
            finally:
                engine.dispose()
        return feed.counts

    def _director(self, engine: Engine) -> Director:
        options, today = self._options, datetime.now(UTC).date()
        api = RecordApi(self._stage.mock_port, self._stage.login)
        folder = self._stage.folder
        return Director(engine, api, folder, self._say, seed=options.seed, speed=options.speed, today=today)

    def _watch(self, supervisor: Supervisor, feed: Feed, director: Director) -> None:
        director.start()
        try:
            while not (self._stop.wait(LOOK_SECONDS) or self._is_over() or director.error):
                supervisor.watch()
                self._show(feed.look())
        finally:
            director.stop()
            director.join(STOP_SECONDS)
        if director.error is not None:
            raise director.error

    def _is_over(self) -> bool:
        seconds = self._options.seconds
        return seconds is not None and time.monotonic() - self._started > seconds

    def _say(self, tenant: str, kind: str, text: str) -> None:
        self._said.put(Told(datetime.now(UTC), tenant, kind, text))

    def _show(self, picture: Picture) -> None:
        said = [self._said.get() for _ in range(self._said.qsize())]
        self._view.show(picture, [*said, *picture.told])


def _add_tenants(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        why = Why("admin team", clock.now(session))
        for client in CLIENTS:
            tenant, new = tenants.add(session, client.key, client.name, why, client.zone)
            for customer in client.customers if new else ():
                tenants.map_customer(session, tenant.id, customer, why)


def _variables(stage: Stage) -> dict[str, str]:
    return {
        **stage.login.environment(stage.mock_port),
        "NETSUITE_TERM_START": "header:startdate, header:custbody_swe_contract_start_date",
        "NETSUITE_TERM_END": "header:enddate, header:custbody_swe_contract_end_date",
        "TERMSYNC_DATA_DIR": str(stage.folder),
        "TERMSYNC_POLL_SECONDS": "2",
        "TERMSYNC_SAFETY_SECONDS": "2",
        "TERMSYNC_OVERLAP_SECONDS": "10",
        "TERMSYNC_ENV_FILE": os.devnull,
    }


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Nothing that is configured here reaches the demo or its processes, a production database least of all."""
    before = dict(os.environ)
    for name in [name for name in before if name.startswith(OURS)]:
        del os.environ[name]
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _only_one(folder: Path, keep: bool) -> Iterator[None]:
    """Holds the demo's directory, emptied unless its data are to be kept."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock_path = folder / "demo.lock"
    with lock_path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TermsyncError(
                "demo-running",
                f"Another demo uses {folder}.",
                "End it first, or set TERMSYNC_DATA_DIR to another directory.",
            ) from None
        for path in () if keep else folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path != lock_path:
                path.unlink()
        yield


@contextmanager
def _output_kept(log: Path) -> Iterator[TextIO]:
    """What this process and its children write goes to a log; the block gets the terminal to draw on."""
    sys.stdout.flush()
    sys.stderr.flush()
    saved = [os.dup(1), os.dup(2)]
    try:
        with log.open("ab") as file, os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace") as terminal:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
            yield terminal
    finally:
        for descriptor, target in zip(saved, (1, 2), strict=True):
            os.dup2(descriptor, target)
            os.close(descriptor)


def _view(terminal: TextIO, options: Options, title: str) -> View:
    if options.quiet:
        return Lines(None)
    if terminal.isatty():
        return Screen(terminal, title)
    return Lines(terminal)


def _wait_for_keeper(folder: Path) -> None:
    """The embedded servers stop by themselves when nobody uses them; nothing is left when this returns."""
    deadline = time.monotonic() + STOP_SECONDS
    with (folder / "keeper.lock").open("w") as lock:
        while time.monotonic() < deadline:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.05)
            else:
                return
