"""Signing in with a password: who it is, and what happens after repeated failures."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session, sessionmaker

from models import login_attempts, signing_in
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
    other: for each account of the address by itself, because the owner of one may guess at another's. If the
    password is right for one of them, only that one starts anew, and the others are as if nobody had tried.
    Unknown addresses cost as much work as known ones, and are locked like them. A browser that is known to an
    account, by its token `device`, is counted and locked by itself.
    """
    address = address.strip().lower()
    with sessions.begin() as session:
        now = clock.now(session)
        accounts = _accounts(session, address, device, now)
        locks = _count(session, accounts, now)
        locked_until = login_attempts.locked_until(session, accounts, now)
    if not locks:
        return Refused(now, locked_until)
    # Without a transaction: this takes long on purpose.
    right = {
        counted: account
        for counted, account in accounts.items()
        if counted in locks and passwords.is_right(password, None if account is None else account.password_hash)
    }
    with sessions.begin() as session:
        now = clock.now(session)
        if found := [account for account in right.values() if account is not None]:
            others = {counted: until for counted, until in locks.items() if counted not in right}
            login_attempts.succeeded(session, right, others, now)
            return found
        for counted, until in locks.items():
            if (account := accounts[counted]) is not None:
                audit.refused(session, account, now, came_from, until)
    return Refused(now, locked_until)


def _accounts(session: Session, address: str, device: str | None, now: datetime) -> dict[bytes, Account | None]:
    """Who has the address, by what their refusals are counted under; nobody, under the address itself."""
    found: list[Account | None] = [*signing_in.accounts(session, address)]
    hashes = [devices.hash_of(account) for account in found if account is not None]
    counted = devices.counted_as(session, device, hashes or [cookies.hashed(address)], now)
    return dict(zip(counted, found or [None], strict=True))


def _count(session: Session, accounts: Collection[bytes], now: datetime) -> dict[bytes, datetime | None]:
    """Those that may be tried, and until when each is locked if it fails; it is from now on, until it succeeds."""
    failures = login_attempts.count(session, accounts, now)
    locks = {counted: _locked_until(times, now) for counted, times in failures.items()}
    login_attempts.lock(session, locks)
    return locks


def _locked_until(failures: int, now: datetime) -> datetime | None:
    if failures < FREE_FAILURES:
        return None
    until: datetime = now + min(FIRST_LOCK * 2 ** min(failures - FREE_FAILURES, 10), LONGEST_LOCK)
    return until
