"""Mails in the console: outcome and reason of each, filters, export, trying parked ones again."""

import csv
import io
from collections.abc import Iterator

import httpx
import pytest
from mail_world import OVER, MailWorld
from operations import SignIn, said, words
from sqlalchemy import Engine, text
from web_running import add_staff, browsing, send, serving, sign_in

pytest_plugins = ("mail_fixtures",)

LIST = "/console/mails/list"


@pytest.fixture
def signed_in(mails: MailWorld, database: Engine) -> Iterator[SignIn]:
    """Browsers of staff by role."""
    with mails.sessions.begin() as session:
        for role in ("admin", "enrollment", "ops"):
            add_staff(session, role)
    with serving(database) as url, browsing(url) as client:

        def signed_in(role: str = "ops") -> httpx.Client:
            assert sign_in(client, f"{role}@staff.example").status_code == 303
            return client

        yield signed_in


@pytest.fixture
def outcomes(mails: MailWorld) -> dict[str, int]:
    """A mail of every outcome there is."""
    made = {
        "sent": mails.put(mails.ann, subject="First <b>"),
        "refused": mails.put(mails.user("Wrong"), kind="newsletter", subject="Second"),
        "suppressed": mails.put(mails.user("Over", last_day=OVER), subject="Third"),
    }
    mails.inbox.answers["rcpt"] = ["250 OK", "550 No such user"]
    mails.send()
    made["parked"] = mails.put(mails.ann, subject="Fourth", body="the secret link")
    mails.inbox.answers["data"] = ["hang up"]
    mails.send()
    made["queued"] = mails.put(mails.ann, subject="Fifth")
    return made


def test_the_list_tells_outcome_and_reason_of_each(signed_in: SignIn, outcomes: dict[str, int]) -> None:
    shown = words(signed_in().get(LIST))
    for part in (
        "First <b>",
        "Sent",
        "Refused",
        "550 No such user",
        "Suppressed",
        "whose access to the course has expired",
        "Parked",
        "may have gone",
        "Waiting",
        "Ann, ann@acme.example",
        "Acme",
    ):
        assert part in shown
    assert shown.index("Fifth") < shown.index("First <b>")


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"state": "parked"}, ["Fourth"]),
        ({"kind": "item-unlocked", "state": "sent"}, ["First <b>"]),
        ({"q": "OVER@acme.example"}, ["Third"]),
        ({"q": "acme"}, ["Fifth", "Fourth", "Third", "Second", "First <b>"]),
        ({"q": "nobody"}, []),
        ({"to": "staff"}, []),
        ({"sort": "queued_at__asc"}, ["First <b>", "Second", "Third", "Fourth", "Fifth"]),
    ],
)
def test_filters_are_in_the_address_and_in_the_export(
    signed_in: SignIn, outcomes: dict[str, int], filters: dict[str, str], found: list[str]
) -> None:
    client = signed_in()
    answer = client.get("/console/export/mails/csv", params=filters)
    lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [line["Mail"] for line in lines] == found
    shown = words(client.get(LIST, params=filters))
    assert all(subject in shown for subject in found)


def test_the_export_has_what_the_list_has_no_room_for(signed_in: SignIn, outcomes: dict[str, int]) -> None:
    answer = signed_in().get("/console/export/mails/csv", params={"state": "refused"})
    (line,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert (line["Kind"], line["Outcome"], line["Reason"]) == ("newsletter", "Refused", "mail-refused")
    assert line["In detail"] == "550 No such user"
    assert line["Message-ID"].endswith("@example.com>")


def test_a_mails_page_says_why_and_what_to_do_and_not_what_it_says(
    signed_in: SignIn, outcomes: dict[str, int]
) -> None:
    client = signed_in()
    page = client.get(f"/console/mails/{outcomes['parked']}")
    shown = words(page)
    for part in ("Parked", "mail-outcome-unknown", "Message-ID", "the reader gets it twice", "Safety at work"):
        assert part in shown
    assert "secret link" not in page.text
    assert "Try again" not in words(client.get(f"/console/mails/{outcomes['sent']}"))
    assert client.get("/console/mails/999999").status_code == 404


def test_a_parked_mail_is_tried_again(signed_in: SignIn, mails: MailWorld, outcomes: dict[str, int]) -> None:
    client, mail_id = signed_in(), outcomes["parked"]
    at = f"/console/mails/{mail_id}"
    assert "The mail is due again." in said(client, send(client, at, f"{at}/retry"))
    assert mails.outcome(mail_id) == ("queued", None)
    with mails.sessions() as session:
        action = session.execute(text("select actor, action, subject from staff_action order by id desc")).first()
    assert action == ("staff:ops@staff.example", "mail retried", f"mail {mail_id}")
    assert f'href="{at}"' in client.get("/console/history").text
    again = client.post(f"{at}/retry", data={"csrftoken": client.cookies["starlette_admin_csrftoken"]})
    assert "Only a parked mail can be tried again" in said(client, again)


def test_all_parked_ones_are_tried_again(signed_in: SignIn, mails: MailWorld, outcomes: dict[str, int]) -> None:
    client = signed_in()
    parked = f"{LIST}?state=parked"
    assert "1 mail due again." in said(client, send(client, parked, "/console/mails/retry"))
    assert mails.outcome(outcomes["parked"])[0] == "queued"
    assert "Try all parked ones again" not in words(client.get(LIST))


def test_who_may_not_operate_is_offered_no_button(signed_in: SignIn, outcomes: dict[str, int]) -> None:
    client = signed_in("enrollment")
    assert "Try all" not in words(client.get(f"{LIST}?state=parked"))
    assert "Try again" not in words(client.get(f"/console/mails/{outcomes['parked']}"))


def test_the_health_strip_tells_of_parked_mails(signed_in: SignIn, outcomes: dict[str, int]) -> None:
    client = signed_in()
    assert "1 mail is parked" in words(client.get("/console/health"))
