"""Browsers that somebody has signed in with: whoever guesses elsewhere cannot lock them out (decision 0016)."""

import hashlib
from datetime import datetime

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from models import signing_in
from models.signing_in import FORGET_DEVICES_AFTER
from worker.login import cookies


def token_of(request: Request) -> str | None:
    """What the browser says it is."""
    return cookies.read(request, cookies.DEVICE)


def counted_as(session: Session, token: str | None, address_hash: bytes, now: datetime) -> bytes:
    """Under what a refusal is counted: this browser and the address, if it is known to it; else the address."""
    if not token:
        return address_hash
    token_hash = cookies.hashed(token)
    known = signing_in.device_addresses(session, token_hash, now)
    return hashlib.sha256(token_hash + address_hash).digest() if address_hash in known else address_hash


def know(session: Session, token: str | None, address: str, now: datetime) -> str:
    """Somebody has signed in with this address. Returns the token for the browser: its own, if we know it."""
    if not token or not signing_in.device_addresses(session, cookies.hashed(token), now):
        token = cookies.new_token()
    signing_in.know_device(session, cookies.hashed(token), cookies.hashed(address.lower()), now)
    return token


def forget_others(session: Session, token: str | None, address: str) -> None:
    """The password is another: whoever knew the one before is a stranger, but for the browser with this token."""
    keep = cookies.hashed(token) if token else b""
    signing_in.forget_devices(session, cookies.hashed(address.lower()), keep=keep)


def give(request: Request, response: Response, token: str) -> Response:
    """Hands the browser what it is known by from now on."""
    cookies.write(request, response, cookies.DEVICE, token, lasts=FORGET_DEVICES_AFTER)
    return response
