"""Statements of signing in: accounts of an address, sessions, known browsers, steps.

A person is told by `kind` ("staff" or "client") and the id in `staff` or `users`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

Kind = Literal["staff", "client"]

# A session's time of last use is written at most this often: pages do not write a row each.
TOUCH_EVERY = timedelta(seconds=60)
# A browser nobody has signed in with for so long is a stranger again.
FORGET_DEVICES_AFTER = timedelta(days=90)
# Of one account. Each has guesses of its own, so that nobody may hoard them while they know a password.
MOST_DEVICES = 20


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who could sign in with one address. `organisation` is None for staff."""

    kind: Kind
    id: int
    name: str
    email: str
    organisation: str | None
    tenant_key: str | None
    user_key: str | None
    password_hash: str | None

    @property
    def actor(self) -> str:
        """How this person is written beside what they do."""
        return actor_of(self.email, self.tenant_key)

    @property
    def subject(self) -> str:
        """How this account is written where something was done to it."""
        return f"staff {self.email}" if self.kind == "staff" else f"user {self.tenant_key}/{self.user_key}"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who a session belongs to now. The tenant's fields are None for staff, `staff_role` for client people."""

    kind: Kind
    id: int
    name: str
    email: str
    password_must_change: bool
    staff_role: str | None
    tenant_id: int | None
    tenant_key: str | None
    tenant_name: str | None
    time_zone: str | None
    user_key: str | None
    client_admin: bool
    manager: bool
    seen_at: datetime


def actor_of(email: str, tenant_key: str | None) -> str:
    """`staff:ana@example.com`, `client acme:bo@acme.example`."""
    return f"staff:{email}" if tenant_key is None else f"client {tenant_key}:{email}"


_ACCOUNTS = text("""
select 'staff' as kind, id, name, email, null as organisation, null as tenant_key, null as user_key, password_hash
from staff where email = :address and active
union all
select 'client', u.id, u.name, u.email, t.name, t.key, u.key, u.password_hash
from users u join tenant t on t.id = u.tenant_id where lower(u.email) = :address and u.active
order by kind desc, organisation, id
""")


def accounts(session: Session, address: str) -> list[Account]:
    """Active people with this e-mail address (in lower case): staff first, then by organisation."""
    return [Account(*row) for row in session.execute(_ACCOUNTS, {"address": address})]


_ACCOUNT: Mapping[Kind, Any] = {
    "staff": text("""
        select 'staff', id, name, email, null, null, null, password_hash from staff where id = :id and active
    """),
    "client": text("""
        select 'client', u.id, u.name, u.email, t.name, t.key, u.key, u.password_hash
        from users u join tenant t on t.id = u.tenant_id where u.id = :id and u.active
    """),
}


def account(session: Session, kind: Kind, person_id: int) -> Account | None:
    """One active person; None when they are not active, or not there."""
    row = session.execute(_ACCOUNT[kind], {"id": person_id}).one_or_none()
    return None if row is None else Account(*row)


_START = text("""
insert into login_session (token_hash, staff_id, user_id, created_at, seen_at, single_sign_on)
values (:token_hash, case when :kind = 'staff' then :id end, case when :kind = 'client' then :id end, :now, :now,
    :single_sign_on)
""")
_FORGET_OLD = text("delete from login_session where seen_at < :idle_since or created_at < :absolute_since")


def start_session(
    session: Session, token_hash: bytes, kind: Kind, person_id: int, now: datetime, *, single_sign_on: bool
) -> None:
    """A signed-in browser; `token_hash` is the SHA-256 of what its cookie holds."""
    values = {"token_hash": token_hash, "kind": kind, "id": person_id, "now": now}
    session.execute(_START, {**values, "single_sign_on": single_sign_on})


def forget_ended_sessions(session: Session, now: datetime, idle: timedelta, absolute: timedelta) -> None:
    """Delete sessions that were not used for `idle`, or are older than `absolute`."""
    session.execute(_FORGET_OLD, {"idle_since": now - idle, "absolute_since": now - absolute})


_SIGNED_IN = text("""
select 'staff' as kind, s.id, s.name, s.email, s.password_must_change and not l.single_sign_on, s.role,
    null as tenant_id, null as tenant_key, null as tenant_name, null as time_zone,
    null as user_key, false as client_admin, false as manager, l.seen_at
from login_session l join staff s on s.id = l.staff_id
where l.token_hash = :token_hash and s.active and l.seen_at >= :idle_since and l.created_at >= :absolute_since
union all
select 'client', u.id, u.name, u.email, u.password_must_change and not l.single_sign_on, null,
    t.id, t.key, t.name, t.time_zone, u.key, u.client_admin,
    exists (select from users m where m.manager_id = u.id and m.tenant_id = u.tenant_id and m.active), l.seen_at
from login_session l join users u on u.id = l.user_id join tenant t on t.id = u.tenant_id
where l.token_hash = :token_hash and u.active and l.seen_at >= :idle_since and l.created_at >= :absolute_since
""")
_TOUCH = text("update login_session set seen_at = :now where token_hash = :token_hash and seen_at < :now")


def signed_in(
    session: Session, token_hash: bytes, now: datetime, *, idle: timedelta, absolute: timedelta, touch: bool = True
) -> SignedIn | None:
    """Who the session belongs to; None when there is none, it has ended, or the person is not active.

    With `touch` the session counts as used at `now`.
    """
    moments = {"idle_since": now - idle, "absolute_since": now - absolute}
    row = session.execute(_SIGNED_IN, {"token_hash": token_hash, **moments}).one_or_none()
    if row is None:
        return None
    found = SignedIn(*row)
    if touch and now - found.seen_at >= TOUCH_EVERY:
        session.execute(_TOUCH, {"token_hash": token_hash, "now": now})
    return found


def end_session(session: Session, token_hash: bytes) -> None:
    """Sign a browser out."""
    session.execute(text("delete from login_session where token_hash = :token_hash"), {"token_hash": token_hash})


_END_OTHERS = text("""
delete from login_session
where (:kind = 'staff' and staff_id = :id or :kind = 'client' and user_id = :id) and token_hash <> :except
""")


def end_sessions(session: Session, kind: Kind, person_id: int, *, keep: bytes = b"") -> None:
    """Sign a person out everywhere, except in the browser whose token has the hash `keep`."""
    session.execute(_END_OTHERS, {"kind": kind, "id": person_id, "except": keep})


_SET_PASSWORD: Mapping[Kind, Any] = {
    "staff": text("update staff set password_hash = :hash, password_must_change = :must_change where id = :id"),
    "client": text("update users set password_hash = :hash, password_must_change = :must_change where id = :id"),
}
_PASSWORD: Mapping[Kind, Any] = {
    "staff": text("select password_hash from staff where id = :id"),
    "client": text("select password_hash from users where id = :id"),
}


def set_password(session: Session, kind: Kind, person_id: int, password_hash: str, *, must_change: bool) -> None:
    """Write a person's argon2 hash."""
    session.execute(_SET_PASSWORD[kind], {"id": person_id, "hash": password_hash, "must_change": must_change})


def password_hash(session: Session, kind: Kind, person_id: int) -> str | None:
    """A person's argon2 hash; None when they have no password here."""
    found: str | None = session.execute(_PASSWORD[kind], {"id": person_id}).scalar_one()
    return found


_DEVICE = text("select address_hash from known_device where token_hash = :token_hash and seen_at >= :since")
_KNOWN = text("""
insert into known_device (token_hash, address_hash, seen_at) values (:token_hash, :address_hash, :now)
on conflict (token_hash, address_hash) do update set seen_at = excluded.seen_at
""")
_FORGET_OLDEST = text(f"""
delete from known_device where address_hash = :address_hash and token_hash in (
    select token_hash from known_device where address_hash = :address_hash
    order by seen_at desc, token_hash offset {MOST_DEVICES})
""")
_FORGET_DEVICES = text("delete from known_device where address_hash = :address_hash and token_hash <> :keep")


def device_addresses(session: Session, token_hash: bytes, now: datetime) -> set[bytes]:
    """Hashes of the accounts somebody has signed in to from this browser, not too long ago."""
    values = {"token_hash": token_hash, "since": now - FORGET_DEVICES_AFTER}
    return set(session.execute(_DEVICE, values).scalars())


def know_device(session: Session, token_hash: bytes, address_hash: bytes, now: datetime) -> None:
    """Somebody signs in to this account from this browser.

    Browsers nobody came back with go, and of too many of the account those that were not used for longest.
    """
    old = text("delete from known_device where seen_at < :since")
    session.execute(old, {"since": now - FORGET_DEVICES_AFTER})
    session.execute(_KNOWN, {"token_hash": token_hash, "address_hash": address_hash, "now": now})
    session.execute(_FORGET_OLDEST, {"address_hash": address_hash})


def forget_devices(session: Session, address_hash: bytes, *, keep: bytes = b"") -> None:
    """From now on every browser is a stranger to this account, except the one whose token has the hash `keep`."""
    session.execute(_FORGET_DEVICES, {"address_hash": address_hash, "keep": keep})


_BEGIN_STEP = text("""
insert into login_step (token_hash, kind, data, created_at) values (:token_hash, :kind, :data, :now)
""").bindparams(bindparam("data", type_=JSONB))
_TAKE_STEP = text("""
delete from login_step where token_hash = :token_hash and kind = :kind returning data, created_at
""")


def begin_step(
    session: Session, token_hash: bytes, kind: str, data: Mapping[str, Any], now: datetime, lasts: timedelta
) -> None:
    """Remember `data` for the next request of a sign-in. Steps nobody went on with for `lasts` go."""
    session.execute(text("delete from login_step where created_at < :since"), {"since": now - lasts})
    session.execute(_BEGIN_STEP, {"token_hash": token_hash, "kind": kind, "data": dict(data), "now": now})


def take_step(session: Session, token_hash: bytes, kind: str, since: datetime) -> dict[str, Any] | None:
    """What a step begun after `since` remembered, once."""
    row = session.execute(_TAKE_STEP, {"token_hash": token_hash, "kind": kind}).one_or_none()
    return None if row is None or row.created_at < since else row.data
