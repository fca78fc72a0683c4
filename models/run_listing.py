"""Runs as people look them up: the latest that match, and what one of them left behind."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

Row = dict[str, Any]

# Runs looked through for one page. A pull of changes every few seconds that finds nothing fills thousands of rows;
# whoever looks for something further back goes on from where the page ended.
LOOKED_THROUGH = 5000


@dataclass(frozen=True, slots=True)
class RunSearch:
    """Which runs. Empty or None: any. `words` are looked for in scope and person; `idle` shows the pulls of what
    changed that found nothing, which are most.
    """

    state: str = ""
    kind: str = ""
    words: str = ""
    idle: bool = False
    since: datetime | None = None
    until: datetime | None = None


_IDLE = """(r.state = 'done' and r.outcome = 'ok' and r.scope = 'incremental' and not r.dry_run and not exists (
    select from jsonb_each(r.counts) c where c.key not in ('pages', 'read', 'api_calls') and c.value <> '0'))"""
_COLUMNS = """
    r.id, r.kind, r.scope, r.dry_run, r.state, r.outcome, r.asked_by, r.asked_at, r.started_at, r.finished_at,
    r.not_before, r.counts, r.error_code, r.error_detail, r.stop_requested, r.attempts
"""
_PAGE = text(f"""
select {_COLUMNS} from (
    select * from sync_run
    where cast(:before as bigint) is null or id < :before order by id desc limit {LOOKED_THROUGH}
) r
where (:state = '' or r.state = :state or r.outcome = :state) and (:kind = '' or r.kind = :kind)
    and (:words = '' or strpos(lower(r.scope), lower(:words)) > 0 or strpos(lower(r.asked_by), lower(:words)) > 0)
    and (cast(:since as timestamptz) is null or r.asked_at >= :since)
    and (cast(:until as timestamptz) is null or r.asked_at < :until)
    and (:idle or not {_IDLE})
order by r.id desc limit :limit
""")
_EDGE = text(f"""
select min(id) from (
    select id from sync_run
    where cast(:before as bigint) is null or id < :before order by id desc limit {LOOKED_THROUGH}
) r
""")
_OLDEST = text("select min(id) from sync_run")
_ONE = text(f"""
select {_COLUMNS}, r.progress, w.host, w.pid,
    (select count(*) from (select from parked_row p where p.run_id = r.id limit 10001) p) as parked
from sync_run r left join worker_process w on w.id = r.worker_id and r.state = 'running' where r.id = :run_id
""")
_OPEN = text("""
select id, state, stop_requested, md5(counts::text || coalesce(jsonb_array_length(progress -> 'done'), 0)) as at
from sync_run where state in ('queued', 'running') order by id desc limit 50
""")
_NEWEST = text("""
select max(id), max(finished_at) from (select id, finished_at from sync_run order by id desc limit 100) r
""")
_LATEST = text(f"""
select {_COLUMNS}, r.progress from sync_run r
where r.kind = :kind and r.state = 'done' order by r.id desc limit 1
""")
_HOLDS = text("""
select h.id, h.state, t.name as tenant, h.would_expire
from hold h join tenant t on t.id = h.tenant_id
where h.run_id = :run_id and h.rule <> 'undone' order by h.id limit 20
""")
_PARKED = text("""
select code, detail, first_seen_at from parked_row where run_id = :run_id order by id limit :limit
""")


def page(
    session: Session, search: RunSearch, before: int | None = None, limit: int = 25
) -> tuple[list[Row], int | None]:
    """The latest runs that match, from the one before `before` on, and the `before` of the next page if any."""
    parameters = {**asdict(search), "before": before}
    rows = [dict(row) for row in session.execute(_PAGE, {**parameters, "limit": limit + 1}).mappings()]
    if len(rows) > limit:
        return rows[:limit], int(rows[limit - 1]["id"])
    edge = session.execute(_EDGE, parameters).scalar_one()
    oldest = session.execute(_OLDEST).scalar_one()
    return rows, edge if edge is not None and oldest is not None and oldest < edge else None


def latest_of(session: Session, search: RunSearch, most: int) -> list[Row]:
    """The latest `most` runs that match, however far back they are."""
    found, before = page(session, search, None, most)
    while before is not None and len(found) < most:
        rows, before = page(session, search, before, most - len(found))
        found += rows
    return found


def one(session: Session, run_id: int) -> Row | None:
    """One run with its progress, the worker that has it, and how many rows it parked (up to 10,001)."""
    row = session.execute(_ONE, {"run_id": run_id}).mappings().one_or_none()
    return None if row is None else dict(row)


def open_runs(session: Session) -> list[Row]:
    """Runs that wait or are under way, newest first: small, for pages that are open."""
    return [dict(row) for row in session.execute(_OPEN).mappings()]


def newest(session: Session) -> list[Any]:
    """The newest run and the end of the one that ended last among the latest."""
    return list(session.execute(_NEWEST).one())


def latest(session: Session, kind: str) -> Row | None:
    """The latest run of this kind that ended, with its progress."""
    row = session.execute(_LATEST, {"kind": kind}).mappings().one_or_none()
    return None if row is None else dict(row)


def holds_of(session: Session, run_id: int) -> list[Row]:
    """Holds that the run opened."""
    return [dict(row) for row in session.execute(_HOLDS, {"run_id": run_id}).mappings()]


def parked_of(session: Session, run_id: int, limit: int = 20) -> list[Row]:
    """Rows without an order id that came first with this run: why each could not be used."""
    return [dict(row) for row in session.execute(_PARKED, {"run_id": run_id, "limit": limit}).mappings()]
