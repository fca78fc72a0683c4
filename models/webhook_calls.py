"""The statements by which workers call webhooks: what is due, whose turn it is, what came of a call."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from models import api_events
from models.api_events import Row
from models.webhook import PROGRAM

# Events of one call.
MOST_EVENTS = 100
DELIVERED_KEPT = timedelta(days=7)


class Due(NamedTuple):
    """A webhook that is to be called, and the newest event there was then."""

    webhook_id: int
    newest: int


@dataclass(frozen=True, slots=True)
class Turn:
    """What a webhook is called with; by a worker for as long as it has the claim."""

    webhook_id: int
    claim: UUID | None
    name: str
    url: str
    tenant_id: int | None
    kinds: Sequence[str] | None
    salt: bytes
    salt_before: bytes | None
    key_check: bytes
    position: int


@dataclass(frozen=True, slots=True)
class Message:
    """One call to be made. `attempts` so far, without this one."""

    delivery_id: int
    first_event: int
    last_event: int
    attempts: int
    events: Sequence[Row]


_DUE = text("""
select w.id, n.newest
from webhook w, (select case when is_called then last_value else 0 end as newest from enrollment_event_id_seq) n
where w.disabled_at is null and (w.claimed_until is null or w.claimed_until <= :now)
    and (
        exists (select from webhook_delivery d
            where d.webhook_id = w.id and d.state = 'due' and d.not_before <= :now)
        or (w.position < n.newest and not exists (select from webhook_delivery d
            where d.webhook_id = w.id and d.state = 'due' and d.replayed_by is null))
    )
order by w.id
""")
# In the order of `Turn`.
_TURN = """w.id, w.claim, w.name, w.url, w.tenant_id, w.kinds, w.salt,
    case when w.salt_before_until > :now then w.salt_before end, w.key_check, w.position"""
_CLAIM = text(f"""
update webhook w set claim = gen_random_uuid(), claimed_until = :until
where w.id = :id and w.disabled_at is null and (w.claimed_until is null or w.claimed_until <= :now)
returning {_TURN}
""")
_CALLED = text(f"select {_TURN} from webhook w where w.name = :name")
_KEEP = text(f"""
update webhook w set claimed_until = :until
where w.id = :id and w.claim = :claim and w.disabled_at is null
returning {_TURN}
""")
_RELEASE = text("update webhook set claim = null, claimed_until = null where id = :id and claim = :claim")
# The call that is next in the order before those that are sent again.
_NEXT = text("""
select id, first_event, last_event, attempts from webhook_delivery
where webhook_id = :id and state = 'due' and not_before <= :now
order by replayed_by is not null, id limit 1
""")
_IN_ORDER = text("""
select exists (select from webhook_delivery where webhook_id = :id and state = 'due' and replayed_by is null)
""")
_MOVE = text("update webhook set position = :position where id = :id")
_MAKE = text("""
insert into webhook_delivery (webhook_id, first_event, last_event, events, not_before, made_at)
values (:id, :first, :last, :events, :now, :now) returning id
""")


def due(session: Session, now: datetime) -> list[Due]:
    """The webhooks that are to be called now: their next call is due, or events have come that they may be for."""
    return [Due(*row) for row in session.execute(_DUE, {"now": now})]


def claim(session: Session, webhook_id: int, now: datetime, until: datetime) -> Turn | None:
    """Take the webhook's turn up to an instant; None while another worker has it, and for a disabled one."""
    row = session.execute(_CLAIM, {"id": webhook_id, "now": now, "until": until}).one_or_none()
    return None if row is None else Turn(*row)


def called(session: Session, name: str, now: datetime) -> Turn | None:
    """What the webhook of this name is called with, whoever has the turn."""
    row = session.execute(_CALLED, {"name": name, "now": now}).one_or_none()
    return None if row is None else Turn(*row)


def release(session: Session, turn: Turn) -> None:
    """Let others have the turn."""
    session.execute(_RELEASE, {"id": turn.webhook_id, "claim": turn.claim})


def keep(session: Session, turn: Turn, now: datetime, until: datetime) -> Turn | None:
    """Keep the turn up to an instant; None when it is another's by now, or the webhook is disabled.

    Returned as it is now: a secret that was made meanwhile is the one to sign with.
    """
    of = {"id": turn.webhook_id, "claim": turn.claim, "now": now, "until": until}
    row = session.execute(_KEEP, of).one_or_none()
    return None if row is None else Turn(*row)


def next_message(session: Session, turn: Turn, settled: int, now: datetime) -> tuple[Message | None, bool]:
    """The next call that is due, made of the feed if there is none; and whether the turn goes on.

    `turn` is what `keep` returned in this transaction. The turn ends when nothing is due.
    """
    found = session.execute(_NEXT, {"id": turn.webhook_id, "now": now}).one_or_none()
    if found is not None:
        events = _events(session, turn, found.first_event, found.last_event)
        return Message(found.id, found.first_event, found.last_event, found.attempts, events), True
    if session.execute(_IN_ORDER, {"id": turn.webhook_id}).scalar_one():
        return None, False
    return _make(session, turn, settled, now)


def _make(session: Session, turn: Turn, settled: int, now: datetime) -> tuple[Message | None, bool]:
    """A call about what follows its position; None when nothing in the part looked through is for the webhook."""
    events, following = api_events.page(
        session, turn.position, settled, tenant_id=turn.tenant_id, kinds=turn.kinds, limit=MOST_EVENTS
    )
    if following > turn.position:
        session.execute(_MOVE, {"id": turn.webhook_id, "position": following})
    if not events:
        return None, following > turn.position
    first, last = events[0]["id"], events[-1]["id"]
    of = {"id": turn.webhook_id, "first": first, "last": last, "events": len(events), "now": now}
    delivery_id: int = session.execute(_MAKE, of).scalar_one()
    return Message(delivery_id, first, last, 0, events), True


def _events(session: Session, turn: Turn, first: int, last: int) -> list[Row]:
    return api_events.page(
        session, first - 1, last, tenant_id=turn.tenant_id, kinds=turn.kinds, limit=MOST_EVENTS
    )[0]


_DELIVERED = text("""
with ended as (
    update webhook_delivery d set state = 'delivered', ended_at = :now, attempts = d.attempts + 1,
        last_status = :status, last_error = null
    from webhook w where d.id = :delivery_id and d.state = 'due' and w.id = d.webhook_id and w.claim = :claim
    returning d.webhook_id
)
update webhook w set delivered_at = :now, failing_since = null, dead_in_a_row = 0
from ended where w.id = ended.webhook_id
""")
_FAILED = text("""
with tried as (
    update webhook_delivery d set attempts = d.attempts + 1, last_status = :status, last_error = :error,
        not_before = coalesce(:again, d.not_before),
        state = case when cast(:again as timestamptz) is null then 'dead' else 'due' end,
        ended_at = case when cast(:again as timestamptz) is null then cast(:now as timestamptz) end
    from webhook w where d.id = :delivery_id and d.state = 'due' and w.id = d.webhook_id and w.claim = :claim
    returning d.webhook_id, d.replayed_by
)
update webhook w set failing_since = coalesce(w.failing_since, :now),
    dead_in_a_row = w.dead_in_a_row
        + case when cast(:again as timestamptz) is null and tried.replayed_by is null then 1 else 0 end
from tried where w.id = tried.webhook_id returning w.dead_in_a_row
""")
# A person may take over what the program disabled: from then on it is meant to be.
_DISABLE = text(f"""
update webhook set disabled_at = :now, disabled_by = :by, disabled_because = :because,
    claim = null, claimed_until = null
where id = :id and (disabled_at is null or disabled_by = '{PROGRAM}' and :by <> '{PROGRAM}') returning 1
""")
_FORGET = text("delete from webhook_delivery where state = 'delivered' and ended_at < :before")


def delivered(session: Session, turn: Turn, delivery_id: int, status: int, now: datetime) -> None:
    """The receiver has taken the call. Counts only while the turn is still this worker's."""
    of = {"delivery_id": delivery_id, "claim": turn.claim, "status": status, "now": now}
    session.execute(_DELIVERED, of)


def failed(
    session: Session,
    turn: Turn,
    delivery_id: int,
    error: str,
    now: datetime,
    *,
    status: int | None = None,
    again: datetime | None = None,
) -> int:
    """The call failed: it is due at `again`, or dead with None. Returns how many died one after the other."""
    of = {"delivery_id": delivery_id, "claim": turn.claim, "status": status, "error": error}
    row = session.execute(_FAILED, {**of, "again": again, "now": now}).one_or_none()
    return 0 if row is None else row.dead_in_a_row


def disable(session: Session, webhook_id: int, now: datetime, by: str, because: str) -> bool:
    """Call it no more. Returns whether it was not disabled already, by a person or, for the program, at all."""
    of = {"id": webhook_id, "now": now, "by": by, "because": because}
    return session.execute(_DISABLE, of).one_or_none() is not None


def forget_delivered(session: Session, now: datetime) -> None:
    """Delete calls that were taken long ago. Dead ones stay until somebody sends them again."""
    session.execute(_FORGET, {"before": now - DELIVERED_KEPT})
