"""Live updates: one look at the database for all pages, events when something changes, an end with the session."""

import json
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from processes import PATIENCE, eventually
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker
from web_running import add_staff, browsing, serving_app, sign_in

from worker.pages import live
from worker.pages.live import Live
from worker.settings import load
from worker.web import app as web_app

COUNT = text("select count(*) from staff")


class Looks:
    """The topics of these tests, and how often they were read."""

    def __init__(self) -> None:
        self.people = self.broken = 0

    def count_people(self, session: Session) -> dict[str, int]:
        self.people += 1
        return {"people": session.execute(COUNT).scalar_one()}

    def fail(self, session: Session) -> dict[str, int]:
        self.broken += 1
        raise ValueError("a fault in a topic")


@pytest.fixture
def looks() -> Looks:
    return Looks()


@pytest.fixture
def site(
    database: Engine, sessions: sessionmaker[Session], looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The application with topics of its own, that looks often."""
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.05)
    topics = {"people": looks.count_people, "broken": looks.fail}
    monkeypatch.setattr(web_app, "Live", lambda sessions, _: Live(sessions, topics, check_seconds=0.3))
    with sessions.begin() as session:
        add_staff(session, "admin")
    with serving_app(web_app.make_app(database, load())) as url:
        yield url


@pytest.fixture
def browser(site: str) -> Iterator[httpx.Client]:
    with browsing(site) as client:
        sign_in(client, "admin@staff.example")
        yield client


def events(browser: httpx.Client, topics: str = "people") -> Iterator[tuple[str, dict[str, int]]]:
    """(topic, document) as they come."""
    with browser.stream(
        "GET", f"/console/live?topics={topics}", headers={"accept": "text/event-stream"}
    ) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        topic = ""
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                topic = value
            elif name == "data":
                yield topic, json.loads(value)


def test_a_page_hears_how_it_stands_and_then_what_changes(
    browser: httpx.Client, sessions: sessionmaker[Session]
) -> None:
    heard = events(browser)
    assert next(heard) == ("people", {"people": 1})
    with sessions.begin() as session:
        add_staff(session, "ops")
    assert next(heard) == ("people", {"people": 2})


def test_pages_share_one_look(site: str, browser: httpx.Client, looks: Looks) -> None:
    open_pages = [events(browser) for _ in range(5)]
    assert [next(page) for page in open_pages] == [("people", {"people": 1})] * 5
    before, began = looks.people, time.monotonic()
    time.sleep(0.5)
    most = (time.monotonic() - began) / live.LOOK_SECONDS + 2
    assert 1 <= looks.people - before <= most  # not five times as many


def test_nobody_listens_nothing_is_read(browser: httpx.Client, looks: Looks) -> None:
    page = events(browser)
    next(page)
    page.close()  # type: ignore[attr-defined]
    seen = [-1]

    def has_stopped() -> bool:
        before, seen[0] = seen[0], looks.people
        time.sleep(4 * live.LOOK_SECONDS)
        return looks.people == before

    assert eventually(has_stopped)
    assert next(events(browser)) == ("people", {"people": 1})  # and begins again


def test_a_page_hears_only_its_topics_and_unknown_ones_are_nothing(browser: httpx.Client) -> None:
    assert next(events(browser, "people,unknown,health")) == ("people", {"people": 1})


def test_a_fault_in_one_look_ends_nothing(
    browser: httpx.Client, looks: Looks, sessions: sessionmaker[Session]
) -> None:
    first = events(browser, "broken")
    thread = threading.Thread(target=lambda: next(first, None))
    thread.start()
    assert eventually(lambda: looks.broken > 2)
    with sessions.begin() as session:
        session.execute(text("delete from login_session"))
    thread.join(PATIENCE)
    assert not thread.is_alive()


@pytest.mark.parametrize("end", ["delete from login_session", "update staff set active = false"])
def test_the_stream_ends_with_the_session(
    browser: httpx.Client, sessions: sessionmaker[Session], end: str
) -> None:
    heard = events(browser)
    next(heard)
    with sessions.begin() as session:
        session.execute(text(end))
    assert [topic for topic, _ in heard][-1] == "signed-out"


def test_one_more_stream_of_a_session_than_it_may_have_ends_its_oldest(
    site: str, browser: httpx.Client, sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_STREAMS", 3)
    with sessions.begin() as session:
        add_staff(session, "ops")
    with browsing(site) as other:
        sign_in(other, "ops@staff.example")
        of_another = events(other)
        assert next(of_another) == ("people", {"people": 2})
        pages = [events(browser) for _ in range(4)]
        assert [next(page) for page in pages] == [("people", {"people": 2})] * 4
        assert list(pages[0]) == [("crowded", {})]
        with sessions.begin() as session:
            add_staff(session, "enrollment")
        assert [next(page) for page in (*pages[1:], of_another)] == [("people", {"people": 3})] * 4
