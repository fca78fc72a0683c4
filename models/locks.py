"""The write lock of a tenant: one writer a tenant at a time, readers never wait."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.tenant import Tenant


def lock_tenant(session: Session, tenant_id: int) -> Tenant:
    """Wait for the tenant's write lock, held until the transaction ends, and read the tenant under it.

    Raises `sqlalchemy.exc.NoResultFound` for an unknown tenant.
    """
    query = select(Tenant).where(Tenant.id == tenant_id).with_for_update(key_share=True)
    return session.execute(query, execution_options={"populate_existing": True}).scalar_one()


def lock_free_tenants(session: Session, tenant_ids: Sequence[int]) -> list[Tenant]:
    """Lock those of `tenant_ids` that nobody else is writing; the others are left for the next look."""
    query = (
        select(Tenant)
        .where(Tenant.id.in_(tenant_ids))
        .order_by(Tenant.id)
        .with_for_update(key_share=True, skip_locked=True)
    )
    return list(session.execute(query, execution_options={"populate_existing": True}).scalars())
