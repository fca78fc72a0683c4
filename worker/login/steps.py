"""What a sign-in remembers between two requests: kept here, told by a token in a cookie, taken once."""

from datetime import timedelta
from typing import Any, Literal

from sqlalchemy.orm import Session

from models import signing_in
from worker import clock
from worker.login import cookies

LASTS = timedelta(minutes=10)
Step = Literal["organisation", "oidc"]


def begin(session: Session, kind: Step, data: dict[str, Any]) -> str:
    """Remembers `data`; returns the token for the cookie."""
    token = cookies.new_token()
    signing_in.begin_step(session, cookies.hashed(token), kind, data, clock.now(session), LASTS)
    return token


def take(session: Session, kind: Step, token: str | None) -> dict[str, Any] | None:
    """What was remembered; None when the token is unknown, too old or was taken before."""
    if not token:
        return None
    return signing_in.take_step(session, cookies.hashed(token), kind, clock.now(session) - LASTS)
