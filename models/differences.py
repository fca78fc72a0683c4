"""What one run changed, row by row, read from the history it wrote: the diff that a dry run shows."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

_ORDERS = text("""
select t.key as tenant, t.name as tenant_name, v.number_after as number, v.order_id, v.number_before,
    v.status_before, v.status_after, v.term_start_before, v.term_start_after, v.term_end_before, v.term_end_after,
    v.flag_before, v.flag_after
from sales_order_event v join tenant t on t.id = v.tenant_id
where v.run_id = :run_id order by v.id limit :limit
""")
# Orders this very transaction accepted for the first time write no history yet.
_NEW_ORDERS = text("""
select t.key as tenant, t.name as tenant_name, o.number, o.id as order_id,
    o.status as status_after, o.term_start as term_start_after, o.term_end as term_end_after
from sales_order o join tenant t on t.id = o.tenant_id
where o.xmin = pg_current_xact_id()::xid
    and not exists (select from sales_order_event v
        where v.run_id = :run_id and v.order_id = o.id and v.tenant_id = o.tenant_id)
order by t.key, o.id limit :limit
""")
# Who changes status comes first: a change of zone re-dates everybody.
_ENROLLMENTS = text("""
select t.key as tenant, t.name as tenant_name, t.time_zone, v.enrollment_id as enrollment, u.key as user, u.name,
    c.key as course, cv.title, cv.key as version, v.cause,
    coalesce(v.before ->> 'status', v.status) as status_before, v.status as status_after,
    case when v.before ? 'boundary' then v.before ->> 'boundary' else v.boundary::text end as boundary_before,
    v.boundary::text as boundary_after
from enrollment_event v
join enrollment e on e.id = v.enrollment_id
join tenant t on t.id = e.tenant_id
join users u on u.id = e.user_id
join course_version cv on cv.id = e.course_version_id
join course c on c.id = cv.course_id
where v.run_id = :run_id order by v.before ->> 'status' is not null desc, v.id limit :limit
""")


def of_run(session: Session, run_id: int, limit: int = 1000) -> dict[str, list[dict[str, Any]]]:
    """The changes of a run as rows of plain values, at most `limit` of each kind.

    Inside the transaction of the run also `new_orders`; afterwards those cannot be told from other new orders.
    """
    parts = {"new_orders": _NEW_ORDERS, "changed_orders": _ORDERS, "enrollments": _ENROLLMENTS}
    return {name: _rows(session, query, run_id, limit) for name, query in parts.items()}


def of_ended_run(session: Session, run_id: int, limit: int = 1000) -> dict[str, list[dict[str, Any]]]:
    """The same of a run that has ended, without orders it accepted for the first time."""
    parts = {"changed_orders": _ORDERS, "enrollments": _ENROLLMENTS}
    return {name: _rows(session, query, run_id, limit) for name, query in parts.items()}


def _rows(session: Session, query: Any, run_id: int, limit: int) -> list[dict[str, Any]]:
    rows = session.execute(query, {"run_id": run_id, "limit": limit}).mappings()
    return [{name: _plain(value) for name, value in row.items()} for row in rows]


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, str | int | bool) else str(value)
