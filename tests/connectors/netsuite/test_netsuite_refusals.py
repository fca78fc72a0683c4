"""What one process learns of a refused login the others need not try: five refusals lock a token."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest
import redis
import responses
from netsuite_wire import LOGIN, QUERY, TIME, problem
from pydantic import SecretStr
from redis.backoff import NoBackoff
from redis.retry import Retry

from connectors.errors import OperatorMustAct
from connectors.netsuite import Backoff, NetSuiteClient, factory
from connectors.netsuite.auth import CertificateCredentials, NetSuiteCredentials, TokenCredentials
from connectors.netsuite.refusals import RedisRefusals

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
Make = Callable[..., NetSuiteClient]


@pytest.fixture
def another(redis_client: redis.Redis) -> Make:
    """A client of another process, with the same login or one with another secret."""

    def make(secret: str = "s", clock: Callable[[], float] = time.time) -> NetSuiteClient:
        book = RedisRefusals(redis_client, "1234567_sb1", secret)
        return NetSuiteClient("1234567_SB1", LOGIN, backoff=Backoff(0, 0), clock=clock, refusals=book)

    return make


def refuse_all() -> None:
    responses.add("POST", QUERY, **problem(401, "Invalid login attempt.", "INVALID_LOGIN"))
    responses.add("GET", TIME, **problem(401, "Invalid login attempt.", "INVALID_LOGIN"))


@responses.activate
def test_what_one_process_was_refused_the_others_do_not_try(another: Make) -> None:
    refuse_all()
    for _ in range(5):
        with pytest.raises(OperatorMustAct, match="Invalid login attempt") as caught:
            another().suiteql("SELECT 1 FROM dual")
        assert caught.value.code == "netsuite-login-refused"
        assert caught.value.remedy
    assert len(responses.calls) == 2, "five refusals lock the token"


@responses.activate
def test_a_corrected_secret_is_tried_at_once(another: Make) -> None:
    refuse_all()
    with pytest.raises(OperatorMustAct):
        another().server_time()
    with pytest.raises(OperatorMustAct):
        another("corrected").server_time()
    assert len(responses.calls) == 4


@responses.activate
def test_a_login_that_is_taken_again_is_so_for_everybody(another: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_all()
    with pytest.raises(OperatorMustAct):
        another().server_time()
    responses.replace("GET", TIME, json={"serverTime": "2026-03-26T16:21:00Z"})
    with monkeypatch.context() as later:
        later.setattr("connectors.netsuite.refusals.REFUSAL_SECONDS", 0.0)
        another().server_time()
    another().server_time()


@responses.activate
def test_a_wrong_clock_of_one_machine_stops_no_other(another: Make) -> None:
    date = {"Date": format_datetime(NOW, usegmt=True)}
    responses.add("GET", TIME, status=401, headers=date)
    for ahead in (3600, 3600):
        with pytest.raises(OperatorMustAct) as caught:
            another(clock=lambda ahead=ahead: NOW.timestamp() + ahead).server_time()
        assert caught.value.code == "clock-skew"
    responses.replace("GET", TIME, json={"serverTime": "2026-03-26T16:21:00Z"}, headers=date)
    another(clock=NOW.timestamp).server_time()


@responses.activate
def test_without_redis_a_process_remembers_by_itself() -> None:
    refuse_all()
    nowhere = RedisRefusals(
        redis.Redis(unix_socket_path="/nowhere", retry=Retry(NoBackoff(), 0)), "1234567_SB1", "s"
    )
    client = NetSuiteClient("1234567_SB1", LOGIN, backoff=Backoff(0, 0), refusals=nowhere)
    for _ in range(2):
        with pytest.raises(OperatorMustAct):
            client.server_time()
    assert len(responses.calls) == 2


def test_logins_are_told_apart_by_every_part(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_text("one")
    logins: list[NetSuiteCredentials] = [
        TokenCredentials(*map(SecretStr, parts)) for parts in ("abcd", "abce", "abdd", "acbd")
    ]
    logins += [CertificateCredentials("a", kid, key) for kid in ("b", "c")]
    digests = [factory._digest(login) for login in logins]
    key.write_text("two")
    digests.append(factory._digest(logins[-1]))
    assert len(set(digests)) == len(digests)
    assert factory._digest(logins[0]) == digests[0]
