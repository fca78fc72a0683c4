"""Rejected rows: asking NetSuite for them again, by itself and for people; ignoring, assigning."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from sqlalchemy.orm import Session, sessionmaker

from connectors.netsuite.sales_orders import OrderPage
from models import pulling, rejects
from models.enrollment_changes import Why
from models.staff import Staff, StaffAction
from worker import clock
from worker.database import in_transaction
from worker.errors import NotFound, TermsyncError
from worker.pipeline.orders import given
from worker.pipeline.store import keep
from worker.pipeline.tally import Tally


class ByIds(Protocol):
    """What is needed of the connector: `connectors.netsuite.sales_orders.SalesOrders`."""

    def by_ids(self, ids: list[int]) -> Iterator[OrderPage]: ...


def is_due(session: Session) -> bool:
    """Whether some rejected row is to be asked for again."""
    return bool(rejects.due(session, clock.now(session), limit=1))


def retry_due(sessions: sessionmaker[Session], orders: ByIds, account: str) -> Tally:
    """Ask for the rejected rows that are due, at most a thousand. Returns what was read and still rejected.

    A row that is good now is landed, and accepted when its tenant is reconciled. The pause until the next time
    counts also for a question that NetSuite did not answer: its error is raised. Does nothing for an account
    that is not the database's own.
    """
    with sessions() as session:
        asked = rejects.due(session, clock.now(session)) if pulling.bound_account(session) == account else []
    pages: list[OrderPage] = []
    try:
        pages += orders.by_ids(asked) if asked else []
    finally:
        tally = in_transaction(sessions, lambda session: _land(session, asked, pages))
    return tally


def _land(session: Session, asked: list[int], pages: list[OrderPage]) -> Tally:
    tally = Tally()
    for page in pages:
        keep(session, page, None, tally)
    rejects.retried(session, asked, clock.now(session))
    return tally


def ask_again(session: Session, chosen: Iterable[str], why: Why) -> tuple[int, int]:
    """Let these rows be asked for now. Returns (rows asked for, rows that name no order and cannot be).

    Raises `rows-not-rejected`, as `ignore` and `assign` do, when none of the rows waits any more.
    """
    order_ids, parked_ids = rejects.split(chosen)
    asked = rejects.ask_again(session, list(order_ids), why.now)
    _check_any(asked + len(parked_ids))
    _note(session, why, f"{asked} rejected rows asked for again", order_ids, None)
    return asked, len(parked_ids)


def ignore(session: Session, chosen: list[str], why: Why, reason: str) -> int:
    """Take rows off the list until NetSuite sends something else for them. Raises `reason-missing`."""
    reason = given(reason)
    ignored = rejects.ignore(session, chosen, why.actor, reason, why.now)
    _check_any(ignored)
    _note(session, why, f"{ignored} rejected rows ignored", rejects.split(chosen)[0], reason)
    return ignored


def assign(session: Session, chosen: list[str], staff_id: int | None, why: Why) -> int:
    """Give rows to a person on the staff, or to nobody. Raises NotFound for one who is not, or not any more."""
    person = None if staff_id is None else session.get(Staff, staff_id)
    if staff_id is not None and (person is None or not person.active):
        raise NotFound(
            "staff-unknown", "There is no such person on the staff.", "Choose one of the people in the list."
        )
    assigned = rejects.assign(session, chosen, staff_id)
    _check_any(assigned)
    to = "nobody" if person is None else person.email
    _note(session, why, f"{assigned} rejected rows assigned to {to}", rejects.split(chosen)[0], None)
    return assigned


def _check_any(rows: int) -> None:
    if not rows:
        raise TermsyncError(
            "rows-not-rejected",
            "None of the chosen rows is rejected any more; nothing was changed.",
            "Look at the list again: NetSuite has sent something else for them, or the page was old.",
        )


def _note(session: Session, why: Why, action: str, order_ids: Iterable[int], reason: str | None) -> None:
    detail = {"orders": sorted(order_ids)[:100]}
    session.add(
        StaffAction(
            at=why.now, actor=why.actor, action=action, subject="rejected rows", reason=reason, detail=detail
        )
    )
