"""Learning what customers are called, so that people need not know them by their ids. Nothing waits for it."""

from typing import Protocol

from sqlalchemy.orm import Session, sessionmaker

from connectors.errors import OperatorMustAct
from models import customers, pulling
from worker import clock
from worker.logs import get_logger

log = get_logger(__name__)


class Names(Protocol):
    """What is needed of the connector: `connectors.netsuite.customers.CustomerNames`."""

    def of(self, ids: list[int]) -> dict[int, str]: ...


def is_due(session: Session) -> bool:
    """Whether some customer's name was not asked for lately. One index look-up."""
    return bool(customers.unasked(session, clock.now(session), limit=1))


def name_customers(sessions: sessionmaker[Session], names: Names, account: str) -> int:
    """Ask for the names that are due, a thousand customers a question. Returns how many names were told.

    Where the role may not read them the ids stay, and are asked for again in a day. Does nothing for an account
    that is not the database's own. Raises TryAgain and OperatorMustAct of the connector.
    """
    told = 0
    while asked := _due(sessions, account):
        found = _told(names, asked)
        with sessions.begin() as session:
            customers.name(session, asked, found, clock.now(session))
        told += len(found)
    return told


def _due(sessions: sessionmaker[Session], account: str) -> list[int]:
    with sessions() as session:
        if pulling.bound_account(session) != account:
            return []
        return customers.unasked(session, clock.now(session))


def _told(names: Names, asked: list[int]) -> dict[int, str]:
    try:
        return names.of(asked)
    except OperatorMustAct as error:
        if error.code != "netsuite-customers-not-readable":
            raise
        log.warning("customer-names-not-readable", customers=len(asked), remedy=error.remedy)
        return {}
