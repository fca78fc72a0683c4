"""How an enrollment stands at an instant: status as read, last day, and since when and why it is expired.

Every page of client people reads these columns, so that all of them show the same dates.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from models.status import Cause, Status

# What every statement about standings reads. `:now` is the instant.
FROM = """
from enrollment e
join tenant t on t.id = e.tenant_id
join users u on u.id = e.user_id and u.tenant_id = e.tenant_id
left join sales_order o on o.id = e.sales_order_id and o.tenant_id = e.tenant_id
cross join lateral (select status_at(e.status, e.boundary, t.paused_at, t.pause_until, :now) as status) s
"""
LAST_DAY = "coalesce(e.expiration_date, o.term_end + t.grace_days)"
# An expiry that is read but not yet written shows the time and the cause that the sweep will write.
COLUMNS = f"""
s.status as status, {LAST_DAY} as last_day, e.boundary as boundary, t.time_zone as time_zone,
case when s.status = 'X' then coalesce(e.expired_at, greatest(e.boundary, t.pause_until)) end as expired_at,
case when s.status <> 'X' then null when e.status = 'X' then e.expired_cause
    when e.expiration_date is null then 'term_ended' else 'manual_date' end as cause
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """One enrollment at an instant.

    `last_day` is inclusive, in `time_zone`; `boundary` is the first instant after it. `expired_at` and `cause` are
    there for X only; `expired_at` is the boundary unless people, a pause or a late change made it another instant.
    """

    status: Status
    last_day: date | None
    boundary: datetime | None
    time_zone: str
    expired_at: datetime | None
    cause: Cause | None

    @property
    def ended_with_last_day(self) -> bool:
        """Whether access ended with the end of the last day, as it does when nobody interferes."""
        return self.expired_at is not None and self.expired_at == self.boundary

    def kept_open(self, now: datetime) -> bool:
        """Whether access goes on though the last day is over: the tenant's expiry is paused."""
        return self.status is Status.ENROLLED and self.boundary is not None and self.boundary <= now


def standing(row: Any) -> Standing:
    """The standing in a row that has the columns of `COLUMNS`."""
    return Standing(
        Status(row.status),
        row.last_day,
        row.boundary,
        row.time_zone,
        row.expired_at,
        None if row.cause is None else Cause(row.cause),
    )
