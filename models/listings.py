"""What people list: tenants, customers without a tenant, holds, runs, rejected rows. Rows of plain values."""

from datetime import datetime
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

Row = dict[str, Any]


def _rows(session: Session, query: TextClause, **parameters: object) -> list[Row]:
    return [dict(row) for row in session.execute(query, parameters).mappings()]


_TENANTS = text("""
select t.key, t.name, t.time_zone, t.grace_days, t.paused_at, t.paused_by, t.pause_reason, t.pause_until,
    array(select c.id from customer c where c.tenant_id = t.id order by c.id) as customers,
    (select count(*) from sales_order o where o.tenant_id = t.id) as orders,
    (select count(*) from sales_order o where o.tenant_id = t.id and o.flag is not null) as flagged,
    coalesce(n.enrolled, 0) as enrolled, coalesce(n.expired, 0) as expired,
    coalesce(n.unenrolled, 0) as unenrolled,
    (select h.id from hold h where h.tenant_id = t.id and h.state = 'open') as hold
from tenant t
left join (
    select e.tenant_id, count(*) filter (where s.status = 'E') as enrolled,
        count(*) filter (where s.status = 'X') as expired, count(*) filter (where s.status = 'U') as unenrolled
    from enrollment e join tenant t on t.id = e.tenant_id
    cross join lateral (select status_at(e.status, e.boundary, t.paused_at, t.pause_until, :now) as status) s
    group by e.tenant_id
) n on n.tenant_id = t.id
order by t.key
""")


def tenants(session: Session, now: datetime) -> list[Row]:
    """Every tenant with its customers, orders and how many of its enrollments read as E, X and U at `now`."""
    return _rows(session, _TENANTS, now=now)


_UNMATCHED = text("""
select c.id as customer, c.name, count(*) as orders, min(l.first_seen_at) as waiting_since,
    max(l.term_end) as latest_term_end, (array_agg(l.number order by l.order_id desc))[1:3] as numbers
from customer c join landing_order l on l.customer_id = c.id
where c.tenant_id is null and l.gone is null and l.reject_code is null
group by c.id order by min(l.first_seen_at), c.id limit :limit
""")


def unmatched(session: Session, limit: int = 1000) -> list[Row]:
    """NetSuite customers that have orders and no tenant, those that wait longest first."""
    return _rows(session, _UNMATCHED, limit=limit)


_HOLDS = text("""
select h.id, t.key as tenant, t.name as tenant_name, t.time_zone, h.state, h.rule, h.reason,
    h.would_expire, h.enrolled,
    (select count(*) from hold_item i where i.hold_id = h.id) as changes,
    h.opened_at, h.run_id, h.decided_at, h.decided_by, h.decision_reason
from hold h join tenant t on t.id = h.tenant_id
where (cast(:hold_id as bigint) is null or h.id = :hold_id) and (:decided or h.state = 'open')
order by h.state <> 'open', h.id desc limit :limit
""")


def holds(session: Session, *, decided: bool = False, limit: int = 100) -> list[Row]:
    """Open holds, newest first; with `decided` also the closed ones after them."""
    return _rows(session, _HOLDS, hold_id=None, decided=decided, limit=limit)


def hold(session: Session, hold_id: int) -> Row | None:
    """One hold, open or decided."""
    found = _rows(session, _HOLDS, hold_id=hold_id, decided=True, limit=1)
    return found[0] if found else None


_HOLD_ITEMS = text("""
select number, order_id, customer_id, status, term_end_before, term_end, flag, would_expire
from hold_item where hold_id = :hold_id order by would_expire desc, order_id limit :limit
""")


def hold_items(session: Session, hold_id: int, limit: int = 1000) -> list[Row]:
    """The changes a hold lists, those that expire most people first."""
    return _rows(session, _HOLD_ITEMS, hold_id=hold_id, limit=limit)


_RUNS = text("""
select r.id, r.kind, r.scope, r.dry_run, r.state, r.outcome, r.asked_by, r.asked_at, r.started_at, r.finished_at,
    r.counts, r.progress, r.error_code, r.error_detail, r.stop_requested, r.attempts, w.host, w.pid
from sync_run r left join worker_process w on w.id = r.worker_id and r.state = 'running'
where (cast(:run_id as bigint) is null or r.id = :run_id)
    and (cast(:state as text) is null or r.state = :state)
order by r.id desc limit :limit
""")


def runs(session: Session, *, state: str | None = None, limit: int = 20) -> list[Row]:
    """The latest runs, newest first, of one state or of all."""
    return _rows(session, _RUNS, run_id=None, state=state, limit=limit)


def run(session: Session, run_id: int) -> Row | None:
    """One run."""
    found = _rows(session, _RUNS, run_id=run_id, state=None, limit=1)
    return found[0] if found else None


_REJECTS = text("""
select code, order_id, customer_id, number, detail, since, payload from (
    select l.reject_code as code, l.order_id, l.customer_id,
        (select min(o.number) from sales_order o where o.id = l.order_id) as number,
        l.reject_detail as detail, l.read_at as since, l.payload
    from landing_order l where l.reject_code is not null
    union all
    select code, null, null, null, detail, first_seen_at, payload from parked_row
) r
where cast(:code as text) is null or code = :code
order by since desc, order_id limit :limit
""")


def rejects(session: Session, *, code: str | None = None, limit: int = 100) -> list[Row]:
    """Rows NetSuite sent that could not be used, newest first, with the text it sent."""
    return _rows(session, _REJECTS, code=code, limit=limit)


_REJECT_CODES = text("""
select code, count(*) as rows from (
    select reject_code as code from landing_order where reject_code is not null
    union all select code from parked_row
) r group by code order by count(*) desc, code
""")


def reject_codes(session: Session) -> list[Row]:
    """How many rows are rejected or parked, by reason."""
    return _rows(session, _REJECT_CODES)
