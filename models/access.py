"""What a status may open in a course. Anything not named here is denied."""

from enum import StrEnum

from models.status import Status


class Page(StrEnum):
    """The pages of one course."""

    TODAY = "today"
    LEARN = "learn"
    PRACTICE = "practice"
    APPLY = "apply"
    RESULTS = "results"


OPENS: dict[Status, frozenset[Page]] = {
    Status.ENROLLED: frozenset(Page),
    Status.EXPIRED: frozenset({Page.RESULTS}),
    Status.UNENROLLED: frozenset(),
}


def may_log_in(active: bool) -> bool:
    """Any active user may log in, whatever the courses say; an inactive one may not."""
    return active


def may_open(page: str, status: Status | None, active: bool) -> bool:
    """Whether a user may open `page` of a course. `status` None: no enrollment. Unknown pages are denied."""
    return active and status is not None and page in OPENS[status]
