"""The guard: when a tenant's order changes must wait for a person. Pure numbers in, a verdict out."""

from dataclasses import dataclass
from decimal import Decimal

from models.reconciling import Impact, Totals
from models.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Above these a tenant's changes are held. Shares are fractions of one."""

    people: int = 50
    people_share: Decimal = Decimal("0.20")
    orders: int = 5
    orders_share: Decimal = Decimal("0.25")

    def of(self, tenant: Tenant) -> "Thresholds":
        """These thresholds with what the tenant sets for itself."""
        return Thresholds(
            self.people if tenant.guard_min is None else tenant.guard_min,
            self.people_share if tenant.guard_share is None else tenant.guard_share,
            self.orders if tenant.guard_orders_min is None else tenant.guard_orders_min,
            self.orders_share if tenant.guard_orders_share is None else tenant.guard_orders_share,
        )


@dataclass(frozen=True, slots=True)
class Trip:
    """Why changes are held: which rule, and a sentence with the numbers."""

    rule: str
    reason: str


def in_doubt(impact: Impact, thresholds: Thresholds) -> bool:
    """Whether the tenant's totals are needed to tell. Most changes are far below every threshold."""
    return (
        impact.would_expire > thresholds.people
        or impact.redated_into_past >= thresholds.orders
        or impact.newly_gone > 0
    )


def verdict(impact: Impact, totals: Totals, thresholds: Thresholds) -> Trip | None:
    """The first rule the changes break, or None when they may be accepted."""
    most = max(Decimal(thresholds.people), thresholds.people_share * totals.enrolled)
    if impact.would_expire > most:
        return Trip(
            "people",
            f"{impact.would_expire} people would lose access at once, of {totals.enrolled} enrolled;"
            f" at most {most:f} may without approval.",
        )
    share = thresholds.orders_share * totals.current_orders
    if impact.redated_into_past >= thresholds.orders and impact.redated_into_past > share:
        return Trip(
            "orders",
            f"{impact.redated_into_past} of {totals.current_orders} current orders would end in the past;"
            f" at most {share:f} may without approval.",
        )
    if impact.newly_gone and totals.current_orders and not totals.current_orders_left:
        return Trip("all-gone", f"All {totals.current_orders} current orders of the tenant would be gone.")
    return None
