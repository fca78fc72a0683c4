"""Which sales orders staff may assign: those of the tenant that are alive and whose term has not ended."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.tenant import Tenant
from models.terms import today

# Null for an order that may be chosen, else why not. Billed and closed are paperwork.
OBSTACLE = """case
    when o.flag is not null then 'is ' || o.flag
    when o.status = 'A' then 'is pending approval'
    when o.term_end + cast(:grace_days as int) < :today then 'ended on ' || o.term_end
end"""

_COLUMNS = f"""
select o.id, o.number, o.term_start, o.term_end, coalesce(o.term_start > :today, false) as starts_later,
    {OBSTACLE} as obstacle
from sales_order o
"""
_SELECTABLE = text(f"""
{_COLUMNS}
where o.tenant_id = :tenant_id and {OBSTACLE} is null and o.number ilike :number
order by o.term_end desc nulls first, o.number, o.id limit :limit
""")
_ONE = text(f"{_COLUMNS} where o.tenant_id = :tenant_id and o.id = :order_id")


@dataclass(frozen=True, slots=True)
class OrderChoice:
    """An order as somebody chooses it. `obstacle` says why it may not be chosen, as the end of a sentence."""

    id: int
    number: str
    term_start: date | None
    term_end: date | None
    starts_later: bool
    obstacle: str | None


def like(part: str) -> str:
    """A pattern for LIKE that finds `part` anywhere, its own % and _ taken as they are."""
    escaped = part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def selectable_orders(
    session: Session, tenant: Tenant, now: datetime, number: str = "", limit: int = 100
) -> list[OrderChoice]:
    """Orders of the tenant that may be assigned now and have `number` in theirs, those that end last first."""
    parameters = {"number": like(number), "limit": limit, **_parameters(tenant, now)}
    return [OrderChoice(*row) for row in session.execute(_SELECTABLE, parameters)]


def order_choice(session: Session, tenant: Tenant, order_id: int, now: datetime) -> OrderChoice | None:
    """One order of the tenant, with what stands in the way of choosing it; None for any other order."""
    row = session.execute(_ONE, {"order_id": order_id, **_parameters(tenant, now)}).one_or_none()
    return None if row is None else OrderChoice(*row)


def _parameters(tenant: Tenant, now: datetime) -> dict[str, object]:
    return {
        "tenant_id": tenant.id,
        "grace_days": tenant.grace_days,
        "today": today(now, tenant.time_zone),
    }
