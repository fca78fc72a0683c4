"""What headers of HTTP answers say about time."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def retry_after(said: str) -> float | None:
    """Seconds to wait by the text of a Retry-After, be it a number or a date; None when it says neither."""
    said = said.strip()
    if said.isascii() and said.isdigit():
        return float(said[:20])
    at = http_date(said)
    return max(0.0, (at - datetime.now(UTC)).total_seconds()) if at else None


def http_date(text: str) -> datetime | None:
    """None for what is no date. One that does not say its zone is in UTC, as all dates of HTTP are."""
    try:
        at = parsedate_to_datetime(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
