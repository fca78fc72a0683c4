"""Middleware of the queue. Their order is in `worker.queue.broker.make_middleware`."""

import threading
import time
from typing import Any

import redis
import structlog
from dramatiq import Broker
from dramatiq.broker import MessageProxy
from dramatiq.middleware import Middleware, Retries, SkipMessage
from sqlalchemy.exc import SQLAlchemyError

from worker.logs import get_logger
from worker.queue import ledger
from worker.queue.resources import Resources

log = get_logger(__name__)

RUN_ACTOR = "perform_run"
REENQUEUE_SECONDS = 1.0


class WorkRefused(SkipMessage):
    """The message is dropped before its actor starts. Nothing is lost: the row behind it stays due."""


class LogContext(Middleware):
    """Binds the message's ids to every log line of its thread. Threads are used again, so it also forgets them."""

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(
            message_id=message.message_id, actor=message.actor_name, work=_arguments(message)
        )

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        structlog.contextvars.clear_contextvars()

    def after_skip_message(self, broker: Broker, message: MessageProxy) -> None:
        structlog.contextvars.clear_contextvars()


class JobLedger(Middleware):
    """Writes an attempt row before the work and its outcome after.

    Work that has lost its worker three times in a row is refused: it is what kills them. A run is not refused
    here; its claim counts the starts and sets the run aside, where people see it.
    """

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._here = threading.local()

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        self._here.attempt = None
        work_key = f"{message.actor_name}:{_arguments(message)}"
        run_id = message.args[0] if message.actor_name == RUN_ACTOR else None
        try:
            with self._resources.sessions.begin() as session:
                lost = 0 if run_id is not None else ledger.lost_in_a_row(session, work_key)
                if lost < ledger.MOST_LOST:
                    self._here.attempt = ledger.start(
                        session, message.actor_name, work_key, run_id, self._resources.worker_id
                    )
        except SQLAlchemyError as error:
            # Anything but a SkipMessage would be swallowed and the work would start without its ledger.
            log.warning("work-refused-without-database", reason=type(error).__name__)
            raise WorkRefused("the ledger cannot be written") from error
        if self._here.attempt is None:
            log.error("work-quarantined", work_key=work_key, lost=lost)
            raise WorkRefused(f"{work_key} has lost its worker {lost} times")

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        attempt, self._here.attempt = self._here.attempt, None
        if attempt is None:
            return
        with self._resources.sessions.begin() as session:
            ledger.finish(session, attempt, exception)
        if exception is None:
            log.debug("work-done")
        else:
            log.warning(
                "work-failed", code=getattr(exception, "code", type(exception).__name__), final=message.failed
            )

    def after_skip_message(self, broker: Broker, message: MessageProxy) -> None:
        self._here.attempt = None


class PatientRetries(Retries):
    """Retries that waits for Redis: dramatiq's own swallows a failed re-enqueue and then acks the message.

    Errors of the kinds `on_the_row` are written down where the work is; their messages are done with.
    """

    def __init__(self, *, on_the_row: tuple[type[BaseException], ...] = (), **options: Any) -> None:
        super().__init__(**options)
        self._on_the_row = on_the_row

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        if isinstance(exception, self._on_the_row):
            return
        retries = message.options.get("retries", 0)
        while True:
            try:
                super().after_process_message(  # type: ignore[no-untyped-call]
                    broker, message, result=result, exception=exception
                )
                return
            except redis.RedisError as error:
                log.warning("retry-waits-for-redis", reason=type(error).__name__)
                message.options["retries"] = retries  # the attempt counts once
                time.sleep(REENQUEUE_SECONDS)


def _arguments(message: MessageProxy) -> str:
    return ",".join(str(argument) for argument in message.args)
