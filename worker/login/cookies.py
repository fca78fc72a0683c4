"""The cookies of this room. Behind TLS they bear the prefix `__Host-`: no other host can set them."""

import hashlib
import secrets
from datetime import timedelta

from starlette.requests import HTTPConnection
from starlette.responses import Response

SESSION, VISITOR, STEP = "termsync_session", "termsync_visitor", "termsync_step"
DEVICE = "termsync_device"


def new_token() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def hashed(token: str) -> bytes:
    """What the database keeps of a token: enough to know it, too little to use it."""
    return hashlib.sha256(token.encode()).digest()


def behind_tls(request: HTTPConnection) -> bool:
    """Whether browsers come by https."""
    return request.url.scheme == "https"


def read(request: HTTPConnection, name: str) -> str | None:
    return request.cookies.get(_full(name, behind_tls(request)))


def write(
    request: HTTPConnection, response: Response, name: str, value: str | None, lasts: timedelta | None = None
) -> None:
    """Sets a cookie that scripts cannot read, until the browser closes or for as long as it `lasts`; None takes it
    away.
    """
    tls = behind_tls(request)
    if value is None:
        response.delete_cookie(_full(name, tls), secure=tls, httponly=True, samesite="lax")
    else:
        max_age = None if lasts is None else int(lasts.total_seconds())
        response.set_cookie(_full(name, tls), value, max_age, secure=tls, httponly=True, samesite="lax")


def _full(name: str, tls: bool) -> str:
    return f"__Host-{name}" if tls else name
