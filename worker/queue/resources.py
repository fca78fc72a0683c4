"""What the actors of one worker process share: identity, engine, settings, the wish to stop, sign of life."""

import os
import socket
import threading
from functools import partial
from uuid import UUID, uuid4

import redis
from dramatiq import Broker, Worker
from dramatiq.middleware import Middleware
from dramatiq.worker import ConsumerThread
from sqlalchemy import Engine, delete, func, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from connectors.netsuite import ApiCall, CustomerNames, NetSuiteClient, SalesOrders, connect, order_reader
from models.sync_run import WorkerProcess
from worker import metrics
from worker.database import make_engine, make_sessions
from worker.logs import get_logger
from worker.queue.call_log import CallLog
from worker.settings import Settings

log = get_logger(__name__)

HEARTBEAT_SECONDS = 2.0
# How long an idle worker sleeps at most between two looks at a queue: pickup against commands a second. What is
# delayed waits for seconds anyway.
PICKUP_MILLISECONDS, DELAYED_MILLISECONDS = 100, 500


class Resources(Middleware):
    """Opened when the worker boots, closed when it has shut down; `configure` comes before that."""

    def __init__(self) -> None:
        self.worker_id: UUID = uuid4()
        self._settings: Settings | None = None
        self._database_url = ""
        self._engine: Engine | None = None
        self._sessions: sessionmaker[Session] | None = None
        self._stopping = threading.Event()
        self._closing = threading.Event()
        self._heart: threading.Thread | None = None
        self._connecting = threading.Lock()
        self._client: NetSuiteClient | None = None
        self._slots_in: redis.Redis | None = None
        self._call_log = CallLog(None)

    def configure(self, settings: Settings, database_url: str) -> None:
        """Says what to open; opens nothing."""
        self._settings = settings
        self._database_url = database_url

    @property
    def settings(self) -> Settings:
        if self._settings is None:
            raise RuntimeError("Resources.configure has not been called")
        return self._settings

    @property
    def sessions(self) -> sessionmaker[Session]:
        if self._sessions is None:
            raise RuntimeError("the worker has not booted")
        return self._sessions

    def stopping(self) -> bool:
        """Whether the worker was told to stop; long work asks between two pages."""
        return self._stopping.is_set()

    def orders(self, run_id: int | None = None) -> SalesOrders:
        """The reader of NetSuite's sales orders, made at its first use: most workers never need it.

        Its requests are counted by themselves and noted as those of the run `run_id`.
        Raises OperatorMustAct when the NETSUITE_* settings are missing or contradict each other.
        """
        return order_reader(self.settings, self._connected().counted(partial(self._note_call, run_id)))

    def customer_names(self) -> CustomerNames:
        """The reader of customers' names, on the same connection. Raises as `orders` does."""
        return CustomerNames(self._connected())

    def _connected(self) -> NetSuiteClient:
        with self._connecting:
            if self._client is None:
                self._client = connect(
                    self.settings,
                    slots=self.settings.slots,
                    slots_in=self._slots_in,
                    timeouts=(self.settings.connect_timeout, self.settings.read_timeout),
                    on_call=partial(self._note_call, None),
                    stopping=self._stopping,
                )
                self._call_log = CallLog(self._slots_in)
            return self._client

    def _note_call(self, run_id: int | None, call: ApiCall) -> None:
        _count_call(call)
        self._call_log.note(call, run_id)

    def learn_slots(self) -> None:
        """Ask NetSuite how many requests it leaves us, where the role may: worth its call before a full read."""
        self.orders()
        assert self._client is not None
        self._client.learn_slots()

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:
        worker.worker_timeout = PICKUP_MILLISECONDS
        # A message taken beyond what the threads can do waits here while another process may be idle.
        worker.queue_prefetch = worker.worker_threads
        queues = ",".join(sorted(worker.consumer_whitelist or broker.get_declared_queues()))
        try:
            self.open(queues, worker.worker_threads, getattr(broker, "client", None))
        except SQLAlchemyError as error:
            # dramatiq swallows any Exception of a boot hook and would run without its resources.
            log.critical("worker-cannot-start", reason=str(error))
            raise SystemExit(1) from None

    def after_consumer_thread_boot(self, broker: Broker, thread: ConsumerThread) -> None:
        if thread.queue_name in broker.get_declared_delay_queues():
            thread.worker_timeout = DELAYED_MILLISECONDS

    def open(self, queues: str, threads: int, slots_in: redis.Redis | None) -> None:
        """Opens what `threads` threads need and registers this process as one that takes work of `queues`.

        `slots_in` is where NetSuite's slots are shared with other processes. Also for a command that does a run
        itself; it ends with `stop` and `close`.
        """
        self.worker_id = uuid4()
        self._stopping.clear()
        self._closing.clear()
        self._slots_in = slots_in
        # One connection a thread, one for the heartbeat, one for the ledger.
        self._engine = make_engine(self._database_url, application_name="termsync worker", pool_size=threads + 2)
        self._sessions = make_sessions(self._engine)
        self._register(queues)
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._heart.start()

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        self.stop()

    def after_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        self.close()

    def stop(self) -> None:
        """Lets the work in hand end at its next page edge."""
        self._stopping.set()

    def close(self) -> None:
        """Takes this process from the list of workers and closes what `open` opened."""
        self._closing.set()
        if self._heart:
            self._heart.join(HEARTBEAT_SECONDS)
        try:
            with self.sessions.begin() as session:
                session.execute(delete(WorkerProcess).where(WorkerProcess.id == self.worker_id))
        except SQLAlchemyError as error:  # then it is taken for dead in a few seconds
            log.warning("worker-not-signed-off", reason=type(error).__name__)
        if self._client:
            self._client.close()
            self._client = None
        if self._engine:
            self._engine.dispose()
        log.info("worker-stopped", worker_id=str(self.worker_id))

    def _register(self, queues: str) -> None:
        with self.sessions.begin() as session:
            session.add(
                WorkerProcess(id=self.worker_id, host=socket.gethostname(), pid=os.getpid(), queues=queues)
            )
        log.info("worker-started", worker_id=str(self.worker_id), queues=queues)

    def _beat(self) -> None:
        """Tells the others that this process lives. After a database outage it goes on by itself."""
        alive = (
            update(WorkerProcess)
            .where(WorkerProcess.id == self.worker_id)
            .values(heartbeat_at=func.clock_timestamp())
        )
        while not self._closing.wait(HEARTBEAT_SECONDS):
            try:
                with self.sessions.begin() as session:
                    session.execute(alive)
            except SQLAlchemyError as error:
                log.warning("heartbeat-failed", reason=type(error).__name__)


def _count_call(call: ApiCall) -> None:
    metrics.api_requests.labels(call.status or "none").inc()
    metrics.api_request_seconds.observe(call.ms / 1000)
    metrics.api_concurrency.set(call.in_flight)
