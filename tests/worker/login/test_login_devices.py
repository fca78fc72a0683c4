"""Whoever knows an address can lock strangers out of it, but not a browser its owner has signed in with."""

from collections.abc import Iterator

import httpx
import pytest
from login_people import ANA, LEO
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker
from web_running import PASSWORD, browsing, send, sign_in

from models.enrollment_changes import Why
from models.signing_in import MOST_DEVICES
from models.staff import Staff
from worker import clock
from worker.login.credentials import give_first_password

pytest_plugins = ("login_site",)

NEW = "three green boats at noon"


@pytest.fixture
def owner(browser: httpx.Client) -> httpx.Client:
    """ANA's browser: she has signed in with it and out again."""
    assert sign_in(browser, ANA).status_code == 303
    assert send(browser, "/console/", "/logout").status_code == 303
    return browser


@pytest.fixture
def stranger(site: str) -> Iterator[httpx.Client]:
    """A browser nobody has signed in with."""
    with browsing(site) as client:
        yield client


def lock(browser: httpx.Client, address: str = ANA) -> None:
    answers = [sign_in(browser, address, "wrong").text for _ in range(5)]
    assert "Too many attempts" in answers[-1]


def test_guesses_of_strangers_do_not_lock_the_owner_out(owner: httpx.Client, stranger: httpx.Client) -> None:
    lock(stranger)
    assert "Too many attempts" in sign_in(stranger, ANA).text
    assert sign_in(owner, ANA).status_code == 303
    assert "Too many attempts" in sign_in(stranger, ANA).text, "the owner's sign-in opens nothing for strangers"


def test_the_owner_changes_the_password_while_strangers_guess(owner: httpx.Client, stranger: httpx.Client) -> None:
    sign_in(owner, ANA)
    lock(stranger)
    changed = send(owner, "/password", "/password", password=PASSWORD, new=NEW, again=NEW)
    assert changed.status_code == 303


def test_a_known_browser_is_locked_by_itself(owner: httpx.Client, stranger: httpx.Client) -> None:
    lock(owner)
    assert "Too many attempts" in sign_in(owner, ANA).text
    assert sign_in(stranger, ANA).status_code == 303


def test_a_browser_is_known_to_those_who_signed_in_with_it(owner: httpx.Client, stranger: httpx.Client) -> None:
    lock(stranger, LEO)
    assert "Too many attempts" in sign_in(owner, LEO).text


def test_two_people_share_a_browser(owner: httpx.Client, stranger: httpx.Client) -> None:
    assert sign_in(owner, LEO).status_code == 303
    send(owner, "/password", "/logout")
    lock(stranger, LEO)
    lock(stranger, ANA)
    assert sign_in(owner, LEO).status_code == 303
    send(owner, "/password", "/logout")
    assert sign_in(owner, ANA).status_code == 303


def test_a_token_of_ones_own_making_is_none(stranger: httpx.Client, site: str) -> None:
    with browsing(site) as other:
        lock(other)
    stranger.cookies.set("termsync_device", "mine", domain="127.0.0.1", path="/")
    assert "Too many attempts" in sign_in(stranger, ANA).text
    sign_in(stranger, LEO)
    assert stranger.cookies.get("termsync_device") != "mine", "nor is it taken over"


@pytest.mark.parametrize("forgotten", ["a new first password", "ninety days"])
def test_a_browser_becomes_a_stranger_again(
    owner: httpx.Client, stranger: httpx.Client, sessions: sessionmaker[Session], forgotten: str
) -> None:
    with sessions.begin() as session:
        if forgotten == "ninety days":
            session.execute(text("update known_device set seen_at = now() - interval '91 days'"))
        else:
            ana = session.query(Staff).filter_by(email=ANA).one()
            give_first_password(session, ana, Why("test", clock.now(session)))
    lock(stranger)
    assert "Too many attempts" in sign_in(owner, ANA).text


def test_whoever_knew_the_password_before_is_a_stranger(
    owner: httpx.Client, stranger: httpx.Client, site: str
) -> None:
    sign_in(stranger, ANA)
    send(stranger, "/console/", "/logout")
    sign_in(owner, ANA)
    assert send(owner, "/password", "/password", password=PASSWORD, new=NEW, again=NEW).status_code == 303
    lock(stranger)
    send(owner, "/console/", "/logout")
    assert sign_in(owner, ANA, NEW).status_code == 303, "the browser it was changed in is known still"
    with browsing(site) as other:
        assert "Too many attempts" in sign_in(other, ANA, NEW).text, "the others share the lock of strangers"


def test_an_address_is_known_to_its_last_browsers_only(
    owner: httpx.Client, stranger: httpx.Client, site: str
) -> None:
    for _ in range(MOST_DEVICES):
        with browsing(site) as last:
            assert sign_in(last, ANA).status_code == 303
            assert send(last, "/console/", "/logout").status_code == 303
            kept = dict(last.cookies)
    lock(stranger)
    assert "Too many attempts" in sign_in(owner, ANA).text
    stranger.cookies.update(kept)
    assert sign_in(stranger, ANA).status_code == 303


def test_the_database_does_not_hold_what_the_cookie_holds(
    owner: httpx.Client, sessions: sessionmaker[Session]
) -> None:
    token = owner.cookies["termsync_device"]
    with sessions() as session:
        kept = session.execute(text("select token_hash, address_hash from known_device")).one()
    assert token.encode() not in (kept.token_hash, kept.address_hash)
    assert ANA.encode() not in (kept.token_hash, kept.address_hash)
