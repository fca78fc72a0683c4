"""Signing in with a password: who gets in, what a refusal tells, and what happens after too many."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from login_people import ANA, LEO, actions, add_user
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker
from web_running import PASSWORD, browsing, send, sign_in, token_of

from worker.login import passwords

pytest_plugins = ("login_site",)

NEW = "three green boats at noon"


def error_of(page: httpx.Response) -> str:
    return page.text.partition('role="alert" id="error">')[2].partition("<")[0]


def test_staff_go_to_the_console_and_client_people_to_their_courses(browser: httpx.Client, site: str) -> None:
    assert sign_in(browser, f"  {ANA.upper()} ").headers["location"] == "/"
    assert browser.get("/console/").status_code == 200
    with browsing(site) as other:
        assert sign_in(other, LEO).status_code == 303
        assert other.get("/console/").status_code == 404


def test_who_is_not_signed_in_comes_back_to_the_page_they_asked_for(browser: httpx.Client) -> None:
    first = browser.get("/console/accounts/list?q=a&page=2")
    assert (first.status_code, first.headers["location"]) == (
        303,
        "/login?next=/console/accounts/list%3Fq%3Da%26page%3D2",
    )
    form = browser.get(first.headers["location"])
    fields = {"email": ANA, "password": PASSWORD, "next": "/console/accounts/list?q=a&page=2"}
    assert fields["next"].replace("&", "&amp;") in form.text
    done = browser.post("/login", data={**fields, "csrftoken": token_of(form)})
    assert done.headers["location"] == fields["next"]


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:1",
    ],
)
def test_nobody_is_sent_away_from_here(browser: httpx.Client, elsewhere: str) -> None:
    assert (
        send(browser, "/login", "/login", email=ANA, password=PASSWORD, next=elsewhere).headers["location"] == "/"
    )


def test_a_refusal_says_the_same_whoever_it_is(browser: httpx.Client, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        session.execute(text("update users set password_hash = null"))
    known, unknown, without = (
        sign_in(browser, address, "not the password") for address in (ANA, "nobody@staff.example", LEO)
    )
    assert {page.status_code for page in (known, unknown, without)} == {400}
    assert len({error_of(page) for page in (known, unknown, without)}) == 1
    assert "do not go together" in error_of(known)


def test_an_unknown_address_costs_as_many_hashes_as_a_known_one(
    browser: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = []
    verify = passwords._hasher.__class__.verify

    def counted(self: object, *args: object) -> bool:
        verified.append(args)
        return verify(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(passwords._hasher.__class__, "verify", counted)
    for address in (ANA, "nobody@staff.example"):
        sign_in(browser, address, "not the password")
    assert len(verified) == 2


@pytest.mark.parametrize("address", [ANA, "nobody@staff.example"])
def test_after_five_refusals_no_password_is_tried_for_a_while(
    browser: httpx.Client, sessions: sessionmaker[Session], address: str
) -> None:
    answers = [error_of(sign_in(browser, address, "wrong")) for _ in range(6)]
    assert all("do not go together" in answer for answer in answers[:4])
    assert all("Too many attempts with this address. Try again in " in answer for answer in answers[4:])
    assert "Too many attempts" in error_of(sign_in(browser, address, PASSWORD))
    with sessions.begin() as session:
        assert session.execute(text("select failures from failed_login")).scalar_one() == 5
        session.execute(text("update failed_login set locked_until = now()"))
    again = sign_in(browser, address, PASSWORD)
    assert again.status_code == (303 if address == ANA else 400)


def test_locks_grow_to_a_quarter_of_an_hour(browser: httpx.Client, sessions: sessionmaker[Session]) -> None:
    waits = []
    for _ in range(11):
        sign_in(browser, ANA, "wrong")
        with sessions.begin() as session:
            wait = text(
                "select case when locked_until > last_at then locked_until - last_at end from failed_login"
            )
            row = session.execute(wait).scalar_one()
            waits.append(None if row is None else row.total_seconds())
            session.execute(text("update failed_login set locked_until = now()"))
    assert waits[:4] == [None] * 4
    assert waits[4:] == [60, 120, 240, 480, 900, 900, 900]


def test_many_attempts_at_once_are_no_more_than_one_after_the_other(
    site: str, sessions: sessionmaker[Session]
) -> None:
    def attempt(_: int) -> str:
        with browsing(site) as client:
            return error_of(sign_in(client, ANA, "wrong"))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(attempt, range(12)))
    assert sum("do not go together" in answer for answer in answers) == 4
    with sessions() as session:
        assert session.execute(text("select failures from failed_login")).scalar_one() == 5


def test_an_inactive_person_is_refused_like_an_unknown_one(
    browser: httpx.Client, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        session.execute(text("update users set active = false"))
        session.execute(text("update staff set active = false"))
    for address in (ANA, LEO):
        assert "do not go together" in error_of(sign_in(browser, address))


def test_the_record_names_who_and_never_a_password(browser: httpx.Client, sessions: sessionmaker[Session]) -> None:
    sign_in(browser, ANA, "a-wrong-secret")
    sign_in(browser, LEO)
    send(browser, "/password", "/logout")
    for _ in range(5):
        sign_in(browser, "nobody@staff.example", "a-wrong-secret")
    with sessions() as session:
        assert actions(session) == [
            ("sign-in refused", f"staff {ANA}"),
            ("signed in", "user acme/leo"),
            ("signed out", "user acme/leo"),
        ]
        written = session.execute(
            text("select coalesce(string_agg(t::text, ' '), '') from staff_action t")
        ).scalar_one()
    assert PASSWORD not in written
    assert "a-wrong-secret" not in written
    assert "127.0.0.1" in written


def test_one_address_in_two_organisations_is_asked_for_after_the_password(
    browser: httpx.Client, site: str, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        add_user(session, "beta", "leo", LEO.title())
        add_user(session, "gamma", "leo", LEO)
        session.execute(
            text("update users set password_hash = null where tenant_id = (select max(id) from tenant)")
        )
    asked = sign_in(browser, LEO)
    assert asked.status_code == 200
    assert "Acme" in asked.text
    assert "Beta" in asked.text
    assert "Gamma" not in asked.text  # its account has no such password
    assert "Acme" not in sign_in(browser, LEO, "wrong").text
    asked = sign_in(browser, LEO)
    chosen = asked.text.partition("Beta")[0].rpartition('value="')[2].partition('"')[0]
    fields = {"account": chosen, "csrftoken": token_of(asked)}
    with browsing(site) as thief:  # knows which account, but has not given the password
        token = token_of(thief.get("/login"))
        assert thief.post("/login/organisation", data={"account": chosen, "csrftoken": token}).status_code == 400
    assert browser.post("/login/organisation", data={**fields, "account": "staff-1"}).status_code == 400
    asked = sign_in(browser, LEO)
    fields["csrftoken"] = token_of(asked)
    assert browser.post("/login/organisation", data=fields).status_code == 303
    assert "Beta" in browser.get("/password").text
    with browsing(site) as again:  # a choice is taken once
        assert again.post("/login/organisation", data=fields).status_code == 403


def test_a_first_password_must_be_changed_before_anything_else(
    browser: httpx.Client, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        session.execute(text("update staff set password_must_change = true"))
    sign_in(browser, ANA)
    assert browser.get("/console/").headers["location"] == "/password"
    assert browser.post("/console/_api/accounts/action").status_code == 403
    page = browser.get("/password")
    assert "Choose a password of your own" in page.text

    def change(now: str, new: str, again: str) -> httpx.Response:
        return send(browser, "/password", "/password", password=now, new=new, again=again)

    for now, new, again, complaint in (
        (PASSWORD, "short", "short", "at least 12"),
        (PASSWORD, "a" * 40, "a" * 40, "can be guessed"),
        (PASSWORD, "ANA has a password", "ANA has a password", "can be guessed"),
        (PASSWORD, NEW, NEW + "!", "differ"),
        (PASSWORD, PASSWORD, PASSWORD, "the password you have"),
        ("wrong", NEW, NEW, "not your present password"),
    ):
        refused = change(now, new, again)
        assert (refused.status_code, complaint in refused.text) == (400, True), complaint
    assert change(PASSWORD, NEW, NEW).headers["location"] == "/"
    assert browser.get("/console/").status_code == 200


def test_a_name_of_a_letter_or_two_forbids_no_words() -> None:
    for address in ("a@acme.example", "jo@acme.example"):
        passwords.check_new("a major battle of jokes", address)


def test_a_changed_password_signs_out_every_other_browser(browser: httpx.Client, site: str) -> None:
    sign_in(browser, ANA)
    with browsing(site) as other:
        sign_in(other, ANA)
        before = browser.cookies["termsync_session"]
        assert send(browser, "/password", "/password", password=PASSWORD, new=NEW, again=NEW).status_code == 303
        assert browser.cookies["termsync_session"] != before
        assert browser.get("/console/").status_code == 200
        assert other.get("/console/").status_code == 303
        assert sign_in(other, ANA, PASSWORD).status_code == 400
        assert sign_in(other, ANA, NEW).status_code == 303


def test_guessing_the_present_password_on_the_password_page_locks_too(browser: httpx.Client) -> None:
    sign_in(browser, ANA)
    for _ in range(6):
        send(browser, "/password", "/password", password="wrong", new=NEW, again=NEW)
    refused = send(browser, "/password", "/password", password=PASSWORD, new=NEW, again=NEW)
    assert (refused.status_code, "Too many attempts" in refused.text) == (400, True)
