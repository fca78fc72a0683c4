"""The weekly list of orders that end while people are on them, as mails to staff with a CSV file."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from models import mailing
from models.ending import EndingOrder, ending
from worker.cells import write_csv
from worker.errors import NotFound
from worker.logs import get_logger
from worker.pipeline import tenants
from worker.pipeline.mail_text import table
from worker.settings import Settings, entries

log = get_logger(__name__)

KIND = "digest"
WINDOWS = (7, 30, 60)  # days
SHOWN = 20  # orders of a window in the text; the file has all
PAUSED = "Where it says paused, nobody loses access while expiry is paused; the last day counts when it goes on."
HEADER = (
    "Tenant",
    "Name",
    "Order",
    "Customer",
    "Last day",
    "Days left",
    "Within days",
    "People",
    "Flag",
    "Later order",
    "Later order ends",
    "Expiry",
)


class Reader(NamedTuple):
    """Who gets the list, of one tenant or (None) of all."""

    address: str
    tenant: str | None


def readers(setting: str | None) -> list[Reader]:
    """Who TERMSYNC_DIGEST_TO names: `address` for all tenants, `KEY=address` for one."""
    parted = (entry.rpartition("=") for entry in entries(setting))
    return [Reader(address, key or None) for key, _, address in parted]


def write(session: Session, settings: Settings, now: datetime) -> int:
    """Put the mails of this week in, each once, whoever else does so. Returns how many are new."""
    written = 0
    for reader in readers(settings.digest_to):
        try:
            written += _write(session, reader, settings.web_url, now)
        except NotFound:  # the tenant; the others get theirs
            log.warning("digest-not-written", tenant=reader.tenant, code="digest-recipient-invalid")
    return written


def _write(session: Session, reader: Reader, web_url: str | None, now: datetime) -> int:
    tenant = None if reader.tenant is None else tenants.find(session, reader.tenant)
    orders = ending(session, now, WINDOWS[-1], None if tenant is None else tenant.id)
    people = sum(order.people for order in orders)
    year, week, _ = now.isocalendar()
    made = mailing.put(
        session,
        tenant_id=None if tenant is None else tenant.id,
        recipient=reader.address,
        kind=KIND,
        subject=f"{'All tenants' if tenant is None else tenant.name}: {len(orders):,} orders end within"
        f" {WINDOWS[-1]} days, {people:,} people on them",
        body=_text(orders, web_url, whole=tenant is None),
        attachment_name=f"ending-orders-{now:%Y-%m-%d}.csv",
        attachment=_file(orders),
        once_key=f"digest:{year}-W{week:02}:{reader.tenant or ''}:{reader.address}",
        queued_by="schedule",
    )
    return int(made is not None)


def _window(order: EndingOrder) -> int:
    return next(days for days in WINDOWS if order.days_left <= days)


def _text(orders: Sequence[EndingOrder], web_url: str | None, *, whole: bool) -> str:
    if not orders:
        return f"No order with people on it ends within {WINDOWS[-1]} days.\n"
    parts = ["These people lose access on the last day below, unless they are moved to a later order before."]
    if any(order.paused for order in orders):
        parts.append(PAUSED)
    for days in WINDOWS:
        found = [order for order in orders if _window(order) == days]
        parts.append(_part(days, found, whole))
    where = (
        f"{web_url.rstrip('/')}/console/attention/ending" if web_url else "Attention, Ending soon, in the console"
    )
    parts.append(f"The file has all of them. To move people: {where}.")
    return "\n\n".join(parts) + "\n"


def _part(days: int, orders: Sequence[EndingOrder], whole: bool) -> str:
    if not orders:
        return f"Within {days} days: none."
    people = sum(order.people for order in orders)
    head = ("Last day", "People", "Order", *(("Tenant",) if whole else ()), "Later order")
    lines = [
        (
            f"{order.last_day} ({_expiry(order)})" if order.paused else f"{order.last_day}",
            f"{order.people:,}",
            order.number,
            *((order.tenant_name,) if whole else ()),
            order.renewal or "none yet",
        )
        for order in orders[:SHOWN]
    ]
    more = f"\nand {len(orders) - SHOWN:,} more in the file" if len(orders) > SHOWN else ""
    return f"Within {days} days: {len(orders):,} orders, {people:,} people\n{table(head, lines)}{more}"


def _file(orders: Sequence[EndingOrder]) -> bytes:
    file = io.BytesIO()
    write_csv(file, HEADER, (_line(order) for order in orders))
    return file.getvalue()


def _line(order: EndingOrder) -> tuple[object, ...]:
    return (
        order.tenant,
        order.tenant_name,
        order.number,
        order.customer,
        order.last_day,
        order.days_left,
        _window(order),
        order.people,
        order.flag,
        order.renewal,
        order.renewal_end,
        _expiry(order),
    )


def _expiry(order: EndingOrder) -> str:
    """What the order's last day does to its people."""
    if not order.paused:
        return "on"
    until = order.pause_until
    return "paused" if until is None else f"paused until {until.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
