"""Rejected rows are asked for again by themselves until they pass; people may hasten, hide and hand them on."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from connectors.errors import TryAgain
from connectors.netsuite.sales_orders import OrderPage, OrderRow, RejectedRow
from models import landing, pulling, rejects
from models.enrollment_changes import Why
from models.landing import Landed
from models.rejects import FIRST_RETRY, MOST_RETRIES, RejectFilter
from models.staff import Staff
from worker import clock
from worker.errors import NotFound, TermsyncError
from worker.pipeline import rejects as caring

ACCOUNT = "1234567"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


class Answers:
    """Stands for NetSuite: what it says of orders asked for by id."""

    def __init__(self, good: tuple[int, ...] = (), fails: bool = False) -> None:
        self.asked: list[list[int]] = []
        self._good, self._fails = good, fails

    def by_ids(self, ids: list[int]) -> Iterator[OrderPage]:
        self.asked.append(ids)
        if self._fails:
            raise TryAgain("netsuite-busy", "no slot", "Wait.")
        now = datetime.now(UTC)
        good = [
            OrderRow(
                n,
                f"SO{n}",
                7,
                "B",
                date(2026, 1, 1),
                date(2027, 1, 1),
                now.replace(microsecond=0),
                f'{{"id":"{n}"}}',
            )
            for n in ids
            if n in self._good
        ]
        bad = [_rejected(n) for n in ids if n not in self._good]
        yield OrderPage(good, bad, None, None, None, True, now)


def _rejected(order_id: int) -> RejectedRow:
    return RejectedRow(order_id, 7, LONG_AGO, "date-unreadable", "header:enddate: 31/02", _payload(order_id))


def _payload(order_id: int) -> str:
    return f'{{"id":"{order_id}","tranid":"SO{order_id}","end_1":"31/02"}}'


def land_rejected(sessions: sessionmaker[Session], *order_ids: int, since: datetime = LONG_AGO) -> None:
    bad = ("date-unreadable", "header:enddate: 31/02")
    with sessions.begin() as session:
        pulling.bind_account(session, ACCOUNT)
        landing.land(
            session,
            [Landed(n, 7, None, None, None, None, LONG_AGO, _payload(n), *bad) for n in order_ids],
            since,
            since,
        )


def rows(sessions: sessionmaker[Session], **wanted: Any) -> list[dict[str, Any]]:
    with sessions() as session:
        return rejects.rows(session, RejectFilter(**wanted))


def why(session: Session) -> Why:
    return Why("ann@example.com", clock.now(session))


def test_a_row_that_is_good_now_leaves_the_list_and_the_others_wait_longer(
    sessions: sessionmaker[Session],
) -> None:
    land_rejected(sessions, 1, 2)
    netsuite = Answers(good=(1,))
    tally = caring.retry_due(sessions, netsuite, ACCOUNT)
    assert (tally.read, tally.rejected) == (2, 1)
    [left] = rows(sessions)
    assert (left["order_id"], left["retries"]) == (2, 1)
    assert left["retry_at"] - left["retried_at"] == 2 * FIRST_RETRY
    caring.retry_due(sessions, netsuite, ACCOUNT)
    assert netsuite.asked == [[1, 2]]


def test_after_the_last_retry_a_row_waits_for_a_person_who_may_ask_again(sessions: sessionmaker[Session]) -> None:
    land_rejected(sessions, 1)
    for _ in range(MOST_RETRIES + 2):
        caring.retry_due(sessions, Answers(), ACCOUNT)
        with sessions.begin() as session:
            session.execute(
                text("update reject_care set retry_at = :past where retry_at is not null"), {"past": LONG_AGO}
            )
    [given_up] = rows(sessions)
    assert (given_up["retries"], given_up["retry_at"]) == (MOST_RETRIES, None)

    with sessions.begin() as session:
        [reference] = rejects.references(session, RejectFilter())
        assert caring.ask_again(session, [reference, "p9@1"], why(session)) == (1, 1)
    netsuite = Answers()
    caring.retry_due(sessions, netsuite, ACCOUNT)
    assert netsuite.asked == [[1]]


def test_a_question_that_was_not_answered_counts_and_is_told(sessions: sessionmaker[Session]) -> None:
    land_rejected(sessions, 1)
    with pytest.raises(TryAgain):
        caring.retry_due(sessions, Answers(fails=True), ACCOUNT)
    assert [row["retries"] for row in rows(sessions)] == [1]


def test_a_row_just_read_is_left_alone_and_so_is_another_account(sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        now = clock.now(session)
    land_rejected(sessions, 1, since=now)
    netsuite = Answers()
    caring.retry_due(sessions, netsuite, ACCOUNT)
    land_rejected(sessions, 2)
    caring.retry_due(sessions, netsuite, "OTHER")
    assert netsuite.asked == []


def test_what_is_ignored_is_neither_listed_nor_retried_until_netsuite_says_something_else(
    sessions: sessionmaker[Session],
) -> None:
    land_rejected(sessions, 1)
    with sessions.begin() as session:
        [reference] = rejects.references(session, RejectFilter())
        assert caring.ignore(session, [reference], why(session), " known mistake ") == 1
    assert rows(sessions) == []
    [hidden] = rows(sessions, show="ignored")
    assert (hidden["ignored_by"], hidden["ignore_reason"]) == ("ann@example.com", "known mistake")
    netsuite = Answers()
    caring.retry_due(sessions, netsuite, ACCOUNT)
    assert netsuite.asked == []

    with sessions.begin() as session:
        later = LONG_AGO + timedelta(days=1)
        other = Landed(
            1, 7, None, None, None, None, later, '{"id":"1","end_1":"32/02"}', "date-unreadable", "32/02"
        )
        landing.land(session, [other], later, later)
    assert [row["ignored_at"] for row in rows(sessions)] == [None]


def test_parked_rows_can_be_ignored_and_assigned_too(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        landing.park(session, [("order-id-missing", "no id", '{"tranid":"SO9"}')], None, LONG_AGO)
        person = Staff(email="bob@example.com", name="Bob", role="ops")
        session.add(person)
        session.flush()
        [reference] = rejects.references(session, RejectFilter())
        assert caring.assign(session, [reference], person.id, why(session)) == 1
        assert [row["assignee"] for row in rejects.rows(session, RejectFilter(assigned_to=person.id))] == ["Bob"]
        assert caring.ignore(session, [reference], why(session), "seen") == 1
        assert rejects.count(session, RejectFilter()) == 0


def test_nobody_is_given_work_who_left_and_nothing_is_hidden_without_a_reason(
    sessions: sessionmaker[Session],
) -> None:
    land_rejected(sessions, 1)
    with sessions.begin() as session:
        session.add(Staff(email="gone@example.com", name="Gone", role="ops", active=False))
        session.flush()
        gone = session.execute(text("select id from staff")).scalar_one()
        with pytest.raises(NotFound):
            caring.assign(session, ["o1"], gone, why(session))
        with pytest.raises(TermsyncError, match="no reason"):
            caring.ignore(session, ["o1"], why(session), "  ")


def test_rows_are_grouped_by_reason_and_found_by_number(sessions: sessionmaker[Session]) -> None:
    land_rejected(sessions, 10, 11)
    with sessions.begin() as session:
        landing.park(session, [("order-id-missing", "no id", '{"tranid":"SO9"}')], None, LONG_AGO)
    with sessions() as session:
        assert [(g["code"], g["rows"]) for g in rejects.groups(session, RejectFilter())] == [
            ("date-unreadable", 2),
            ("order-id-missing", 1),
        ]
        for sought in ("so11", "11"):
            found = rejects.rows(session, RejectFilter(text=sought))
            assert [(row["number"], row["order_id"]) for row in found] == [("SO11", 11)]
