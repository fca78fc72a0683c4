"""The middleware, in production order, around actors of this file; Redis is dramatiq's stub."""

from collections.abc import Callable, Iterator

import dramatiq
import pytest
import structlog
from dramatiq import Worker
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import CurrentMessage, Middleware, Retries, ShutdownNotifications, TimeLimit
from processes import eventually
from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.orm import Session, sessionmaker

from connectors.errors import OperatorMustAct
from models.sync_run import Attempt, WorkerProcess
from worker.queue.broker import make_middleware
from worker.queue.middleware import JobLedger, LogContext, PatientRetries
from worker.queue.resources import Resources
from worker.queue.watchdog import Watchdog
from worker.settings import load

TIMEOUT = 20_000  # ms
Boot = Callable[[StubBroker], Worker]


class Refused(Exception):
    code = "order-refused"


@pytest.fixture
def resources(database_url: str) -> Resources:
    made = Resources()
    made.configure(load(), database_url)
    return made


@pytest.fixture
def broker(resources: Resources) -> StubBroker:
    return StubBroker(middleware=make_middleware(resources, min_backoff=1))


@pytest.fixture
def boot() -> Iterator[Boot]:
    workers: list[Worker] = []

    def start(broker: StubBroker) -> Worker:
        broker.emit_after("process_boot")
        worker = Worker(broker, queues={"default"}, worker_threads=1)
        worker.start()
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        worker.stop()


def _finished(broker: StubBroker) -> None:
    broker.join("default", timeout=TIMEOUT, fail_fast=False)


def _attempts(sessions: sessionmaker[Session]) -> list[Attempt]:
    with sessions() as session:
        return list(session.scalars(select(Attempt).order_by(Attempt.id)))


def test_the_order_is_the_one_the_design_names(resources: Resources) -> None:
    kinds: list[type[Middleware]] = [
        Watchdog,
        LogContext,
        JobLedger,
        Resources,
        ShutdownNotifications,
        TimeLimit,
        CurrentMessage,
        PatientRetries,
    ]
    assert [type(one) for one in make_middleware(resources)] == kinds
    assert issubclass(PatientRetries, Retries)


def test_an_attempt_is_written_before_the_work_and_its_outcome_after(
    broker: StubBroker, boot: Boot, sessions: sessionmaker[Session], resources: Resources
) -> None:
    seen: list[tuple[object, ...]] = []

    @dramatiq.actor(broker=broker)
    def work(number: int) -> None:
        (attempt,) = _attempts(sessions)
        seen.append((attempt.work_key, attempt.run_id, attempt.worker_id, attempt.finished_at, attempt.outcome))

    boot(broker)
    work.send(7)
    _finished(broker)
    assert seen == [("work:7", None, resources.worker_id, None, None)]
    (attempt,) = _attempts(sessions)
    assert (attempt.outcome, attempt.error_code, attempt.error_detail) == ("done", None, None)
    assert attempt.finished_at is not None


def test_an_attempt_at_a_run_names_the_run(
    broker: StubBroker, boot: Boot, sessions: sessionmaker[Session]
) -> None:
    @dramatiq.actor(broker=broker)
    def perform_run(run_id: int) -> None:
        assert run_id

    boot(broker)
    perform_run.send(12)
    _finished(broker)
    assert [attempt.run_id for attempt in _attempts(sessions)] == [12]


def test_every_failure_is_written_with_its_code_and_the_last_is_final(
    broker: StubBroker, boot: Boot, sessions: sessionmaker[Session]
) -> None:
    @dramatiq.actor(broker=broker)
    def work() -> None:
        raise Refused("bad\0order")

    boot(broker)
    work.send()
    _finished(broker)
    attempts = _attempts(sessions)
    assert [(a.outcome, a.error_code, a.error_detail) for a in attempts] == [
        ("failed", "order-refused", "badorder")
    ] * 4
    assert len(broker.dead_letters) == 1


def test_an_error_that_is_on_its_row_is_neither_repeated_nor_kept(
    broker: StubBroker, boot: Boot, sessions: sessionmaker[Session]
) -> None:
    @dramatiq.actor(broker=broker)
    def work() -> None:
        raise OperatorMustAct("netsuite-login-refused", "refused", "Check the token.")

    boot(broker)
    work.send()
    _finished(broker)
    (attempt,) = _attempts(sessions)
    assert (attempt.outcome, attempt.error_code) == ("failed", "netsuite-login-refused")
    assert broker.dead_letters == []


def test_log_context_of_one_message_is_not_seen_in_the_next(broker: StubBroker, boot: Boot) -> None:
    seen: list[dict[str, object]] = []

    @dramatiq.actor(broker=broker)
    def work(number: int) -> None:
        seen.append(dict(structlog.contextvars.get_contextvars()))
        structlog.contextvars.bind_contextvars(left_behind=number)

    boot(broker)
    work.send(1)
    work.send(2)
    _finished(broker)
    assert [(bound["actor"], bound["work"], "left_behind" in bound) for bound in seen] == [
        ("work", "1", False),
        ("work", "2", False),
    ]


def test_work_is_refused_and_not_started_when_the_ledger_cannot_be_written(
    broker: StubBroker, boot: Boot, database: Engine
) -> None:
    done: list[None] = []

    @dramatiq.actor(broker=broker)
    def work() -> None:
        done.append(None)

    boot(broker)
    with database.begin() as connection:
        connection.execute(text("alter table attempt rename to attempt_away"))
    work.send()
    _finished(broker)
    assert done == []
    assert broker.dead_letters == []


def test_a_worker_is_known_while_it_runs(
    broker: StubBroker, boot: Boot, sessions: sessionmaker[Session], resources: Resources
) -> None:
    broker.declare_queue("default")
    worker = boot(broker)
    with sessions() as session:
        (known,) = session.scalars(select(WorkerProcess))
    assert (known.id, known.queues) == (resources.worker_id, "default")
    assert not resources.stopping()
    worker.stop()
    assert resources.stopping()
    with sessions() as session:
        assert session.scalars(select(func.count()).select_from(WorkerProcess)).one() == 0


def test_each_boot_is_a_worker_of_its_own(broker: StubBroker, boot: Boot, resources: Resources) -> None:
    boot(broker).stop()
    first = resources.worker_id
    boot(broker)
    assert resources.worker_id != first


def test_a_worker_without_its_database_does_not_boot(boot: Boot) -> None:
    resources = Resources()
    resources.configure(load(), "postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(SystemExit):
        Worker(StubBroker(middleware=make_middleware(resources))).start()


def test_delayed_messages_are_looked_for_more_rarely(broker: StubBroker, boot: Boot) -> None:
    broker.declare_queue("default")
    consumers = boot(broker).consumers
    assert eventually(lambda: consumers["default.DQ"].worker_timeout > consumers["default"].worker_timeout)


def _lose(sessions: sessionmaker[Session], times: int) -> None:
    """Attempts at work:() whose workers are not heard of any more."""
    with sessions.begin() as session:
        for _ in range(times):
            session.add(Attempt(actor="work", work_key="work:", worker_id=None))


@pytest.mark.parametrize(("lost", "expected"), [(2, 1), (3, 0)])
def test_work_that_lost_its_worker_three_times_is_refused(
    broker: StubBroker, boot: Boot, sessions: sessionmaker[Session], lost: int, expected: int
) -> None:
    done: list[None] = []

    @dramatiq.actor(broker=broker)
    def work() -> None:
        done.append(None)

    _lose(sessions, lost)
    boot(broker)
    work.send()
    _finished(broker)
    assert len(done) == expected


def test_a_success_in_between_starts_the_count_again(
    broker: StubBroker, boot: Boot, sessions: sessionmaker[Session]
) -> None:
    done: list[None] = []

    @dramatiq.actor(broker=broker)
    def work() -> None:
        done.append(None)

    boot(broker)
    for _ in range(2):
        _lose(sessions, 2)
        work.send()
        _finished(broker)
    assert len(done) == 2


def test_quarantined_work_is_tried_again_after_its_time(
    broker: StubBroker, boot: Boot, sessions: sessionmaker[Session]
) -> None:
    done: list[None] = []

    @dramatiq.actor(broker=broker)
    def work() -> None:
        done.append(None)

    _lose(sessions, 3)
    with sessions.begin() as session:
        session.execute(update(Attempt).values(started_at=func.now() - text("interval '61 minutes'")))
    boot(broker)
    work.send()
    _finished(broker)
    assert len(done) == 1


def test_an_attempt_of_a_living_worker_is_not_lost(
    broker: StubBroker, boot: Boot, sessions: sessionmaker[Session], resources: Resources
) -> None:
    done: list[None] = []

    @dramatiq.actor(broker=broker)
    def work() -> None:
        done.append(None)

    boot(broker)
    _lose(sessions, 3)
    with sessions.begin() as session:
        session.execute(update(Attempt).values(worker_id=resources.worker_id))
    work.send()
    _finished(broker)
    assert len(done) == 1
