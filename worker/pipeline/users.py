"""People of a tenant: found by their key, made client admins."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.enrollment_changes import Why
from models.roster import User
from models.staff import StaffAction
from models.tenant import Tenant
from worker.errors import NotFound


def find(session: Session, tenant: Tenant, key: str) -> User:
    """The user of a tenant with this key on the learning platform, locked. Raises NotFound."""
    asked = select(User).where(User.tenant_id == tenant.id, User.key == key).with_for_update(key_share=True)
    user = session.execute(asked).scalar_one_or_none()
    if user is None:
        raise NotFound(
            "user-unknown",
            f"Tenant {tenant.key} has no user {key!r}.",
            "Users come with `termsync roster import` or the API; check the key.",
        )
    return user


def set_client_admin(session: Session, tenant: Tenant, key: str, client_admin: bool, why: Why) -> User:
    """Make a user an administrator of their tenant, or no longer. Raises NotFound."""
    user = find(session, tenant, key)
    if user.client_admin != client_admin:
        user.client_admin = client_admin
        action = "client admin made" if client_admin else "client admin removed"
        session.add(
            StaffAction(
                at=why.now, actor=why.actor, action=action, subject=f"user {tenant.key}/{user.key}", detail={}
            )
        )
    return user
