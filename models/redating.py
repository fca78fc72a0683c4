"""Working out boundaries anew for a whole tenant, after its zone or grace changed."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.boundaries import DAY_MAP, day_map
from models.enrollment_changes import Changes, Why, change
from models.tenant import Tenant

# The last day as `models.terms.last_day` says it: the typed date, else the accepted term end with grace.
LAST_DAY = "coalesce(e.expiration_date, o.term_end + cast(:grace_days as int))"
_ORDER = "left join sales_order o on o.id = e.sales_order_id and o.tenant_id = e.tenant_id"

_DAYS = text(f"""
select distinct {LAST_DAY} from enrollment e {_ORDER} where e.tenant_id = :tenant_id and {LAST_DAY} is not null
""")
_ALL = f"""
    select e.id, e.sales_order_id, e.expiration_date, day_map.boundary, cast(null as char(1)) as ask,
        'tenant_changed' as cause, 'term_ended' as order_cause
    from enrollment e {_ORDER}
    left join {DAY_MAP} on day_map.day = {LAST_DAY}
    where e.tenant_id = :tenant_id
"""


def redate_tenant(session: Session, tenant: Tenant, why: Why) -> Changes:
    """Give every enrollment of the tenant the boundary that its zone and grace say now."""
    parameters = {"tenant_id": tenant.id, "grace_days": tenant.grace_days}
    days = session.execute(_DAYS, parameters).scalars()
    return change(session, _ALL, {**parameters, **day_map(days, tenant.time_zone)}, why)
