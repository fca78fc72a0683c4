"""Statements of sending mails: putting them in, claiming one, deciding, and writing down what became of it.

A claim is a row in the state `sending` with the worker's id and a new epoch. Every later step names the epoch, so
that a worker taken for dead can neither hand over a mail that another has taken up nor overwrite what it wrote.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.mail import Notification
from models.mail_gate import ABOUT, KEPT_BACK_BECAUSE
from models.runs import SILENT_AFTER

# In nobody's hand any more: the watchdog ends a stuck process long before.
LOST_AFTER = timedelta(minutes=15)
# In hand at once, over all workers: a slow mail server never takes every thread from webhooks.
AT_ONCE = 2
KEPT = timedelta(days=90)

UNKNOWN = "mail-outcome-unknown"
WORKER_LOST = "mail-worker-lost"
End = Literal["sent", "refused", "parked"]


@dataclass(frozen=True, slots=True)
class Claimed:
    """One mail in a worker's hand. `recipient` and `name` are the user's now; `name` None: to staff."""

    id: int
    epoch: int
    kind: str
    recipient: str
    name: str | None
    subject: str
    body: str
    attachment_name: str | None
    attachment: bytes | None
    message_id: str
    attempts: int


_LOST = """
n.state = 'sending' and not exists (
    select from worker_process w where w.id = n.worker_id and w.heartbeat_at >= :silent_since
        and n.claimed_at >= :lost_before)
"""
_ROOM = "(select count(*) from notification s where s.state = 'sending') < :at_once"
_DUE = text(f"""
select exists (select from notification n where {_LOST})
    or ({_ROOM} and exists (select from notification n where n.state = 'queued' and n.not_before <= :now))
""")
# A mail that has lost its worker twice in a row may be what kills them: a third time would stop all mails.
_AGAIN = f"handed_at is null and n.reason is distinct from '{WORKER_LOST}'"
_TAKE_BACK = text(f"""
update notification n set state = case when {_AGAIN} then 'queued' else 'parked' end,
    worker_id = null, claimed_at = null, not_before = :now,
    decided_at = case when {_AGAIN} then null else cast(:now as timestamptz) end,
    reason = case when handed_at is null then '{WORKER_LOST}' else '{UNKNOWN}' end,
    detail = case when handed_at is null then 'The worker that had it in hand ended before anything was sent.'
        else 'The worker that had it in hand ended before it knew whether the server had taken it.' end
where {_LOST}
returning n.state
""")
_CLAIM = text(f"""
with one as (
    select n.id from notification n where n.state = 'queued' and n.not_before <= :now and {_ROOM}
    order by n.not_before, n.id limit 1 for update skip locked
), n as (
    update notification n set state = 'sending', worker_id = :worker_id, claimed_at = :now, epoch = n.epoch + 1,
        attempts = n.attempts + 1,
        message_id = coalesce(n.message_id, '<' || gen_random_uuid() || '@' || cast(:domain as text) || '>')
    from one where n.id = one.id
    returning n.*
)
select n.id, n.epoch, n.kind, coalesce(u.email, n.recipient), u.name, n.subject, coalesce(n.body, ''),
    n.attachment_name, n.attachment, n.message_id, n.attempts
from n left join users u on u.id = n.user_id and u.tenant_id = n.tenant_id
""")
# Texts of mails that are over are not kept: one may hold a link that opens an account.
_DECIDE = text(f"""
with gate as (
    select n.id, {KEPT_BACK_BECAUSE} as reason from notification n {ABOUT} where n.id = :id
)
update notification n set recipient = :recipient, reason = gate.reason, detail = null,
    state = case when gate.reason is null then 'sending' else 'suppressed' end,
    handed_at = case when gate.reason is null then cast(:now as timestamptz) end,
    decided_at = case when gate.reason is not null then cast(:now as timestamptz) end,
    body = case when gate.reason is null then n.body end,
    attachment = case when gate.reason is null then n.attachment end
from gate where n.id = gate.id and n.epoch = :epoch and n.state = 'sending'
returning n.state
""")
# A worker that was taken for dead may still know what became of the mail in its hand.
_MINE = f"n.id = :id and n.epoch = :epoch and (n.state = 'sending' or n.reason = '{UNKNOWN}')"
_END = text(f"""
update notification n set state = :state, decided_at = :now, reason = :reason, detail = :detail,
    body = case when :state = 'parked' then n.body end,
    attachment = case when :state = 'parked' then n.attachment end
where {_MINE} returning n.id
""")
_DEFER = text(f"""
update notification n set state = 'queued', not_before = :not_before, reason = :reason, detail = :detail,
    worker_id = null, claimed_at = null, handed_at = null, decided_at = null
where {_MINE}
""")
_RETRY = text("""
update notification n set state = 'queued', attempts = 0, not_before = :now, decided_at = null, handed_at = null,
    reason = null, detail = null
where n.state = 'parked' and (cast(:ids as bigint[]) is null or n.id = any(:ids))
returning n.id
""")
_FORGET = text("delete from notification where decided_at < :before and state <> 'parked'")


def put(session: Session, **values: Any) -> int | None:
    """Put a mail in, due at once. Returns its id; None when one with its `once_key` was put in before."""
    row = insert(Notification).values(**values).on_conflict_do_nothing(index_elements=["once_key"])
    return session.scalars(row.returning(Notification.id)).one_or_none()


def _times(now: datetime) -> dict[str, Any]:
    return {
        "now": now,
        "silent_since": now - SILENT_AFTER,
        "lost_before": now - LOST_AFTER,
        "at_once": AT_ONCE,
    }


def is_due(session: Session, now: datetime) -> bool:
    """Whether a mail is to be sent, or taken from a worker that has died. Two index reads."""
    due: bool = session.execute(_DUE, _times(now)).scalar_one()
    return due


def take_back(session: Session, now: datetime) -> list[str]:
    """Take mails from workers that have died: those surely not sent wait again, once; the others are parked.

    Returns the state each is in now.
    """
    return list(session.execute(_TAKE_BACK, _times(now)).scalars())


def claim(session: Session, worker_id: UUID, domain: str, now: datetime) -> Claimed | None:
    """Take the mail in hand that is due the longest. Its Message-ID is given at the first time, at `domain`."""
    row = session.execute(_CLAIM, {**_times(now), "worker_id": worker_id, "domain": domain}).one_or_none()
    return None if row is None else Claimed(*row)


def decide(session: Session, mail: Claimed, now: datetime) -> Literal["sending", "suppressed"] | None:
    """Decide by the standing at `now`, and write it down: it goes, or it is suppressed for good.

    None: another worker has the mail.
    """
    asked = {"id": mail.id, "epoch": mail.epoch, "recipient": mail.recipient, "now": now}
    state: Literal["sending", "suppressed"] | None = session.execute(_DECIDE, asked).scalar_one_or_none()
    return state


def end(
    session: Session,
    mail: Claimed,
    state: End,
    now: datetime,
    reason: str | None,
    detail: str,
) -> bool:
    """Write down how it ended. Returns whether the mail was still this worker's."""
    asked = {"id": mail.id, "epoch": mail.epoch, "state": state, "now": now, "reason": reason, "detail": detail}
    return session.execute(_END, asked).one_or_none() is not None


def defer(session: Session, mail: Claimed, not_before: datetime, reason: str, detail: str) -> None:
    """Put a mail that was surely not sent back, for later."""
    asked = {"id": mail.id, "epoch": mail.epoch, "not_before": not_before, "reason": reason, "detail": detail}
    session.execute(_DEFER, asked)


def retry(session: Session, now: datetime, ids: list[int] | None = None) -> list[int]:
    """Send parked mails again, all of them without `ids`. Returns the ids of those that were parked."""
    return sorted(session.execute(_RETRY, {"now": now, "ids": ids}).scalars())


def forget(session: Session, before: datetime) -> None:
    """Delete mails decided before an instant; parked ones stay until somebody decides."""
    session.execute(_FORGET, {"before": before})
