"""What a pull remembers between pages: ranges still to read, orders not met, and what it expects to meet."""

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, exists, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.sales_order import LandingOrder
from models.sync_run import PullMissing, PullRange
from models.tenant import Account, Customer


def plan(session: Session, run_id: int, ranges: Iterable[tuple[int, int | None]]) -> None:
    """Write down the id ranges (low, high] of a full run."""
    rows = [{"run_id": run_id, "low": low, "high": high, "read_to": low} for low, high in ranges]
    session.execute(insert(PullRange).on_conflict_do_nothing(), rows)


def unread(session: Session, run_id: int) -> list[tuple[int, int, int | None]]:
    """(low, read to, high) of the ranges that are not read to their end, in id order."""
    query = (
        select(PullRange.low, PullRange.read_to, PullRange.high)
        .where(PullRange.run_id == run_id, ~PullRange.done)
        .order_by(PullRange.low)
    )
    return [(low, read_to, high) for low, read_to, high in session.execute(query)]


def read_to(session: Session, run_id: int, low: int, reached: int | None, done: bool) -> None:
    """Note how far the range that begins at `low` has been read."""
    values = {"done": done} if reached is None else {"done": done, "read_to": reached}
    session.execute(update(PullRange).where(PullRange.run_id == run_id, PullRange.low == low).values(**values))


def not_met(session: Session, run_id: int) -> list[int]:
    """Ids of landed orders that a full run did not meet, in order."""
    query = select(PullMissing.order_id).where(PullMissing.run_id == run_id).order_by(PullMissing.order_id)
    return list(session.execute(query).scalars())


def forget(session: Session, run_id: int) -> None:
    """Drop what only the pages of the run needed."""
    session.execute(delete(PullMissing).where(PullMissing.run_id == run_id))
    session.execute(delete(PullRange).where(PullRange.run_id == run_id))


def count_landed(session: Session) -> int:
    """How many landed orders NetSuite still has, as far as is known."""
    return session.execute(
        select(func.count()).select_from(LandingOrder).where(LandingOrder.gone.is_(None))
    ).scalar_one()


def anything_landed(session: Session) -> bool:
    """Whether any order has landed that is not known to be gone."""
    return session.execute(select(exists().where(LandingOrder.gone.is_(None)))).scalar_one()


def landed_of_customers(session: Session, customer_ids: Sequence[int]) -> set[int]:
    """Ids of landed orders of these customers."""
    query = select(LandingOrder.order_id).where(
        LandingOrder.customer_id.in_(customer_ids), LandingOrder.gone.is_(None)
    )
    return set(session.execute(query).scalars())


_WITH_NUMBER = text("""
select order_id from landing_order where number = :number and gone is null
union select id from sales_order where number = :number
""")


def with_number(session: Session, number: str) -> set[int]:
    """Ids of orders that have, or had when accepted, this number."""
    return set(session.execute(_WITH_NUMBER, {"number": number}).scalars())


def customers_of(session: Session, tenant_key: str) -> list[int]:
    """NetSuite ids of the customers mapped to the tenant."""
    query = text("select c.id from customer c join tenant t on t.id = c.tenant_id where t.key = :key order by 1")
    return list(session.execute(query, {"key": tenant_key}).scalars())


def is_known_customer(session: Session, customer_id: int) -> bool:
    """Whether NetSuite ever named this customer on an order, or somebody mapped it."""
    return session.get(Customer, customer_id) is not None


def bound_account(session: Session) -> str | None:
    """The NetSuite account this database belongs to; None before the first run."""
    return session.execute(select(Account.netsuite_account)).scalar_one_or_none()


def bind_account(session: Session, netsuite_account: str) -> str:
    """The NetSuite account this database belongs to; the first to ask binds it."""
    session.execute(insert(Account).values(netsuite_account=netsuite_account).on_conflict_do_nothing())
    return session.execute(select(Account.netsuite_account)).scalar_one()
