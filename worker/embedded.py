"""PostgreSQL and Valkey from their wheels, for whoever has set no `DATABASE_URL` or `REDIS_URL`.

Both servers of one data directory are children of one keeper process (`worker.keeper`). Every process that
uses them holds a shared lock on `users.lock`; the kernel drops it however that process ends. When no user is
left the keeper stops both servers and goes. A keeper that is killed takes its servers with it.

Files in the data directory: `postgres/` and `valkey/` (the data), `*.log`, `start.lock` (one starts at a
time), `users.lock`, `keeper.lock` (held by the keeper while it lives), `ready` (both servers answer; it holds the
directory of their sockets, which another user process may not guess: its environment may differ).
"""

import fcntl
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

import psycopg

from worker.errors import DependencyUnreachable, SettingInvalid
from worker.settings import Settings

DATABASE = "termsync"
START_SECONDS = 60.0  # a first start with its initdb takes half a second on an idle machine
LONGEST_SOCKET_PATH = 103  # bytes: 107 on Linux, 103 on macOS
# PostgreSQL takes a comma for the end of a directory, a URL takes other marks for its own.
PLAIN_PATH = re.compile(r"[\w./-]+", re.ASCII)
POLL_SECONDS = 0.02


class Addresses(NamedTuple):
    """Where the database and the queue are, whether configured or embedded. Both may hold passwords."""

    database_url: str
    redis_url: str


@contextmanager
def servers(settings: Settings, options: Sequence[str] = ()) -> Iterator[Addresses]:
    """The configured addresses; an embedded server stands in for each that is not set.

    Servers that run already for the same data directory are joined. They stay up until the last process
    inside this context has left it or died. `options` ("fsync=off") go to an embedded PostgreSQL that this
    call has to start. Raises DependencyUnreachable with the tail of the log when a server does not start, and
    SettingInvalid when the data directory cannot be used.
    """
    database_url = settings.database_url.get_secret_value() if settings.database_url else None
    redis_url = settings.redis_url.get_secret_value() if settings.redis_url else None
    if database_url and redis_url:
        yield Addresses(database_url, redis_url)
        return
    with embedded(settings.data_dir, options) as found:
        yield Addresses(database_url or found.database_url, redis_url or found.redis_url)


@contextmanager
def embedded(data_dir: Path, options: Sequence[str] = ()) -> Iterator[Addresses]:
    """Both embedded servers of `data_dir`, started or joined; see `servers`."""
    data_dir = _made(data_dir)
    with _lock_file(data_dir / "users.lock") as users:
        with _lock_file(data_dir / "start.lock") as start:
            fcntl.flock(start, fcntl.LOCK_EX)
            # Waits while a keeper that saw no users is still stopping its servers.
            fcntl.flock(users, fcntl.LOCK_SH)
            sockets = _ensure_started(data_dir, options)
            _ensure_database(sockets / "postgres")
        yield Addresses(
            f"postgresql://postgres@/{DATABASE}?host={sockets / 'postgres'}",
            f"unix://{sockets / 'valkey.sock'}?db=0",
        )


def revive(data_dir: Path, options: Sequence[str] = ()) -> None:
    """Starts the servers again if their keeper was killed; for a process that is inside `embedded(data_dir)`."""
    data_dir = data_dir.resolve()
    if _keeper_lives(data_dir):
        return
    with _lock_file(data_dir / "start.lock") as start:
        fcntl.flock(start, fcntl.LOCK_EX)
        _ensure_started(data_dir, options)


def _made(data_dir: Path) -> Path:
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise _unusable(data_dir, error) from None
    return data_dir.resolve()


def socket_dir(data_dir: Path) -> Path:
    """A short directory of this user's own for the sockets of `data_dir`, made if need be.

    It is not inside the data directory because a socket's path may have 107 bytes only.
    """
    identity = f"{data_dir}:{data_dir.stat().st_ino}"
    name = f"termsync-{os.geteuid()}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"
    for base in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"):  # noqa: S108
        if (
            base
            and PLAIN_PATH.fullmatch(base)
            and os.access(base, os.W_OK)
            and len(os.fsencode(f"{base}/{name}/postgres/.s.PGSQL.5432")) <= LONGEST_SOCKET_PATH
        ):
            return _own_directory(Path(base) / name)
    raise DependencyUnreachable(
        "embedded-no-socket-directory",
        "No writable directory with a short path was found for the sockets of the embedded servers.",
        "Set XDG_RUNTIME_DIR to one, or set DATABASE_URL and REDIS_URL.",
    )


def _own_directory(path: Path) -> Path:
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    found = path.lstat()
    # In a directory shared by all users, somebody else may have made this name first.
    if found.st_uid != os.geteuid() or not path.is_dir() or path.is_symlink():
        raise DependencyUnreachable(
            "embedded-foreign-socket-directory",
            f"{path} belongs to somebody else.",
            "Remove it, or set XDG_RUNTIME_DIR to a directory of your own.",
        )
    return path


@contextmanager
def _lock_file(path: Path) -> Iterator[int]:
    """An open lock file. Closing it, or dying, gives up whatever lock was taken on it."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unusable(path, error) from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _ensure_started(data_dir: Path, options: Sequence[str]) -> Path:
    """Returns the directory of the sockets once both servers answer; for who holds `start.lock`."""
    ready = data_dir / "ready"
    started = False
    deadline = time.monotonic() + START_SECONDS
    while True:
        lives, sockets = _keeper_lives(data_dir), _sockets_in(ready)
        if lives and sockets:
            return sockets
        if not lives:
            if started:
                raise _not_started(data_dir)
            ready.unlink(missing_ok=True)
            # Of a keeper that was killed: its users know the servers by these sockets.
            known = sockets if sockets and sockets.is_dir() else socket_dir(data_dir)
            _start_keeper(data_dir, known, options)
            started = True
        if time.monotonic() > deadline:
            raise _not_started(data_dir)
        time.sleep(POLL_SECONDS)


def _sockets_in(ready: Path) -> Path | None:
    with suppress(FileNotFoundError):
        return Path(ready.read_text())
    return None


def _keeper_lives(data_dir: Path) -> bool:
    with _lock_file(data_dir / "keeper.lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: two who look at once see no keeper
        except BlockingIOError:
            return True
        return False


def _start_keeper(data_dir: Path, sockets: Path, options: Sequence[str]) -> None:
    """Returns when the keeper holds its lock and has gone into the background."""
    with _log_file(data_dir / "keeper.log") as log:
        subprocess.run(
            [sys.executable, "-m", "worker.keeper", str(data_dir), str(sockets), *options],
            check=False,  # a keeper that failed holds no lock, which the caller sees
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C in the terminal is for the user's process, not for the keeper
        )


def _log_file(path: Path) -> BinaryIO:
    try:
        return path.open("ab")
    except OSError as error:
        raise _unusable(path, error) from None


def _unusable(path: Path, error: OSError) -> SettingInvalid:
    return SettingInvalid(
        "setting-invalid",
        f"TERMSYNC_DATA_DIR: {path} cannot be used: {error.strerror}.",
        "Have TERMSYNC_DATA_DIR name a directory that this user owns; each user needs one of their own.",
    )


def _not_started(data_dir: Path) -> DependencyUnreachable:
    logs = [data_dir / name for name in ("keeper.log", "postgres.log", "valkey.log")]
    tails = [f"{log.name}: {line}" for log in logs if log.exists() for line in _tail(log)]
    return DependencyUnreachable(
        "embedded-server-not-started",
        "An embedded server did not start.\n" + "\n".join(tails),
        f"Read the logs in {data_dir}, or set DATABASE_URL and REDIS_URL to servers of your own.",
    )


def _tail(log: Path, lines: int = 5) -> list[str]:
    return log.read_text(errors="replace").splitlines()[-lines:]


def _ensure_database(sockets: Path) -> None:
    with psycopg.connect(host=str(sockets), user="postgres", dbname="postgres", autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if not found:
            connection.execute(f"CREATE DATABASE {DATABASE}")
