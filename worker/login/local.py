"""Signing in with a password: who it is, and what happens after repeated failures."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session, sessionmaker

from models import signing_in
from models.signing_in import Account
from worker import clock
from worker.login import audit, cookies, devices, passwords

# From the fifth refusal in a row on: a minute, then twice as long each time, at most a quarter of an hour.
FREE_FAILURES = 5
FIRST_LOCK = timedelta(minutes=1)
LONGEST_LOCK = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Refused:
    """The password was not taken; `locked_until`: nor is any other before that."""

    now: datetime
    locked_until: datetime | None


def check(
    sessions: sessionmaker[Session], address: str, password: str, came_from: str, device: str | None
) -> list[Account] | Refused:
    """The accounts of this address that have this password; several where several clients know the address.

    An attempt is counted before the password is looked at, so that many at once are no more than one after the
    other. Unknown addresses cost as much work as known ones, and are locked like them. A browser that is known to
    the address, by its token `device`, is counted and locked by itself.
    """
    address = address.strip().lower()
    with sessions.begin() as session:
        now = clock.now(session)
        counted = devices.counted_as(session, device, cookies.hashed(address), now)
        failures = signing_in.count_failure(session, counted, now)
        if failures is None:
            return Refused(now, signing_in.locked_until(session, counted))
        locked = _lock(session, counted, failures, now)
        found = signing_in.accounts(session, address)
    # Without a transaction: this takes long on purpose.
    right = [account for account in found if passwords.is_right(password, account.password_hash)]
    if not found:
        passwords.is_right(password, None)
    with sessions.begin() as session:
        now = clock.now(session)
        if right:
            signing_in.forget_failures(session, counted, now)
            return right
        for account in found:
            audit.refused(session, account, now, came_from, locked)
    return Refused(now, locked)


def _lock(session: Session, counted: bytes, failures: int, now: datetime) -> datetime | None:
    """Until when it is locked if this attempt fails; it is from now on, until the attempt succeeds."""
    if failures < FREE_FAILURES:
        return None
    until: datetime = now + min(FIRST_LOCK * 2 ** min(failures - FREE_FAILURES, 10), LONGEST_LOCK)
    signing_in.lock(session, counted, until)
    return until
