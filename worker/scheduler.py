"""The clock of termsync: writes ticks that are due, and rings when some row says that work is due.

Two schedulers at once are harmless: ticks are unique in the database, and a second ring finds nothing to do.
While nothing is due a look is a few index reads: no write, no message.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from apscheduler.executors.pool import ThreadPoolExecutor  # type: ignore[import-untyped]
from apscheduler.schedulers.background import BackgroundScheduler  # type: ignore[import-untyped]
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from models import mailing, webhook_calls
from worker import alerting, clock, database, logs, metrics, observing, settings
from worker.database import make_engine, make_sessions
from worker.embedded import servers
from worker.lifeline import stop_requested
from worker.logs import get_logger
from worker.pipeline import expire, mail, reconcile, runs
from worker.queue import doorbell, ticks
from worker.queue.broker import broker
from worker.queue.ticks import Schedule
from worker.settings import Settings

log = get_logger(__name__)

LOOK_SECONDS = 1.0
OBSERVE_SECONDS = 15.0
LONGEST_PAUSE = 15.0  # seconds between two rings for work that stays due

# What to ring, the id it is about, and how far that is if it may move on and stay due: then it is rung at once.
Work = tuple[str, int | None] | tuple[str, int, int]
RINGS: dict[str, Callable[[int], bool]] = {
    "digest": lambda _none: doorbell.ring_digest(),
    "expire": lambda _none: doorbell.ring_expire(),
    "look": lambda _none: doorbell.ring_look(),
    "mails": lambda _none: doorbell.ring_mails(),
    "reconcile": doorbell.ring_reconcile,
    "run": doorbell.ring_run,
    "webhook": doorbell.ring_webhook,
}


class Ringer:
    """Rings at once for work that has become due, then ever more rarely while it stays due.

    A ring may have got lost with Redis or with its worker, so it has to be repeated; but with no worker at all
    the messages must not pile up.
    """

    def __init__(self, ring: Callable[[Work], bool], now: Callable[[], float] = time.monotonic) -> None:
        self._ring = ring
        self._now = now
        self._next: dict[Work, float] = {}
        self._pause: dict[Work, float] = {}

    def ring(self, due: list[Work]) -> None:
        """Rings for what is due and whose turn it is. Stops at the first ring that fails: Redis is away."""
        self._forget(set(self._next) - set(due))
        for work in due:
            if self._now() < self._next.get(work, 0.0):
                continue
            if not self._ring(work):
                return
            pause = self._pause.get(work, LOOK_SECONDS / 2)
            self._next[work] = self._now() + pause
            self._pause[work] = min(2 * pause, LONGEST_PAUSE)

    def _forget(self, done: set[Work]) -> None:
        for work in done:
            del self._next[work], self._pause[work]


def due(session: Session, *, mails: bool = True) -> list[Work]:
    """All work that is due, by the rows that say so; read only. Expiry first, then what feeds it.

    `mails`: whether mails can be sent; without a mail server they wait, and nobody is rung for them.
    """
    session.execute(text("set transaction read only"))
    now = clock.now(session)
    found: list[Work] = []
    if expire.is_due(session, now):
        found.append(("expire", None))
    if ticks.any_waiting(session, ticks.PULLS):
        found.append(("look", None))
    found += [("reconcile", tenant_id) for tenant_id in reconcile.due_tenants(session)]
    found += [("run", run_id) for run_id in runs.due(session, now)]
    found += [("webhook", *called) for called in webhook_calls.due(session, now)]
    if ticks.any_waiting(session, (ticks.DIGEST,)):
        found.append(("digest", None))
    if mails and mailing.is_due(session, now):
        found.append(("mails", None))
    return found


class Scheduler:
    """The jobs of the scheduler process, each a few statements long."""

    def __init__(self, settings: Settings, sessions: sessionmaker[Session], redis_url: str | None = None) -> None:
        self._settings = settings
        self._sessions = sessions
        self._redis_url = redis_url
        self._schedules = ticks.schedules(settings)
        self._key_file = settings.netsuite_private_key_file
        self._mails = mail.post_of(settings) is not None
        self._ringer = Ringer(lambda work: RINGS[work[0]](work[1] or 0))

    def look(self) -> None:
        """Rings for what is due. An unreachable database is logged; the next look is a second away."""
        try:
            with self._sessions() as session:
                found = due(session, mails=self._mails)
        except SQLAlchemyError as error:
            log.error("look-failed", reason=type(error).__name__)
            return
        self._ringer.ring(found)

    def observe(self) -> None:
        """Reads the gauges off the database."""
        try:
            with self._sessions() as session:
                now = clock.now(session)
                observing.observe(session, now)
            observing.observe_certificate(self._key_file, now)
        except SQLAlchemyError as error:
            log.warning("observe-failed", reason=type(error).__name__)

    def alert(self) -> None:
        """Puts in the mails to ops that follow from what is wrong, and from what is no more."""
        assert self._redis_url is not None, "the job is there only with it"
        try:
            alerting.look(self._sessions, self._redis_url, self._settings)
        except SQLAlchemyError as error:
            log.warning("alert-failed", reason=type(error).__name__)

    def tick(self, schedule: Schedule) -> None:
        """Writes the tick of `schedule` for the present interval, once, whoever else does so too."""
        try:
            with self._sessions.begin() as session:
                written = ticks.insert_due(session, schedule, clock.now(session))
        except SQLAlchemyError as error:
            log.error("tick-failed", schedule=schedule.name, reason=type(error).__name__)
            return
        if written:
            log.debug("tick", schedule=schedule.name)

    def start(self) -> BackgroundScheduler:
        """Runs the jobs in threads of their own until the returned scheduler is shut down."""
        clockwork = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(3)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone="UTC",
        )
        clockwork.add_job(self.look, "interval", seconds=LOOK_SECONDS)
        clockwork.add_job(self.observe, "interval", seconds=OBSERVE_SECONDS)
        if self._settings.ops_mail and self._redis_url is not None:
            clockwork.add_job(self.alert, "interval", seconds=OBSERVE_SECONDS)
        for schedule in self._schedules:
            # Looked at more often than it is due: a tick then follows the start of its interval closely.
            seconds = min(schedule.interval.total_seconds(), 60.0)
            clockwork.add_job(self.tick, "interval", [schedule], seconds=seconds, next_run_time=datetime.now(UTC))
        clockwork.start()
        return clockwork


def main() -> None:
    """Runs until SIGTERM or SIGINT. Raises DependencyUnreachable when the database does not answer."""
    configured = settings.load()
    logs.configure(configured)
    with servers(configured) as addresses:
        database.check(addresses.database_url)
        broker.connect(addresses.redis_url)
        metrics.serve(configured)
        engine = make_engine(addresses.database_url, application_name="termsync scheduler", pool_size=3)
        clockwork = Scheduler(configured, make_sessions(engine), addresses.redis_url).start()
        log.info("scheduler-started")
        with stop_requested() as stop:
            stop.wait()
        clockwork.shutdown()
        engine.dispose()
        log.info("scheduler-stopped")


if __name__ == "__main__":
    main()
