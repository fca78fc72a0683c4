"""The actors as plain functions on a real database; Redis is a real Valkey."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from mail_server import mail_server
from prometheus_client import REGISTRY
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, sessionmaker

from models import mailing
from models.enrollment_changes import Why, enroll
from models.mail import Notification
from models.sync_run import Attempt, SyncRun, Tick, WorkerProcess
from worker.pipeline import tenants
from worker.queue import actors, doorbell, housekeeping, ticks
from worker.queue.broker import CALLS, LONG, SHORT, broker
from worker.queue.broker import resources as shared
from worker.scheduler import due
from worker.settings import load

NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def opened(database_url: str, redis_url: str) -> Iterator[None]:
    broker.connect(redis_url)
    shared.configure(load(netsuite_account="1234567"), database_url)
    shared.open("short", 1, broker.client)
    yield
    shared.close()


def _tick(session: Session, schedule: str, due_at: datetime = NOW) -> None:
    session.add(Tick(schedule=schedule, due_at=due_at))


def _runs(sessions: sessionmaker[Session]) -> list[tuple[str, str]]:
    with sessions() as session:
        rows = session.execute(select(SyncRun.scope, SyncRun.asked_by).order_by(SyncRun.id))
        return [(row.scope.partition(":")[0], row.asked_by) for row in rows]


def test_actors_take_ids_on_the_queue_that_fits() -> None:
    assert {
        name: actor.queue_name for name, actor in broker.actors.items() if actor.fn.__module__ == actors.__name__
    } == {
        "perform_run": LONG,
        "call_webhook": CALLS,
        "reconcile_tenant": SHORT,
        "retry_rejected": SHORT,
        "name_customers": SHORT,
        "expire_due": SHORT,
        "look_for_work": SHORT,
        "send_mails": CALLS,
        "write_digest": SHORT,
    }


def test_ticks_become_runs_once_each_and_are_rung_for(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        _tick(session, ticks.FULL)
        _tick(session, ticks.POLL)
        _tick(session, ticks.POLL, NOW - timedelta(seconds=5))
    actors.look_for_work()
    assert _runs(sessions) == [("full", "schedule"), ("incremental", "schedule")]
    assert doorbell.waiting(LONG) == 2

    actors.look_for_work()
    assert len(_runs(sessions)) == 2
    assert doorbell.waiting(LONG) == 2


def test_a_tick_joins_the_run_that_is_under_way(sessions: sessionmaker[Session]) -> None:
    for _ in range(2):
        with sessions.begin() as session:
            _tick(session, ticks.POLL, datetime.now(UTC))
        actors.look_for_work()
    assert _runs(sessions) == [("incremental", "schedule")]


def test_the_nightly_tick_reads_again_and_forgets_what_is_old(sessions: sessionmaker[Session]) -> None:
    long_ago = NOW - timedelta(days=31)
    with sessions.begin() as session:
        _tick(session, ticks.NIGHTLY)
        session.add(Tick(schedule=ticks.NIGHTLY, due_at=long_ago, handled_at=long_ago))
        session.add(Attempt(actor="a", work_key="old", started_at=long_ago))
        session.add(Attempt(actor="a", work_key="new"))
        session.add(WorkerProcess(id=uuid4(), host="h", pid=1, queues="q", heartbeat_at=long_ago))
    actors.look_for_work()
    assert _runs(sessions) == [("since", "schedule")]
    with sessions() as session:
        assert session.scalars(select(Attempt.work_key)).all() == ["new"]
        assert session.scalars(select(Tick.due_at)).all() == [NOW]
        assert session.scalars(select(WorkerProcess.id)).all() == [shared.worker_id]


def test_nothing_due_changes_nothing(sessions: sessionmaker[Session]) -> None:
    actors.expire_due()
    actors.look_for_work()
    with sessions() as session:
        assert session.scalars(select(func.count()).select_from(SyncRun)).one() == 0


def test_a_passed_boundary_is_written_down(sessions: sessionmaker[Session]) -> None:
    _enroll_until(sessions, NOW - timedelta(days=1))
    before = _expired_by_time()
    actors.expire_due()
    with sessions() as session:
        assert session.scalars(text("select status from enrollment")).all() == ["X"]
    assert _expired_by_time() - before == 1
    assert REGISTRY.get_sample_value("termsync_expiry_lag_seconds_count")


def test_a_tenant_is_reconciled_by_its_id(sessions: sessionmaker[Session]) -> None:
    tenant_id = _enroll_until(sessions, NOW + timedelta(days=1))
    with sessions.begin() as session:
        session.execute(text(_LANDED), {"tenant_id": tenant_id, "now": NOW})
    actors.reconcile_tenant(tenant_id)
    with sessions() as session:
        assert session.execute(text("select tenant_id, number from sales_order")).all() == [(tenant_id, "SO1")]
        assert session.scalars(text("select count(*) from landing_due")).one() == 0


_LANDED = """
with mapped as (insert into customer (id, tenant_id, name) values (7, :tenant_id, 'Acme')),
landed as (
    insert into landing_order (order_id, customer_id, number, status, modified_at, payload, read_at, first_seen_at)
    values (1, 7, 'SO1', 'B', :now, '{}', :now, :now)
)
insert into landing_due (tenant_id, order_id) values (:tenant_id, 1)
"""
_ENROLLED = """
with person as (
    insert into users (tenant_id, key, name, email) values (:tenant_id, 'u', 'U', 'u@example.test') returning id
),
taught as (insert into course (key) values ('safety') returning id),
version as (insert into course_version (course_id, key, title) select id, 'v1', 'Safety' from taught returning id)
select person.id as user_id, version.id as version_id from person, version
"""
_WANTED = """
select cast(:tenant_id as bigint) as tenant_id, cast(:user_id as bigint) as user_id,
    cast(:version_id as bigint) as course_version_id, cast(null as bigint) as sales_order_id,
    cast(:boundary as date) as expiration_date, cast(:boundary as timestamptz) as boundary,
    cast(0 as smallint) as completed_modules
"""


def _enroll_until(sessions: sessionmaker[Session], boundary: datetime) -> int:
    """A tenant with one enrollment, made ten days ago, that ends at `boundary`; the tenant's id."""
    why = Why("test", NOW - timedelta(days=10))
    with sessions.begin() as session:
        tenant, _ = tenants.add(session, "acme", "Acme", why)
        row = session.execute(text(_ENROLLED), {"tenant_id": tenant.id}).one()
        enroll(session, _WANTED, {"tenant_id": tenant.id, "boundary": boundary, **row._asdict()}, why)
        return tenant.id


def _expired_by_time() -> float:
    return REGISTRY.get_sample_value("termsync_expiry_flips_total", {"cause": "term"}) or 0


def test_the_last_tick_of_a_schedule_stays_so_that_it_does_not_come_twice_in_its_interval(
    sessions: sessionmaker[Session],
) -> None:
    with sessions.begin() as session:
        for days in (9, 5):
            session.add(
                Tick(schedule=ticks.FULL, due_at=NOW - timedelta(days=days), handled_at=NOW - timedelta(days=5))
            )
        housekeeping.forget_old(session, NOW)
        assert session.scalars(select(Tick.due_at)).all() == [NOW - timedelta(days=5)]


def test_mails_wait_while_no_mail_server_is_set_and_nobody_is_rung(
    sessions: sessionmaker[Session],
) -> None:
    with sessions.begin() as session:
        mail_id = mailing.put(session, recipient="a@example.com", kind="alert", subject="x", queued_by="test")
    actors.send_mails()
    with sessions() as session:
        assert session.get_one(Notification, mail_id).state == "queued"
        assert ("mails", None) in due(session)
        assert ("mails", None) not in due(session, mails=False)


def test_mails_are_sent_and_counted(sessions: sessionmaker[Session], database_url: str) -> None:
    with mail_server() as inbox:
        shared.configure(
            load(
                smtp_host="localhost",
                smtp_port=inbox.port,
                smtp_security="none",
                mail_from="learning@example.com",
                digest_to="team@example.com",
            ),
            database_url,
        )
        with sessions.begin() as session:
            _tick(session, ticks.DIGEST)
        sent = REGISTRY.get_sample_value("termsync_mails_total", {"outcome": "sent"}) or 0
        actors.write_digest()
        actors.write_digest()
        actors.send_mails()
        assert inbox.subjects == ["All tenants: 0 orders end within 60 days, 0 people on them"]
        assert REGISTRY.get_sample_value("termsync_mails_total", {"outcome": "sent"}) == sent + 1
