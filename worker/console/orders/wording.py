"""What an order's marks, its term and its history are called on pages."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from models.order_listing import COUNTED
from models.sales_order import STATUS_NAMES
from models.terms import has_ended, today
from worker.pages.words import day

# What a mark is called, and what it means for the people on the order.
MARKS: dict[str, tuple[str, str]] = {
    "cancelled": ("Cancelled", "NetSuite says that the order is cancelled. Nobody was expired by that."),
    "deleted": ("Deleted", "NetSuite has deleted the order. Nobody was expired by that."),
    "missing": ("Missing", "NetSuite no longer shows the order, and did not say why. Nobody was expired by that."),
    "moved": ("Moved", "In NetSuite the order belongs to a customer that is not this tenant's."),
    "rejected": (
        "Row rejected",
        "What NetSuite last sent could not be used; the term accepted before stays in force.",
    ),
    "held": ("Held", "A change waits for approval, because it would take access from many people at once."),
}
ANY_FLAG = "Any of: cancelled, deleted, missing, moved"
SOON = 30  # days


def status_name(letter: str | None) -> str:
    """`Pending Fulfillment`; a letter NetSuite has added since is shown as it is."""
    return STATUS_NAMES.get(letter or "", letter or "–")


def marks(row: Mapping[str, Any]) -> list[str]:
    """The marks of a row of the list, its flag first."""
    found = [row["flag"]] if row["flag"] else []
    found += ["rejected"] if row["reject_code"] else []
    return found + (["held"] if row["hold_id"] else [])


def at_least(number: int, more: bool) -> str:
    """`1,200`, and `9,800+` when there may be more than were counted."""
    return f"{min(number, COUNTED):,}{'+' if more else ''}"


def enrollments(number: int, more: bool) -> str:
    """`1 enrollment`, `1,200 enrollments`, `9,800+ enrollments`."""
    return f"{at_least(number, more)} enrollment{'' if number == 1 and not more else 's'}"


def term(start: date | None, end: date | None) -> str:
    """`1 Jan 2026 to 31 Dec 2026`, `until 31 Dec 2026`, `from 1 Jan 2026` or `no term`."""
    if start is not None and end is not None:
        return f"{day(start)} to {day(end)}"
    if start is None and end is None:
        return "no term"
    return f"from {day(start)}" if end is None else f"until {day(end)}"


def term_state(row: Mapping[str, Any], now: datetime) -> str:
    """How the term stands in the tenant's zone: `ended`, `ends in 12 days`, `starts tomorrow` or nothing."""
    end, start, here = row["term_end"], row["term_start"], today(now, row["time_zone"])
    if end is not None and has_ended(end, now, row["time_zone"], row["grace_days"]):
        return "ended"
    if start is not None and start > here:
        return f"starts {_in_days((start - here).days)}"
    if end is None:
        return "" if start is None else "no end date"
    left = (end - here).days
    if left < 0:
        return "in its grace days"
    return f"ends {_in_days(left)}" if left <= SOON else ""


def _in_days(days: int) -> str:
    return {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")
