"""How far each stream of NetSuite has been read without a gap."""

from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models.sync_run import SyncState


def watermark(session: Session, stream: str) -> datetime | None:
    """How far `stream` has been read without a gap; None before the first whole read."""
    return session.execute(select(SyncState.watermark).where(SyncState.stream == stream)).scalar_one_or_none()


# A stream not read for longer than this leaves a mark: no freshness that is asked for is below it.
GAP = timedelta(minutes=5)

_MOVE = text("""
with gap as (
    insert into freshness_gap (stream, watermark, ended_at)
    select stream, watermark, :now from sync_state
    where stream = :stream and watermark < cast(:now as timestamptz) - :gap and watermark < :watermark
    on conflict do nothing
)
insert into sync_state as s (stream, watermark, run_id, updated_at)
values (:stream, :watermark, :run_id, :now)
on conflict (stream) do update
set watermark = excluded.watermark, run_id = excluded.run_id, updated_at = excluded.updated_at
where excluded.watermark > s.watermark
""")


def move(session: Session, stream: str, to: datetime, run_id: int, now: datetime) -> None:
    """Move the watermark of `stream` forward, never back; a gap it ends is written down."""
    parameters = {"stream": stream, "watermark": to, "run_id": run_id, "now": now, "gap": GAP}
    session.execute(_MOVE, parameters)
