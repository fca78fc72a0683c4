"""What tells whether the whole is well: how old, how late, how long the queue, who works, what waits."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.attention import UNREVIEWED
from models.boundaries import oldest_overdue
from models.rejects import OPEN_REJECTS
from models.runs import SILENT_AFTER
from models.webhook import PROGRAM

# Dead calls of a webhook are counted up to here: this is read every few seconds.
DEAD_COUNTED = 1000

# Processes that take work from a queue; a command that does a run itself takes none.
_ALIVE = text("""
select count(*) filter (where queues && array['short', 'long']) as workers,
    count(*) filter (where 'calls' = any(queues)) as calling_workers
from (
    select string_to_array(queues, ',') as queues from worker_process where heartbeat_at >= :silent_since
) alive
""")


def workers_alive(session: Session, now: datetime) -> int:
    """Worker processes that gave a sign of life in the last seconds and expire, reconcile or do runs."""
    alive: int = _alive(session, now)["workers"]
    return alive


def _alive(session: Session, now: datetime) -> dict[str, Any]:
    return dict(session.execute(_ALIVE, {"silent_since": now - SILENT_AFTER}).mappings().one())


_PROCESSES = text("""
select host, pid, queues, started_at, heartbeat_at, heartbeat_at >= :silent_since as alive
from worker_process where heartbeat_at >= cast(:silent_since as timestamptz) - interval '10 minutes'
order by started_at, host, pid limit 200
""")


def workers(session: Session, now: datetime) -> list[dict[str, Any]]:
    """Processes that do runs, commands among them; those silent for longer than minutes are left out."""
    return [dict(row) for row in session.execute(_PROCESSES, {"silent_since": now - SILENT_AFTER}).mappings()]


@dataclass(frozen=True, slots=True)
class Overview:
    """Facts at the instant `now`. `last_pull_*` is of the last finished pull that reads what changed.

    `workers` are those of the queues short and long, `calling_workers` those of the queue calls. Of webhooks that
    a person disabled nothing is counted; `webhooks_disabled` is of those that the program did, `webhook_…` are the
    names of the first. `dead_calls` are counted up to DEAD_COUNTED of each webhook.
    """

    now: datetime
    watermark: datetime | None
    overdue_since: datetime | None
    paused_tenants: int
    queued_runs: int
    running_runs: int
    tenants_due: int
    unhandled_ticks: int
    workers: int
    calling_workers: int
    open_holds: int
    rejected_rows: int
    unmatched_customers: int
    flagged_orders: int
    quarantined_runs: int
    failed_runs: int
    mails_waiting: int
    mails_waiting_since: datetime | None
    mails_parked: int
    webhooks: int
    webhooks_disabled: int
    webhook_disabled: str | None
    webhook_disabled_because: str | None
    webhook_failing: str | None
    webhook_failing_since: datetime | None
    dead_calls: int
    webhook_with_dead_calls: str | None
    last_pull_id: int | None
    last_pull_state: str | None
    last_pull_finished_at: datetime | None
    last_pull_error: str | None
    last_pull_error_detail: str | None
    netsuite_account: str | None


_WEBHOOKS = f"""
    select count(*) filter (where w.disabled_at is null) as webhooks, count(w.disabled_at) as webhooks_disabled,
        (array_agg(w.name order by w.disabled_at, w.id) filter (where w.disabled_at is not null))[1]
            as webhook_disabled,
        (array_agg(w.disabled_because order by w.disabled_at, w.id) filter (where w.disabled_at is not null))[1]
            as webhook_disabled_because,
        min(w.failing_since) filter (where w.disabled_at is null) as webhook_failing_since,
        (array_agg(w.name order by w.failing_since, w.id)
            filter (where w.disabled_at is null and w.failing_since is not null))[1] as webhook_failing,
        cast(coalesce(sum(dead.calls), 0) as bigint) as dead_calls,
        (array_agg(w.name order by w.id) filter (where dead.calls > 0))[1] as webhook_with_dead_calls
    from webhook w left join lateral (
        select count(*) as calls from (
            select from webhook_delivery d where d.webhook_id = w.id and d.state = 'dead' limit {DEAD_COUNTED}
        ) counted
    ) dead on true
    where w.disabled_at is null or w.disabled_by = '{PROGRAM}'
"""
_FACTS = text(f"""
select
    (select watermark from sync_state where stream = 'orders') as watermark,
    (select count(*) from tenant where paused_at is not null and (pause_until is null or pause_until > :now))
        as paused_tenants,
    (select count(*) from sync_run where state = 'queued') as queued_runs,
    (select count(*) from sync_run where state = 'running') as running_runs,
    (select count(distinct tenant_id) from landing_due where hold_id is null) as tenants_due,
    (select count(*) from tick where handled_at is null) as unhandled_ticks,
    (select count(*) from hold where state = 'open') as open_holds,
    {OPEN_REJECTS} as rejected_rows,
    (select count(*) from customer c where c.tenant_id is null and exists (
        select from landing_order l where l.customer_id = c.id and l.gone is null and l.reject_code is null))
        as unmatched_customers,
    (select count(*) from sales_order o where {UNREVIEWED}) as flagged_orders,
    (select count(*) from sync_run where state = 'quarantined' and finished_at > :now - interval '1 day')
        as quarantined_runs,
    (select count(*) from sync_run where state = 'failed' and finished_at > :now - interval '1 day')
        as failed_runs,
    mails.*,
    webhooks.*,
    (select netsuite_account from account) as netsuite_account
from (
    select count(*) filter (where state <> 'parked') as mails_waiting, count(*) filter (where state = 'parked')
        as mails_parked, min(queued_at) filter (where state <> 'parked') as mails_waiting_since
    from notification where state in ('queued', 'sending') or state = 'parked'
) mails, ({_WEBHOOKS}) webhooks
""")
_LAST_PULL = text("""
select id as last_pull_id, state as last_pull_state, finished_at as last_pull_finished_at,
    error_code as last_pull_error, error_detail as last_pull_error_detail
from sync_run
where state in ('done', 'failed', 'quarantined') and not dry_run and moves_watermark
order by finished_at desc limit 1
""")


def overview(session: Session, now: datetime) -> Overview:
    """Read all facts, in one transaction of the caller."""
    facts: dict[str, Any] = dict(session.execute(_FACTS, {"now": now}).mappings().one())
    last = session.execute(_LAST_PULL).mappings().one_or_none()
    none = dict.fromkeys(
        (
            "last_pull_id",
            "last_pull_state",
            "last_pull_finished_at",
            "last_pull_error",
            "last_pull_error_detail",
        )
    )
    return Overview(
        now=now,
        overdue_since=oldest_overdue(session, now),
        **_alive(session, now),
        **facts,
        **(dict(last) if last is not None else none),
    )
