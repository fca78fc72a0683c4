"""Answers the API has given to requests with an Idempotency-Key, to be given again to the same request."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base

KEPT = timedelta(days=7)


class ApiAnswer(Base):
    """One answered request of one token. `digest` tells another request that came with the same key."""

    __tablename__ = "api_answer"

    token_id: Mapped[int] = mapped_column(ForeignKey("api_token.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    body: Mapped[Any | None] = mapped_column(JSONB)
    at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


_FORGET = text("delete from api_answer where at < now() - cast(:kept as interval)")
_CLAIM = text("""
insert into api_answer (token_id, key, digest) values (:token_id, :key, :digest)
on conflict (token_id, key) do nothing returning 1
""")
_FIND = text("select digest, body from api_answer where token_id = :token_id and key = :key")
_KEEP = text("""
update api_answer set body = cast(:body as jsonb) where token_id = :token_id and key = :key
""")


def claim(session: Session, token_id: int, key: str, digest: bytes) -> tuple[bytes, Any] | None:
    """None for a key that is new, now this transaction's; else the digest and the answer that are kept for it.

    Waits for another transaction that has the same key under way.
    """
    session.execute(_FORGET, {"kept": KEPT})
    asked = {"token_id": token_id, "key": key}
    if session.execute(_CLAIM, {**asked, "digest": digest}).one_or_none() is not None:
        return None
    row = session.execute(_FIND, asked).one()
    return row.digest, row.body


def keep(session: Session, token_id: int, key: str, body: str) -> None:
    """Write the answer (JSON) down beside its claim."""
    session.execute(_KEEP, {"token_id": token_id, "key": key, "body": body})
