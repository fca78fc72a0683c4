"""The time line of an order in words: what NetSuite said, what was accepted, what that did to people."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from worker.console.history.wording import cause
from worker.console.orders.wording import MARKS, enrollments, status_name
from worker.pages.words import counted, day
from worker.pages.words import status_name as enrollment_status

Row = Mapping[str, Any]

HOLD_STATES = {
    "open": "waits for approval",
    "approved": "approved",
    "rejected": "rejected",
    "superseded": "overtaken by newer data",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that happened: what, by whom (None: NetSuite), in which run or hold."""

    at: datetime
    title: str
    lines: tuple[str, ...] = ()
    actor: str | None = None
    run_id: int | None = None
    hold_id: int | None = None
    reason: str | None = None


def told(time_line: list[dict[str, Any]], landed: Row | None) -> list[Told]:
    """Everything that happened, the latest first."""
    found = [_TELLERS[row["kind"]](row) for row in time_line]
    found += _of_netsuite(landed) if landed else []
    return sorted(found, key=lambda each: each.at, reverse=True)


def _of_netsuite(landed: Row) -> list[Told]:
    found = [Told(landed["first_seen_at"], "First read from NetSuite")]
    if landed["modified_at"] is not None:
        found.append(Told(landed["modified_at"], "Last modified in NetSuite"))
    if landed["gone_at"] is not None:
        word = "Deleted in NetSuite" if landed["gone"] == "deleted" else "No longer shown by NetSuite"
        found.append(Told(landed["gone_at"], f"{word}, as termsync learnt then"))
    if landed["reject_code"] is not None:
        found.append(
            Told(landed["read_at"], "A row that could not be used was read", (landed["reject_detail"] or "",))
        )
    return found


def _accepted(row: Row) -> Told:
    lines = [
        *_change("Number", row["number_before"], row["number_after"]),
        *_change("Status", status_name(row["status_before"]), status_name(row["status_after"])),
        *_change("Term start", _day(row["term_start_before"]), _day(row["term_start_after"])),
        *_change("Term end", _day(row["term_end_before"]), _day(row["term_end_after"])),
        *_change("Mark", _mark(row["flag_before"]), _mark(row["flag_after"])),
    ]
    lines = lines or ["The customer changed."]
    return Told(row["at"], "Change accepted", tuple(lines), row["actor"], row["run_id"])


def _enrollments(row: Row) -> Told:
    how_many = enrollments(row["enrollments"], row["more"])
    before, after = enrollment_status(row["status_before"]), enrollment_status(row["status_after"])
    if row["is_new"]:
        title = f"{how_many} added as {after}"
    elif before == after:
        title = f"{how_many} re-dated"
    else:
        title = f"{how_many}: {before} to {after}"
    return Told(row["at"], title, (f"Because: {cause(row)}.",), row["actor"], row["run_id"])


def _hold(row: Row) -> Told:
    lines = [*_change("Term end", _day(row["term_end_before"]), _day(row["term_end_after"]))]
    lines += [f"Would expire {counted(row['would_expire'], 'enrollment')}."] if row["would_expire"] else []
    title = f"Change held back: {HOLD_STATES.get(row['state'], row['state'])}"
    return Told(
        row["at"], title, tuple(lines), row["decided_by"], row["run_id"], row["hold_id"], row["decision_reason"]
    )


def _action(row: Row) -> Told:
    return Told(row["at"], row["action"].capitalize(), (), row["actor"], reason=row["reason"])


_TELLERS = {"accepted": _accepted, "enrollments": _enrollments, "hold": _hold, "action": _action}


def _change(name: str, before: str, after: str) -> list[str]:
    return [] if before == after else [f"{name}: {before} to {after}"]


def _day(value: date | None) -> str:
    return "none" if value is None else day(value)


def _mark(flag: str | None) -> str:
    return "none" if flag is None else MARKS[flag][0]
