"""Sending over a real mail server: outcomes, attempts, and that nothing goes twice."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from mail_world import SENDER, MailWorld
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from connectors.smtp import MailServer
from models import mailing
from models.enrollment_changes import Why
from worker import clock
from worker.pipeline import mail, notifications
from worker.pipeline.mail import MOST_ATTEMPTS, Post

pytest_plugins = ("mail_fixtures",)


def test_a_mail_arrives_as_it_was_handed_over(mails: MailWorld) -> None:
    words = "Grüße,\n.a line that begins with a dot\n.\nand goes on: " + "x" * 3000 + "\n"
    sent = mails.put(mails.ann, subject="Prüfung ✓ offen", body=words)
    mails.send()
    ((recipient, arrived),) = mails.inbox.received
    assert recipient == "ann@acme.example"
    assert (arrived["To"], arrived["From"]) == ("Ann <ann@acme.example>", SENDER)
    assert arrived["Subject"] == "Prüfung ✓ offen"
    assert arrived.get_content().replace("\r\n", "\n") == words
    row = mails.mail(sent)
    assert (row.state, row.detail, row.recipient) == ("sent", "250 taken", "ann@acme.example")
    assert arrived["Message-ID"] == row.message_id
    assert (row.body, row.attempts) == (None, 1)


def test_no_word_of_anybody_becomes_a_header_or_a_second_recipient(mails: MailWorld) -> None:
    evil = "x\r\nBcc: everybody@example.com\r\n\r\nhello\u2028there\x0b"
    mails.set("update users set name = :name where id = :id", name=evil, id=mails.ann)
    mails.put(mails.ann, subject=evil)
    mails.send()
    ((recipient, arrived),) = mails.inbox.received
    assert recipient == "ann@acme.example"
    assert arrived["Bcc"] is None
    assert arrived["Subject"] == "x Bcc: everybody@example.com hello there"
    assert set(arrived.keys()) <= {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
        "X-Peer",
        "X-MailFrom",
        "X-RcptTo",
    }


@pytest.mark.parametrize(
    "address",
    ["no-at-sign", "a@b>,<c@d.example", "a@-b.example", '"a b"@c.example', "ä@c.example", "a@b..example"],
)
def test_an_address_that_cannot_be_used_is_refused_without_asking_the_server(
    mails: MailWorld, address: str
) -> None:
    mails.set("update users set email = :email where id = :id", email=address, id=mails.ann)
    mail_id = mails.put(mails.ann)
    mails.send()
    assert mails.outcome(mail_id) == ("refused", "mail-address-unusable")
    assert mails.inbox.received == []


def test_a_foreign_domain_is_written_as_servers_know_it(mails: MailWorld) -> None:
    mails.set("update users set email = 'ann@bücher.example' where id = :id", id=mails.ann)
    mails.put(mails.ann)
    mails.send()
    assert mails.inbox.received[0][0] == "ann@xn--bcher-kva.example"


def test_a_refused_recipient_is_final_with_the_servers_words_and_keeps_back_nobody_else(mails: MailWorld) -> None:
    mails.inbox.answers["rcpt"] = ["550 5.1.1 No such user here"]
    refused, other = mails.put(mails.ann), mails.put(mails.user("Other"))
    assert mails.send() == {"refused": 1, "sent": 1}
    row = mails.mail(refused)
    assert (row.state, row.reason, row.detail) == ("refused", "mail-refused", "550 5.1.1 No such user here")
    assert mails.outcome(other)[0] == "sent"
    mails.make_due()
    assert mails.send() == {}
    assert mails.inbox.connections == 1


@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
def test_a_temporary_error_is_tried_again_later_under_the_same_message_id(mails: MailWorld, step: str) -> None:
    mails.inbox.answers[step] = ["451 4.7.1 Try again later"]  # type: ignore[index]
    mail_id = mails.put(mails.ann)
    assert mails.send() == {"queued": 1}
    row = mails.mail(mail_id)
    assert (row.state, row.reason, row.detail) == ("queued", "mail-deferred", "451 4.7.1 Try again later")
    assert row.not_before > datetime.now(UTC) + timedelta(seconds=50)
    assert mails.send() == {}
    mails.make_due()
    assert mails.send() == {"sent": 1}
    assert mails.mail(mail_id).message_id == row.message_id == mails.inbox.received[0][1]["Message-ID"]


def test_attempts_come_ever_more_rarely_and_end_with_a_parked_mail_that_can_be_tried_again(
    mails: MailWorld,
) -> None:
    away = Post(MailServer("localhost", 1, "none", timeout=2), SENDER)
    mail_id, working = mails.put(mails.ann), mails.post
    mails.post, pauses = away, []
    for _ in range(MOST_ATTEMPTS - 1):
        before = datetime.now(UTC)
        assert mails.send() == {"queued": 1}
        pauses.append(round((mails.mail(mail_id).not_before - before).total_seconds() / 60))
        mails.make_due()
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 240, 240, 240]
    assert mails.send() == {"parked": 1}
    assert mails.outcome(mail_id) == ("parked", "mail-server-unreachable")
    mails.make_due()
    assert mails.send() == {}

    mails.post = working
    with mails.sessions.begin() as session:
        assert notifications.retry(session, None, _why(session)) == [mail_id]
    assert mails.send() == {"sent": 1}


def _why(session: Session) -> Why:
    return Why("test", clock.now(session))


def test_a_server_that_is_away_is_asked_once_and_not_for_every_mail(mails: MailWorld) -> None:
    waiting = [mails.put(mails.ann) for _ in range(3)]
    mails.post = Post(MailServer("localhost", 1, "none", timeout=2), SENDER)
    assert mails.send() == {"queued": 1}
    assert [mails.mail(each).attempts for each in waiting] == [1, 0, 0]


def test_many_mails_go_over_one_connection(mails: MailWorld) -> None:
    for _ in range(5):
        mails.put(mails.ann)
    assert mails.send() == {"sent": 5}
    assert mails.inbox.connections == 1


def test_an_answer_that_never_comes_parks_the_mail_instead_of_sending_it_twice(mails: MailWorld) -> None:
    mails.inbox.answers["data"] = ["hang up"]
    mail_id = mails.put(mails.ann)
    assert mails.send() == {"parked": 1}
    assert mails.outcome(mail_id) == ("parked", "mail-outcome-unknown")
    mails.make_due()
    assert mails.send() == {}
    assert len(mails.inbox.received) == 1


def test_a_mail_is_claimed_by_one_worker(mails: MailWorld) -> None:
    mails.put(mails.ann)
    first, second = _worker(mails), _worker(mails)
    with mails.sessions.begin() as one, mails.sessions.begin() as other:
        now = datetime.now(UTC) + timedelta(seconds=1)
        assert mailing.claim(one, first, "example.com", now) is not None
        assert mailing.claim(other, second, "example.com", now) is None


def _worker(mails: MailWorld) -> UUID:
    worker = uuid4()
    mails.set("insert into worker_process (id, host, pid, queues) values (:id, 'test', 1, 'short')", id=worker)
    return worker


def test_a_worker_taken_for_dead_neither_hands_over_nor_overwrites(mails: MailWorld) -> None:
    mail_id = mails.put(mails.ann)
    sleeper = _worker(mails)
    with mails.sessions.begin() as session:
        claimed = mailing.claim(session, sleeper, "example.com", datetime.now(UTC) + timedelta(seconds=1))
    assert claimed is not None
    assert mails.send() == {}  # it is in good hands
    mails.set("update worker_process set heartbeat_at = now() - interval '1 minute'")
    assert mails.send() == {"queued": 1, "sent": 1}
    with mails.sessions.begin() as session:
        assert mailing.decide(session, claimed, datetime.now(UTC)) is None
        assert not mailing.end(session, claimed, "parked", datetime.now(UTC), "mail-gave-up", "late")
        mailing.defer(session, claimed, datetime.now(UTC), "late", "late")
    assert mails.outcome(mail_id) == ("sent", None)
    assert len(mails.inbox.received) == 1


def test_a_mail_that_has_lost_its_worker_twice_waits_for_a_person(mails: MailWorld) -> None:
    mail_id = mails.put(mails.ann)
    for state in ("queued", "parked"):
        worker, now = _worker(mails), datetime.now(UTC) + timedelta(seconds=1)
        with mails.sessions.begin() as session:
            assert mailing.claim(session, worker, "example.com", now) is not None
        mails.set("delete from worker_process")
        with mails.sessions.begin() as session:
            assert mailing.take_back(session, now) == [state]
    assert mails.outcome(mail_id) == ("parked", "mail-worker-lost")
    assert mails.inbox.received == []


def test_what_was_handed_over_by_a_worker_that_died_is_parked_and_the_dead_may_still_tell(
    mails: MailWorld,
) -> None:
    mail_id = mails.put(mails.ann)
    sleeper = _worker(mails)
    now = datetime.now(UTC) + timedelta(seconds=1)
    with mails.sessions.begin() as session:
        claimed = mailing.claim(session, sleeper, "example.com", now)
        assert claimed is not None
        assert mailing.decide(session, claimed, now) == "sending"
    mails.set("delete from worker_process")
    assert mails.send() == {"parked": 1}
    assert mails.outcome(mail_id) == ("parked", "mail-outcome-unknown")
    with mails.sessions.begin() as session:  # it was only asleep, and knows
        assert mailing.end(session, claimed, "sent", now, None, "250 taken")
    assert mails.outcome(mail_id) == ("sent", None)


def test_an_outcome_is_written_down_however_long_the_database_is_away(
    mails: MailWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail_id, failures = mails.put(mails.ann), [2]
    end = mailing.end

    def flaky(*arguments: object) -> bool:
        if failures[0]:
            failures[0] -= 1
            raise OperationalError("update", {}, Exception("the server closed the connection"))
        return end(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(mailing, "end", flaky)
    monkeypatch.setattr(mail, "DATABASE_SECONDS", 0.01)
    assert mails.send() == {"sent": 1}
    assert mails.outcome(mail_id)[0] == "sent"


def test_an_interruption_before_anything_was_sent_lets_the_mail_be_sent_again(
    mails: MailWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail_id = mails.put(mails.ann)

    def away(*_: object) -> None:
        raise OperationalError("update", {}, Exception("the server closed the connection"))

    with monkeypatch.context() as patched:
        patched.setattr(mailing, "decide", away)
        with pytest.raises(OperationalError):
            mails.send()
    assert mails.outcome(mail_id) == ("queued", "mail-worker-lost")
    mails.make_due()
    assert mails.send() == {"sent": 1}


def test_only_so_many_are_in_hand_at_once(mails: MailWorld) -> None:
    now = datetime.now(UTC) + timedelta(seconds=1)
    for _ in range(mailing.AT_ONCE + 1):
        mails.put(mails.ann)
    worker = _worker(mails)
    for _ in range(mailing.AT_ONCE):
        with mails.sessions.begin() as session:
            assert mailing.claim(session, worker, "example.com", now) is not None
    with mails.sessions.begin() as session:
        assert mailing.claim(session, worker, "example.com", now) is None
        assert not mailing.is_due(session, now)


def test_what_is_to_be_sent_once_is_put_in_once(mails: MailWorld) -> None:
    assert mails.put_to_staff(once_key="digest:1") is not None
    assert mails.put_to_staff(once_key="digest:1") is None
    assert mails.send() == {"sent": 1}


def test_old_mails_are_forgotten_and_parked_ones_are_not(mails: MailWorld) -> None:
    old, parked = mails.put(mails.ann), mails.put(mails.ann)
    mails.send()
    mails.set("update notification set state = 'parked', reason = 'mail-deferred' where id = :id", id=parked)
    with mails.sessions.begin() as session:
        mailing.forget(session, datetime.now(UTC) + timedelta(days=1))
        left = session.execute(text("select id from notification")).scalars().all()
    assert left == [parked]
    assert old not in left
