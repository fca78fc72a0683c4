"""Status and dates of an enrollment as cells of an export: the words the pages show too."""

from models.portal_standing import Standing
from worker.pages.words import CAUSES, instant, status_name

EXPIRY = ("Status", "Last day", "Time zone", "Expired", "Why")


def expiry_cells(standing: Standing) -> tuple[object, ...]:
    """One value for each of `EXPIRY`; the last two are empty for an enrollment that is not expired."""
    expired = None if standing.expired_at is None else instant(standing.expired_at, standing.time_zone)
    why = None if standing.cause is None else CAUSES[standing.cause]
    return (status_name(standing.status), standing.last_day, standing.time_zone, expired, why)
