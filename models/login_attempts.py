"""Statements on passwords that were refused in a row, by what they are counted under: 32 bytes, see `FailedLogin`.

Whoever changes several counts locks them in their order first: two sign-ins never wait for each other in a circle.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

# Refusals this long ago no longer count together with a new one.
FORGET_AFTER = timedelta(hours=24)

_COUNT = text("""
insert into failed_login as f (address_hash, failures, last_at)
select counted, 1, :now from unnest(cast(:counted as bytea[])) counted order by counted
on conflict (address_hash) do update
set failures = case when f.last_at < :forget_before then 1 else f.failures + 1 end, last_at = :now
where f.locked_until is null or f.locked_until <= :now
returning address_hash, failures
""")
_LOCK = text("""
update failed_login f set locked_until = l.until
from unnest(cast(:counted as bytea[]), cast(:until as timestamptz[])) l (counted, until)
where f.address_hash = l.counted
""")
_LOCKED = text("""
select max(locked_until) from failed_login
where address_hash = any(cast(:counted as bytea[])) and locked_until > :now
""")
_IN_ORDER = text("""
select from failed_login where address_hash = any(cast(:counted as bytea[])) order by address_hash for update
""")
_TAKE_BACK = text("""
update failed_login f set failures = f.failures - 1,
    locked_until = case when f.locked_until = l.until then null else f.locked_until end
from unnest(cast(:counted as bytea[]), cast(:until as timestamptz[])) l (counted, until)
where f.address_hash = l.counted and f.failures > 0
""")
_FORGET = text("delete from failed_login where address_hash = any(cast(:counted as bytea[]))")
_FORGET_OLD = text("""
delete from failed_login where address_hash in (
    select address_hash from failed_login where last_at < :forget_before for update skip locked)
""")


def count(session: Session, counted: Collection[bytes], now: datetime) -> dict[bytes, int]:
    """One more refused password under each of `counted` that is not locked: how many there are now in a row.

    Attempts at the same time wait here for each other until their transactions end.
    """
    values = {"counted": list(counted), "now": now, "forget_before": now - FORGET_AFTER}
    return {row.address_hash: row.failures for row in session.execute(_COUNT, values)}


def lock(session: Session, until: Mapping[bytes, datetime | None]) -> None:
    """Try no password under these before their instants; None: it may be tried at once."""
    session.execute(_LOCK, {"counted": list(until), "until": list(until.values())})


def locked_until(session: Session, counted: Collection[bytes], now: datetime) -> datetime | None:
    """When the last of these that are locked is free again; None when none is locked."""
    found: datetime | None = session.execute(_LOCKED, {"counted": list(counted), "now": now}).scalar_one()
    return found


def succeeded(
    session: Session, right: Collection[bytes], others: Mapping[bytes, datetime | None], now: datetime
) -> None:
    """The password was right under some: these start anew.

    Under `others` it was counted as well, and may have locked them until the instants given: this attempt is taken
    back there, and nothing else.
    """
    session.execute(_IN_ORDER, {"counted": [*right, *others]})
    session.execute(_TAKE_BACK, {"counted": list(others), "until": list(others.values())})
    forget(session, right, now)


def forget(session: Session, counted: Collection[bytes], now: datetime) -> None:
    """Start these anew. Old counts of others go as well."""
    session.execute(_FORGET, {"counted": list(counted)})
    session.execute(_FORGET_OLD, {"forget_before": now - FORGET_AFTER})
