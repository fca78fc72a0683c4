"""Workers that are killed, doubled and suspended in the middle of a mail: none goes twice, none gets lost."""

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from mail_server import HOST, Inbox
from mail_world import SENDER, MailWorld
from processes import children, eventually, gone
from queue_workers import Workers
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from models import mailing
from models.sync_run import Attempt
from worker.queue import doorbell
from worker.queue.broker import broker

pytest_plugins = ("mail_fixtures",)


@pytest.fixture
def workers(database_url: str, redis_url: str, inbox: Inbox) -> Iterator[Workers]:
    broker.connect(redis_url)
    made = Workers(
        database_url,
        redis_url,
        "worker.queue.actors",
        "calls",
        TERMSYNC_SMTP_HOST=HOST,
        TERMSYNC_SMTP_PORT=str(inbox.port),
        TERMSYNC_SMTP_SECURITY="none",
        TERMSYNC_MAIL_FROM=SENDER,
    )
    yield made
    made.end()


def look(mails: MailWorld) -> None:
    """Ring while a mail is due, as the scheduler does."""
    with mails.sessions() as session:
        if mailing.is_due(session, datetime.now(UTC) + timedelta(seconds=1)):
            doorbell.ring_mails()


def until(mails: MailWorld, mail_id: int, state: str) -> None:
    def reached() -> bool:
        look(mails)
        return mails.outcome(mail_id)[0] == state

    assert eventually(reached), mails.outcome(mail_id)


def kill_worker(master_pid: int) -> None:
    (worker,) = children(master_pid)
    os.kill(worker, signal.SIGKILL)
    assert gone([worker])


def silence(mails: MailWorld) -> None:
    """Makes the last sign of life of every worker an old one, instead of waiting for it to become so."""
    mails.set("update worker_process set heartbeat_at = now() - interval '1 hour'")


@pytest.mark.parametrize("step", ["mail", "rcpt"])
def test_a_mail_whose_worker_is_killed_before_it_was_handed_over_is_sent_once(
    workers: Workers, mails: MailWorld, step: str
) -> None:
    mails.inbox.hold(step)  # type: ignore[arg-type]
    mail_id = mails.put(mails.ann)
    master = workers.start()
    doorbell.ring_mails()
    mails.inbox.wait_for(step)  # type: ignore[arg-type]
    kill_worker(master.pid)
    silence(mails)
    mails.inbox.let_go(step)  # type: ignore[arg-type]
    workers.start()
    until(mails, mail_id, "sent")
    assert len(mails.inbox.received) == 1
    assert mails.inbox.received[0][1]["Message-ID"] == mails.mail(mail_id).message_id


def test_a_mail_whose_worker_is_killed_while_the_server_has_it_is_parked_for_a_person(
    workers: Workers, mails: MailWorld
) -> None:
    mails.inbox.hold("data")
    mail_id = mails.put(mails.ann)
    master = workers.start()
    doorbell.ring_mails()
    mails.inbox.wait_for("data")
    kill_worker(master.pid)
    silence(mails)
    mails.inbox.let_go("data")
    workers.start()
    until(mails, mail_id, "parked")
    assert mails.outcome(mail_id) == ("parked", "mail-outcome-unknown")
    assert len(mails.inbox.received) == 1


def test_a_mail_rung_for_many_times_with_two_workers_is_sent_once(
    workers: Workers, mails: MailWorld, sessions: sessionmaker[Session]
) -> None:
    made = [mails.put(mails.ann, subject=f"mail {number}") for number in range(20)]
    for _ in range(8):
        assert doorbell.ring_mails()
    workers.start()
    workers.start()
    for mail_id in made:
        until(mails, mail_id, "sent")

    def all_told() -> bool:
        done = select(func.count()).where(Attempt.actor == "send_mails", Attempt.outcome == "done")
        with sessions() as session:
            return session.scalars(done).one() >= 8

    assert eventually(all_told)
    assert sorted(mails.inbox.subjects) == sorted(f"mail {number}" for number in range(20))


def test_a_worker_that_wakes_up_after_its_mail_was_taken_over_sends_nothing(
    workers: Workers, mails: MailWorld
) -> None:
    mails.inbox.hold("rcpt")
    mail_id = mails.put(mails.ann)
    sleepy = workers.start()
    doorbell.ring_mails()
    mails.inbox.wait_for("rcpt")
    (sleeper,) = children(sleepy.pid)
    os.kill(sleeper, signal.SIGSTOP)
    silence(mails)
    mails.inbox.let_go("rcpt")
    workers.start()
    until(mails, mail_id, "sent")
    os.kill(sleeper, signal.SIGCONT)
    sleepy.terminate()  # it ends its work first
    assert sleepy.wait(60) == 0
    assert len(mails.inbox.received) == 1
    assert mails.outcome(mail_id)[0] == "sent"
