"""What keeps an edit from being done as it was asked for: a date that is over, a flag that is gone, a preview that
no longer holds.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from models.edit import EditJob
from models.edit_preview import Preview
from models.editing import Edit
from models.sales_order import SalesOrder
from models.tenant import Tenant
from models.terms import today
from worker.errors import TermsyncError

# What `fingerprint` makes.
FINGERPRINT = "[0-9]{1,18}:[0-9a-f]{32}/[0-9]{1,18}(?:[.][0-9]{1,18}){3}:[0-9a-f]{32}"
COUNTED = ("changed", "expired", "reinstated")


def ends_in_past(wish: Edit, time_zone: str, now: datetime) -> bool:
    """Whether the typed date is over already in the tenant's zone, so that people expire at once."""
    return wish.expiration_date is not None and wish.expiration_date < today(now, time_zone)


def check_date(wish: Edit, tenant: Tenant, now: datetime, *, confirmed: bool) -> bool:
    """Whether the typed date is over. Raises `edit-date-in-past` when it is, unless that is `confirmed`."""
    if not ends_in_past(wish, tenant.time_zone, now):
        return False
    if not confirmed:
        raise TermsyncError(
            "edit-date-in-past",
            "The expiration date lies in the past: access ends at once.",
            "Choose a later date, or confirm that access is to end at once.",
        )
    return True


def obstacle(session: Session, tenant: Tenant, job: EditJob, now: datetime) -> TermsyncError | None:
    """Why a job that was asked for earlier may not go on at `now`; None: it may.

    `edit-date-passed`: nobody has said that people are to expire by a date that was still to come.
    `order-not-flagged`: the reason to expire the people of an order is gone.
    """
    wish = Edit.of(job.wish)
    if not job.past_confirmed and ends_in_past(wish, tenant.time_zone, now):
        return TermsyncError(
            "edit-date-passed",
            f"The expiration date {wish.expiration_date} has passed since edit {job.run_id} was asked for:"
            " access of everybody who is left would end at once.",
            "Resume it with the confirmation that this is meant (confirm_past in the API), or begin a new edit"
            " with a later date.",
        )
    order = None if job.order_id is None else session.get_one(SalesOrder, (job.order_id, tenant.id))
    return not_flagged(order) if order is not None and order.flag is None else None


def check_flag(order: SalesOrder) -> None:
    """Raises `order-not-flagged`."""
    if order.flag is None:
        raise not_flagged(order)


def not_flagged(order: SalesOrder) -> TermsyncError:
    """The refusal of what is done to flagged orders only."""
    return TermsyncError(
        "order-not-flagged",
        f"Order {order.number} has no flag that waits for a review.",
        "Nothing is left to do here; the people on it follow its term.",
    )


def fingerprint(who: str, counts: Preview) -> str:
    """`12:9e10…/9.3.0.1:6bd8…`: how many rows and a hash of which, what becomes of them and a hash of it."""
    return f"{who}/{'.'.join(map(str, _figures(counts)))}:{counts.digest}"


def check_same(then: str, now: str) -> None:
    """Raises `edit-rows-differ` when two fingerprints are of other rows, even if there are as many, and
    `edit-effect-differs` when something else becomes of the same rows.
    """
    (who_then, _, what_then), (who, _, what) = then.partition("/"), now.partition("/")
    if who != who_then:
        raise TermsyncError("edit-rows-differ", _rows_differ(who_then, who), _AGAIN)
    if what != what_then:
        raise TermsyncError("edit-effect-differs", _effect_differs(what_then, what), _AGAIN)


_AGAIN = "Look at the preview again; nothing was changed."


def _rows_differ(then: str, now: str) -> str:
    counts = [int(each.partition(":")[0]) for each in (now, then)]
    said = "{:,} rows match now, {:,} did when you looked." if counts[0] != counts[1] else "Other rows match now."
    return said.format(*counts)


def _effect_differs(then: str, now: str) -> str:
    figures = [each.partition(":")[0].split(".") for each in (then, now)]
    pairs = zip((*COUNTED, "skipped"), *figures, strict=True)
    said = [f"{int(new):,} would be {name} now, not {int(old):,}" for name, old, new in pairs if old != new]
    return f"{'; '.join(said) or 'Access of the same number of people would end at other times now'}."


def _figures(counts: Preview) -> Iterable[int]:
    return (*(getattr(counts, name) for name in COUNTED), sum(counts.skipped.values()))
