"""The record of signing in: who, when, from where. Never a password or a token."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from models.signing_in import Account
from models.staff import StaffAction
from worker.logs import get_logger

log = get_logger(__name__)


def signed_in(session: Session, account: Account, now: datetime, came_from: str, way: str) -> None:
    """`way` is "password" or "single sign-on"."""
    _write(session, now, account.actor, "signed in", account.subject, {"from": came_from, "way": way})


def refused(
    session: Session, account: Account, now: datetime, came_from: str, locked_until: datetime | None
) -> None:
    """A wrong password for a known account."""
    detail = {"from": came_from}
    if locked_until is not None:
        detail["locked_until"] = locked_until.isoformat()
    action = "sign-in refused" if locked_until is None else "sign-in locked"
    _write(session, now, "nobody", action, account.subject, detail)


def did(session: Session, now: datetime, actor: str, action: str, subject: str) -> None:
    """Signed out, password changed."""
    _write(session, now, actor, action, subject, {})


def _write(session: Session, now: datetime, actor: str, action: str, subject: str, detail: dict[str, Any]) -> None:
    session.add(StaffAction(at=now, actor=actor, action=action, subject=subject, detail=detail))
    log.info(action.replace(" ", "-"), subject=subject, **detail)
