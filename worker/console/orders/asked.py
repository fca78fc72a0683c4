"""What the list of orders is asked for, as its address says it: so that an address can be kept and shared."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import cast, get_args
from urllib.parse import urlencode

from models.order_listing import MARKS, Key, OrderFilter, Sort
from models.sales_order import STATUS_NAMES
from worker.errors import TermsyncError

CHANGED = {"1h": timedelta(hours=1), "24h": timedelta(days=1), "7d": timedelta(days=7)}
NAMES = ("q", "tenant", "customer", "status", "mark", "ends_from", "ends_to", "changed")
MOST = 2000  # characters of a part


@dataclass(frozen=True, slots=True)
class Asked:
    """The parts of an address that are filled in, and what they mean."""

    filled: Mapping[str, str]
    filter: OrderFilter
    sort: Sort = "changed"
    descending: bool = True
    key: Key | None = None

    @property
    def restricts(self) -> bool:
        """Whether it asks for anything less than all orders."""
        return any(name in self.filled for name in NAMES)

    def address(self, **changes: str | None) -> str:
        """The part of an address behind `?` with some parts changed (None: left out); a page has its own key."""
        parts = {name: value for name, value in self.filled.items() if name not in {"after", "before"}} | changes
        return urlencode({name: value for name, value in parts.items() if value})

    def page_key(self) -> dict[str, str]:
        """The part that says which page it is; empty for the first."""
        return {name: self.filled[name] for name in ("after", "before") if name in self.filled}

    def sorted_by(self, sort: str) -> str:
        """The address of the list sorted by `sort`; by it already: the other way round."""
        down = not self.descending if sort == self.sort else sort == "changed"
        return self.address(sort=sort, dir="desc" if down else "asc")


def read(parameters: Mapping[str, str], now: datetime) -> Asked:
    """What `parameters` ask for. Raises `filter-invalid` naming the part that cannot be read."""
    known = (*NAMES, "sort", "dir", "after", "before")
    filled = {name: value.replace("\0", "") for name in known if (value := parameters.get(name))}
    if too_long := next((name for name, value in filled.items() if len(value) > MOST), None):
        raise _invalid(too_long, filled[too_long])
    sort = filled.get("sort", "changed")
    if sort not in get_args(Sort):
        raise _invalid("sort", sort)
    descending = filled.get("dir", "desc" if sort == "changed" else "asc") == "desc"
    return Asked(filled, _filter(filled, now), cast(Sort, sort), descending, _key(filled))


def _filter(filled: Mapping[str, str], now: datetime) -> OrderFilter:
    changed = _one_of(filled, "changed", CHANGED)
    return OrderFilter(
        tenant=filled.get("tenant"),
        customer=_number(filled, "customer"),
        status=_one_of(filled, "status", STATUS_NAMES),
        mark=_one_of(filled, "mark", ("any", *MARKS)),
        ends_from=_day(filled, "ends_from"),
        ends_to=_day(filled, "ends_to"),
        text=filled.get("q", "").strip() or None,
        changed_since=None if changed is None else now - CHANGED[changed],
    )


def key_text(row: Mapping[str, object]) -> str:
    """The key of a row of the list, for an address."""
    key = json.dumps([row["sort_value"], row["id"], row["tenant_id"]])
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def _key(filled: Mapping[str, str]) -> Key | None:
    for name in ("after", "before"):
        if name in filled:
            try:
                text = filled[name] + "=" * (-len(filled[name]) % 4)
                value, order_id, tenant_id = json.loads(base64.urlsafe_b64decode(text))
                return Key(str(value), int(order_id), int(tenant_id), before=name == "before")
            except (ValueError, TypeError, OverflowError, RecursionError):
                raise _invalid(name, filled[name]) from None
    return None


def _one_of(filled: Mapping[str, str], name: str, known: object) -> str | None:
    value = filled.get(name)
    if value is not None and value not in cast("tuple[str, ...]", known):
        raise _invalid(name, value)
    return value


def _number(filled: Mapping[str, str], name: str) -> int | None:
    value = filled.get(name)
    if value is not None and not (value.isascii() and value.isdigit() and len(value) < 19):
        raise _invalid(name, value)
    return None if value is None else int(value)


def _day(filled: Mapping[str, str], name: str) -> date | None:
    try:
        return date.fromisoformat(filled[name]) if name in filled else None
    except ValueError:
        raise _invalid(name, filled[name]) from None


def _invalid(name: str, value: str) -> TermsyncError:
    return TermsyncError(
        "filter-invalid",
        f"{value[:80]!r} cannot be what {name!r} is filtered by.",
        "Clear the filters, and choose again.",
    )
