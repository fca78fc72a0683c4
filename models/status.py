"""E, U and X: what a stored status reads as at an instant, and which changes of status exist.

`status_at` is the one definition. The database holds the same expression as an inlined SQL function of that name
(made by the first migration from `STATUS_AT_SQL`); pages, API, reports and mail all call it.
"""

from datetime import datetime
from enum import StrEnum

STATUS_AT_SQL = """
create function status_at(
    status char(1), boundary timestamptz, paused_at timestamptz, pause_until timestamptz, at timestamptz
) returns char(1) language sql immutable parallel safe as $$
    select case
        when status = 'E' and boundary <= at and (paused_at is null or pause_until <= at) then 'X'::char(1)
        else status
    end
$$
"""
STATUS_AT_SQL_DROP = "drop function status_at(char(1), timestamptz, timestamptz, timestamptz, timestamptz)"


class Status(StrEnum):
    """What an enrollment is."""

    ENROLLED = "E"
    UNENROLLED = "U"
    EXPIRED = "X"


class Cause(StrEnum):
    """Why an enrollment expired."""

    TERM_ENDED = "term_ended"
    MANUAL_DATE = "manual_date"
    EXPIRED_BY_STAFF = "expired_by_staff"
    ORDER_ENDED_EARLY = "order_ended_early"


class By(StrEnum):
    """Who may make a change of status."""

    ENGINE = "engine"
    PEOPLE = "people"


# The whole of what can happen to a status. A change that is not here does not exist.
TRANSITIONS: dict[tuple[Status, Status], frozenset[By]] = {
    (Status.ENROLLED, Status.EXPIRED): frozenset({By.ENGINE, By.PEOPLE}),
    (Status.EXPIRED, Status.ENROLLED): frozenset({By.ENGINE, By.PEOPLE}),
    (Status.ENROLLED, Status.UNENROLLED): frozenset({By.PEOPLE}),
    (Status.EXPIRED, Status.UNENROLLED): frozenset({By.PEOPLE}),
    (Status.UNENROLLED, Status.ENROLLED): frozenset({By.PEOPLE}),
    (Status.UNENROLLED, Status.EXPIRED): frozenset({By.PEOPLE}),  # re-enrolled after the last day
}


def may_change(before: Status, after: Status, by: By) -> bool:
    """Whether `by` may turn `before` into `after`."""
    return by in TRANSITIONS.get((before, after), frozenset())


def status_at(
    status: Status,
    boundary: datetime | None,
    now: datetime,
    paused_at: datetime | None = None,
    pause_until: datetime | None = None,
) -> Status:
    """What a stored status reads as at `now`: E past its boundary reads as X, unless expiry is paused."""
    paused = paused_at is not None and (pause_until is None or pause_until > now)
    if status is Status.ENROLLED and boundary is not None and boundary <= now and not paused:
        return Status.EXPIRED
    return status
