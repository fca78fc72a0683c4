"""Metrics that are read off the database now and then, by the scheduler."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from models import runs
from models.webhook import PROGRAM
from worker import certificate, metrics

_STREAMS = text("select stream, extract(epoch from :now - watermark) as lag from sync_state")
_LAST_SUCCESS = text("""
select split_part(scope, ':', 1) as scope, extract(epoch from max(finished_at)) as at
from sync_run where kind = 'pull' and state = 'done' and not dry_run group by 1
""")
_REJECTED = text("""
select reject_code as code, count(*) as rows from landing_order where reject_code is not null group by 1
union all
select code, count(*) from parked_row group by 1
""")
_OLDEST = text("""
select
    exists (select from hold where state = 'open') as hold,
    extract(epoch from :now - (
        select min(queued_at) from notification where state in ('queued', 'sending'))) as outbox,
    (select count(*) from notification where state = 'parked') as mails_parked,
    (select count(*) from webhook where disabled_by = :program) as webhooks_disabled,
    extract(epoch from :now - (
        select min(failing_since) from webhook where disabled_at is null)) as webhook_failing,
    extract(epoch from :now - (
        select min(asked_at) from sync_run
        where state = 'queued' and (not_before is null or not_before <= :now))) as queued,
    extract(epoch from :now - (
        select min(heartbeat_at) from worker_process where heartbeat_at > :silent_since)) as heartbeat,
    (select count(*) from sync_run r left join worker_process w on w.id = r.worker_id
        where r.state = 'running' and (w.id is null or w.heartbeat_at < :silent_since)) as stuck
""")


def observe_certificate(key_file: Path | None, now: datetime) -> None:
    """Sets the gauge of the certificate's end; unknown unless it is in the private key's file."""
    ends = key_file and certificate.ends(key_file)
    metrics.cert_expiry.set((ends - now).total_seconds() if ends else metrics.UNKNOWN)


def observe(session: Session, now: datetime) -> None:
    """Sets the gauges from the rows as they are at `now`. Reads only."""
    for row in session.execute(_STREAMS, {"now": now}):
        metrics.source_lag.labels(row.stream).set(row.lag)
    for row in session.execute(_LAST_SUCCESS):
        metrics.last_success.labels(row.scope).set(row.at)
    metrics.quarantine_rows.clear()
    for row in session.execute(_REJECTED):
        metrics.quarantine_rows.labels("orders", row.code).set(row.rows)
    of = {"now": now, "silent_since": now - runs.SILENT_AFTER, "program": PROGRAM}
    found = session.execute(_OLDEST, of).one()
    metrics.expiry_hold.set(found.hold)
    metrics.outbox_oldest.set(found.outbox or 0)
    metrics.mails_parked.set(found.mails_parked)
    metrics.webhooks_disabled.set(found.webhooks_disabled)
    metrics.webhook_failing.set(found.webhook_failing or 0)
    metrics.queue_oldest.labels("long").set(found.queued or 0)
    metrics.worker_heartbeat.set(metrics.UNKNOWN if found.heartbeat is None else found.heartbeat)
    metrics.jobs_stuck.set(found.stuck)
