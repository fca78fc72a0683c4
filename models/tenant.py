"""Tenants, the NetSuite customers mapped to them, and the account this database belongs to."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Numeric, SmallInteger, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id


class Tenant(Base):
    """One client organisation on the learning platform.

    The row is also the tenant's write lock: whoever changes its orders or enrollments first takes it
    `FOR NO KEY UPDATE` (see `models.locks`). Readers never wait for it.
    """

    __tablename__ = "tenant"
    __table_args__ = (
        CheckConstraint("key ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$'", name="key_form"),
        CheckConstraint("grace_days between 0 and 366", name="grace_days_range"),
        CheckConstraint("pause_until is null or paused_at is not null", name="pause_until_needs_pause"),
    )

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    time_zone: Mapped[str] = mapped_column(server_default="America/New_York")
    grace_days: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))

    # Guard thresholds of this tenant; null means the setting of the installation.
    guard_min: Mapped[int | None]
    guard_share: Mapped[Decimal | None] = mapped_column(Numeric(5, 4))
    guard_orders_min: Mapped[int | None]
    guard_orders_share: Mapped[Decimal | None] = mapped_column(Numeric(5, 4))

    paused_at: Mapped[datetime | None]
    paused_by: Mapped[str | None]
    pause_reason: Mapped[str | None]
    pause_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Customer(Base):
    """A NetSuite customer record, known by its internal id. `tenant_id` is its one mapping, or none.

    Orders bring the id alone; the name is looked up afterwards, last at `name_asked_at`, and stays null where
    NetSuite does not tell it.
    """

    __tablename__ = "customer"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str | None]
    name_asked_at: Mapped[datetime | None] = mapped_column(index=True)
    tenant_id: Mapped[int | None] = mapped_column(ForeignKey("tenant.id"), index=True)
    mapped_at: Mapped[datetime | None]
    mapped_by: Mapped[str | None]


class Account(Base):
    """The NetSuite account this database belongs to: at most one row, written by the first run."""

    __tablename__ = "account"
    __table_args__ = (CheckConstraint("only_row", name="one_row"),)

    only_row: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    netsuite_account: Mapped[str]
    bound_at: Mapped[datetime] = mapped_column(server_default=func.now())
