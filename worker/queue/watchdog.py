"""Ends a worker process one of whose threads is stuck: a thread that waits for the system cannot be stopped.

dramatiq's time limit is an exception that the thread meets when it runs Python code again, which a call that never
returns does not. The process ends instead and is started anew; what its other threads had in hand is due still and
is taken up like the work of any worker that died.
"""

import math
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dramatiq import Broker, Worker
from dramatiq.broker import MessageProxy
from dramatiq.middleware import Middleware
from sqlalchemy import Engine, event

from worker.logs import get_logger

log = get_logger(__name__)

LOOK_SECONDS = 5.0
# Beyond an actor's time limit: so long a thread may take to notice it, in a statement of the database say.
GRACE_SECONDS = 120.0
# Without a statement of the database, for work that has no time limit. Every wait in it is far shorter.
SILENT_SECONDS = 3600.0
STUCK = 70  # the exit code


@dataclass
class _Work:
    """What a thread does. `limit` in seconds, infinite for work that is as long as it is."""

    what: str
    limit: float
    started: float
    last_sign: float

    @property
    def ends_at(self) -> float:
        if math.isfinite(self.limit):
            return self.started + self.limit + GRACE_SECONDS
        return self.last_sign + SILENT_SECONDS


class Watchdog(Middleware):
    """Looks every few seconds whether each thread is within its time.

    `time_limit` in ms, of actors that name none; `end` ends the process with a code.
    """

    def __init__(self, time_limit: int, end: Callable[[int], Any] = os._exit) -> None:
        self._time_limit = time_limit
        self._end = end
        self._works: dict[int, _Work] = {}
        self._closing = threading.Event()

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:
        self._closing.clear()
        event.listen(Engine, "after_cursor_execute", self._sign)
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def after_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        self._closing.set()
        event.remove(Engine, "after_cursor_execute", self._sign)

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        actor = broker.get_actor(message.actor_name)
        limit = message.options.get("time_limit") or actor.options.get("time_limit", self._time_limit)
        now = time.monotonic()
        self._works[threading.get_ident()] = _Work(str(message), limit / 1000, now, now)

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        self._works.pop(threading.get_ident(), None)

    def after_skip_message(self, broker: Broker, message: MessageProxy) -> None:
        self._works.pop(threading.get_ident(), None)

    def _sign(self, *_: object) -> None:
        work = self._works.get(threading.get_ident())
        if work is not None:
            work.last_sign = time.monotonic()

    def _watch(self) -> None:
        while not self._closing.wait(LOOK_SECONDS):
            for thread, work in list(self._works.items()):
                if time.monotonic() > work.ends_at:
                    self._end_process(thread, work)
                    return

    def _end_process(self, thread: int, work: _Work) -> None:
        frame = sys._current_frames().get(thread)
        where = "".join(traceback.format_stack(frame)) if frame else "it has ended"
        seconds = round(time.monotonic() - work.started)
        log.critical("worker-stuck", work=work.what, seconds=seconds, where=where)
        sys.stdout.flush()
        sys.stderr.flush()
        self._end(STUCK)
