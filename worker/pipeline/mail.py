"""Sending what is due: one mail after the other, each decided at the moment at which it is handed over.

A transaction claims a mail, one decides it when the server has taken sender and recipient, and one writes down
what became of it; none of them is open while the server is spoken to. Who dies in between is found by `take_back`.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parseaddr
from typing import TypeVar
from uuid import UUID

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session, sessionmaker
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_fixed

from connectors.errors import ConnectorError, OperatorMustAct, RecordRejected, TryAgain
from connectors.smtp import PORTS, Connection, MailDeferred, MailOutcomeUnknown, MailServer
from models import mailing
from models.mailing import Claimed
from worker import clock
from worker.database import in_transaction
from worker.logs import get_logger
from worker.pipeline.mail_text import Letter, compose
from worker.settings import Settings

log = get_logger(__name__)

# After this long a worker looks up: other work waits for its thread.
SPELL = 60.0  # s
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=4)
MOST_ATTEMPTS = 12  # over some sixteen hours
DATABASE_SECONDS = 1.0

Sessions = sessionmaker[Session]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Post:
    """Where mails are handed over, and whom they are from."""

    server: MailServer
    sender: str

    @property
    def address(self) -> str:
        return parseaddr(self.sender)[1]

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


def post_of(settings: Settings) -> Post | None:
    """The configured mail server; None while there is none, so that mails wait."""
    if settings.smtp_host is None or settings.mail_from is None:
        return None
    server = MailServer(
        settings.smtp_host,
        settings.smtp_port or PORTS[settings.smtp_security],
        settings.smtp_security,
        settings.smtp_user,
        settings.smtp_password,
        settings.smtp_ca_file,
        settings.smtp_timeout,
    )
    return Post(server, settings.mail_from)


def send_due(sessions: Sessions, post: Post, worker_id: UUID, stopping: Callable[[], bool]) -> Counter[str]:
    """Send what is due, for a while. Returns how many mails came to which state; `queued` ones are tried again."""
    outcomes = Counter(in_transaction(sessions, lambda session: mailing.take_back(session, clock.now(session))))
    begun = time.monotonic()
    with Connection(post.server) as connection:
        while not stopping() and time.monotonic() - begun < SPELL:
            mail = in_transaction(
                sessions, lambda session: mailing.claim(session, worker_id, post.domain, clock.now(session))
            )
            if mail is None:
                break
            sending = _Sending(sessions, post, mail, stopping)
            outcomes[sending.send(connection)] += 1
            if sending.server_is_away:
                break
    return outcomes


class _Sending:
    """One claimed mail on its way."""

    def __init__(self, sessions: Sessions, post: Post, mail: Claimed, stopping: Callable[[], bool]) -> None:
        self._sessions = sessions
        self._post = post
        self._mail = mail
        self._stopping = stopping
        self._decided: str | None = None
        self.server_is_away = False

    def send(self, connection: Connection) -> str:
        """Send the mail, and write down what became of it. Returns the state it is in now."""
        try:
            said = self._hand_over(connection)
        except MailOutcomeUnknown as error:
            return self._end("parked", error.code, error.message)
        except RecordRejected as error:
            return self._end("refused", error.code, error.message)
        except (TryAgain, OperatorMustAct) as error:
            self.server_is_away = not isinstance(error, MailDeferred)
            return self._again(error)
        except BaseException as error:  # told to stop, out of time, the database away
            self._interrupted(error)
            raise
        if said is not None:
            return self._end("sent", None, said)
        return self._decided or "lost"

    def _hand_over(self, connection: Connection) -> str | None:
        mail = self._mail
        letter = Letter(
            mail.recipient,
            mail.subject,
            mail.body,
            mail.message_id,
            mail.name,
            mail.attachment_name,
            mail.attachment,
        )
        with self._sessions() as session:
            composed = compose(letter, self._post.sender, clock.now(session))
        recipient = composed["To"].addresses[0].addr_spec
        return connection.send(composed, self._post.address, recipient, self._decide)

    def _decide(self) -> bool:
        def decide(session: Session) -> str | None:
            return mailing.decide(session, self._mail, clock.now(session))

        self._decided = in_transaction(self._sessions, decide)
        return self._decided == "sending"

    def _again(self, error: ConnectorError) -> str:
        if self._mail.attempts >= MOST_ATTEMPTS:
            return self._end("parked", error.code, error.message)
        pause = min(FIRST_PAUSE * 2 ** (self._mail.attempts - 1), LONGEST_PAUSE)
        self._defer(pause, error.code, error.message)
        return "queued"

    def _interrupted(self, error: BaseException) -> None:
        what = f"It was interrupted: {type(error).__name__}."
        if self._decided == "sending":
            self._end("parked", mailing.UNKNOWN, what)
        else:
            self._defer(FIRST_PAUSE, mailing.WORKER_LOST, what)

    def _defer(self, pause: timedelta, reason: str, detail: str) -> None:
        def defer(session: Session) -> None:
            mailing.defer(session, self._mail, clock.now(session) + pause, reason, detail)

        self._write(defer)
        log.warning("mail-deferred", mail=self._mail.id, reason=reason, attempts=self._mail.attempts)

    def _end(self, state: mailing.End, reason: str | None, detail: str) -> str:
        def end(session: Session) -> bool:
            return mailing.end(session, self._mail, state, clock.now(session), reason, detail)

        if not self._write(end):
            return "lost"
        log.info("mail-decided", mail=self._mail.id, state=state, reason=reason)
        return state

    def _write(self, work: Callable[[Session], Result]) -> Result:
        """Write down what is known, however long the database is away: nobody else knows it."""
        waiting = Retrying(
            retry=retry_if_exception_type((OperationalError, InterfaceError)),
            wait=wait_fixed(DATABASE_SECONDS),
            stop=self._stops,
            reraise=True,
        )
        written: Result = waiting(in_transaction, self._sessions, work)
        return written

    def _stops(self, _: RetryCallState) -> bool:
        return self._stopping()
