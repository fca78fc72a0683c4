"""The machine and the programs that the figures were measured on."""

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import redis

from .bench import Bench

SETTINGS = (
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "shared_buffers",
    "max_wal_size",
    "wal_compression",
    "work_mem",
    "checkpoint_timeout",
    "autovacuum",
)
PACKAGES = ("sqlalchemy", "psycopg", "msgspec", "requests", "dramatiq", "duckdb", "urllib3")


def facts(bench: Bench) -> dict[str, Any]:
    """Processor, memory, load, versions, and PostgreSQL's settings that decide about its speed."""
    with bench.database() as database, database.connect() as connection:
        rows = [connection.execute("select current_setting(%s)", [name]).fetchone() for name in SETTINGS]
    with redis.Redis.from_url(bench.addresses.redis_url, socket_timeout=5) as client:
        valkey = client.info("server")["valkey_version"]
    return {
        "processor": _first("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory": _first("/proc/meminfo", "MemTotal"),
        "load": os.getloadavg(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "valkey": valkey,
        "postgresql": {name: row[0] for name, row in zip(SETTINGS, rows, strict=True) if row},
        "packages": {name: version(name) for name in PACKAGES},
    }


def _first(path: str, name: str) -> str | None:
    file = Path(path)
    lines = file.read_text().splitlines() if file.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), None)
