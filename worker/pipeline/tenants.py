"""Looking after tenants: adding them, mapping customers, zone and grace, pausing and resuming expiry."""

import re
from dataclasses import astuple, dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import landing
from models.enrollment_changes import Changes, Why
from models.locks import lock_tenant
from models.redating import redate_tenant
from models.staff import StaffAction
from models.tenant import Customer, Tenant
from models.terms import DEFAULT_ZONE, is_time_zone
from worker.errors import NotFound, TermsyncError
from worker.pipeline import expire

GRACE_LIMIT = 366
GUARD_MOST = 1_000_000
KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def known(session: Session, key: str) -> Tenant | None:
    """The tenant the learning platform calls `key`, if there is one."""
    return session.execute(select(Tenant).where(Tenant.key == key)).scalar_one_or_none()


def find(session: Session, key: str) -> Tenant:
    """The tenant the learning platform calls `key`. Raises NotFound."""
    tenant = known(session, key)
    if tenant is None:
        raise NotFound(
            "tenant-unknown",
            f"There is no tenant {key!r}.",
            "See `termsync tenant list`, or add it with `termsync tenant add`.",
        )
    return tenant


def check_mapped(session: Session, key: str) -> None:
    """Raises `tenant-without-customers` for a tenant that no customer is mapped to, NotFound like `find`."""
    tenant = find(session, key)
    if session.execute(select(Customer.id).where(Customer.tenant_id == tenant.id).limit(1)).first() is None:
        raise TermsyncError(
            "tenant-without-customers",
            f"No NetSuite customer is mapped to tenant {key!r}, so it has no orders.",
            f"See `termsync tenant unmatched`, then map one with `termsync tenant map-customer {key} ID`.",
        )


def add(
    session: Session, key: str, name: str, why: Why, time_zone: str = DEFAULT_ZONE, grace_days: int = 0
) -> tuple[Tenant, bool]:
    """Add a tenant, or bring an existing one to these values. Returns (tenant, whether it is new)."""
    check_key(key)
    check_zone(time_zone)
    check_grace(grace_days)
    asked = insert(Tenant).values(key=key, name=name, time_zone=time_zone, grace_days=grace_days)
    new = session.execute(
        asked.on_conflict_do_nothing(index_elements=["key"]).returning(Tenant)
    ).scalar_one_or_none()
    if new is not None:
        _note(session, why, "tenant added", new, name=name, time_zone=time_zone, grace_days=grace_days)
        return new, True
    tenant = find(session, key)
    change(session, tenant.id, why, name=name, time_zone=time_zone, grace_days=grace_days)
    return tenant, False


def change(
    session: Session,
    tenant_id: int,
    why: Why,
    *,
    name: str | None = None,
    time_zone: str | None = None,
    grace_days: int | None = None,
) -> Changes:
    """Change name, zone or grace; a new zone or grace re-dates every enrollment of the tenant with it."""
    tenant = lock_tenant(session, tenant_id)
    before = (tenant.name, tenant.time_zone, tenant.grace_days)
    done = expire.catch_up(session, tenant, why)
    if name is not None:
        tenant.name = name
    if time_zone is not None:
        check_zone(time_zone)
        tenant.time_zone = time_zone
    if grace_days is not None:
        check_grace(grace_days)
        tenant.grace_days = grace_days
    after = (tenant.name, tenant.time_zone, tenant.grace_days)
    if after == before:
        return done
    session.flush()
    _note(session, why, "tenant changed", tenant, before=list(before), after=list(after))
    if after[1:] == before[1:]:
        return done
    return done + redate_tenant(session, tenant, why)


def map_customer(session: Session, tenant_id: int, customer_id: int, why: Why) -> int:
    """Map a NetSuite customer to the tenant; all of its landed orders are due at once. Returns how many.

    Raises `customer-mapped-elsewhere` when another tenant has it: unmap it there first.
    """
    landing.lock_mapping(session)
    session.execute(insert(Customer).values(id=customer_id).on_conflict_do_nothing())
    customer = session.execute(select(Customer).where(Customer.id == customer_id).with_for_update()).scalar_one()
    if customer.tenant_id == tenant_id:
        return 0
    if customer.tenant_id is not None:
        owner = session.get_one(Tenant, customer.tenant_id)
        raise TermsyncError(
            "customer-mapped-elsewhere",
            f"NetSuite customer {customer_id} is mapped to tenant {owner.key!r} already; nothing was changed.",
            "Take it away on that tenant's page first, or with"
            f" `termsync tenant unmap-customer {owner.key} {customer_id}`.",
        )
    customer.tenant_id, customer.mapped_at, customer.mapped_by = tenant_id, why.now, why.actor
    session.flush()
    _note(session, why, "customer mapped", session.get_one(Tenant, tenant_id), customer=customer_id)
    return landing.due_again(session, [customer_id])


def unmap_customer(session: Session, tenant_id: int, customer_id: int, why: Why) -> int:
    """Take a customer from the tenant. Its orders stay, flagged as moved, and expire nobody. Returns how many."""
    landing.lock_mapping(session)
    customer = session.execute(
        select(Customer).where(Customer.id == customer_id, Customer.tenant_id == tenant_id).with_for_update()
    ).scalar_one_or_none()
    if customer is None:
        raise NotFound(
            "customer-not-mapped",
            f"NetSuite customer {customer_id} is not mapped to this tenant.",
            "See the mapped customers with `termsync tenant list`.",
        )
    customer.tenant_id = customer.mapped_at = customer.mapped_by = None
    session.flush()
    _note(session, why, "customer unmapped", session.get_one(Tenant, tenant_id), customer=customer_id)
    return landing.due_again(session, [customer_id])


def pause(session: Session, tenant_id: int, why: Why, reason: str, until: datetime | None = None) -> None:
    """From now on nobody of the tenant becomes X, nor reads as X. What expired before is written down first."""
    tenant = lock_tenant(session, tenant_id)
    expire.catch_up(session, tenant, why)
    if tenant.paused_at is None:
        tenant.paused_at = why.now
    tenant.paused_by, tenant.pause_reason, tenant.pause_until = why.actor, reason, until
    _note(session, why, "expiry paused", tenant, reason=reason, until=until and until.isoformat())


def resume(session: Session, tenant_id: int, why: Why) -> Changes:
    """End a pause: what passed during it expires now, with now as the time of expiry."""
    tenant = lock_tenant(session, tenant_id)
    done = expire.catch_up(session, tenant, why)  # a pause whose own end has come ended then, not now
    if tenant.paused_at is None:
        return done
    expire.end_pause(tenant)
    session.flush()
    _note(session, why, "expiry resumed", tenant)
    return done + expire.catch_up(session, tenant, why, released_at=why.now)


@dataclass(frozen=True, slots=True)
class GuardLimits:
    """A tenant's own limits of the guard, as fractions of one where they are shares. None: the installation's."""

    people: int | None = None
    people_share: Decimal | None = None
    orders: int | None = None
    orders_share: Decimal | None = None


def guard_of(tenant: Tenant) -> GuardLimits:
    """The limits that the tenant has of its own."""
    return GuardLimits(tenant.guard_min, tenant.guard_share, tenant.guard_orders_min, tenant.guard_orders_share)


def set_guard(session: Session, tenant_id: int, limits: GuardLimits, why: Why) -> bool:
    """Give the tenant these limits from the next reconciling on. Returns whether they are others than before.

    Raises `guard-limit-out-of-range`.
    """
    _check_guard(limits)
    tenant = lock_tenant(session, tenant_id)
    before = guard_of(tenant)
    if limits == before:
        return False
    tenant.guard_min, tenant.guard_share = limits.people, limits.people_share
    tenant.guard_orders_min, tenant.guard_orders_share = limits.orders, limits.orders_share
    session.flush()
    words = [[None if value is None else str(value) for value in astuple(values)] for values in (before, limits)]
    _note(session, why, "guard changed", tenant, before=words[0], after=words[1])
    return True


def _check_guard(limits: GuardLimits) -> None:
    for count in (limits.people, limits.orders):
        if count is not None and not 0 <= count <= GUARD_MOST:
            raise _guard_out_of_range(f"{count:,}", f"a whole number from 0 to {GUARD_MOST:,}")
    for share in (limits.people_share, limits.orders_share):
        if share is not None and not 0 <= share <= 1:
            raise _guard_out_of_range(f"{share * 100:f} %", "a share from 0 to 100 %")


def _guard_out_of_range(value: str, allowed: str) -> TermsyncError:
    return TermsyncError(
        "guard-limit-out-of-range",
        f"{value} cannot be a limit of the guard.",
        f"Give {allowed}, or nothing for the installation's own.",
    )


def check_pause_end(until: datetime | None, now: datetime) -> None:
    """Raises `pause-until-past` for an end that has passed."""
    if until is not None and until <= now:
        raise TermsyncError(
            "pause-until-past",
            f"{until:%Y-%m-%d %H:%M %Z} has passed.",
            "Give an instant in the future, or none for a pause until somebody ends it.",
        )


def check_key(key: str) -> None:
    """Raises `tenant-key-invalid` for a key the database would refuse."""
    if not KEY.fullmatch(key):
        raise TermsyncError(
            "tenant-key-invalid",
            f"{key!r} cannot be the key of a tenant.",
            "Use up to 100 letters, digits, dots, dashes and underscores; begin with a letter or digit.",
        )


def check_zone(time_zone: str) -> None:
    """Raises `time-zone-unknown` for a name the tz database does not have."""
    if not is_time_zone(time_zone):
        raise TermsyncError(
            "time-zone-unknown",
            f"{time_zone!r} is not a time zone.",
            "Use a name of the tz database, for example America/New_York or Europe/Berlin.",
        )


def check_grace(grace_days: int) -> None:
    """Raises `grace-out-of-range` for anything but 0 to 366 days."""
    if not 0 <= grace_days <= GRACE_LIMIT:
        raise TermsyncError(
            "grace-out-of-range",
            f"Grace of {grace_days} days is out of range.",
            f"Give a number of days from 0 to {GRACE_LIMIT}.",
        )


def _note(session: Session, why: Why, action: str, tenant: Tenant, **detail: object) -> None:
    reason = detail.pop("reason", None)
    session.add(
        StaffAction(
            at=why.now,
            actor=why.actor,
            action=action,
            subject=f"tenant {tenant.key}",
            reason=None if reason is None else str(reason),
            detail=detail,
        )
    )
