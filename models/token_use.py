"""Tokens as requests use them: whose a token is, when it was last used, and the list of all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

# A use is written down when the last one that was is older than this: not with every request.
STALE = "interval '1 minute'"
IS_STALE = f"(k.last_used_at is null or k.last_used_at < clock_timestamp() - {STALE})"


@dataclass(frozen=True, slots=True)
class Bearer:
    """What a request may do. `tenant_id` and `tenant` (its key) are None for all tenants.

    `unnoted`: nobody has written down for a minute that the token is used.
    """

    id: int
    name: str
    tenant_id: int | None
    tenant: str | None
    scopes: Sequence[str]
    per_minute: int
    unnoted: bool

    @property
    def actor(self) -> str:
        """How this program is written beside what it does."""
        return f"token:{self.name}"


# `k` is the token, `own` its tenant; in the order of `Bearer`.
BEARER = f"k.id, k.name, k.tenant_id, own.key, k.scopes, k.per_minute, {IS_STALE}"
_FIND = text(f"""
select {BEARER} from api_token k left join tenant own on own.id = k.tenant_id
where k.hash = :hash and k.revoked_at is null
""")
_NOTE = text(f"update api_token k set last_used_at = clock_timestamp() where k.id = :id and {IS_STALE}")
_ALL = text("""
select k.name, t.key as tenant, t.name as tenant_name, k.scopes, k.per_minute, k.created_at, k.created_by,
    k.last_used_at, k.revoked_at,
    k.revoked_by
from api_token k left join tenant t on t.id = k.tenant_id
where k.revoked_at is null or :revoked order by k.revoked_at is not null, k.name
""")


def find(session: Session, token_hash: bytes) -> Bearer | None:
    """Whose token has this SHA-256; None for one that is not known or was revoked."""
    row = session.execute(_FIND, {"hash": token_hash}).one_or_none()
    return None if row is None else Bearer(*row)


def note(session: Session, token_id: int) -> None:
    """Write down that the token is used now, at most once a minute."""
    session.execute(_NOTE, {"id": token_id})


def tokens(session: Session, *, revoked: bool = False) -> list[dict[str, Any]]:
    """All tokens by name, `revoked` ones after the others if asked for."""
    return [dict(row) for row in session.execute(_ALL, {"revoked": revoked}).mappings()]


def last_used(session: Session, name: str) -> datetime | None:
    """When the token of this name was last used, exact to a minute."""
    at: datetime | None = session.execute(
        text("select last_used_at from api_token where name = :name"), {"name": name}
    ).scalar_one()
    return at
