"""Customers get their names after their orders have landed; without the right to read them, ids stay."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from connectors.errors import OperatorMustAct, TryAgain
from models import pulling
from worker.pipeline import naming

ACCOUNT = "1234567"


class Told:
    """Stands for NetSuite: names by id, or an error."""

    def __init__(self, names: dict[int, str] | None = None, error: Exception | None = None) -> None:
        self.asked: list[list[int]] = []
        self._names, self._error = names or {}, error

    def of(self, ids: list[int]) -> dict[int, str]:
        self.asked.append(ids)
        if self._error:
            raise self._error
        return {each: self._names[each] for each in ids if each in self._names}


@pytest.fixture(autouse=True)
def _customers(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        pulling.bind_account(session, ACCOUNT)
        session.execute(text("insert into customer (id) values (1), (2)"))


def names(sessions: sessionmaker[Session]) -> dict[int, str | None]:
    with sessions() as session:
        return {row.id: row.name for row in session.execute(text("select id, name from customer"))}


def test_each_customer_is_asked_for_once_a_day(sessions: sessionmaker[Session]) -> None:
    netsuite = Told({1: "Acme Ltd."})
    assert naming.name_customers(sessions, netsuite, ACCOUNT) == 1
    assert naming.name_customers(sessions, netsuite, ACCOUNT) == 0
    assert netsuite.asked == [[1, 2]]
    assert names(sessions) == {1: "Acme Ltd.", 2: None}

    with sessions.begin() as session:
        long_ago = datetime.now(UTC) - timedelta(days=2)
        session.execute(text("update customer set name_asked_at = :at"), {"at": long_ago})
        assert naming.is_due(session)
    naming.name_customers(sessions, Told({1: "Acme GmbH"}), ACCOUNT)
    assert names(sessions)[1] == "Acme GmbH"


def test_a_role_that_may_not_read_names_is_asked_again_tomorrow(sessions: sessionmaker[Session]) -> None:
    refused = OperatorMustAct("netsuite-customers-not-readable", "not for you", "Give the role a right.")
    assert naming.name_customers(sessions, Told(error=refused), ACCOUNT) == 0
    with sessions() as session:
        assert not naming.is_due(session)


def test_when_netsuite_does_not_answer_the_names_stay_due(sessions: sessionmaker[Session]) -> None:
    with pytest.raises(TryAgain):
        naming.name_customers(sessions, Told(error=TryAgain("netsuite-busy", "busy", "Wait.")), ACCOUNT)
    with sessions() as session:
        assert naming.is_due(session)


def test_another_account_is_not_asked_for_the_names_of_this_database(sessions: sessionmaker[Session]) -> None:
    netsuite = Told({1: "Somebody else"})
    naming.name_customers(sessions, netsuite, "OTHER")
    assert netsuite.asked == []
