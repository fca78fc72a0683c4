"""Access decisions: all cells of status × page × user, exact with the worker stopped, one tenant a token."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from api_running import api, asking, make_token
from order_world import OrderWorld
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker

TODAY = datetime.now(UTC).date()
LAST_WEEK, NEXT_WEEK = TODAY - timedelta(days=7), TODAY + timedelta(days=7)
PAGES = ("today", "learn", "practice", "apply", "results")


@pytest.fixture
def client(database: Engine, sessions: sessionmaker[Session]) -> Iterator[httpx.Client]:
    """acme: user-0 live, user-1 over but stored as E, user-2 unenrolled, user-3 inactive, user-4 not enrolled."""
    with sessions.begin() as session:
        world = OrderWorld(session, "acme", "other", users=5)
        world.order(1, "acme", end=NEXT_WEEK)
        world.order(2, "acme", end=LAST_WEEK)
        world.order(3, "other", customer_id=8, end=NEXT_WEEK)
        world.enroll(1, "acme", 0, NEXT_WEEK)
        world.enroll(2, "acme", 1, LAST_WEEK)
        world.enroll(1, "acme", 2, NEXT_WEEK, status="U")
        world.enroll(1, "acme", 3, NEXT_WEEK)
        world.enroll(3, "other", 0, NEXT_WEEK)
        session.execute(text("update users set active = false where key = 'user-3'"))
        session.execute(
            text(
                "update users u set manager_id = m.id from users m where m.key = 'user-0' and u.key = 'user-1'"
                " and m.tenant_id = u.tenant_id"
            )
        )
    with api(database, sessions) as client:
        yield client


def of(client: httpx.Client, user: str, page: str = "", tenant: str = "acme") -> httpx.Response:
    return client.get(f"/tenants/{tenant}/users/{user}/access{f'/safety/v1/{page}' if page else ''}")


def user_document(client: httpx.Client, user: str) -> dict[str, Any]:
    document: dict[str, Any] = of(client, user).raise_for_status().json()
    return document


def test_every_page_for_everybody(client: httpx.Client) -> None:
    opened = {
        user: [page for page in (*PAGES, "admin", "RESULTS") if of(client, user, page).status_code == 200]
        for user in ("user-0", "user-1", "user-2", "user-3", "user-4")
    }
    assert opened == {"user-0": [*PAGES], "user-1": ["results"], "user-2": [], "user-3": [], "user-4": []}
    reasons = {user: of(client, user, "learn").json().get("code") for user in opened}
    assert reasons == {
        "user-0": None,
        "user-1": "access-expired",
        "user-2": "access-not-enrolled",
        "user-3": "access-user-inactive",
        "user-4": "access-not-enrolled",
    }
    assert of(client, "user-0", "admin").json()["code"] == "access-page-unknown"


def test_a_learner_who_is_over_reads_so_before_the_worker_comes(client: httpx.Client) -> None:
    found = user_document(client, "user-1")
    (course,) = found["courses"]
    assert (course["status"], course["cause"], course["pages"]) == ("X", "term_ended", ["results"])
    assert course["last_day"] == LAST_WEEK.isoformat()
    assert course["boundary"] == course["expired_at"]
    assert found["login"] is True
    assert f"The last day was {LAST_WEEK} (America/New_York)" in found["message"]
    assert "Person 0 of acme <person-0@acme.example>" in found["message"]


def test_who_has_a_live_course_or_none_gets_no_message(client: httpx.Client) -> None:
    live = user_document(client, "user-0")
    assert live["message"] is None
    assert live["courses"][0]["pages"] == [*PAGES]
    assert user_document(client, "user-4")["courses"] == []
    inactive = user_document(client, "user-3")
    assert (inactive["login"], inactive["message"], inactive["courses"][0]["pages"]) == (False, None, [])
    assert user_document(client, "user-2")["courses"][0]["status"] == "U"


def test_the_boundary_decides_to_the_instant(client: httpx.Client, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        moved = text("update enrollment set boundary = clock_timestamp() + :by where user_id = 1")
        session.execute(moved, {"by": timedelta(seconds=1.5)})
        ends: datetime = session.execute(text("select boundary from enrollment where user_id = 1")).scalar_one()
    answers: list[tuple[datetime, httpx.Response, datetime]] = []
    while not answers or answers[-1][1].status_code == 200:
        with sessions() as session:
            before = session.execute(text("select clock_timestamp()")).scalar_one()
            answer = of(client, "user-0", "learn")
            answers.append((before, answer, session.execute(text("select clock_timestamp()")).scalar_one()))
        assert before < ends + timedelta(seconds=20)
    for before, answer, after in answers:
        if answer.status_code == 200:
            assert before < ends
        else:
            assert after >= ends


def test_a_pause_keeps_access_open(client: httpx.Client, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        session.execute(text("update tenant set paused_at = now() - interval '30 days' where key = 'acme'"))
    assert of(client, "user-1", "learn").status_code == 200


def test_the_same_answer_is_not_sent_again(client: httpx.Client, sessions: sessionmaker[Session]) -> None:
    for page in ("", "learn"):
        first = of(client, "user-0", page)
        again = client.get(first.url, headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    with sessions.begin() as session:
        session.execute(text("update enrollment set boundary = boundary + interval '1 day' where user_id = 1"))
    changed = client.get(first.url, headers={"if-none-match": first.headers["etag"]})
    assert changed.status_code == 200


def test_a_token_of_one_tenant_finds_nobody_elsewhere(
    client: httpx.Client, sessions: sessionmaker[Session]
) -> None:
    host = str(client.base_url).removesuffix("/api/v1/")
    with asking(host, make_token(sessions, ["read"], "acme")) as own:
        assert of(own, "user-0", "learn").status_code == 200
        assert of(own, "user-0", "learn", tenant="other").status_code == 404
        assert of(own, "user-0", tenant="other").text == of(own, "user-0", tenant="other").text
        there, nowhere = of(own, "user-0", tenant="other"), of(own, "user-0", tenant="nobody")
        assert there.text.replace("other", "nobody") == nowhere.text
    with asking(host, make_token(sessions, ["roster"])) as writer:
        assert of(writer, "user-0", "learn").json()["code"] == "token-scope-missing"
    with asking(host, "ts_wrong") as nobody:
        assert of(nobody, "user-0", "learn").status_code == 401


@pytest.mark.parametrize("key", ["nobody", "%00", "%FF", "' or 1=1 --", "%F0%9F%98%80", "a" * 3000])
def test_strange_keys_are_users_nobody_has(client: httpx.Client, key: str) -> None:
    assert of(client, key).status_code == 404
    assert of(client, key, "learn").status_code == 404
    assert client.get(f"/tenants/{key}/users/user-0/access").status_code == 404


def test_a_database_that_went_away_is_found_again(client: httpx.Client, sessions: sessionmaker[Session]) -> None:
    assert of(client, "user-0", "learn").status_code == 200
    with sessions.begin() as session:
        session.execute(
            text(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'termsync access'"
                " and datname = current_database()"
            )
        )
    assert of(client, "user-0", "learn").status_code == 200
