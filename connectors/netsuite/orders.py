"""Values that come out of the sales-order reader."""

from datetime import date, datetime
from typing import NamedTuple


class OrderRow(NamedTuple):
    """One sales order as NetSuite last said it.

    `status` is one letter (A to H are known). `modified_at` is aware UTC with whole seconds: the later of header
    and lines when line fields are mapped. `payload` is the JSON text of the row, word for word; it may hold any
    JSON escape, so store it as text, not as jsonb.
    """

    order_id: int
    number: str
    customer_id: int
    status: str
    term_start: date | None
    term_end: date | None
    modified_at: datetime
    payload: str


class RejectedRow(NamedTuple):
    """A row that cannot be used: what could be read of it, the code (see codes.py) and what is wrong."""

    order_id: int | None
    customer_id: int | None
    modified_at: datetime | None
    code: str
    detail: str
    payload: str
    """At most 64,000 characters."""


class Cursor(NamedTuple):
    """The last row read of a changed-orders read; the next read starts right behind it."""

    modified_at: datetime
    order_id: int


class IdRange(NamedTuple):
    """Internal ids from `low` (exclusive) to `high` (inclusive; None = no end)."""

    low: int
    high: int | None


class OrderPage(NamedTuple):
    """One answer.

    `low`, `high`: this page holds every order with an id in (low, high] (`high` None: and everything above); only
    for reads by id range. `cursor`: the last row, only for changed-orders reads; None when the page is empty.
    `read_at`: when the request was sent, by this machine's clock.
    """

    orders: list[OrderRow]
    rejected: list[RejectedRow]
    low: int | None
    high: int | None
    cursor: Cursor | None
    last: bool
    read_at: datetime


class Deletion(NamedTuple):
    """A sales order NetSuite says was deleted, and when (aware UTC)."""

    order_id: int
    deleted_at: datetime
