"""Accepted orders of one tenant, by number: what the API lists."""

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

Row = dict[str, Any]

_COLUMNS = """
select p.*, coalesce(n.enrolled, 0) as enrolled, coalesce(n.expired, 0) as expired, coalesce(n.people, 0) as people
from page p left join lateral (
    select count(*) filter (where s.status = 'E') as enrolled, count(*) filter (where s.status = 'X') as expired,
        count(*) as people
    from enrollment e join tenant t on t.id = e.tenant_id
    cross join lateral (select status_at(e.status, e.boundary, t.paused_at, t.pause_until, :now) as status) s
    where e.sales_order_id = p.id and e.tenant_id = :tenant_id
) n on true
order by p.number, p.id
"""
_ORDER = """
select o.id, o.number, o.customer_id, c.name as customer_name, o.status, o.term_start, o.term_end, o.flag,
    o.flagged_at, o.modified_at, o.accepted_at
from sales_order o left join customer c on c.id = o.customer_id
where o.tenant_id = :tenant_id
"""
_PAGE = text(f"""
with page as (
    {_ORDER} and (cast(:number as text) is null or (o.number, o.id) > (:number, cast(:id as bigint)))
        and (not :flagged or o.flag is not null)
    order by o.number, o.id limit :limit
) {_COLUMNS}
""")
_BY_NUMBER = text(f"with page as ({_ORDER} and o.number = :number) {_COLUMNS}")


def page(
    session: Session,
    tenant_id: int,
    now: datetime,
    *,
    after: tuple[str, int] | None = None,
    flagged: bool = False,
    limit: int = 100,
) -> list[Row]:
    """Orders behind the (number, id) `after`, with their people as they read at `now`; flagged ones or all."""
    number, order_id = after or (None, None)
    parameters = {"number": number, "id": order_id, "flagged": flagged, "limit": limit}
    return _rows(session, _PAGE, tenant_id=tenant_id, now=now, **parameters)


def by_number(session: Session, tenant_id: int, number: str, now: datetime) -> list[Row]:
    """The tenant's orders of this number: one, unless two were given the same."""
    return _rows(session, _BY_NUMBER, tenant_id=tenant_id, now=now, number=number)


def _rows(session: Session, query: Any, **parameters: object) -> list[Row]:
    return [dict(row) for row in session.execute(query, parameters).mappings()]
