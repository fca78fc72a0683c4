"""What a form on a tenant's page was filled in against: when that is another by now, nothing is changed.

Two people may have the page open, and for days: whoever ends a pause is to have seen that pause.
"""

import hashlib
import json
from datetime import UTC, datetime

from models.tenant import Tenant
from worker.errors import TermsyncError

# What each form shows: in words, and in columns.
FORMS: dict[str, tuple[str, tuple[str, ...]]] = {
    "name": ("name", ("name",)),
    "dates": ("time zone or grace", ("time_zone", "grace_days")),
    "guard": ("limits of the guard", ("guard_min", "guard_share", "guard_orders_min", "guard_orders_share")),
    "pause": ("pause of expiry", ("paused_at", "paused_by", "pause_reason", "pause_until")),
}


def seen(tenant: Tenant) -> dict[str, str]:
    """For each form, what stands for the values it shows."""
    return {form: _standing(tenant, columns) for form, (_, columns) in FORMS.items()}


def check(tenant: Tenant, form: str, given: str) -> None:
    """Raises `tenant-changed` when the form was not filled in against the present values."""
    words, columns = FORMS[form]
    if given != _standing(tenant, columns):
        raise TermsyncError(
            "tenant-changed",
            f"The {words} of this tenant changed since the page was opened; nothing was done.",
            "Look at how it is now, then decide again.",
        )


def _standing(tenant: Tenant, columns: tuple[str, ...]) -> str:
    values = [_plain(getattr(tenant, name)) for name in columns]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:32]


def _plain(value: object) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)
