"""Mail to ops: once when something is wrong, and once more when it is over; from the facts of the health strip.

What may come and go by itself is told of when it has lasted a minute (a restart is no trouble) and is over when it
was not seen for five. A hold is told of at once, each by itself.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy.orm import Session, sessionmaker

from models import alerting, api_holds, mailing
from models.alerting import Told
from worker import clock, status
from worker.logs import get_logger
from worker.settings import Settings, entries
from worker.status import Status

log = get_logger(__name__)

KIND = "alert"
LASTS, QUIET, AT_ONCE = timedelta(minutes=1), timedelta(minutes=5), timedelta(0)
HOLD = "hold:"


class Trouble(NamedTuple):
    """One thing that is wrong; the same one as long as its key is the same."""

    key: str
    what: str
    action: str


def look(sessions: sessionmaker[Session], redis_url: str, settings: Settings) -> None:
    """Compare what is wrong now with what was, and put in the mails that follow from it."""
    found = status.read(sessions, redis_url, settings)
    with sessions.begin() as session:
        note(session, list(troubles(session, found)), settings, clock.now(session))


def troubles(session: Session, found: Status) -> Iterator[Trouble]:
    """What is wrong: the problems of the health strip, of each kind the worst, and every open hold."""
    told = {"holds"}
    for problem in found.problems:
        if problem.about not in told:
            told.add(problem.about)
            yield Trouble(problem.about, problem.what, problem.action)
    for hold in api_holds.page(session, None, state="open"):
        what = f"Hold {hold['id']} of {hold['tenant']}: {hold['reason']}"
        yield Trouble(f"{HOLD}{hold['id']}", what, f"Decide: `termsync hold show {hold['id']}`.")


def note(session: Session, wrong: list[Trouble], settings: Settings, now: datetime) -> None:
    """Write down what is wrong at `now`, and put in a mail for each that has begun or is over."""
    for trouble in wrong:
        begun = alerting.seen(session, *trouble, now, _unless_hold(trouble.key, LASTS))
        if begun is not None:
            _tell(session, begun, settings, now)
    for key in alerting.open_keys(session) - {trouble.key for trouble in wrong}:
        over = alerting.gone(session, key, now, _unless_hold(key, QUIET))
        if over is not None:
            _tell(session, over, settings, now)


def _unless_hold(key: str, time: timedelta) -> timedelta:
    return AT_ONCE if key.startswith(HOLD) else time


def _tell(session: Session, told: Told, settings: Settings, now: datetime) -> None:
    log.warning("alert", key=told.key, over=told.closed_at is not None)
    for address in entries(settings.ops_mail):
        mailing.put(
            session,
            recipient=address,
            kind=KIND,
            subject=f"termsync: {'over: ' if told.closed_at else ''}{told.what}"[:200],
            body=_text(told, settings.web_url, now),
            once_key=f"alert:{told.id}:{'over' if told.closed_at else 'begun'}:{address}",
            queued_by="schedule",
        )


def _text(told: Told, web_url: str | None, now: datetime) -> str:
    begun = f"{told.opened_at:%Y-%m-%d %H:%M} UTC"
    if told.closed_at is None:
        lines = [
            told.what,
            f"What to do: {told.action}",
            f"Since {begun}. You are told once more when it is over.",
        ]
    else:
        lasted = status.in_words((now - told.opened_at).total_seconds())
        lines = ["This is over:", told.what, f"It began at {begun} and lasted {lasted}."]
    if web_url:
        lines.append(f"{web_url.rstrip('/')}/console/health")
    return "\n\n".join(lines) + "\n"
