"""Mails as people and the API see them: a list with filters, and one with all that is known of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.paging import BOUND


@dataclass(frozen=True, slots=True)
class MailRow:
    """One mail. `address` is where it went or, as long as it has not gone, where it would go now."""

    id: int
    tenant: str | None
    tenant_name: str | None
    user: str | None
    user_name: str | None
    address: str
    kind: str
    course: str | None
    version: str | None
    title: str | None
    subject: str
    state: str
    reason: str | None
    detail: str | None
    attempts: int
    not_before: datetime
    queued_at: datetime
    queued_by: str
    decided_at: datetime | None
    message_id: str | None


@dataclass(frozen=True, slots=True)
class MailFilter:
    """Which mails; everything that is given must hold. `address` is a whole one, `tenant` a key."""

    tenant_id: int | None = None
    state: str | None = None
    kind: str | None = None
    user: str | None = None
    address: str | None = None
    tenant: str | None = None
    to_users: bool = False
    to_staff: bool = False


_COLUMNS = """
    n.id, t.key, t.name, u.key, u.name, coalesce(n.recipient, u.email), n.kind, c.key, v.key, v.title, n.subject,
    n.state, n.reason, n.detail, n.attempts, n.not_before, n.queued_at, n.queued_by, n.decided_at, n.message_id
"""
_JOINS = """
left join tenant t on t.id = n.tenant_id
left join users u on u.id = n.user_id and u.tenant_id = n.tenant_id
left join course_version v on v.id = n.course_version_id
left join course c on c.id = v.course_id
"""
# Only what is asked for stands in the statement, so that each has the index it needs.
_CONDITIONS = {
    "tenant_id": "n.tenant_id = :tenant_id",
    "state": "n.state = :state",
    "kind": "n.kind = :kind",
    "user": "n.user_id = (select id from users where tenant_id = :tenant_id and key = :user)",
    "address": """(n.user_id = any(array(select id from users where lower(email) = lower(:address)))
        or (n.user_id is null and n.recipient = :address))""",
    "tenant": "n.tenant_id = (select id from tenant where key = :tenant)",
    "to_users": "n.user_id is not null",
    "to_staff": "n.user_id is null",
}


def _where(wanted: MailFilter, *more: str) -> tuple[str, dict[str, Any]]:
    asked = {name: getattr(wanted, name) for name in _CONDITIONS if getattr(wanted, name)}
    conditions = [_CONDITIONS[name] for name in asked] + list(more)
    return f"where {' and '.join(conditions)}" if conditions else "", asked


def page(session: Session, wanted: MailFilter, before: int | None = None, limit: int = 100) -> list[MailRow]:
    """Mails newest first, older than the one `before`."""
    where, asked = _where(wanted, *(["n.id < :before"] if before is not None else []))
    statement = f"select {_COLUMNS} from notification n {_JOINS} {where} order by n.id desc limit :limit"
    rows = session.execute(text(statement), {**asked, "before": before, "limit": limit})
    return [MailRow(*row) for row in rows]


def rows(
    session: Session, wanted: MailFilter, skip: int, limit: int, *, oldest_first: bool = False
) -> list[MailRow]:
    """A page of a list that is paged through by number."""
    where, asked = _where(wanted)
    order = "n.id" if oldest_first else "n.id desc"
    found = f"select n.id from notification n {where} order by {order} limit :limit offset :skip"
    statement = f"select {_COLUMNS} from ({found}) p join notification n on n.id = p.id {_JOINS} order by {order}"
    return [MailRow(*row) for row in session.execute(text(statement), {**asked, "limit": limit, "skip": skip})]


def count(session: Session, wanted: MailFilter) -> int:
    """How many there are, counted up to the bound of lists."""
    where, asked = _where(wanted)
    some = f"select from notification n {where} limit :bound"
    found: int = session.execute(
        text(f"select count(*) from ({some}) s"), {**asked, "bound": BOUND + 1}
    ).scalar_one()
    return found


def one(session: Session, mail_id: int, tenant_id: int | None = None) -> MailRow | None:
    """One mail, of this tenant if one is given."""
    where, asked = _where(MailFilter(tenant_id=tenant_id), "n.id = :id")
    row = session.execute(
        text(f"select {_COLUMNS} from notification n {_JOINS} {where}"), {**asked, "id": mail_id}
    ).one_or_none()
    return None if row is None else MailRow(*row)
