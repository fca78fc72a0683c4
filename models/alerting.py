"""Statements of alerts: what lasts, what ops are to be told of now, and what is over."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session


class Told(NamedTuple):
    """An alert somebody is to be told of. `closed_at` None: it has begun."""

    id: int
    key: str
    what: str
    action: str
    opened_at: datetime
    closed_at: datetime | None


_SEEN = text("""
insert into alert (key, what, action, opened_at, last_seen_at) values (:key, :what, :action, :now, :now)
on conflict (key) where closed_at is null
do update set last_seen_at = greatest(alert.last_seen_at, excluded.last_seen_at), what = excluded.what,
    action = excluded.action
""")
_COLUMNS = "id, key, what, action, opened_at, closed_at"
_TELL = text(f"""
update alert set told_at = :now
where closed_at is null and told_at is null and key = :key and opened_at <= :since returning {_COLUMNS}
""")
_OPEN = text("select key from alert where closed_at is null")
_CLOSE = text(f"""
update alert set closed_at = :now where closed_at is null and key = :key and last_seen_at <= :since
returning {_COLUMNS}, told_at is not null as told
""")
_FORGET = text("delete from alert where closed_at < :before")


def seen(session: Session, key: str, what: str, action: str, now: datetime, patience: timedelta) -> Told | None:
    """Write down that something is wrong at `now`. Returns it once: when it has lasted for `patience`."""
    session.execute(_SEEN, {"key": key, "what": what, "action": action, "now": now})
    row = session.execute(_TELL, {"key": key, "now": now, "since": now - patience}).one_or_none()
    return None if row is None else Told(*row)


def open_keys(session: Session) -> set[str]:
    """What was wrong when somebody last looked."""
    return set(session.execute(_OPEN).scalars())


def gone(session: Session, key: str, now: datetime, quiet: timedelta) -> Told | None:
    """Close what was not seen for `quiet`. Returns it once, if anybody was told of it."""
    row = session.execute(_CLOSE, {"key": key, "now": now, "since": now - quiet}).one_or_none()
    return Told(*row[:-1]) if row is not None and row.told else None


def forget(session: Session, before: datetime) -> None:
    """Delete what was over before an instant."""
    session.execute(_FORGET, {"before": before})
