"""Runs in words."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from markupsafe import Markup

from models.sales_order import STATUS_NAMES
from worker.pages.words import NONE, day, instant, time_tag
from worker.pipeline.scope import parse_instant
from worker.pipeline.tenant_change import TenantChange

# What a state is called, and how it is marked.
STATES: dict[str, tuple[str, str]] = {
    "queued": ("Waiting", "waiting"),
    "running": ("Running", "running"),
    "ok": ("Done", "good"),
    "errors": ("Done, rows rejected", "late"),
    "held": ("Done, changes held", "late"),
    "paused": ("Done, expiry paused", "late"),
    "failed": ("Failed", "bad"),
    "stopped": ("Stopped", "late"),
    "quarantined": ("Set aside", "bad"),
}
KINDS = {
    "pull": "Pull from NetSuite",
    "edit": "Bulk edit",
    "undo": "Undo",
    "tenant": "Change of a tenant",
    "fields": "Check of the fields",
}
# What is counted, in the order in which people ask for it.
COUNTS = {
    "read": "Orders read",
    "landed_new": "New",
    "landed_changed": "Changed",
    "unchanged": "Unchanged",
    "rejected": "Rejected",
    "parked": "Parked without an order id",
    "deleted": "Deleted in NetSuite",
    "missing": "Missing in NetSuite",
    "unexplained": "Not met, too many to believe",
    "accepted_new": "Orders new to tenants",
    "accepted_changed": "Orders changed for tenants",
    "enrollments_changed": "Enrollments changed",
    "expired": "Enrollments expired",
    "reinstated": "Enrollments reinstated",
    "holds": "Tenants held by the guard",
    "restored": "Statuses as before",
    "left_changed": "Left: changed since",
    "left_order_changed": "Left: order changed since",
    "left_past": "Left: past their last day",
    "left_orders": "Orders left: changed since",
    "fields": "Fields asked for",
    "fields_bad": "Fields without an answer",
    "changed": "Enrollments changed by the edit",
    "skipped": "Enrollments skipped",
    "pages": "Pages",
    "api_calls": "NetSuite calls",
}
# Why an undo left an enrollment as it is, and what to do.
LEFT = {
    "changed": "Somebody changed it since. Look at its history, then edit it.",
    "order_changed": "Its order was changed again since. Undo that run, or correct the order.",
    "past": "Still past its last day. Set a later date, or correct the order.",
}


def state(run: Mapping[str, Any]) -> tuple[str, str]:
    """What a run's state is called, and how it is marked."""
    name = run["state"]
    if name == "done":
        name = run["outcome"] or "ok"
    words, mark = STATES.get(name, (name, "waiting"))
    return ("Stopping" if name == "running" and run["stop_requested"] else words), mark


def scope(run: Mapping[str, Any]) -> str:
    """What a run is about: `Everything`, `Order SO1001`, `Undo of run 12`."""
    kind: str = run["kind"]
    text: str = run["scope"]
    what, _, value = text.partition(":")
    if kind == "tenant":
        change = TenantChange.parse(text)
        return f"Tenant {change.key}: {change.time_zone}, {change.grace_days} days of grace"
    if kind == "undo":
        return f"Undo of {what} {value}"
    if kind == "edit":
        deed = {"enroll": "Enrolling", "undo": "Undo of an edit"}.get(what, KINDS[kind])
        return f"{deed}, tenant {value.partition(':')[0]}"
    if kind != "pull":
        return KINDS.get(kind, kind)
    if what == "since":
        return f"Changed since {instant(parse_instant(value))}"
    whole = {"full": "Everything", "incremental": "What changed"}
    return whole.get(what) or f"{what.capitalize()} {value}"


def person(asked_by: str) -> str:
    """Who asked, without the mark of where: `ana@example.com`, `the schedule`, `ops on the command line`."""
    where, _, name = asked_by.partition(":")
    if asked_by == "schedule":
        return "the schedule"
    return f"{name} on the command line" if where == "cli" and name else name or asked_by


def when(moment: str | None, zone: str) -> Markup | str:
    """An instant as it is kept in a list of changes, in a tenant's zone."""
    return time_tag(None if moment is None else parse_instant(moment), zone)


def term(start: str | None, end: str | None) -> str:
    """The days of a term as they are kept in a list of changes."""
    first = day(date.fromisoformat(start)) if start else "open"
    return f"{first} to {day_or(end, 'open end')}"


def day_or(kept: str | None, otherwise: str) -> str:
    """A day as it is kept in a list of changes."""
    return day(date.fromisoformat(kept)) if kept else otherwise


def also(row: Mapping[str, Any]) -> str:
    """What else than its term changes with an order: flag, number, status."""
    flag, status = (row["flag_before"], row["flag_after"]), (row["status_before"], row["status_after"])
    said = []
    if flag[0] != flag[1]:
        said.append(f"Flagged {flag[1]}." if flag[1] else f"No longer {flag[0]}.")
    if row["number_before"] != row["number"]:
        said.append(f"Was {row['number_before']}.")
    if status[0] != status[1]:
        before, after = (STATUS_NAMES.get(letter, letter) for letter in status)
        said.append(f"{before} becomes {after}.")
    return " ".join(said) or NONE


def duration(run: Mapping[str, Any]) -> timedelta | None:
    """How long a run took that has ended."""
    if run["started_at"] is None or run["finished_at"] is None:
        return None
    length: timedelta = run["finished_at"] - run["started_at"]
    return length


def unchanged(counts: Mapping[str, Any]) -> int | None:
    """Orders read that were known as they are."""
    if "read" not in counts:
        return None
    other = ("landed_new", "landed_changed", "rejected", "parked")
    known: int = counts["read"] - sum(counts.get(name, 0) for name in other)
    return max(0, known)


def counts(run: Mapping[str, Any]) -> list[tuple[str, int]]:
    """What there is to tell in numbers: nothing that is zero."""
    told = dict(run["counts"])
    told["unchanged"] = unchanged(told)
    return [(words, told[name]) for name, words in COUNTS.items() if told.get(name)]
