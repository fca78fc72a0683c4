"""Which mails go to whom: domain.md section 4, decided at the moment of sending."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mail_world import OVER, MailWorld
from sqlalchemy import text

from models.mail_gate import ABOUT_LOGIN, WITHHELD, kind_of

pytest_plugins = ("mail_fixtures",)

LIST = (
    "End of Course Survey",
    "Final Assessment Locked",
    "Final Assessment Unlocked",
    "Inactive Status Trigger",
    "Item Unlocked",
)
OTHERS = ("Password Reset", "Account Unlock", "Welcome", "Weekly Newsletter")


@given(kind=st.sampled_from(LIST), break_=st.sampled_from(["-", "_", " ", "", ". "]), upper=st.booleans())
def test_every_spelling_of_the_list_is_the_list(kind: str, break_: str, upper: bool) -> None:
    spelled = break_.join(kind.split())
    assert kind_of(spelled.upper() if upper else spelled) in WITHHELD


def test_the_closed_list_is_closed() -> None:
    assert {kind_of(kind) for kind in LIST} == set(WITHHELD)
    assert not {kind_of(kind) for kind in OTHERS} & set(WITHHELD)
    assert {kind_of("Password Reset"), kind_of("account unlock")} == set(ABOUT_LOGIN)
    assert kind_of(" -- ") == ""
    assert kind_of("Ｉｔｅｍ　Ｕｎｌｏｃｋｅｄ") == "item-unlocked"


@pytest.mark.parametrize("kind", LIST)
def test_the_list_goes_to_the_enrolled_only(mails: MailWorld, kind: str) -> None:
    to = {
        "enrolled": mails.ann,
        "expired": mails.user("Expired", status="X", last_day=OVER),
        "reads as expired": mails.user("Overdue", last_day=OVER),
        "unenrolled": mails.user("Unenrolled", status="U"),
        "not in it": mails.user("Stranger", status=None),
        "inactive": mails.user("Inactive", active=False),
    }
    sent = {who: mails.put(user, kind_of(kind)) for who, user in to.items()}
    outcomes = mails.send()
    assert {who: mails.outcome(mail) for who, mail in sent.items()} == {
        "enrolled": ("sent", None),
        "expired": ("suppressed", "reader-expired"),
        "reads as expired": ("suppressed", "reader-expired"),
        "unenrolled": ("suppressed", "reader-unenrolled"),
        "not in it": ("suppressed", "reader-not-enrolled"),
        "inactive": ("suppressed", "reader-inactive"),
    }
    assert outcomes == {"sent": 1, "suppressed": 5}
    assert [recipient for recipient, _ in mails.inbox.received] == ["ann@acme.example"]


@pytest.mark.parametrize("kind", OTHERS)
def test_other_mails_go_whatever_somebody_is_in_the_course(mails: MailWorld, kind: str) -> None:
    for name, status in (("Expired", "X"), ("Unenrolled", "U"), ("Overdue", "E")):
        mails.put(mails.user(name, status=status, last_day=OVER), kind_of(kind))
    mails.put(mails.user("Stranger", status=None), kind_of(kind))
    assert mails.send() == {"sent": 4}


def test_an_inactive_user_gets_no_mails_about_logging_in_and_still_what_is_outside_the_list(
    mails: MailWorld,
) -> None:
    inactive = mails.user("Inactive", active=False)
    reset, news = mails.put(inactive, "password-reset"), mails.put(inactive, "newsletter")
    mails.send()
    assert (mails.outcome(reset), mails.outcome(news)) == (("suppressed", "reader-inactive"), ("sent", None))


def test_another_course_of_an_expired_user_still_sends(mails: MailWorld) -> None:
    expired = mails.user("Expired", last_day=OVER)
    mails.set("""
        with c as (insert into course (key) values ('other') returning id)
        insert into course_version (course_id, key, title) select id, 'v1', 'Other' from c
    """)
    mails.set(
        "insert into enrollment (tenant_id, user_id, course_version_id) select u.tenant_id, u.id, v.id"
        " from users u, course_version v where u.id = :user and v.title = 'Other'",
        user=expired,
    )
    with mails.sessions() as session:
        other = session.execute(text("select id from course_version where title = 'Other'")).scalar_one()
        first = session.execute(text("select id from course_version where title <> 'Other'")).scalar_one()
    here = mails.put(expired, course_version_id=first)
    there = mails.put(expired, course_version_id=other)
    mails.send()
    assert (mails.outcome(here)[0], mails.outcome(there)[0]) == ("suppressed", "sent")


def test_a_pause_of_the_tenant_lets_mails_go_as_it_lets_readers_in(mails: MailWorld) -> None:
    overdue = mails.user("Overdue", last_day=OVER)
    mails.set("update tenant set paused_at = now()")
    paused = mails.put(overdue)
    mails.send()
    mails.set("update tenant set paused_at = null")
    resumed = mails.put(overdue)
    mails.send()
    assert (mails.outcome(paused)[0], mails.outcome(resumed)) == ("sent", ("suppressed", "reader-expired"))


def test_it_is_decided_when_it_is_sent_not_when_it_was_queued(mails: MailWorld) -> None:
    ended, renewed = mails.user("Ended"), mails.user("Renewed", last_day=OVER)
    before = mails.put(ended), mails.put(renewed)
    mails.expire(ended)
    mails.set(
        "update enrollment set boundary = now() + interval '1 day', expiration_date = null where user_id = :id",
        id=renewed,
    )
    mails.send()
    assert [mails.outcome(mail) for mail in before] == [("suppressed", "reader-expired"), ("sent", None)]


def test_an_expiry_in_the_middle_of_the_dialogue_still_counts(mails: MailWorld) -> None:
    mail = mails.put(mails.ann)
    mails.inbox.hold("rcpt")
    sending = threading.Thread(target=mails.send)
    sending.start()
    mails.inbox.wait_for("rcpt")
    mails.expire(mails.ann)
    mails.inbox.let_go("rcpt")
    sending.join()
    assert mails.outcome(mail) == ("suppressed", "reader-expired")
    assert mails.inbox.received == []


def test_a_suppressed_mail_is_never_sent_later_and_its_text_is_forgotten(mails: MailWorld) -> None:
    overdue = mails.user("Overdue", last_day=OVER)
    mail = mails.put(overdue)
    mails.send()
    mails.set("update enrollment set boundary = null, expiration_date = null where user_id = :id", id=overdue)
    mails.make_due()
    assert mails.send() == {}
    assert mails.outcome(mail) == ("suppressed", "reader-expired")
    assert mails.mail(mail).body is None
