"""Fixtures, named in `pytest_plugins` of the tests that use them: a mail server, and people to mail to."""

from collections.abc import Iterator

import pytest
from mail_server import Inbox, mail_server
from mail_world import MailWorld
from sqlalchemy.orm import Session, sessionmaker


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with mail_server() as inbox:
        yield inbox


@pytest.fixture
def mails(sessions: sessionmaker[Session], inbox: Inbox) -> MailWorld:
    return MailWorld(sessions, inbox)
