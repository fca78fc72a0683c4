"""Sales orders twice over: what NetSuite last said (landing) and what learners feel (accepted)."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id


class Flag(StrEnum):
    """Why an accepted order waits for a review. None of these expires anybody by itself."""

    CANCELLED = "cancelled"
    DELETED = "deleted"
    MISSING = "missing"
    MOVED = "moved"


# What NetSuite calls the letters on its own pages.
STATUS_NAMES = {
    "A": "Pending Approval",
    "B": "Pending Fulfillment",
    "C": "Cancelled",
    "D": "Partially Fulfilled",
    "E": "Pending Billing/Partially Fulfilled",
    "F": "Pending Billing",
    "G": "Billed",
    "H": "Closed",
}


class LandingOrder(Base):
    """What NetSuite last said about one order: the item word for word beside the parsed values.

    A rejected row keeps its payload and reason and has no parsed term; the accepted order is untouched by it.
    """

    __tablename__ = "landing_order"
    __table_args__ = (
        CheckConstraint("gone in ('deleted', 'missing')", name="gone_known"),
        CheckConstraint("(gone is null) = (gone_at is null)", name="gone_has_time"),
        CheckConstraint(
            "reject_code is not null or (number is not null and customer_id is not null"
            " and status is not null and modified_at is not null)",
            name="parsed_or_rejected",
        ),
        CheckConstraint("term_end is null or term_start is null or term_start <= term_end", name="term_order"),
        Index("ix_landing_order_rejected", "order_id", postgresql_where=text("reject_code is not null")),
    )

    order_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    customer_id: Mapped[int | None] = mapped_column(index=True)
    number: Mapped[str | None]
    status: Mapped[str | None]
    term_start: Mapped[date | None]
    term_end: Mapped[date | None]
    modified_at: Mapped[datetime | None]
    # False: the row came without a readable time; `modified_at` is then the last that was known, at the earliest.
    modified_known: Mapped[bool] = mapped_column(server_default=text("true"))
    payload: Mapped[str]
    read_at: Mapped[datetime]
    reject_code: Mapped[str | None]
    reject_detail: Mapped[str | None]
    gone: Mapped[str | None]
    gone_at: Mapped[datetime | None]
    first_seen_at: Mapped[datetime]


class LandingDue(Base):
    """Landing rows a tenant has not yet compared with its accepted order: the mailbox of reconciling.

    An order that moves between tenants is due for both. `hold_id` is set while an open hold lists the row. The
    tenant is copied from a customer or an order that refers to it; a reference of its own would only cost, a
    quarter of the database's time of a first load.
    """

    __tablename__ = "landing_due"
    __table_args__ = (Index("ix_landing_due_free", "tenant_id", postgresql_where=text("hold_id is null")),)

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    order_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hold_id: Mapped[int | None]


class SalesOrder(Base):
    """The accepted order of one tenant. It changes only by accepting a landing row.

    The key holds the tenant, so that an enrollment's foreign key can demand an order of its own tenant, and so
    that an order that moved can stay, flagged, with the people it had. A review counts for the flag it was made
    of: one raised after it (`flagged_at` later than `reviewed_at`) waits for a review of its own.
    """

    __tablename__ = "sales_order"
    __table_args__ = (
        CheckConstraint("flag in ('cancelled', 'deleted', 'missing', 'moved')", name="flag_known"),
        CheckConstraint("(flag is null) = (flagged_at is null)", name="flag_has_time"),
        CheckConstraint("term_end is null or term_start is null or term_start <= term_end", name="term_order"),
        Index("ix_sales_order_flagged", "tenant_id", postgresql_where=text("flag is not null")),
        Index("ix_sales_order_tenant_id_number", "tenant_id", "number"),
        # Orders by when they came in: the first page of their list, and what is asked every second for open pages.
        Index("ix_sales_order_accepted_at", "accepted_at", "id", "tenant_id"),
        # By blocks: a b-tree would cost a first load several times as much.
        Index(
            "ix_sales_order_first_event",
            "first_event",
            postgresql_using="brin",
            postgresql_with={"autosummarize": "on"},
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    customer_id: Mapped[int]
    number: Mapped[str]
    status: Mapped[str]
    term_start: Mapped[date | None]
    term_end: Mapped[date | None]
    flag: Mapped[str | None]
    flagged_at: Mapped[datetime | None]
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[str | None]
    review_reason: Mapped[str | None]
    modified_at: Mapped[datetime]
    accepted_at: Mapped[datetime]
    # When it was first accepted, and the number of that event in the feed; null for those of before there was one.
    created_at: Mapped[datetime | None] = mapped_column(server_default=func.now())
    first_event: Mapped[int | None] = mapped_column(server_default=text("nextval('enrollment_event_id_seq')"))


class SalesOrderEvent(Base):
    """One accepted change of an order that was already accepted: what it was, what it became, by whom.

    Numbered by the sequence of `EnrollmentEvent`: events of both tables have one order.
    """

    __tablename__ = "sales_order_event"
    __table_args__ = (
        Index("ix_sales_order_event_order", "order_id", "tenant_id", "id"),
        Index("ix_sales_order_event_run_id_at", "run_id", "at", postgresql_using="brin"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, server_default=text("nextval('enrollment_event_id_seq')"))
    order_id: Mapped[int]
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    at: Mapped[datetime]
    actor: Mapped[str]
    run_id: Mapped[int | None]
    number_before: Mapped[str]
    number_after: Mapped[str]
    status_before: Mapped[str]
    status_after: Mapped[str]
    term_start_before: Mapped[date | None]
    term_start_after: Mapped[date | None]
    term_end_before: Mapped[date | None]
    term_end_after: Mapped[date | None]
    flag_before: Mapped[str | None]
    flag_after: Mapped[str | None]


class ParkedRow(Base):
    """A row NetSuite sent that names no order, so that it cannot be landed; kept for a person to look at."""

    __tablename__ = "parked_row"
    __table_args__ = (Index("uq_parked_row_payload", text("md5(payload)"), unique=True),)

    id: Mapped[Id]
    code: Mapped[str]
    detail: Mapped[str]
    payload: Mapped[str]
    run_id: Mapped[int | None]
    first_seen_at: Mapped[datetime] = mapped_column(server_default=func.now())


class RejectCare(Base):
    """What was done about one rejected or parked row: retries, and what people decided.

    It belongs to the rejection of the instant `since` (when the row that is in place was read): once NetSuite
    sends something else, good or bad, it no longer counts. `retry_at` null: not asked for again by itself.
    Landing rows are never deleted, so the order needs no reference, which would cost each page of a pull.
    """

    __tablename__ = "reject_care"
    __table_args__ = (
        CheckConstraint("num_nonnulls(order_id, parked_id) = 1", name="one_row"),
        CheckConstraint("(ignored_at is null) = (ignored_by is null)", name="ignored_by_somebody"),
    )

    id: Mapped[Id]
    order_id: Mapped[int | None] = mapped_column(unique=True)
    parked_id: Mapped[int | None] = mapped_column(ForeignKey("parked_row.id", ondelete="CASCADE"), unique=True)
    since: Mapped[datetime]
    retries: Mapped[int] = mapped_column(server_default=text("0"))
    retried_at: Mapped[datetime | None]
    retry_at: Mapped[datetime | None]
    ignored_at: Mapped[datetime | None]
    ignored_by: Mapped[str | None]
    ignore_reason: Mapped[str | None]
    assigned_to: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
