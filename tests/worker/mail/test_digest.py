"""The weekly list of orders that end while people are on them."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from client_world import ClientWorld
from mail_world import MailWorld
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from models.mail import Notification
from models.tenant import Tenant
from worker import clock
from worker.pipeline import digest
from worker.pipeline.digest import Reader, readers
from worker.settings import load

pytest_plugins = ("mail_fixtures",)

NOW = datetime(2026, 6, 15, 16, 0, tzinfo=UTC)
TODAY = date(2026, 6, 15)


def days(count: int) -> date:
    return TODAY + timedelta(days=count)


@pytest.fixture
def worlds(sessions: sessionmaker[Session]) -> None:
    """Orders of two tenants that end in 5, 20, 50 and 90 days, most with people on them."""
    with sessions.begin() as session:
        acme = ClientWorld(session, "acme", "=Acme")
        orders = {count: acme.order(days(count), f"SO{count}") for count in (-1, 0, 5, 20, 50, 90)}
        for count, order in orders.items():
            name = f"Person {count}"
            acme.user(name)
            acme.enroll(name, order=order)
        acme.order(days(6), "SO-nobody")
        acme.user("Late")
        acme.enroll("Late", order=orders[5], typed=days(40))
        acme.user("Gone")
        acme.enroll("Gone", order=orders[5], status="U")
        beta = ClientWorld(session, "beta", "Beta")
        beta.user("Bea")
        beta.enroll("Bea", order=beta.order(days(7), "SO-beta"))


def written(sessions: sessionmaker[Session], to: str, now: datetime = NOW) -> list[Notification]:
    with sessions.begin() as session:
        digest.write(session, load(digest_to=to), now)
    with sessions() as session:
        return list(session.scalars(select(Notification).order_by(Notification.id)))


def lines(mail: Notification) -> list[dict[str, str]]:
    assert mail.attachment is not None
    return list(csv.DictReader(io.StringIO(mail.attachment.decode("utf-8-sig"))))


def test_it_lists_orders_with_people_who_are_not_on_a_later_one(
    worlds: None, sessions: sessionmaker[Session]
) -> None:
    (mail,) = written(sessions, "team@example.com")
    assert [(line["Order"], line["Within days"], line["People"]) for line in lines(mail)] == [
        ("SO0", "7", "1"),
        ("SO5", "7", "1"),
        ("SO20", "30", "1"),
        ("SO50", "60", "1"),
        ("SO-beta", "7", "1"),
    ]
    assert (mail.recipient, mail.kind, mail.tenant_id) == ("team@example.com", "digest", None)
    assert mail.subject == "All tenants: 5 orders end within 60 days, 5 people on them"
    assert mail.body is not None
    assert "Within 7 days: 3 orders, 3 people" in mail.body
    assert lines(mail)[0]["Later order"] == "SO90"


def test_cells_that_look_like_formulas_are_none(worlds: None, sessions: sessionmaker[Session]) -> None:
    (mail,) = written(sessions, "team@example.com")
    assert lines(mail)[0]["Name"] == "'=Acme"


def test_somebody_on_a_later_order_of_the_same_course_is_renewed(
    worlds: None, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        acme_id, version = _second_version(session)
        session.connection().exec_driver_sql(
            f"insert into enrollment (tenant_id, user_id, course_version_id, boundary)"
            f" select {acme_id}, id, {version}, '2027-06-01' from users where name in ('Person 5', 'Person 20')"
        )
    (mail,) = written(sessions, "acme=team@example.com")
    assert [line["Order"] for line in lines(mail)] == ["SO0", "SO50"]


def _second_version(session: Session) -> tuple[int, int]:
    run = session.connection().exec_driver_sql
    version = run(
        "insert into course_version (course_id, key, title) select id, 'v2', 'Again' from course returning id"
    ).scalar_one()
    return run("select id from tenant where key = 'acme'").scalar_one(), version


@pytest.mark.parametrize(
    ("until", "told"),
    [
        (None, {"SO5": "paused", "SO20": "paused", "SO-beta": "on"}),
        (
            datetime(2026, 6, 25, 16, 0, tzinfo=UTC),
            {"SO5": "paused until 2026-06-25 16:00 UTC", "SO20": "on", "SO-beta": "on"},
        ),
    ],
)
def test_an_order_whose_people_keep_access_because_of_a_pause_says_so(
    worlds: None, sessions: sessionmaker[Session], until: datetime | None, told: dict[str, str]
) -> None:
    _pause(sessions, "acme", until)
    (mail,) = written(sessions, "team@example.com")
    assert told.items() <= {line["Order"]: line["Expiry"] for line in lines(mail)}.items()
    assert mail.body is not None
    assert "Where it says paused, nobody loses access while expiry is paused" in mail.body
    assert re.search(rf"^2026-06-20 \({told['SO5']}\) +1 +SO5 ", mail.body, re.M)


def test_without_a_pause_the_mail_does_not_speak_of_it(worlds: None, sessions: sessionmaker[Session]) -> None:
    _pause(sessions, "beta", None)
    (mail,) = written(sessions, "acme=team@example.com")
    assert mail.body is not None
    assert "paused" not in mail.body
    assert {line["Expiry"] for line in lines(mail)} == {"on"}


def _pause(sessions: sessionmaker[Session], tenant: str, until: datetime | None) -> None:
    paused = update(Tenant).where(Tenant.key == tenant).values(paused_at=NOW, paused_by="ops", pause_until=until)
    with sessions.begin() as session:
        session.execute(paused)


def test_each_reader_gets_it_once_a_week(worlds: None, sessions: sessionmaker[Session]) -> None:
    to = "team@example.com, beta=bea@example.com"
    assert [mail.recipient for mail in written(sessions, to)] == ["team@example.com", "bea@example.com"]
    assert len(written(sessions, to, NOW + timedelta(days=5))) == 2
    mails = written(sessions, to, NOW + timedelta(days=7))
    assert len(mails) == 4
    assert [line["Order"] for line in lines(mails[1])] == ["SO-beta"]


def test_a_week_without_ends_says_so(sessions: sessionmaker[Session]) -> None:
    (mail,) = written(sessions, "team@example.com")
    assert mail.subject == "All tenants: 0 orders end within 60 days, 0 people on them"
    assert mail.body == "No order with people on it ends within 60 days.\n"
    assert lines(mail) == []


def test_a_tenant_there_is_not_keeps_back_no_other_reader(worlds: None, sessions: sessionmaker[Session]) -> None:
    assert [mail.recipient for mail in written(sessions, "nobody=a@example.com b@example.com")] == [
        "b@example.com"
    ]


def test_readers_of_the_setting() -> None:
    assert readers("a@x.example; acme=b@x.example\n c@x.example") == [
        Reader("a@x.example", None),
        Reader("b@x.example", "acme"),
        Reader("c@x.example", None),
    ]
    assert readers(None) == []


def test_the_file_arrives_with_the_mail(mails: MailWorld) -> None:
    with mails.sessions.begin() as session:
        digest.write(session, load(digest_to="team@example.com"), clock.now(session))
    mails.send()
    ((recipient, arrived),) = mails.inbox.received
    (file,) = arrived.iter_attachments()
    assert recipient == "team@example.com"
    assert file.get_content_type() == "text/csv"
    assert str(file.get_filename()).endswith(".csv")
