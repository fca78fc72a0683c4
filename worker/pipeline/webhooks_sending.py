"""Calling one webhook: what follows in the feed, call by call, in order, until nothing is due.

No transaction is open while the receiver is called. A call is a row before it goes out and says how it ended after
that: whoever is killed in between leaves a row that is due, and the receiver gets the same call, with the same id,
once more.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Protocol

import msgspec
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from connectors.errors import ConnectorError
from connectors.webhooks import Answer, without_address
from models import webhook_calls
from models.api_events import Horizon
from models.webhook import PROGRAM
from models.webhook_calls import Message, Turn
from worker import clock
from worker.errors import SettingInvalid, TermsyncError
from worker.logs import get_logger
from worker.pipeline.webhooks_secrets import Keyring, signed
from worker.settings import Settings

log = get_logger(__name__)

MOST_CALLS = 25  # of one turn; what is left waits behind the other webhooks
DEAD_IN_A_ROW = 5  # after so many it is disabled: nothing is lost, it stops where it is
LONGEST_PAUSE = timedelta(hours=6)
LONGEST_ASKED = timedelta(days=1)  # by a Retry-After
GONE = 410
SHOWN = 200  # characters of a receiver's answer that are kept
# The claim outlasts the longest call by this: for what comes before it and after it.
MARGIN = timedelta(seconds=5)
AGENT = "termsync"


class Sends(Protocol):
    """What is needed of the connector: `connectors.webhooks.Sender`."""

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer: ...


@dataclass
class SharedHorizon:
    """How far the feed is settled, as this process knows it; for all of its threads."""

    _horizon: Horizon = field(default_factory=Horizon)
    _looking: Lock = field(default_factory=Lock)

    def look(self, sessions: sessionmaker[Session]) -> int:
        """What is settled now."""
        with self._looking, sessions() as session:
            return self._horizon.look(session)


@dataclass(frozen=True)
class Calling:
    """What calls are made with. `stopping`: whether the worker was told to stop."""

    sessions: sessionmaker[Session]
    settings: Settings
    keys: Callable[[], Keyring]
    sender: Sends
    horizon: SharedHorizon = field(default_factory=SharedHorizon)
    stopping: Callable[[], bool] = lambda: False

    @property
    def claim(self) -> timedelta:
        return timedelta(seconds=self.settings.webhook_timeout) + MARGIN

    def pause(self, attempts: int) -> timedelta:
        """Before a call that has failed `attempts` times is made again: three times longer each time, by chance
        up to a quarter more or less, so that those who failed together do not come back together."""
        first = timedelta(seconds=self.settings.webhook_retry_seconds)
        pause: timedelta = min(first * 3 ** min(attempts - 1, 12), LONGEST_PAUSE)
        return pause * random.uniform(0.75, 1.25)  # noqa: S311


def take_turn(calling: Calling, webhook_id: int) -> bool:
    """Call the webhook as long as something is due, at most MOST_CALLS times. Returns whether there is more.

    Does nothing while another worker is at it.
    """
    with calling.sessions.begin() as session:
        now = clock.now(session)
        turn = webhook_calls.claim(session, webhook_id, now, now + calling.claim)
    if turn is None:
        return False
    try:
        return _calls(calling, turn)
    finally:
        _release(calling, turn)


def _calls(calling: Calling, turn: Turn) -> bool:
    for _ in range(MOST_CALLS):
        if calling.stopping():
            return True
        settled = calling.horizon.look(calling.sessions)
        with calling.sessions.begin() as session:
            now = clock.now(session)
            kept = webhook_calls.keep(session, turn, now, now + calling.claim)
            if kept is None:
                return False
            message, goes_on = webhook_calls.next_message(session, kept, settled, now)
        if message is not None and not _call(calling, kept, message):
            return False
        if not goes_on:
            return False
    return True


def _release(calling: Calling, turn: Turn) -> None:
    try:
        with calling.sessions.begin() as session:
            webhook_calls.release(session, turn)
    except SQLAlchemyError as error:  # it runs out by itself
        log.warning("webhook-not-released", webhook=turn.name, reason=type(error).__name__)


def message_id(turn: Turn, message: Message) -> str:
    """Tells a call from every other, however often it is made."""
    return f"wh{turn.webhook_id}_{message.first_event}_{message.last_event}"


def body_of(events: Sequence[Mapping[str, Any]], kind: str = "events") -> bytes:
    """What is sent: the events as the feed tells them."""
    return msgspec.json.encode({"type": kind, "events": events})


def _call(calling: Calling, turn: Turn, message: Message) -> bool:
    """Make one call and write down what came of it. Returns whether it was taken."""
    try:
        answer = _send(calling, turn, message_id(turn, message), body_of(message.events))
        problem = None if 200 <= answer.status < 300 else _said(answer, turn.url)
    except (ConnectorError, TermsyncError) as error:
        answer, problem = None, error.message
    with calling.sessions.begin() as session:
        now = clock.now(session)
        if answer is not None and problem is None:
            webhook_calls.delivered(session, turn, message.delivery_id, answer.status, now)
            return True
        _failed(calling, session, turn, message, answer, problem or "", now)
    return False


def _send(calling: Calling, turn: Turn, name: str, body: bytes) -> Answer:
    keys = calling.keys()
    if keys.check != turn.key_check:
        raise key_differs()
    with calling.sessions() as session:
        timestamp = int(clock.now(session).timestamp())
    salts = [salt for salt in (turn.salt, turn.salt_before) if salt is not None]
    headers = signed([keys.secret(salt) for salt in salts], name, timestamp, body)
    return calling.sender.post(turn.url, {**headers, **PLAIN_HEADERS}, body)


def _failed(
    calling: Calling,
    session: Session,
    turn: Turn,
    message: Message,
    answer: Answer | None,
    problem: str,
    now: datetime,
) -> None:
    status = None if answer is None else answer.status
    attempts = message.attempts + 1
    again = now + max(calling.pause(attempts), _asked(answer))
    is_dead = attempts >= calling.settings.webhook_attempts and status != GONE
    died = webhook_calls.failed(
        session, turn, message.delivery_id, problem, now, status=status, again=None if is_dead else again
    )
    log.warning("webhook-call-failed", webhook=turn.name, call=message.delivery_id, status=status, dead=is_dead)
    if status == GONE:
        webhook_calls.disable(session, turn.webhook_id, now, PROGRAM, "The receiver said that it is gone (410).")
    elif is_dead and died >= DEAD_IN_A_ROW:
        because = f"{died} calls in a row were not taken."
        webhook_calls.disable(session, turn.webhook_id, now, PROGRAM, because)


def _asked(answer: Answer | None) -> timedelta:
    """How long the receiver asks to be left alone."""
    seconds = 0.0 if answer is None or answer.retry_after is None else answer.retry_after
    return timedelta(seconds=min(seconds, LONGEST_ASKED.total_seconds()))


def _said(answer: Answer, url: str) -> str:
    """A refusal in few words, with the beginning of what the receiver said."""
    text = without_address(answer.text, url)[:SHOWN]
    words = "".join(each if each.isprintable() else " " for each in text).strip()
    return f"HTTP {answer.status}" + (f": {words}" if words else "")


PLAIN_HEADERS = {"content-type": "application/json", "user-agent": AGENT}


def try_out(calling: Calling, turn: Turn, name: str) -> Answer:
    """A call about nothing, signed as all are, to see whether it is taken. Raises as `Sender.post` does."""
    return _send(calling, turn, name, body_of([], "test"))


def key_differs() -> SettingInvalid:
    return SettingInvalid(
        "secret-key-differs",
        "The secret of the webhook was made with another key than this process has.",
        "Set TERMSYNC_SECRET_KEY to the same for every process, or change the secret: `termsync webhook rotate`.",
    )
