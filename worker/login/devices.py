"""Browsers that somebody has signed in with: whoever guesses elsewhere cannot lock them out (decision 0016)."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from models import signing_in
from models.signing_in import FORGET_DEVICES_AFTER, Account, SignedIn
from worker.login import cookies


def token_of(request: Request) -> str | None:
    """What the browser says it is."""
    return cookies.read(request, cookies.DEVICE)


def hash_of(person: Account | SignedIn) -> bytes:
    """By what a person is counted and known here: their address, and which of the accounts that have it."""
    return hashlib.sha256(cookies.hashed(person.email.lower()) + f"{person.kind} {person.id}".encode()).digest()


def counted_as(session: Session, token: str | None, hashes: Sequence[bytes], now: datetime) -> list[bytes]:
    """Under what a refusal of each is counted: with this browser, if it is known to the account."""
    if not token:
        return list(hashes)
    token_hash = cookies.hashed(token)
    known = signing_in.device_addresses(session, token_hash, now)
    return [hashlib.sha256(token_hash + each).digest() if each in known else each for each in hashes]


def know(session: Session, token: str | None, person: Account, now: datetime) -> str:
    """Somebody has signed in to this account. Returns the token for the browser: its own, if we know it."""
    if not token or not signing_in.device_addresses(session, cookies.hashed(token), now):
        token = cookies.new_token()
    signing_in.know_device(session, cookies.hashed(token), hash_of(person), now)
    return token


def forget_others(session: Session, token: str | None, person: SignedIn) -> None:
    """The password is another: whoever knew the one before is a stranger, but for the browser with this token."""
    keep = cookies.hashed(token) if token else b""
    signing_in.forget_devices(session, hash_of(person), keep=keep)


def give(request: Request, response: Response, token: str) -> Response:
    """Hands the browser what it is known by from now on."""
    cookies.write(request, response, cookies.DEVICE, token, lasts=FORGET_DEVICES_AFTER)
    return response
