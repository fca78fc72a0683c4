"""Webhooks as people and programs see them: the list, one, its calls; and what people do to calls."""

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

Row = dict[str, Any]
COUNTED = 10_000

# `w` is the webhook. Dead calls are counted up to a bound.
_WEBHOOKS = f"""
select w.id, w.name, w.url, t.key as tenant, t.name as tenant_name, w.kinds, w.position, w.created_at,
    w.created_by, w.disabled_at, w.disabled_by, w.disabled_because, w.delivered_at, w.failing_since, d.attempts,
    case when w.salt_before_until > clock_timestamp() then w.salt_before_until end as salt_before_until,
    d.not_before as next_attempt_at, d.last_status, d.last_error,
    (select count(*) from (
        select from webhook_delivery x where x.webhook_id = w.id and x.state = 'dead' limit {COUNTED}) x) as dead,
    greatest(0, (select case when is_called then last_value else 0 end from enrollment_event_id_seq) - w.position)
        as behind
from webhook w left join tenant t on t.id = w.tenant_id
left join webhook_delivery d on d.webhook_id = w.id and d.state = 'due' and d.replayed_by is null
"""
_ALL = text(f"""
{_WEBHOOKS} where cast(:tenant_id as bigint) is null or w.tenant_id = :tenant_id order by w.name
""")
_ONE = text(f"""
{_WEBHOOKS} where w.name = :name and (cast(:tenant_id as bigint) is null or w.tenant_id = :tenant_id)
""")
_DELIVERIES = text("""
select id, first_event, last_event, events, state, attempts, not_before, made_at, ended_at, replayed_by,
    last_status, last_error
from webhook_delivery
where webhook_id = :id and (cast(:state as text) is null or state = :state)
    and (cast(:before as bigint) is null or id < :before)
order by id desc limit :limit
""")
_REPLAY = text("""
update webhook_delivery set state = 'due', ended_at = null, attempts = 0, not_before = :now, replayed_by = :by
where webhook_id = :id and state = 'dead' and (cast(:delivery_id as bigint) is null or id = :delivery_id)
returning 1
""")


def webhooks(session: Session, tenant_id: int | None = None) -> list[Row]:
    """All webhooks, or those about one tenant only, by name."""
    return [dict(row) for row in session.execute(_ALL, {"tenant_id": tenant_id}).mappings()]


def one(session: Session, name: str, tenant_id: int | None = None) -> Row | None:
    """One webhook; with a tenant, only if it is about that one alone."""
    row = session.execute(_ONE, {"name": name, "tenant_id": tenant_id}).mappings().one_or_none()
    return None if row is None else dict(row)


def deliveries(
    session: Session, webhook_id: int, *, state: str | None = None, before: int | None = None, limit: int = 50
) -> list[Row]:
    """Calls of one webhook, newest first, behind the one with the id `before`."""
    of = {"id": webhook_id, "state": state, "before": before, "limit": limit}
    return [dict(row) for row in session.execute(_DELIVERIES, of).mappings()]


def replay(session: Session, webhook_id: int, by: str, now: datetime, delivery_id: int | None = None) -> int:
    """Let dead calls go out again: one, or all. Returns how many do."""
    of = {"id": webhook_id, "by": by, "now": now, "delivery_id": delivery_id}
    return len(session.execute(_REPLAY, of).all())
