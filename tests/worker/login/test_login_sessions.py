"""Sessions: where their cookie goes, when they end, and that nobody can plant or keep one."""

import re

import httpx
import pytest
from login_people import ANA, LEO
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker
from web_running import browsing, send, serving, sign_in

from worker.settings import load

pytest_plugins = ("login_site",)


def cookies_set(answer: httpx.Response) -> dict[str, str]:
    return {line.partition("=")[0]: line for line in answer.headers.get_list("set-cookie")}


def test_the_cookie_is_for_this_site_and_no_script(browser: httpx.Client) -> None:
    cookie = cookies_set(sign_in(browser, ANA))["termsync_session"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    assert "Secure" not in cookie
    assert "expires" not in cookie.lower()  # ends with the browser


def test_behind_tls_every_cookie_is_secure_and_of_this_host(database: Engine, site: str) -> None:
    settings = load(web_url="https://TERMSYNC.example.com:443")  # not as browsers say it
    with serving(database, settings) as url, httpx.Client(base_url=url) as proxy:
        page = proxy.get("/login", headers={"accept": "text/html"})
        token = re.search(r'csrftoken" value="(\w+)"', page.text)
        assert token
        visitor = re.search(r"__Host-termsync_visitor=([^;]+)", ";".join(page.headers.get_list("set-cookie")))
        assert visitor
        headers = {
            "cookie": f"__Host-termsync_visitor={visitor[1]}",
            "origin": "https://termsync.example.com",
            "accept": "text/html",
        }
        fields = {"email": ANA, "password": "correct horse battery", "csrftoken": token[1]}
        done = proxy.post("/login", headers=headers, data=fields)
        assert done.status_code == 303
        set_now = {**cookies_set(page), **cookies_set(done)}
        assert "__Host-termsync_session" in set_now
        assert all("Secure" in cookie for cookie in set_now.values())
        assert done.headers["strict-transport-security"].startswith("max-age=")
        refused = proxy.post("/login", headers={**headers, "origin": url}, data=fields)
        assert refused.status_code == 403


def test_only_a_hash_is_kept(browser: httpx.Client, session: Session) -> None:
    sign_in(browser, ANA)
    token = browser.cookies["termsync_session"]
    assert len(token) >= 43
    kept = session.execute(text("select string_agg(l::text, '') from login_session l")).scalar_one()
    assert token not in kept
    assert token.encode().hex() not in kept


def test_signing_in_never_takes_over_a_planted_session(site: str, browser: httpx.Client) -> None:
    """Session fixation: what the browser brought is not what it goes on with."""
    with browsing(site) as attacker:
        sign_in(attacker, LEO)
        planted = attacker.cookies["termsync_session"]
        browser.cookies.set("termsync_session", planted)
        browser.get("/login")
        browser.cookies.clear()
        browser.cookies.set("termsync_session", "made-up-by-an-attacker")
        assert sign_in(browser, ANA).status_code == 303
        given = [cookie.value for cookie in browser.cookies.jar if cookie.name == "termsync_session"]
        assert "made-up-by-an-attacker" not in given[-1:]
        assert attacker.get("/console/").status_code == 404


def test_signing_out_ends_the_session_in_the_database_too(browser: httpx.Client, session: Session) -> None:
    sign_in(browser, ANA)
    token = browser.cookies["termsync_session"]
    assert send(browser, "/password", "/logout").headers["location"] == "/login?signed-out=1"
    assert session.execute(text("select count(*) from login_session")).scalar_one() == 0
    browser.cookies.set("termsync_session", token)
    assert browser.get("/console/").status_code == 303


@pytest.mark.parametrize(
    ("aged", "still_in"),
    [
        ("seen_at = now() - interval '29 minutes'", True),
        ("seen_at = now() - interval '31 minutes'", False),
        ("created_at = now() - interval '11 hours 59 minutes'", True),
        ("created_at = now() - interval '12 hours 1 minute'", False),
    ],
)
def test_a_session_ends_when_unused_and_when_old(
    browser: httpx.Client, sessions: sessionmaker[Session], aged: str, still_in: bool
) -> None:
    sign_in(browser, ANA)
    with sessions.begin() as session:
        session.execute(text(f"update login_session set {aged}"))
    assert browser.get("/console/").status_code == (200 if still_in else 303)


def test_use_keeps_a_session_but_an_open_page_does_not(
    browser: httpx.Client, sessions: sessionmaker[Session]
) -> None:
    sign_in(browser, ANA)

    def age() -> float:
        with sessions.begin() as session:
            seconds = session.execute(
                text("select extract(epoch from now() - seen_at) from login_session")
            ).scalar_one()
            session.execute(text("update login_session set seen_at = now() - interval '10 minutes'"))
        return float(seconds)

    age()
    listening = {"accept": "text/event-stream"}  # as browsers say it
    with browser.stream("GET", "/console/live?topics=health", headers=listening) as events:
        assert events.status_code == 200
    assert age() > 500
    assert browser.get("/console/health/strip", headers={"x-live": "1"}).status_code == 200
    assert age() > 500
    browser.get("/console/")
    assert age() < 60


@pytest.mark.parametrize("table", ["staff", "users"])
def test_deactivation_signs_out_at_once_and_for_good(
    browser: httpx.Client, sessions: sessionmaker[Session], table: str
) -> None:
    sign_in(browser, ANA if table == "staff" else LEO)
    assert browser.get("/password").status_code == 200
    with sessions.begin() as session:
        session.execute(text(f"update {table} set active = false"))
    with sessions.begin() as session:  # reactivated before the browser asks again
        session.execute(text(f"update {table} set active = true"))
    assert browser.get("/password").status_code == 303


def test_other_changes_of_a_person_sign_nobody_out(browser: httpx.Client, sessions: sessionmaker[Session]) -> None:
    sign_in(browser, ANA)
    with sessions.begin() as session:
        session.execute(text("update staff set active = true, name = 'Ana Maria', role = 'ops'"))
    page = browser.get("/console/")
    assert "Ana Maria" in page.text
    assert "Ops" in page.text


def test_ended_sessions_are_cleared_away(browser: httpx.Client, sessions: sessionmaker[Session]) -> None:
    sign_in(browser, ANA)
    with sessions.begin() as session:
        session.execute(text("update login_session set seen_at = now() - interval '2 hours'"))
    sign_in(browser, LEO)
    with sessions() as session:
        assert session.execute(text("select count(*) from login_session")).scalar_one() == 1
