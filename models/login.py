"""Who is signed in: sessions, refused attempts, and the steps of a sign-in that is not finished."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Integer, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base

# Whoever makes a person inactive, and however, ends their sessions with it.
END_SESSIONS_SQL = """
create function end_sessions() returns trigger language plpgsql as $$
begin
    if tg_table_name = 'staff' then
        delete from login_session where staff_id = new.id;
    else
        delete from login_session where user_id = new.id;
    end if;
    return null;
end $$;
create trigger end_sessions after update of active on staff
for each row when (old.active and not new.active) execute function end_sessions();
create trigger end_sessions after update of active on users
for each row when (old.active and not new.active) execute function end_sessions();
"""
END_SESSIONS_SQL_DROP = """
drop trigger end_sessions on staff;
drop trigger end_sessions on users;
drop function end_sessions();
"""


class LoginSession(Base):
    """One signed-in browser. The cookie holds a random token, this row only the token's SHA-256.

    A trigger deletes the sessions of a person who becomes inactive, whoever makes them so.
    """

    __tablename__ = "login_session"
    __table_args__ = (CheckConstraint("num_nonnulls(staff_id, user_id) = 1", name="one_person"),)

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(index=True)
    single_sign_on: Mapped[bool] = mapped_column(server_default=text("false"))


class FailedLogin(Base):
    """Refused passwords in a row for one account: by strangers, or by one device known to it.

    Only a SHA-256 is kept, of the address and which of its accounts it is; with the device where it is known. An
    address that nobody has is counted and locked like others, so that nothing tells them apart.
    """

    __tablename__ = "failed_login"

    address_hash: Mapped[bytes] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[datetime] = mapped_column(index=True)
    locked_until: Mapped[datetime | None]


class KnownDevice(Base):
    """A browser somebody has signed in with, and the account: what is refused there is counted for itself.

    The browser holds a random token in a cookie, this row the SHA-256 of it and of the address and its account.
    """

    __tablename__ = "known_device"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    address_hash: Mapped[bytes] = mapped_column(primary_key=True, index=True)
    seen_at: Mapped[datetime] = mapped_column(index=True)


class LoginStep(Base):
    """What a sign-in has to remember between two requests, taken once: `kind` says which step.

    The cookie holds a random token, this row its SHA-256.
    """

    __tablename__ = "login_step"
    __table_args__ = (CheckConstraint("kind in ('organisation', 'oidc')", name="kind_known"),)

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    kind: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(index=True)
