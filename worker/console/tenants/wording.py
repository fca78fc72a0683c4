"""Tenants in words."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

STATES = {
    "paused": "Expiry is paused",
    "held": "A hold is open",
    "behind": "Changes wait",
    "unmapped": "No customer is mapped",
}
GUARD = (
    ("people", "People who may newly lose access", "guard_min"),
    ("people_share", "The same in % of the enrolled", "guard_share"),
    ("orders", "Orders that may be cut short", "guard_orders_min"),
    ("orders_share", "The same in % of current orders", "guard_orders_share"),
)


@lru_cache(maxsize=1)
def zones() -> list[str]:
    """Names of the tz database that a tenant may have."""
    return sorted(available_timezones())


def local(at: datetime | None, zone: str) -> str:
    """An instant as a field for date and time has it, in the tenant's zone; empty for none."""
    return "" if at is None else f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}"


def data_age(tenant: Mapping[str, Any], watermark: datetime | None, now: datetime) -> float | None:
    """Seconds since the instant as of which the tenant's people feel what NetSuite says. None: not read yet.

    It is that of the last read, or older while a change read since then waits: for the guard, or to be accepted.
    """
    if watermark is None:
        return None
    waits: datetime | None = tenant["waiting_since"]
    return (now - (watermark if waits is None else min(watermark, waits))).total_seconds()
