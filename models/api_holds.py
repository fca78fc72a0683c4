"""Holds as the API lists them: of all tenants or of one, newest first."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

Row = dict[str, Any]

_PAGE = text("""
select h.id, t.key as tenant, h.state, h.rule, h.reason, h.would_expire, h.enrolled, h.orders, h.opened_at,
    h.decided_at, h.decided_by, h.decision_reason
from hold h join tenant t on t.id = h.tenant_id
where (cast(:tenant_id as bigint) is null or h.tenant_id = :tenant_id)
    and (cast(:state as text) is null or h.state = :state)
    and (cast(:before as bigint) is null or h.id < :before) and (cast(:id as bigint) is null or h.id = :id)
order by h.id desc limit :limit
""")


def page(
    session: Session,
    tenant_id: int | None,
    *,
    state: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Row]:
    """Holds of one tenant or, with None, of all; older than the one `before`."""
    asked = {"tenant_id": tenant_id, "state": state, "before": before, "limit": limit, "id": None}
    return [dict(row) for row in session.execute(_PAGE, asked).mappings()]


def one(session: Session, tenant_id: int | None, hold_id: int) -> Row | None:
    """One hold, in this tenant if one is given."""
    asked = {"tenant_id": tenant_id, "state": None, "before": None, "limit": 1, "id": hold_id}
    row = session.execute(_PAGE, asked).mappings().one_or_none()
    return None if row is None else dict(row)
