"""What a pull reads: the words after `termsync sync`, as one text that is a key, and back."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from models.terms import FIRST_YEAR, LAST_YEAR
from worker.errors import TermsyncError


class ScopeKind(StrEnum):
    INCREMENTAL = "incremental"
    FULL = "full"
    SINCE = "since"
    TENANT = "tenant"
    CUSTOMER = "customer"
    ORDER = "order"


# These read everything that changed and may move the watermark; they go one after the other.
MOVING = frozenset({ScopeKind.INCREMENTAL, ScopeKind.FULL, ScopeKind.SINCE})

CUSTOMER_ID = re.compile("[0-9]{1,18}")
LONGEST = 200  # characters of a value; the number of an order has 45 at most


@dataclass(frozen=True, slots=True)
class Scope:
    """`str(scope)` is the key two requests share: `full`, `tenant:acme`, `order:SO1`, `since:…Z`."""

    kind: ScopeKind
    value: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}" if self.value else str(self.kind)

    @property
    def moves_watermark(self) -> bool:
        return self.kind in MOVING

    @property
    def since(self) -> datetime:
        """The instant of a `since` scope, aware UTC."""
        return parse_instant(self.value)

    @property
    def customer_id(self) -> int:
        """The NetSuite id of a `customer` scope."""
        return int(self.value)

    @staticmethod
    def parse(text: str) -> "Scope":
        """Read a scope. Raises `scope-invalid` naming the text and the forms there are."""
        kind, _, value = text.partition(":")
        try:
            scope = Scope(ScopeKind(kind), value)
        except ValueError:
            raise _invalid(text) from None
        if bool(value) != (scope.kind not in {ScopeKind.INCREMENTAL, ScopeKind.FULL}) or not value.isprintable():
            raise _invalid(text)
        if len(value) > LONGEST:
            raise _invalid(f"{text[:LONGEST]}…")
        if scope.kind is ScopeKind.SINCE:
            return Scope(scope.kind, format_instant(scope.since))
        if scope.kind is ScopeKind.CUSTOMER:
            if not CUSTOMER_ID.fullmatch(value):
                raise _invalid(text)
            return Scope(scope.kind, str(int(value)))
        return scope


def parse_instant(text: str) -> datetime:
    """An ISO 8601 instant or date of 2000 to 2100; without an offset it is UTC. Raises `instant-invalid`.

    The years leave room to reckon with: whole days are added and taken away, in every zone.
    """
    try:
        instant = datetime.fromisoformat(text)
        instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _unreadable(text) from None
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise _unreadable(text)
    return instant


def _unreadable(text: str) -> TermsyncError:
    return TermsyncError(
        "instant-invalid",
        f"{text!r} is not a date or an instant of the years {FIRST_YEAR} to {LAST_YEAR}.",
        "Write 2026-01-31 or 2026-01-31T12:00:00Z.",
    )


def format_instant(instant: datetime) -> str:
    """`instant` in UTC to the second, as `parse_instant` reads it."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _invalid(text: str) -> TermsyncError:
    return TermsyncError(
        "scope-invalid",
        f"{text!r} is not something that can be synced.",
        "Use incremental, full, since:2026-01-31T00:00:00Z, tenant:KEY, customer:ID or order:NUMBER.",
    )
