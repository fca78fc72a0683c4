"""Landing pages: newest wins, gone stays gone, unchanged rows are not written, one order once."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from effort import effort
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models import landing
from models.landing import Landed, LandingCounts

NOW = datetime(2026, 3, 10, 17, tzinfo=UTC)
END = date(2026, 4, 30)


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def row(order_id: int = 1, modified: float | None = 0, payload: str = "a", **values: Any) -> Landed:
    when = None if modified is None else at(modified)
    return Landed(order_id, 7, f"SO{order_id}", "B", None, END, when, payload)._replace(**values)


def rejected(order_id: int = 1, modified: float | None = 0, payload: str = "bad") -> Landed:
    return Landed(order_id, None, None, None, None, None, at(modified or 0), payload, "date-unreadable", "x")


def landed(session: Session) -> dict[int, tuple[Any, ...]]:
    rows = session.execute(text("select order_id, payload, gone, reject_code from landing_order"))
    return {order_id: tuple(rest) for order_id, *rest in rows}


def test_counts(session: Session) -> None:
    first = landing.land(session, [row(1), row(2), rejected(3)], at(0), NOW)
    assert first == LandingCounts(read=3, new=3, changed=0, rejected=1)
    second = landing.land(session, [row(1), row(2, 1, "b"), rejected(3)], at(1), NOW)
    assert second == LandingCounts(read=3, new=0, changed=1, rejected=0)


def test_an_unchanged_row_is_not_written(session: Session) -> None:
    landing.land(session, [row(1)], at(0), NOW)
    session.commit()
    before = session.execute(text("select xmin::text, ctid::text from landing_order")).one()
    session.commit()
    landing.land(session, [row(1)], at(5), NOW)
    assert session.execute(text("select xmin::text, ctid::text from landing_order")).one() == before


@pytest.mark.parametrize(
    ("modified", "read", "wins"),
    [(1, 1, True), (1, -1, True), (0, 1, True), (0, 0, True), (0, -1, False), (-1, 1, False), (-1, -1, False)],
)
def test_newer_wins_by_time_of_change_then_of_reading(
    session: Session, modified: float, read: float, wins: bool
) -> None:
    landing.land(session, [row(1)], at(0), NOW)
    landing.land(session, [row(1, modified, "other")], at(read), NOW)
    assert landed(session)[1][0] == ("other" if wins else "a")


def test_of_one_order_twice_on_a_page_the_newer_lands(session: Session) -> None:
    counts = landing.land(session, [row(1, 0, "a"), row(1, 2, "c"), row(1, 1, "b")], at(3), NOW)
    assert (counts.read, counts.new) == (3, 1)
    assert landed(session)[1][0] == "c"


def test_a_rejected_row_keeps_its_reason_and_forgets_its_term(session: Session) -> None:
    landing.land(session, [row(1)], at(0), NOW)
    landing.land(session, [rejected(1, 1)], at(1), NOW)
    found = session.execute(
        text("select payload, reject_code, reject_detail, term_end, customer_id from landing_order")
    ).one()
    assert tuple(found) == ("bad", "date-unreadable", "x", None, 7)
    landing.land(session, [row(1, 2, "good again")], at(2), NOW)
    assert landed(session)[1] == ("good again", None, None)


@pytest.mark.parametrize(
    ("modified", "read", "wins"), [(-1, 0, False), (3, 0, False), (3, 2, True), (0, 2, True), (-1, 2, False)]
)
def test_a_rejected_row_without_a_readable_time_yields_only_to_what_was_read_after_it(
    session: Session, modified: float, read: float, wins: bool
) -> None:
    """It was changed after the last known time, nobody knows when: an older page must not overwrite it."""
    landing.land(session, [row(1)], at(0), NOW)
    landing.land(session, [rejected(1)._replace(modified_at=None)], at(1), NOW)
    assert landed(session)[1][2] == "date-unreadable"
    landing.land(session, [row(1, modified, "other")], at(read), NOW)
    assert landed(session)[1][0] == ("other" if wins else "bad")
    landing.land(session, [row(1, 9, "in the end")], at(9), NOW)
    assert landed(session)[1][0] == "in the end"


@pytest.mark.parametrize(("read", "wins"), [(0, False), (1, True), (2, True)])
def test_an_order_first_seen_without_a_readable_time(session: Session, read: float, wins: bool) -> None:
    landing.land(session, [rejected(1)._replace(modified_at=None)], at(1), NOW)
    landing.land(session, [row(1, 5, "other")], at(read), NOW)
    assert landed(session)[1][0] == ("other" if wins else "bad")


def test_gone_stays_gone_until_a_later_reading_names_the_order(session: Session) -> None:
    landing.land(session, [row(1)], at(0), NOW)
    assert landing.mark_gone(session, [1, 2], "deleted", at(10)) == 1
    landing.land(session, [row(1, 5, "late page")], at(9), NOW)
    assert landed(session)[1] == ("late page", "deleted", None)
    landing.land(session, [row(1, 5, "late page")], at(11), NOW)
    assert landed(session)[1] == ("late page", None, None)


def test_missing_may_become_deleted_but_not_the_other_way(session: Session) -> None:
    landing.land(session, [row(1)], at(0), NOW)
    assert landing.mark_gone(session, [1], "missing", at(1)) == 1
    assert landing.mark_gone(session, [1], "missing", at(2)) == 0
    assert landing.mark_gone(session, [1], "deleted", at(3)) == 1
    assert landing.mark_gone(session, [1], "missing", at(4)) == 0
    assert landed(session)[1][1] == "deleted"


def test_unseen_are_the_landed_orders_of_the_interval_that_the_page_did_not_name(session: Session) -> None:
    landing.land(session, [row(n) for n in (1, 2, 3, 4, 5)], at(0), NOW)
    landing.mark_gone(session, [4], "deleted", at(1))
    assert landing.unseen(session, [3], 1, 5) == [2, 5]
    assert landing.unseen(session, [3], 1, None) == [2, 5]
    assert landing.unseen(session, [], 5, None) == []


def test_parked_rows_are_kept_once(session: Session) -> None:
    rows = [("order-id-missing", "no id", '{"tranid": "SO1"}')]
    assert landing.park(session, rows, None, NOW) == 1
    assert landing.park(session, [*rows, ("order-id-missing", "no id", "{}")], None, NOW) == 1
    assert landing.park(session, [], None, NOW) == 0


PAGES = st.lists(
    st.tuples(
        st.integers(0, 60),  # when it was read
        st.lists(st.tuples(st.integers(1, 4), st.integers(0, 5)), min_size=1, max_size=6),  # (order, modified)
    ),
    min_size=1,
    max_size=6,
)


@effort(40)
@given(pages=PAGES, order=st.randoms(use_true_random=False))
def test_the_end_does_not_depend_on_the_order_of_pages_rows_and_chunks(
    pages: list[tuple[int, list[tuple[int, int]]]], order: Any, database: Engine
) -> None:
    """Each row's content follows from its time of change, as in NetSuite."""
    expected: dict[int, int] = {}
    for _, page in pages:
        for order_id, modified in page:
            expected[order_id] = max(modified, expected.get(order_id, 0))
    shuffled = [(read, order.sample(page, len(page))) for read, page in order.sample(pages, len(pages))]
    with Session(database) as session:
        for read, page in shuffled:
            size = order.randint(1, len(page))
            for chunk in chunks(page, size):
                landing.land(session, [row(n, m, f"{n} as of {m}") for n, m in chunk], at(read), NOW)
        found = {n: payload for n, (payload, *_) in landed(session).items()}
        session.rollback()
    assert found == {n: f"{n} as of {modified}" for n, modified in expected.items()}


def chunks(page: Sequence[tuple[int, int]], size: int) -> list[Sequence[tuple[int, int]]]:
    return [page[start : start + size] for start in range(0, len(page), size)]
