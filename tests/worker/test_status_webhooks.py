"""Whether ops learn of webhooks that are not called: when, in which words, and what is no fault."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from order_world import counted
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from models.enrollment_changes import Why
from models.overview import overview
from models.sync_run import WorkerProcess
from worker import alerting, clock, status
from worker.alerting import LASTS, QUIET
from worker.pipeline import webhooks
from worker.settings import load
from worker.status import Problem

SETTINGS = load(smtp_host="mail.example.com", mail_from="termsync@example.com", ops_mail="ops@example.com")
NOW = datetime(2026, 6, 15, 16, 0, tzinfo=UTC)
GONE = "The receiver said that it is gone (410)."
MINUTE = timedelta(minutes=1)
WEBHOOK = text("""
insert into webhook (name, url, salt, key_check, position, created_by, disabled_at, disabled_by, disabled_because,
    failing_since)
values (:name, 'https://lms.example.com', '', '', 0, 'test', now() - make_interval(days => :days),
    :disabled_by, case when cast(:disabled_by as text) is not null then :because end,
    now() - cast(:failing as interval))
returning id
""")
DEAD = text("""
insert into webhook_delivery (webhook_id, first_event, last_event, events, state, not_before, made_at, ended_at)
select :id, n, n, 1, 'dead', now(), now(), now() from generate_series(1, :count) n
""")

Add = Callable[..., None]
Look = Callable[[], list[Problem]]


@pytest.fixture
def add(sessions: sessionmaker[Session]) -> Add:
    def add(name: str, disabled_by: str | None = None, failing: timedelta | None = None, **more: int) -> None:
        """A webhook, disabled `days` ago, with so many `dead` calls."""
        days = more.get("days", 0) if disabled_by else None
        of = {"name": name, "disabled_by": disabled_by, "because": GONE, "days": days, "failing": failing}
        with sessions.begin() as session:
            webhook_id = session.execute(WEBHOOK, of).scalar_one()
            session.execute(DEAD, {"id": webhook_id, "count": more.get("dead", 0)})

    return add


@pytest.fixture
def look(sessions: sessionmaker[Session], redis_url: str) -> Look:
    """The problems with webhooks, mails and workers."""

    def look() -> list[Problem]:
        found = status.read(sessions, redis_url, SETTINGS).problems
        return [problem for problem in found if problem.about != "pulls"]

    return look


def live(sessions: sessionmaker[Session], queues: str) -> None:
    with sessions.begin() as session:
        beat = clock.now(session)
        session.add(WorkerProcess(id=uuid4(), host="host-1", pid=7, queues=queues, heartbeat_at=beat))


@pytest.fixture(autouse=True)
def workers(sessions: sessionmaker[Session]) -> None:
    live(sessions, "long,short")


@pytest.fixture
def caller(sessions: sessionmaker[Session]) -> None:
    live(sessions, "calls")


@pytest.mark.usefixtures("caller")
def test_one_that_termsync_disabled_is_told_of_until_a_person_has_decided(
    add: Add, look: Look, sessions: sessionmaker[Session]
) -> None:
    add("lms", "termsync")
    (problem,) = look()
    assert (problem.verdict, problem.about) == ("LATE", "webhooks")
    assert problem.what == f"The webhook lms is disabled: {GONE}"
    assert "`termsync webhook enable lms`" in problem.action
    with sessions.begin() as session:
        why = Why("staff:ada", clock.now(session))
        assert webhooks.disable(session, "lms", why, "the platform moved")
        assert not webhooks.disable(session, "lms", why), "a second person changes nothing"
    assert look() == []


@pytest.mark.usefixtures("caller")
def test_of_several_the_first_is_named(add: Add, look: Look) -> None:
    for name, days in (("late", 1), ("first", 3), ("between", 2)):
        add(name, "termsync", days=days)
    (problem,) = look()
    assert problem.what == f"3 webhooks are disabled, first first: {GONE}"


@pytest.mark.usefixtures("caller")
def test_one_that_a_person_disabled_is_no_fault(add: Add, look: Look) -> None:
    add("lms", "staff:ada", 5 * 24 * 60 * MINUTE, dead=3)
    assert look() == []


@pytest.mark.usefixtures("caller")
@pytest.mark.parametrize(("failing", "told"), [(5 * MINUTE, False), (14 * MINUTE, False), (16 * MINUTE, True)])
def test_one_that_fails_is_told_of_after_a_quarter_of_an_hour(
    add: Add, look: Look, failing: timedelta, told: bool
) -> None:
    add("lms", failing=failing)
    add("works")
    problems = look()
    assert [(problem.about, problem.what) for problem in problems] == (
        [("calls", "The webhook lms has failed for 16 min.")] if told else []
    )
    assert all("`termsync webhook test lms`" in problem.action for problem in problems)


@pytest.mark.usefixtures("caller")
def test_dead_calls_are_told_of_also_when_it_is_disabled_in_the_end(add: Add, look: Look) -> None:
    add("lms", "termsync", dead=5)
    add("works")
    problems = {problem.about: problem for problem in look()}
    assert set(problems) == {"webhooks", "calls"}
    assert problems["calls"].what == "The webhook lms has dead calls."
    assert "`termsync webhook replay lms`" in problems["calls"].action


def test_without_a_worker_of_their_queue_nobody_is_called(
    add: Add, look: Look, sessions: sessionmaker[Session]
) -> None:
    add("off", "staff:ada")
    assert look() == []
    add("lms")
    (problem,) = look()
    assert (problem.verdict, problem.about) == ("BROKEN", "engine")
    assert problem.what == "No live worker takes the queue calls: 1 webhook is not called."
    assert "`termsync worker --queue calls`" in problem.action
    live(sessions, "calls")
    assert look() == []


def test_without_a_worker_of_their_queue_mails_wait(look: Look, sessions: sessionmaker[Session]) -> None:
    mail = (
        "insert into notification (recipient, kind, subject, queued_by) values ('a@b.example', 'x', 'x', 'test')"
    )
    with sessions.begin() as session:
        session.execute(text(mail))
    (problem,) = look()
    assert problem.what == "No live worker takes the queue calls: 1 mail is not sent."
    live(sessions, "calls,long,short")
    assert look() == []


@pytest.mark.usefixtures("caller")
def test_ops_get_a_mail_of_each_trouble_and_one_when_it_is_over(
    add: Add, sessions: sessionmaker[Session], redis_url: str
) -> None:
    def mails(at: datetime) -> list[str]:
        """Subjects of the mails that are put in at an instant."""
        found = status.read(sessions, redis_url, SETTINGS)
        with sessions.begin() as session:
            last = session.execute(text("select coalesce(max(id), 0) from notification")).scalar_one()
            alerting.note(session, list(alerting.troubles(session, found)), SETTINGS, at)
            put = text(
                "select subject from notification where id > :last and subject like '%webhook%' order by id"
            )
            return list(session.execute(put, {"last": last}).scalars())

    add("lms", failing=20 * MINUTE)
    assert mails(NOW) == []
    assert mails(NOW + LASTS) == ["termsync: The webhook lms has failed for 20 min."]
    add("gone", "termsync")
    assert mails(NOW + LASTS) == []
    told = f"The webhook gone is disabled: {GONE}"
    assert mails(NOW + 2 * LASTS) == [f"termsync: {told}"], "though another one fails already"
    with sessions.begin() as session:
        webhooks.enable(session, "gone", Why("staff:ada", clock.now(session)))
    assert mails(NOW + 2 * LASTS + QUIET) == [f"termsync: over: {told}"]


def test_many_webhooks_and_calls_are_read_by_as_many_statements(add: Add, session: Session) -> None:
    def read() -> tuple[int, Any]:
        with counted(session) as made:
            facts = overview(session, clock.now(session))
        return len(made), facts

    few, _ = read()
    for number in range(10):
        add(f"lms-{number}", dead=number)
    many, facts = read()
    assert many == few
    assert (facts.webhooks, facts.dead_calls, facts.webhook_with_dead_calls) == (10, 45, "lms-1")
