"""Edits in words."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from models.edit_jobs import JobRow
from models.edit_preview import Preview
from models.selectable import OrderChoice
from worker.console.runs.wording import person as person
from worker.pages.words import counted, day, instant

ACTIONS = {"E": "Enroll", "U": "Unenroll", "X": "Expire now"}
WHATS = {"edit": "Edit", "enroll": "Enrolling", "undo": "Undo", "expire": "Expiring"}
OUTCOMES = {"changed": "Changed", "unchanged": "Was so already", "skipped": "Skipped"}
STATES = {
    "queued": "Waits for a worker",
    "running": "Under way",
    "done": "Done",
    "failed": "Failed",
    "stopped": "Stopped",
    "quarantined": "Set aside",
}
REASONS = {
    "user-inactive": "the user is inactive",
    "not-in-course-version": "in another course version, so left alone",
    "not-on-order": "no longer on the order, so left alone",
    "user-unenrolled": "unenrolled, so there is no access to end",
    "enrollment-unknown": "there is no such enrollment",
    "user-not-of-tenant": "there is no such user",
    "order-not-selectable": "the order can no longer be chosen",
    "already-enrolled": "in this course version already",
    "changed-since": "changed since, so left alone",
}
PEOPLE = ("person", "people")


def order_words(order: OrderChoice) -> str:
    """`SO123: 1 Jan 2026 to 31 Dec 2026, starts later`."""
    term = f"{day(order.term_start)} to {day(order.term_end) if order.term_end else 'open end'}"
    return f"{order.number}: {term}{', starts later' if order.starts_later else ''}"


def wish_words(wish: Mapping[str, Any], sales_order: str | None) -> str:
    """`sales order SO1, expiration date cleared, unenroll`: what an edit was asked to do."""
    parts = []
    if "sales_order" in wish:
        parts.append(f"sales order {sales_order}" if wish["sales_order"] else "no sales order")
    if "expiration_date" in wish:
        typed = wish["expiration_date"]
        parts.append(f"expiration date {day(date.fromisoformat(typed))}" if typed else "expiration date cleared")
    if "action" in wish:
        parts.append(ACTIONS[wish["action"]].lower())
    return ", ".join(parts) or "nothing but enrolling"


def job_words(job: JobRow) -> str:
    """What an edit is about, in one line."""
    if job.what == "undo":
        return f"Takes edit {job.undoes} back"
    if job.what == "expire":
        return f"Expire whoever is Enrolled on order {job.sales_order}"
    if job.what == "enroll":
        return f"Enroll into {job.course} ({job.version}): {wish_words(job.wish, job.sales_order)}"
    words = wish_words(job.wish, job.sales_order)
    return words[0].upper() + words[1:]


def last_moments(preview: Preview, zone: str) -> str | None:
    """When the access of those who are E afterwards ends, to the instant and with its zone; None: for nobody."""
    first, last = preview.first_boundary, preview.last_boundary
    if first is None or last is None:
        return None
    if first == last:
        return f"Access ends at {moment(first, zone)}."
    return f"Access ends between {moment(first, zone)} and {moment(last, zone)}, each with their last day."


def moment(boundary: datetime, zone: str) -> str:
    """`1 Jan 2027, 00:00 EST (31 Dec 2026 is the last day)`: the first instant without access."""
    before = boundary - timedelta(microseconds=1)
    return f"{instant(boundary, zone)} ({day(last_day(before, zone))} is the last day)"


def last_day(at: datetime, zone: str) -> date:
    """The calendar date of an instant in a zone."""
    return at.astimezone(ZoneInfo(zone)).date()


def effects(preview: Preview, what: str) -> list[str]:
    """What a preview says, a sentence each; the first is the sum of the others."""
    skipped = sum(preview.skipped.values())
    noun = "user" if what == "enroll" else "enrollment"
    said = [
        f"{counted(preview.rows, noun)} selected: {preview.changed:,} will change, {preview.unchanged:,} already"
        f" {'is' if preview.unchanged == 1 else 'are'} as wanted, {skipped:,} will be skipped."
    ]
    parts = [
        (preview.enrolled, "{} will be enrolled."),
        (preview.expired, "{} will expire at once."),
        (preview.reinstated, "{} will be reinstated: Expired becomes Enrolled."),
        (preview.unenrolled, "{} will be unenrolled; their progress is kept."),
        (preview.dates_cleared, "{} will lose the expiration date that was typed."),
        (preview.stay_expired, "{} will stay Expired: the last day is over."),
        (preview.past_order_end, "{} will have access past the end of the sales order."),
        (preview.endless, "{} will have no end date and never expire by themselves."),
    ]
    return said + [words.format(counted(number, *PEOPLE)) for number, words in parts if number]
