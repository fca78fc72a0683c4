"""Making two sessions meet at a lock, without a sleep or a wall clock."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

Found = TypeVar("Found")
WAIT = 20.0  # seconds; far more than any lock here is held

_WAITING = text("select count(*) from pg_locks l join pg_stat_activity a using (pid)"
                " where not l.granted and a.datname = current_database()")  # fmt: skip


def blocked_until(sessions: sessionmaker[Session], release: Callable[[], Any], work: Callable[[], Any]) -> Any:
    """Start `work`, wait until it waits for a lock, let go by `release`, and return its result."""
    with ThreadPoolExecutor(1) as executor:
        under_way = executor.submit(work)
        try:
            wait_for_a_waiter(sessions)
        finally:
            release()
        return under_way.result(WAIT)


def wait_for_a_waiter(sessions: sessionmaker[Session]) -> None:
    """Until some session of this database waits for a lock."""

    def waiters() -> int | None:
        with sessions() as session:
            found: int = session.execute(_WAITING).scalar_one()
            return found or None

    wait_for(waiters)


def wait_for(look: Callable[[], Found | None]) -> Found:
    """What `look` finds, as soon as it finds something."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        found = look()
        if found is not None:
            return found
        time.sleep(0.01)
    raise AssertionError("it never came")
