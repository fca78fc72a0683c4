"""Mail to ops: once when something is wrong, once when it is over, from the facts of the health strip."""

from datetime import UTC, datetime, timedelta

import pytest
from client_world import ClientWorld
from sqlalchemy import select, text
from sqlalchemy.orm import Session, sessionmaker

from models.mail import Notification
from worker import alerting, status
from worker.alerting import LASTS, QUIET, Trouble
from worker.settings import Settings, load

NOW = datetime(2026, 6, 15, 16, 0, tzinfo=UTC)
STALE = Trouble("pulls", "NetSuite was last read 20 min ago.", "See `termsync run list`.")
HOLD = Trouble("hold:7", "Hold 7 of acme: too many", "Decide.")


@pytest.fixture
def settings() -> Settings:
    return load(ops_mail="ops@example.com", web_url="https://termsync.example.com")


class Watch:
    """Looks at what is wrong, at times of its own."""

    def __init__(self, sessions: sessionmaker[Session], settings: Settings) -> None:
        self._sessions = sessions
        self._settings = settings
        self.now = NOW

    def look(self, *wrong: Trouble, after: timedelta = timedelta(0)) -> list[str]:
        """The subjects of the mails that follow."""
        self.now += after
        with self._sessions.begin() as session:
            last = session.scalars(select(Notification.id).order_by(Notification.id.desc())).first() or 0
            alerting.note(session, list(wrong), self._settings, self.now)
            return list(session.scalars(select(Notification.subject).where(Notification.id > last)))


@pytest.fixture
def watch(sessions: sessionmaker[Session], settings: Settings) -> Watch:
    return Watch(sessions, settings)


def test_what_lasts_is_told_once_and_once_more_when_it_is_over(watch: Watch) -> None:
    assert watch.look(STALE) == []
    assert watch.look(STALE, after=LASTS) == [f"termsync: {STALE.what}"]
    for _ in range(3):
        assert watch.look(STALE, after=timedelta(hours=1)) == []
    assert watch.look(after=timedelta(seconds=15)) == []
    assert watch.look(after=QUIET) == [f"termsync: over: {STALE.what}"]
    assert watch.look(after=timedelta(days=1)) == []


def test_what_comes_and_goes_is_one_trouble(watch: Watch) -> None:
    watch.look(STALE)
    assert len(watch.look(STALE, after=LASTS)) == 1
    for _ in range(5):
        assert watch.look(after=QUIET / 2) == []
        assert watch.look(STALE, after=QUIET / 3) == []


def test_a_restart_is_no_trouble(watch: Watch) -> None:
    assert watch.look(STALE) == []
    assert watch.look(after=QUIET) == []


def test_it_is_told_anew_when_it_comes_back(watch: Watch) -> None:
    watch.look(STALE)
    watch.look(STALE, after=LASTS)
    watch.look(after=QUIET)
    watch.look(STALE, after=timedelta(hours=1))
    assert len(watch.look(STALE, after=LASTS)) == 1


def test_every_hold_is_told_at_once_and_by_itself(watch: Watch) -> None:
    other = Trouble("hold:8", "Hold 8 of beta: too many", "Decide.")
    assert len(watch.look(HOLD)) == 1
    assert watch.look(HOLD, other) == [f"termsync: {other.what}"]
    assert watch.look(other, after=timedelta(seconds=15)) == [f"termsync: over: {HOLD.what}"]


def test_two_schedulers_tell_once(watch: Watch, sessions: sessionmaker[Session], settings: Settings) -> None:
    beside = Watch(sessions, settings)
    assert len(watch.look(HOLD)) == 1
    assert beside.look(HOLD) == []
    assert len(beside.look(after=timedelta(seconds=1))) == 1
    assert watch.look(after=timedelta(seconds=1)) == []


def test_everybody_named_gets_the_mail_with_what_to_do(sessions: sessionmaker[Session]) -> None:
    settings = load(ops_mail="a@example.com b@example.com", web_url="https://termsync.example.com/")
    Watch(sessions, settings).look(HOLD)
    with sessions() as session:
        mails = session.scalars(select(Notification).order_by(Notification.recipient)).all()
    assert [mail.recipient for mail in mails] == ["a@example.com", "b@example.com"]
    assert mails[0].body is not None
    assert HOLD.what in mails[0].body
    assert "What to do: Decide." in mails[0].body
    assert "https://termsync.example.com/console/health" in mails[0].body


def test_troubles_are_those_of_the_health_strip_and_the_open_holds(
    sessions: sessionmaker[Session], settings: Settings, redis_url: str
) -> None:
    with sessions.begin() as session:
        ClientWorld(session, "acme", "Acme")
        session.execute(
            text("""
            insert into hold (tenant_id, rule, reason, would_expire, enrolled, orders)
            select id, 'people', 'too many', 3, 4, 1 from tenant
            """)
        )
        session.execute(
            text("""
            insert into sync_run
                (kind, scope, asked_by, state, moves_watermark, finished_at, error_code, error_detail)
            values ('pull', 'incremental', 'schedule', 'failed', true, now(), 'netsuite-login-refused', 'refused')
            """)
        )
        session.execute(
            text("""
            insert into notification (recipient, kind, subject, queued_by, state, reason, decided_at)
            values ('a@example.com', 'digest', 'x', 'test', 'parked', 'mail-refused', now())
            """)
        )
    found = status.read(sessions, redis_url, settings)
    with sessions() as session:
        wrong = {trouble.key: trouble for trouble in alerting.troubles(session, found)}
    assert set(wrong) >= {"pulls", "mails", "engine"}
    assert [key for key in wrong if key.startswith("hold:")] != []
    assert "holds" not in wrong
    assert "refused" in wrong["pulls"].what
    assert "1 mail is parked" in wrong["mails"].what
    alerting.look(sessions, redis_url, settings)
    with sessions() as session:
        subjects = session.scalars(select(Notification.subject).where(Notification.kind == "alert")).all()
    assert [subject.startswith("termsync: Hold") for subject in subjects] == [True]
