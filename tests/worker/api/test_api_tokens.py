"""Tokens: made once, kept hashed, revoked at once, limited by the minute."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from api_running import V1, asking, make_token
from commands import Termsync
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker
from web_running import serving

from models import token_use
from models.enrollment_changes import Why
from worker import clock
from worker.api.limits import Limits
from worker.pipeline import tokens

MINUTE = 1_000_000 * 60.0


@pytest.fixture
def url(database: Engine) -> Iterator[str]:
    with serving(database) as url:
        yield url


def own(url: str, token: str | None) -> httpx.Response:
    with asking(url, token) as client:
        return client.get("/token")


def test_a_token_is_known_until_it_is_revoked(url: str, sessions: sessionmaker[Session]) -> None:
    token = make_token(sessions, ["read"], name="lms")
    assert own(url, token).json() == {"name": "lms", "tenant": None, "scopes": ["read"], "per_minute": 1_000_000}
    with sessions.begin() as session:
        assert tokens.revoke(session, "lms", Why("test", clock.now(session)))
    answer = own(url, token)
    assert (answer.status_code, answer.json()["code"]) == (401, "token-missing")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("header", ["", "Bearer", "Basic abc", "Bearer ts_wrong", "Bearer \xff"])
def test_what_is_no_token_opens_nothing(url: str, header: str) -> None:
    answer = httpx.get(f"{url}{V1}/token", headers={b"authorization": header.encode("latin-1")})
    assert answer.status_code == 401


def test_only_a_hash_is_kept_and_the_use_is_written_once_a_minute(
    url: str, sessions: sessionmaker[Session]
) -> None:
    token = make_token(sessions, ["read"], name="lms")
    with sessions() as session:
        assert token.encode() not in session.execute(text("select hash from api_token")).scalar_one()
        assert token_use.last_used(session, "lms") is None
    own(url, token)
    with sessions() as session:
        first = token_use.last_used(session, "lms")
        assert first is not None
    own(url, token)
    with sessions.begin() as session:
        assert token_use.last_used(session, "lms") == first
        session.execute(text("update api_token set last_used_at = now() - interval '61 s'"))
    own(url, token)
    with sessions() as session:
        again = token_use.last_used(session, "lms")
        assert again is not None
        assert again > first


@pytest.mark.parametrize("shared", [True, False], ids=["in Redis", "by the process"])
def test_too_many_requests_are_told_when_to_come_back(
    database: Engine, sessions: sessionmaker[Session], redis_url: str, shared: bool
) -> None:
    token = make_token(sessions, ["read"], name="eager", per_minute=5)
    other = make_token(sessions, ["read"], name="calm")
    with serving(database, redis_url=redis_url if shared else None) as url, asking(url, token) as client:
        answers = [client.get("/token") for _ in range(12)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert len(refused) >= 2  # a minute may end in between
        assert refused[0].json()["code"] == "token-limit-reached"
        assert 1 <= int(refused[0].headers["retry-after"]) <= 60
        assert own(url, other).status_code == 200


def granted(limits: Limits, requests: int, per_minute: int) -> int:
    async def ask() -> int:
        answers = [await limits.take(1, per_minute) for _ in range(requests)]
        return answers.count(None)

    with start_blocking_portal() as loop:  # a browser test of the same process may have one open
        return loop.call(ask)


def test_processes_share_one_limit(redis_url: str) -> None:
    assert granted(Limits(redis_url, lambda: MINUTE), 150, 200) == 150
    assert granted(Limits(redis_url, lambda: MINUTE), 150, 200) == 50
    assert granted(Limits(redis_url, lambda: MINUTE + 60), 150, 200) == 150


def test_without_redis_a_process_counts_alone() -> None:
    limits = Limits("unix:///nobody/here.sock", lambda: MINUTE)
    assert granted(limits, 300, 200) == 200


def test_the_commands(tmp_path: Path, database_url: str, redis_url: str, sessions: sessionmaker[Session]) -> None:
    termsync = Termsync(tmp_path, {"DATABASE_URL": database_url, "REDIS_URL": redis_url})
    made = termsync("token", "add", "lms", "--scope", "read", "--scope", "roster", "--json")
    token = made.document["token"]
    assert made.code == 0
    with sessions() as session:
        found = token_use.find(session, tokens.hashed(token))
        assert found is not None
        assert list(found.scopes) == ["read", "roster"]
    listed = termsync("token", "list", "--json")
    assert token not in listed.out
    assert listed.document["tokens"][0]["name"] == "lms"
    assert "token-name-taken" in termsync("token", "add", "lms", "--scope", "read").err
    assert "token-scope-unknown" in termsync("token", "add", "new", "--scope", "everything").err
    assert "tenant-unknown" in termsync("token", "add", "new", "--scope", "read", "--tenant", "nobody").err
    assert termsync("token", "revoke", "lms", "--json").document["changed"] is True
    assert "token-unknown" in termsync("token", "revoke", "nobody").err
    with sessions() as session:
        assert token_use.find(session, tokens.hashed(token)) is None
