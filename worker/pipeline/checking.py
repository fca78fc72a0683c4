"""The nightly check: what is worked out and kept is worked out anew, so that nothing can stay wrong for long."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from models import boundaries
from models.enrollment_changes import NOTHING, Changes, Why
from models.locks import lock_tenant
from models.redating import redate_tenant
from models.tenant import Tenant
from worker import clock
from worker.pipeline import expire

ACTOR = "check"


@dataclass(frozen=True, slots=True)
class Corrected:
    """What the check had to correct. `redated` follows a new release of the tz database; `reopened` is a fault."""

    redated: Changes = NOTHING
    reopened: int = 0


def check_tenants(sessions: sessionmaker[Session]) -> Corrected:
    """Work out every boundary again, and see that each E will be found by the sweep. One transaction a tenant."""
    redated, reopened = NOTHING, 0
    with sessions() as session:
        tenant_ids = list(session.execute(select(Tenant.id).order_by(Tenant.id)).scalars())
    for tenant_id in tenant_ids:
        with sessions.begin() as session:
            why = Why(ACTOR, clock.now(session))
            tenant = lock_tenant(session, tenant_id)
            expire.catch_up(session, tenant, why)
            redated += redate_tenant(session, tenant, why)
            reopened += boundaries.reopen(session, tenant_id)
    return Corrected(redated, reopened)
