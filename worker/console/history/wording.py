"""Deeds and events in words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from worker.pages.words import CAUSES, day, instant, status_name
from worker.pipeline.scope import parse_instant

# Who acts when nobody does.
ENGINE = {
    "sweep": "termsync, when the time came",
    "reconcile": "termsync, after a change in NetSuite",
    "check": "termsync, in its nightly check",
    "schedule": "the schedule",
    "nobody": "nobody who signed in",
}
EVENTS = {
    **CAUSES,
    "enrolled": "enrolled",
    "edited": "edited",
    "term_changed": "the order's term changed",
    "tenant_changed": "the tenant's time zone or grace changed",
    "undone": "undone",
}


# Pages of what has a number.
NUMBERED = {"run": "/console/runs", "hold": "/console/attention/holds", "mail": "/console/mails"}
# As instants are kept in details.
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00")


@dataclass(frozen=True, slots=True)
class Action:
    """What somebody did. `href` leads to what it was done to, where there is a page of it."""

    at: datetime
    who: str
    action: str
    subject: str
    href: str | None
    reason: str | None
    details: str


def who(actor: str, name: str | None = None) -> str:
    """`Ana Berg (ana@example.com)`, `ops on the command line`, `termsync, when the time came`."""
    kind, _, rest = actor.partition(":")
    if kind == "staff":
        return f"{name} ({rest})" if name else rest
    if kind == "cli":
        return f"{rest} on the command line"
    if kind == "token":
        return f"the token {rest} through the API"
    return ENGINE.get(actor, actor)


def action(row: Mapping[str, Any]) -> Action:
    """One deed of the history."""
    subject, detail = _subject(row["subject"], row["detail"]), row["detail"]
    return Action(
        row["at"],
        who(row["actor"], row["person"]),
        row["action"],
        subject,
        _href(row["subject"], detail),
        row["reason"],
        details(detail),
    )


def _subject(subject: str, detail: Mapping[str, Any]) -> str:
    """Orders are kept by their NetSuite id, which does not change, and told by their number."""
    return f"order {detail['number']}" if subject.startswith("order ") and "number" in detail else subject


def _href(subject: str, detail: Mapping[str, Any]) -> str | None:
    what, _, name = subject.partition(" ")
    if what == "order" and "tenant" in detail:
        return f"/console/orders/{quote(str(detail['tenant']), safe='')}/{name}"
    if what == "tenant":
        return f"/console/tenants/{quote(name, safe='')}"
    if what in NUMBERED and name.isdigit():
        return f"{NUMBERED[what]}/{name}"
    return None


def details(detail: Mapping[str, Any]) -> str:
    """What is kept beside a deed: `America/New_York → Europe/Berlin`, `customer 101`."""
    before, after = detail.get("before"), detail.get("after")
    parts = []
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
        parts += [f"{_value(old)} → {_value(new)}" for old, new in changed]
    elif "after" in detail:
        parts.append(_value(after))
    other = {name: value for name, value in detail.items() if name not in {"before", "after"}}
    parts += [f"{name.replace('_', ' ')} {_value(value)}" for name, value in other.items() if value is not None]
    return ", ".join(parts)


def _value(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, list):
        return " ".join(_value(each) for each in value)
    if isinstance(value, str) and INSTANT.fullmatch(value):
        return instant(parse_instant(value))
    return str(value)


def changes(event: Mapping[str, Any]) -> list[Markup]:
    """What an event changed, one line a thing, instants in the tenant's zone."""
    before, zone = event["before"], event["time_zone"]
    if before is None:
        return [_became("Status", None, status_name(event["status"]))]
    lines = []
    if "status" in before:
        lines.append(_became("Status", status_name(before["status"]), status_name(event["status"])))
    if "sales_order_id" in before:
        lines.append(_became("Sales order", event["sales_order_before"], event["sales_order"]))
    if "expiration_date" in before:
        old = before["expiration_date"]
        typed = day(date.fromisoformat(old)) if old else None
        new = event["expiration_date"]
        lines.append(_became("Expiration date", typed, day(new) if new else None))
    if "boundary" in before:
        old = before["boundary"]
        until = instant(parse_instant(old), zone) if old else None
        new = event["boundary"]
        lines.append(_became("Access until", until, instant(new, zone) if new else None))
    return lines


def _became(what: str, old: str | None, new: str | None) -> Markup:
    shown = Markup("<strong>{}</strong>").format(new if new is not None else "none")
    if old is None and what == "Status":
        return Markup("{}: {}").format(what, shown)
    arrow = Markup('<span aria-hidden="true">→</span><span class="visually-hidden">becomes</span>')
    return Markup("{}: {} {} {}").format(what, old if old is not None else "none", arrow, shown)


def cause(event: Mapping[str, Any]) -> str:
    """Why an event happened."""
    return EVENTS.get(event["cause"], str(event["cause"]).replace("_", " "))
