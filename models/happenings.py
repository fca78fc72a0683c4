"""What has happened since somebody looked last, told in groups: who, when, why, to how many."""

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

Row = dict[str, Any]

_ENROLLMENTS = text("""
select max(v.id) as id, max(v.at) as at, t.key as tenant, v.cause, v.actor, v.run_id, v.status,
    v.before ->> 'status' as status_before, v.before is null as is_new, o.number as sales_order,
    count(*) as people, min(u.name) as person
from (select * from enrollment_event where id > :after order by id limit :limit) v
join tenant t on t.id = v.tenant_id
join enrollment e on e.id = v.enrollment_id
join users u on u.id = e.user_id
left join sales_order o on o.id = v.sales_order_id and o.tenant_id = v.tenant_id
group by t.key, v.cause, v.actor, v.run_id, v.status, status_before, is_new, o.number
order by 1
""")
_CHANGED_ORDERS = text("""
select v.id, v.at, t.key as tenant, v.number_after as number, v.actor, v.run_id,
    v.term_end_before, v.term_end_after, v.status_before, v.status_after, v.flag_before, v.flag_after
from sales_order_event v join tenant t on t.id = v.tenant_id
where v.id > :after order by v.id limit :limit
""")
_NEW_ORDERS = text("""
select max(o.accepted_at) as at, t.key as tenant, count(*) as orders, min(o.number) as number,
    min(o.term_end) as term_end
from sales_order o join tenant t on t.id = o.tenant_id
where o.accepted_at > :after and not exists (
    select from sales_order_event v where v.order_id = o.id and v.tenant_id = o.tenant_id)
group by t.key order by 1
""")


def of_enrollments(session: Session, after: int, limit: int = 100_000) -> list[Row]:
    """Events of enrollments behind the one `after`, those of one kind together; `id` is the last of a group."""
    return _rows(session, _ENROLLMENTS, after=after, limit=limit)


def changed_orders(session: Session, after: int, limit: int = 1000) -> list[Row]:
    """Accepted changes of orders behind the one with the id `after`."""
    return _rows(session, _CHANGED_ORDERS, after=after, limit=limit)


def new_orders(session: Session, after: datetime) -> list[Row]:
    """How many orders each tenant accepted for the first time since `after`."""
    return _rows(session, _NEW_ORDERS, after=after)


def _rows(session: Session, query: Any, **parameters: object) -> list[Row]:
    return [dict(row) for row in session.execute(query, parameters).mappings()]
