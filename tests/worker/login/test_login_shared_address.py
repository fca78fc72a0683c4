"""One address in two organisations, each account with a password of its own: neither opens a way to the other."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from login_people import LEO, add_user
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker
from web_running import PASSWORD, browsing, send, sign_in

from worker.login import passwords

pytest_plugins = ("login_site",)

OTHER = "another horse entirely"
REFUSED, LOCKED = "do not go together", "Too many attempts"


@pytest.fixture
def mine(browser: httpx.Client, sessions: sessionmaker[Session]) -> httpx.Client:
    """The browser of Leo of Acme, whose address is another person's of Beta, too. That one's password is OTHER."""
    with sessions.begin() as session:
        values = {"id": add_user(session, "beta", "leo", LEO), "hash": passwords.hashed(OTHER)}
        session.execute(text("update users set password_hash = :hash where id = :id"), values)
    come_and_go(browser)
    return browser


@pytest.fixture
def stranger(site: str) -> Iterator[httpx.Client]:
    """A browser nobody has signed in with."""
    with browsing(site) as client:
        yield client


def come_and_go(browser: httpx.Client, password: str = PASSWORD) -> None:
    assert sign_in(browser, LEO, password).status_code == 303
    assert send(browser, "/password", "/logout").status_code == 303


def guess(browser: httpx.Client) -> str:
    """What is said to a wrong password."""
    said = sign_in(browser, LEO, "wrong").text
    return LOCKED if LOCKED in said else REFUSED


def test_signing_in_gives_no_more_guesses_at_the_others_password(
    mine: httpx.Client, stranger: httpx.Client
) -> None:
    for _ in range(4):
        assert guess(mine) == REFUSED
    come_and_go(mine)
    assert guess(mine) == LOCKED
    come_and_go(mine)
    assert LOCKED in sign_in(mine, LEO, OTHER).text
    assert LOCKED in sign_in(stranger, LEO, OTHER).text


def test_a_new_browser_each_time_gives_no_more_guesses_either(
    mine: httpx.Client, stranger: httpx.Client, site: str
) -> None:
    said = []
    for _ in range(3):
        with browsing(site) as another:
            come_and_go(another)
            said += [guess(another), guess(another)]
    assert said == [REFUSED] * 4 + [LOCKED] * 2
    assert LOCKED in sign_in(stranger, LEO, OTHER).text


def test_signing_in_often_does_not_lock_the_other(mine: httpx.Client, stranger: httpx.Client) -> None:
    for _ in range(4):
        assert guess(stranger) == REFUSED
    for _ in range(3):
        come_and_go(mine)
    come_and_go(stranger, OTHER)


def test_guesses_of_strangers_lock_neither_out_of_a_browser_of_theirs(
    mine: httpx.Client, stranger: httpx.Client, site: str
) -> None:
    with browsing(site) as theirs:
        come_and_go(theirs, OTHER)
        assert [guess(stranger) for _ in range(5)][-1] == LOCKED
        come_and_go(mine)
        come_and_go(theirs, OTHER)
        assert LOCKED in sign_in(mine, LEO, OTHER).text, "a browser is known to the account it was used with"


def test_an_attempt_that_is_under_way_takes_back_itself_only(
    mine: httpx.Client, stranger: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at, go_on, is_right = threading.Event(), threading.Event(), passwords.is_right

    def held(password: str, password_hash: str | None) -> bool:
        if password == PASSWORD:
            looked_at.set()
            assert go_on.wait(20)
        return is_right(password, password_hash)

    monkeypatch.setattr(passwords, "is_right", held)
    assert [guess(stranger) for _ in range(3)] == [REFUSED] * 3
    with ThreadPoolExecutor(1) as pool:
        mine_now = pool.submit(come_and_go, mine)
        assert looked_at.wait(20)
        assert guess(stranger) == LOCKED, "the attempt under way may be a guess, too"
        go_on.set()
        mine_now.result(20)
    assert LOCKED in sign_in(stranger, LEO, OTHER).text, "a lock that another attempt has made stays"


def test_many_at_once_wait_for_each_other_in_no_circle(
    mine: httpx.Client, site: str, sessions: sessionmaker[Session]
) -> None:
    device = dict(mine.cookies)

    def attempt(number: int) -> int:
        with browsing(site) as client:
            if number % 2:
                return sign_in(client, LEO, "wrong").status_code
            client.cookies.update(device)
            return sign_in(client, LEO).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(attempt, range(24)))
    assert answers == [303, 400] * 12
    with sessions() as session:
        assert session.execute(text("select max(failures) from failed_login")).scalar_one() <= 5
