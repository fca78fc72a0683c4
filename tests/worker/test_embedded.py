"""The embedded servers as their users see them: other processes, killed without warning."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from processes import PATIENCE, children, eventually, find, gone, tree
from processes import name as process_name
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from worker.embedded import LONGEST_SOCKET_PATH, Addresses, embedded, revive, servers, socket_dir
from worker.errors import DependencyUnreachable, SettingInvalid
from worker.settings import load

USER = """
import sys
from pathlib import Path
from worker.embedded import embedded
with embedded(Path(sys.argv[1]), ["fsync=off"]) as addresses:
    print(addresses.database_url, addresses.redis_url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    # Not pytest's own directory: it keeps other users out, and as root PostgreSQL runs as another user.
    with tempfile.TemporaryDirectory(prefix="termsync-test-embedded-") as path:
        yield Path(path)
        assert gone(_processes_of(Path(path)))


def _user(data_dir: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", USER, str(data_dir)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _addresses(user: "subprocess.Popen[str]") -> Addresses:
    assert user.stdout
    database_url, redis_url = user.stdout.readline().split()
    return Addresses(database_url, redis_url)


def _leave(user: "subprocess.Popen[str]") -> None:
    user.communicate(timeout=PATIENCE)


def _processes_of(data_dir: Path) -> list[int]:
    """The keeper of a data directory and its two servers; empty when it is not kept."""
    return [pid for keeper in find("worker.keeper", str(data_dir)) for pid in tree(keeper)]


def _server(data_dir: Path, name: str) -> int:
    (keeper,) = find("worker.keeper", str(data_dir))
    return next(pid for pid in children(keeper) if process_name(pid) == name)


def test_data_survive_the_end_of_the_last_user(data_dir: Path) -> None:
    with embedded(data_dir) as addresses:
        with psycopg.connect(addresses.database_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
        redis.Redis.from_url(addresses.redis_url).set("kept", "8")
        running = _processes_of(data_dir)
    assert gone(running)

    with embedded(data_dir) as addresses:
        with psycopg.connect(addresses.database_url) as connection:
            assert connection.execute("SELECT value FROM kept").fetchone() == (7,)
        assert redis.Redis.from_url(addresses.redis_url).get("kept") == b"8"


def test_two_processes_share_one_pair_of_servers_and_the_first_may_leave(data_dir: Path) -> None:
    first = _user(data_dir)
    shared = _addresses(first)
    second = _user(data_dir)
    assert _addresses(second) == shared
    assert len(find("worker.keeper", str(data_dir))) == 1

    _leave(first)
    with psycopg.connect(shared.database_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    running = _processes_of(data_dir)
    _leave(second)
    assert gone(running)


def test_six_processes_starting_at_once_get_one_pair_of_servers(data_dir: Path) -> None:
    users = [_user(data_dir) for _ in range(6)]
    assert len({_addresses(user) for user in users}) == 1
    assert len(find("worker.keeper", str(data_dir))) == 1
    running = _processes_of(data_dir)
    for user in users:
        _leave(user)
    assert gone(running)


def test_a_killed_user_leaves_nothing_running(data_dir: Path) -> None:
    user = _user(data_dir)
    addresses = _addresses(user)
    running = _processes_of(data_dir)
    user.kill()
    user.communicate(timeout=PATIENCE)
    assert gone(running)
    assert not Path(addresses.redis_url.removeprefix("unix://").removesuffix("?db=0")).parent.exists()


def test_a_killed_keeper_takes_its_servers_along_and_the_next_user_starts_afresh(data_dir: Path) -> None:
    user = _user(data_dir)
    redis.Redis.from_url(_addresses(user).redis_url).set("kept", "1")
    running = _processes_of(data_dir)
    os.kill(running[0], signal.SIGKILL)
    assert gone(running)

    with embedded(data_dir) as addresses:
        assert redis.Redis.from_url(addresses.redis_url).get("kept") == b"1"
    _leave(user)


def test_a_user_can_revive_the_servers_of_a_killed_keeper(data_dir: Path) -> None:
    with embedded(data_dir) as addresses:
        revive(data_dir)
        running = _processes_of(data_dir)
        os.kill(running[0], signal.SIGKILL)
        assert gone(running[:1])
        revive(data_dir)  # while the old servers are still on their way out
        with psycopg.connect(addresses.database_url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("name", ["postgres", "valkey-server"])
def test_a_server_that_dies_is_started_again_with_its_data(data_dir: Path, name: str) -> None:
    with embedded(data_dir) as addresses:
        with psycopg.connect(addresses.database_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
        client = redis.Redis.from_url(addresses.redis_url)
        client.set("kept", "8")
        client.waitaof(1, 0, 5000)
        victim = _server(data_dir, name)
        os.kill(victim, signal.SIGKILL)
        assert gone([victim])

        retried = redis.Redis.from_url(addresses.redis_url, retry=Retry(ConstantBackoff(0.1), 100))
        assert retried.get("kept") == b"8"

        def kept() -> bool:
            with psycopg.connect(addresses.database_url) as connection:
                return connection.execute("SELECT value FROM kept").fetchone() == (7,)

        assert eventually(kept, psycopg.OperationalError)


def test_lock_files_of_a_crash_whose_process_id_is_used_again_are_cleaned(data_dir: Path) -> None:
    with embedded(data_dir):
        running = _processes_of(data_dir)
        recorded = (data_dir / "postgres/postmaster.pid").read_text().splitlines()
    assert gone(running)
    stale = "\n".join([str(os.getppid()), *recorded[1:]])
    sockets = socket_dir(data_dir) / "postgres"
    sockets.mkdir()
    for lock in (data_dir / "postgres/postmaster.pid", sockets / ".s.PGSQL.5432.lock"):
        lock.write_text(stale)

    with embedded(data_dir) as addresses, psycopg.connect(addresses.database_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_the_sockets_have_a_short_path_however_long_the_data_directory_is(data_dir: Path) -> None:
    deep = data_dir / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    assert len(str(socket_dir(deep) / "postgres/.s.PGSQL.5432")) <= LONGEST_SOCKET_PATH
    socket_dir(deep).rmdir()


def test_a_user_with_another_environment_joins_the_same_servers(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = data_dir / "runtime"
    runtime.mkdir()
    with embedded(data_dir) as first:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
        with embedded(data_dir) as second, psycopg.connect(second.database_url) as connection:
            assert second == first
            assert connection.execute("SELECT 1").fetchone() == (1,)
        os.kill(_processes_of(data_dir)[0], signal.SIGKILL)
        revive(data_dir)
        assert redis.Redis.from_url(first.redis_url).ping()


@pytest.mark.parametrize("taken", [".", "users.lock", "keeper.log"])
def test_a_data_directory_that_cannot_be_used_is_named(data_dir: Path, taken: str) -> None:
    place = data_dir / "data"
    if taken == ".":
        place.touch()
    else:
        (place / taken).mkdir(parents=True)
    with pytest.raises(SettingInvalid) as refused, embedded(place):
        pass
    assert refused.value.message.startswith(f"TERMSYNC_DATA_DIR: {(place / taken).resolve()} cannot be used: ")
    assert "TERMSYNC_DATA_DIR" in refused.value.remedy


def test_marks_in_the_path_of_the_data_directory_do_no_harm(data_dir: Path) -> None:
    with embedded(data_dir / "a b,c%41'\"#?&ü") as addresses:
        assert redis.Redis.from_url(addresses.redis_url).ping()
        with psycopg.connect(addresses.database_url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_the_sockets_path_has_no_mark_with_a_meaning_in_settings_or_urls(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = data_dir / "a,b c%20"
    odd.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(odd))
    sockets = socket_dir(data_dir)
    assert odd not in sockets.parents
    sockets.rmdir()


def test_a_socket_directory_made_by_somebody_else_is_refused(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(data_dir))
    planted = socket_dir(data_dir)
    planted.rmdir()
    planted.symlink_to(data_dir)
    with pytest.raises(DependencyUnreachable) as refused:
        socket_dir(data_dir)
    assert refused.value.code == "embedded-foreign-socket-directory"


def test_only_this_user_reaches_the_sockets(data_dir: Path) -> None:
    with embedded(data_dir) as addresses:
        sockets = Path(addresses.redis_url.removeprefix("unix://").removesuffix("?db=0")).parent
        for path in (sockets / "valkey.sock", sockets / "postgres", sockets / "postgres/.s.PGSQL.5432"):
            assert path.stat().st_mode & 0o077 == 0
        assert sockets.stat().st_mode & 0o066 == 0


def test_configured_servers_are_used_and_nothing_is_started(data_dir: Path) -> None:
    settings = load(database_url="postgresql://db/x", redis_url="redis://queue/0", data_dir=data_dir)
    with servers(settings) as addresses:
        assert addresses == ("postgresql://db/x", "redis://queue/0")
    assert list(data_dir.iterdir()) == []


def test_a_server_that_cannot_start_says_why(data_dir: Path) -> None:
    with pytest.raises(DependencyUnreachable) as failure, embedded(data_dir, ["shared_buffers=nonsense"]):
        pass
    assert failure.value.code == "embedded-server-not-started"
    assert "shared_buffers" in failure.value.message
    assert str(data_dir) in failure.value.remedy
