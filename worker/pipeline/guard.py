"""The guard: when a tenant's order changes must wait for a person. Pure numbers in, a verdict out."""

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

from models.impact import Impact, Totals
from models.tenant import Tenant

Number = TypeVar("Number", int, Decimal)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Above these a tenant's changes are held. Shares are fractions of one.

    What a change ends within `horizon` from now counts as ended by it: to re-date everybody to tomorrow is no less
    a mistake than to yesterday. What was accepted unasked within `window` counts with it: changes that come one by
    one are no less than the same changes at once.
    """

    people: int = 50
    people_share: Decimal = Decimal("0.20")
    orders: int = 5
    orders_share: Decimal = Decimal("0.25")
    horizon: timedelta = timedelta(days=2)
    window: timedelta = timedelta(hours=1)

    def of(self, tenant: Tenant) -> "Thresholds":
        """These thresholds with what the tenant sets for itself."""
        return replace(
            self,
            people=_first(tenant.guard_min, self.people),
            people_share=_first(tenant.guard_share, self.people_share),
            orders=_first(tenant.guard_orders_min, self.orders),
            orders_share=_first(tenant.guard_orders_share, self.orders_share),
        )

    @property
    def within(self) -> str:
        """In words, how soon a loss of access counts."""
        return f"within {self.horizon / timedelta(days=1):g} days" if self.horizon else "at once"


def _first(own: Number | None, default: Number) -> Number:
    return default if own is None else own


@dataclass(frozen=True, slots=True)
class Trip:
    """Why changes are held: which rule, and a sentence with the numbers."""

    rule: str
    reason: str


def in_doubt(impact: Impact, thresholds: Thresholds) -> bool:
    """Whether the tenant's totals are needed to tell. Most changes are far below every threshold."""
    people, orders = _with_before(impact)
    return people > thresholds.people or orders >= max(1, thresholds.orders) or impact.newly_gone > 0


def _with_before(impact: Impact) -> tuple[int, int]:
    """People and orders to hold against the limits. What is harmless adds to nothing."""
    return (
        impact.would_expire and impact.would_expire + impact.expired_before,
        impact.cut_short and impact.cut_short + impact.cut_before,
    )


def verdict(impact: Impact, totals: Totals, thresholds: Thresholds) -> Trip | None:
    """The first rule the changes break, or None when they may be accepted."""
    people, orders = _with_before(impact)
    enrolled, current = totals.enrolled + impact.expired_before, totals.current_orders + impact.cut_before
    most = max(thresholds.people, int(thresholds.people_share * enrolled))  # nobody is counted in part
    if people > most:
        return Trip(
            "people",
            f"{impact.would_expire} people would lose access {thresholds.within}"
            f"{_after(impact.expired_before)}, of {enrolled} enrolled; at most {most} may without approval.",
        )
    most_orders = max(thresholds.orders - 1, int(thresholds.orders_share * current))
    if orders > most_orders:
        return Trip(
            "orders",
            f"{impact.cut_short} of {current} current orders would be over {thresholds.within}"
            f"{_after(impact.cut_before)}; at most {most_orders} may without approval.",
        )
    if impact.newly_gone and totals.current_orders and not totals.current_orders_left:
        return Trip("all-gone", f"All {totals.current_orders} current orders of the tenant would be gone.")
    return None


def _after(before: int) -> str:
    return f", after {before} by changes accepted shortly before" if before else ""
