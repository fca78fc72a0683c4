"""Cuts of terms that were accepted without asking a person: what the guard adds to what comes next."""

from datetime import date, datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class AcceptedCut(Base):
    """The last time the order's term was cut short unasked: to which end, and how many people the guard counted.

    It counts while it is recent and the order still ends there: changes that come one by one, as a slow import in
    NetSuite makes them, are no less than the same changes at once.
    """

    __tablename__ = "accepted_cut"

    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    order_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    accepted_at: Mapped[datetime]
    term_end: Mapped[date]
    would_expire: Mapped[int]
    cut_short: Mapped[bool]
