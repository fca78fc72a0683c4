"""The account's own clock: real time plus an offset that tests may move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Time as the mocked account sees it; `offset` is in seconds."""

    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset

    def now(self) -> datetime:
        """Aware UTC instant."""
        return datetime.now(UTC) + timedelta(seconds=self.offset)

    def seconds(self) -> float:
        """Seconds since 1970, as OAuth timestamps count them."""
        return self.now().timestamp()

    def modified(self) -> datetime:
        """`lastmodifieddate` of a record saved now: naive UTC, whole seconds."""
        return self.now().replace(microsecond=0, tzinfo=None)
