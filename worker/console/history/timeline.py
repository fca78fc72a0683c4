"""The time line of one enrollment: what NetSuite said of its orders, and what became of it, in one row of time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from markupsafe import Markup, escape

from worker.console.history import wording
from worker.pages.words import day


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened. `of_order`: to the sales order, from which the enrollment may have followed."""

    at: datetime
    title: str
    changes: list[Markup]
    who: str
    run_id: int | None
    of_order: bool


def timeline(events: Iterable[Mapping[str, Any]], orders: Iterable[Mapping[str, Any]]) -> list[Line]:
    """Newest first. At the same instant the order comes before what followed from it, so it stands below."""
    lines = [_of_enrollment(event) for event in events] + [_of_order(event) for event in orders]
    return sorted(lines, key=lambda line: (line.at, not line.of_order), reverse=True)


def _of_enrollment(event: Mapping[str, Any]) -> Line:
    why = wording.cause(event)
    return Line(
        event["at"],
        why[:1].upper() + why[1:],
        wording.changes(event),
        wording.who(event["actor"], event["person"]),
        event["run_id"],
        of_order=False,
    )


def _of_order(event: Mapping[str, Any]) -> Line:
    terms = [_term(event[f"term_start_{when}"], event[f"term_end_{when}"]) for when in ("before", "after")]
    changes = [_pair("Term", *terms)] if terms[0] != terms[1] else []
    for name, words in (("flag", "Flag"), ("status", "NetSuite status")):
        before, after = event[f"{name}_before"], event[f"{name}_after"]
        if before != after:
            changes.append(_pair(words, before or "none", after or "none"))
    by_itself = event["actor"] in wording.ENGINE
    what = "changed in NetSuite and was accepted" if by_itself else "was changed by somebody's decision"
    title = f"Sales order {event['number']} {what}"
    return Line(event["at"], title, changes, wording.who(event["actor"]), event["run_id"], of_order=True)


def _term(start: date | None, end: date | None) -> str:
    return f"{day(start) if start else 'open'} to {day(end) if end else 'open end'}"


def _pair(what: str, before: str, after: str) -> Markup:
    arrow = Markup('<span aria-hidden="true">→</span><span class="visually-hidden">becomes</span>')
    return Markup("{}: {} {} <strong>{}</strong>").format(what, before, arrow, escape(after))
