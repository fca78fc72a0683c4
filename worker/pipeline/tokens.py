"""Tokens of the JSON API: making and revoking them."""

import hashlib
import re
import secrets
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.enrollment_changes import Why
from models.staff import StaffAction
from models.token import PER_MINUTE, SCOPES, ApiToken
from worker.errors import NotFound, TermsyncError
from worker.pipeline import tenants

PREFIX = "ts_"  # tells people and scanners of repositories what they have found
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
MOST_PER_MINUTE = 10_000_000


def hashed(token: str) -> bytes:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def add(
    session: Session,
    name: str,
    scopes: Sequence[str],
    why: Why,
    tenant_key: str | None = None,
    per_minute: int = PER_MINUTE,
) -> str:
    """Make a token for one tenant or, without a key, for all. Returns it; it is not to be had a second time.

    Raises `token-name-invalid`, `token-name-taken`, `token-scope-unknown`, `token-limit-out-of-range`, NotFound.
    """
    _check(name, scopes, per_minute)
    if session.execute(select(ApiToken.id).where(ApiToken.name == name)).first() is not None:
        raise TermsyncError(
            "token-name-taken",
            f"There is or was a token {name!r} already.",
            "Choose another name: a name says for ever which program did something.",
        )
    tenant_id = None if tenant_key is None else tenants.find(session, tenant_key).id
    token = PREFIX + secrets.token_urlsafe(32)
    granted = [scope for scope in SCOPES if scope in scopes]
    session.add(
        ApiToken(
            name=name,
            hash=hashed(token),
            tenant_id=tenant_id,
            scopes=granted,
            per_minute=per_minute,
            created_at=why.now,
            created_by=why.actor,
        )
    )
    _note(session, why, "token added", name, tenant=tenant_key, scopes=granted, per_minute=per_minute)
    return token


def revoke(session: Session, name: str, why: Why) -> bool:
    """End a token from the next request on. Returns whether it was not revoked already. Raises NotFound."""
    token = session.execute(select(ApiToken).where(ApiToken.name == name).with_for_update()).scalar_one_or_none()
    if token is None:
        raise NotFound("token-unknown", f"There is no token {name!r}.", "See `termsync token list`.")
    if token.revoked_at is not None:
        return False
    token.revoked_at, token.revoked_by = why.now, why.actor
    _note(session, why, "token revoked", name)
    return True


def _check(name: str, scopes: Sequence[str], per_minute: int) -> None:
    if not NAME.fullmatch(name):
        raise TermsyncError(
            "token-name-invalid",
            f"{name!r} cannot be the name of a token.",
            "Use up to 100 letters, digits, dots, dashes and underscores; begin with a letter or digit.",
        )
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise TermsyncError(
            "token-scope-unknown",
            f"There is no scope {unknown[0]!r}." if unknown else "A token needs at least one scope.",
            f"Give one or more of {', '.join(SCOPES)} with --scope.",
        )
    if not 1 <= per_minute <= MOST_PER_MINUTE:
        raise TermsyncError(
            "token-limit-out-of-range",
            f"{per_minute:,} requests a minute cannot be a token's limit.",
            f"Give a whole number from 1 to {MOST_PER_MINUTE:,}.",
        )


def _note(session: Session, why: Why, action: str, name: str, **detail: object) -> None:
    session.add(StaffAction(at=why.now, actor=why.actor, action=action, subject=f"token {name}", detail=detail))
    session.flush()
