"""How fresh NetSuite's data were: the share of time in which they were older than they should be."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

# Data should be fresh for this share of the time; the rest is the error budget.
OBJECTIVE = 0.99

# A gap begins to count when its watermark is older than `limit`. The present one has no row yet: its watermark is
# in `sync_state`. Time before the first read of everything does not count.
_LATE = text("""
with since as (
    select case when exists (select from sync_state where stream = 'orders')
        then greatest(cast(:now as timestamptz) - :window, (select min(bound_at) from account))
        else :now end as since
), gaps as (
    select watermark, ended_at from freshness_gap
    where stream = 'orders' and ended_at > cast(:now as timestamptz) - :window
    union all select watermark, :now from sync_state where stream = 'orders'
)
select since.since, count(*) filter (where ended_at > greatest(watermark + :limit, since)) as gaps,
    coalesce(sum(greatest(ended_at - greatest(watermark + :limit, since), interval '0')), interval '0') as late
from since left join gaps on true group by since.since
""")


@dataclass(frozen=True, slots=True)
class Budget:
    """One window of time that ends now. In `measured` of it, data were late `gaps` times, for `late` in all."""

    window: timedelta
    measured: timedelta
    gaps: int
    late: timedelta

    @property
    def allowed(self) -> timedelta:
        """How long data may be late in the whole window."""
        return self.window * (1 - OBJECTIVE)

    @property
    def left(self) -> timedelta:
        """What may still be late; negative when the budget is spent."""
        return self.allowed - self.late

    @property
    def share(self) -> float:
        """Share of the measured time in which data were fresh."""
        if not self.measured:
            return 1.0
        return 1 - self.late / self.measured


def budget(session: Session, window: timedelta, limit: timedelta, now: datetime) -> Budget:
    """The budget of the `window` before `now`; data older than `limit` are late (at least `watermarks.GAP`)."""
    row = session.execute(_LATE, {"now": now, "window": window, "limit": limit}).one()
    return Budget(window, now - row.since, row.gaps if row.late else 0, row.late)
