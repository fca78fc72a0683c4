"""A worker is killed in the middle of a call and after one: the receiver misses nothing, nothing is invented."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest
from order_world import OrderWorld
from processes import children, eventually, gone
from queue_workers import Workers
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker
from webhook_receiver import Call, Receiver, Reply, receiving

from models.enrollment_changes import Why
from worker import clock
from worker.pipeline import webhooks
from worker.pipeline.webhooks import Wanted
from worker.pipeline.webhooks_secrets import keyring
from worker.queue.broker import broker
from worker.scheduler import Scheduler
from worker.settings import load

EVENTS = 450
SETTINGS = {
    "TERMSYNC_SECRET_KEY": "k" * 32,
    "TERMSYNC_WEBHOOK_ALLOW_NETWORKS": "127.0.0.0/8",
    "TERMSYNC_WEBHOOK_TIMEOUT": "2",
    "TERMSYNC_WEBHOOK_RETRY_SECONDS": "0.05",
}
EVENT = text("""
insert into sales_order_event (
    order_id, tenant_id, at, actor, number_before, number_after, status_before, status_after
)
select 1, t.id, clock_timestamp(), 'test', 'SO1', 'SO1', 'A', 'B' from tenant t, generate_series(1, :count)
""")


@pytest.fixture
def workers(database_url: str, redis_url: str) -> Iterator[Workers]:
    broker.connect(redis_url)
    made = Workers(database_url, redis_url, "worker.queue.actors", "calls", **SETTINGS)
    yield made
    made.end()
    broker.client.close()


class Deadly(Receiver):
    """Kills the worker while its second call is open, and when its fourth one was answered."""

    def __init__(self, workers: Workers) -> None:
        super().__init__()
        self._workers = workers
        self._process = workers.start()
        self.deaths = 0

    def take(self, call: Call) -> Reply:
        reply = super().take(call)
        if len(self.calls) == 2:
            self._die()
        elif len(self.calls) == 4:
            threading.Timer(0.0, self._die).start()
        return reply

    def _die(self) -> None:
        (working,) = children(self._process.pid)
        os.kill(working, signal.SIGKILL)
        self._process.kill()
        assert gone([working, self._process.pid])
        self._process = self._workers.start()
        self.deaths += 1


def secret_of_new(sessions: sessionmaker[Session], url: str) -> str:
    """A webhook of all tenants; its secret."""
    settings = load(secret_key="k" * 32, webhook_allow_networks="127.0.0.0/8")
    with sessions.begin() as session:
        OrderWorld(session, "acme", users=1)
        why = Why("test", clock.now(session))
        return webhooks.add(session, settings, keyring(settings), Wanted("lms", url), why)


def test_a_killed_worker_loses_and_invents_nothing(workers: Workers, sessions: sessionmaker[Session]) -> None:
    deadly = Deadly(workers)
    with receiving(receiver=deadly):
        secret = secret_of_new(sessions, deadly.url)
        with sessions.begin() as session:
            session.execute(EVENT, {"count": EVENTS})
        with sessions() as session:
            wanted = list(session.execute(text("select id from sales_order_event order by id")).scalars())
        scheduler = Scheduler(load(), sessions)

        def all_told() -> bool:
            scheduler.look()
            return deadly.event_ids()[-1:] == wanted[-1:]

        assert eventually(all_told)
    told = deadly.event_ids()
    assert list(dict.fromkeys(told)) == wanted
    assert deadly.deaths == 2
    assert len(deadly.calls) > 5, "what was open when it died came again"
    bodies: dict[str, bytes] = {}
    for call in deadly.calls:
        assert call.is_signed_with(secret)
        assert bodies.setdefault(call.id, call.body) == call.body
