"""When a call is tried again, how long it waits, and when a login is called bad."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import responses
import time_machine
from netsuite_wire import LOGIN, PAGE, QUERY, TIME, client_telling, problem

from connectors.errors import OperatorMustAct, TryAgain
from connectors.netsuite import ApiCall, Backoff, Governor, NetSuiteClient
from connectors.netsuite.faults import ATTEMPTS

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.fixture
def client() -> NetSuiteClient:
    return client_telling([])


@pytest.fixture
def local_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine that is not in UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "America/New_York")
        time.tzset()
        yield
    time.tzset()


class Waits(threading.Event):
    """Notes how long was waited for it, without waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout or 0.0)
        return self.is_set()


def http_date(offset: float) -> str:
    return format_datetime(NOW + timedelta(seconds=offset), usegmt=True)


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [
        ("7", 8, 9),
        (http_date(60), 61, 62),
        (http_date(60).replace("GMT", "-0000"), 61, 62),
        ("soon", 1, 2),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 1, 2),
        ("Mon, 02 Mar 99999999026 10:00:00 GMT", 1, 2),
    ],
)
@time_machine.travel(NOW, tick=False)
@responses.activate
def test_retry_after_is_followed(said: str, least: float, most: float) -> None:
    responses.add("GET", TIME, status=429, headers={"Retry-After": said})
    responses.add("GET", TIME, json={"serverTime": "2026-03-26T16:21:00Z"})
    waits = Waits()
    NetSuiteClient("1234567_SB1", LOGIN, stopping=waits, backoff=Backoff(first=2)).server_time()
    assert len(waits.seconds) == 1
    assert least <= waits.seconds[0] <= most


@responses.activate
def test_a_retry_after_beyond_patience_goes_to_the_caller(client: NetSuiteClient) -> None:
    responses.add("GET", TIME, status=503, headers={"Retry-After": "3600"})
    with pytest.raises(TryAgain) as caught:
        client.server_time()
    assert caught.value.retry_after == 3600
    assert client.calls == 1


@responses.activate
def test_waits_grow_are_bounded_and_differ() -> None:
    responses.add("GET", TIME, status=429)
    waits = Waits()
    client = NetSuiteClient("1234567_SB1", LOGIN, stopping=waits, backoff=Backoff(first=1, longest=8))
    with pytest.raises(TryAgain):
        client.server_time()
    bounds = [1, 2, 4, 8, 8, 8, 8]
    assert len(waits.seconds) == len(bounds)
    assert all(bound / 2 <= wait <= bound for wait, bound in zip(waits.seconds, bounds, strict=True))
    assert len(set(waits.seconds)) == len(bounds)


@responses.activate
def test_stopping_ends_the_retries() -> None:
    responses.add("GET", TIME, status=503)
    stopping = threading.Event()
    client = NetSuiteClient("1234567_SB1", LOGIN, on_call=lambda _: stopping.set(), stopping=stopping)
    with pytest.raises(TryAgain) as caught:
        client.server_time()
    assert caught.value.code == "stopped"
    assert client.calls == 1


@responses.activate
def test_too_many_requests_shrink_the_governor() -> None:
    responses.add("GET", TIME, status=429)
    responses.add("GET", TIME, json={"serverTime": "2026-03-26T16:21:00Z"})
    governor = Governor(2)
    NetSuiteClient("1234567_SB1", LOGIN, governor=governor, backoff=Backoff(0, 0)).server_time()
    with governor.slot(), pytest.raises(TryAgain), governor.slot(patience=0.02):
        pytest.fail("one slot was to be taken away")


@responses.activate
def test_a_401_is_confirmed_alone_before_the_login_is_called_bad(client: NetSuiteClient) -> None:
    responses.add("POST", QUERY, **problem(401, "Invalid login attempt.", "INVALID_LOGIN"))
    responses.add("GET", TIME, **problem(401, "Invalid login attempt.", "INVALID_LOGIN"))

    for _ in range(3):
        with pytest.raises(OperatorMustAct, match="Invalid login attempt") as caught:
            client.suiteql("SELECT 1 FROM dual")
        assert caught.value.code == "netsuite-login-refused"
    assert [call.request.method for call in responses.calls] == ["POST", "GET"], "five refusals lock the token"


@responses.activate
def test_threads_that_start_together_are_not_refused_together(client: NetSuiteClient) -> None:
    responses.add("POST", QUERY, **problem(401, "Invalid login attempt.", "INVALID_LOGIN"))
    responses.add("GET", TIME, **problem(401, "Invalid login attempt.", "INVALID_LOGIN"))
    with ThreadPoolExecutor(8) as pool:
        tries = [pool.submit(client.suiteql, "SELECT 1 FROM dual") for _ in range(8)]
    assert {getattr(attempt.exception(), "code", "") for attempt in tries} == {"netsuite-login-refused"}
    assert client.calls == 2, "five refusals lock the token"


@responses.activate
def test_a_login_called_bad_is_tried_again_later_once_and_alone(
    client: NetSuiteClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.netsuite.refusals.REFUSAL_SECONDS", 0.0)
    responses.add("POST", QUERY, status=401)
    responses.add("GET", TIME, status=401)
    for _ in range(3):
        with pytest.raises(OperatorMustAct):
            client.suiteql("SELECT 1 FROM dual")
    assert [call.request.method for call in responses.calls] == ["POST", "GET", "POST", "POST"]

    responses.replace("POST", QUERY, json=PAGE)
    assert client.suiteql("SELECT 1 FROM dual").last


@responses.activate
def test_the_first_login_is_not_waited_for_when_stopping() -> None:
    responses.add("GET", TIME, json={"serverTime": "2026-03-26T16:21:00Z"})
    governor, stopping, told = Governor(1), threading.Event(), []
    client = NetSuiteClient("1234567_SB1", LOGIN, governor=governor, stopping=stopping)

    def ask() -> None:
        with pytest.raises(TryAgain) as caught:
            client.server_time()
        told.append(caught.value.code)

    with governor.slot():
        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        stopping.set()
        for thread in threads:
            thread.join(10)
    assert told == ["stopped"] * 3
    assert client.calls == 0


@responses.activate
def test_a_401_of_overload_is_tried_again(client: NetSuiteClient) -> None:
    responses.add("POST", QUERY, status=401)
    responses.add("GET", TIME, json={"serverTime": "2026-03-26T16:21:00Z"})
    responses.add("POST", QUERY, json=PAGE)

    assert client.suiteql("SELECT 1 FROM dual").last
    assert client.calls == 3


@responses.activate
def test_a_401_for_ever_while_the_login_is_good_ends_as_overload(client: NetSuiteClient) -> None:
    responses.add("POST", QUERY, status=401)
    responses.add("GET", TIME, status=404)
    with pytest.raises(TryAgain) as caught:
        client.suiteql("SELECT 1 FROM dual")
    assert caught.value.code == "netsuite-busy"
    assert client.calls == 2 * ATTEMPTS["netsuite-busy"]


@responses.activate
def test_the_confirming_request_waits_until_it_is_alone() -> None:
    responses.add("POST", QUERY, status=401)
    responses.add("GET", TIME, json={"serverTime": "2026-03-26T16:21:00Z"})
    responses.add("POST", QUERY, json=PAGE)
    calls: list[ApiCall] = []
    refused = threading.Event()
    governor = Governor(3)

    def told(call: ApiCall) -> None:
        calls.append(call)
        refused.set()

    client = NetSuiteClient("1234567_SB1", LOGIN, governor=governor, on_call=told, backoff=Backoff(0, 0))
    thread = threading.Thread(target=client.suiteql, args=("SELECT 1 FROM dual",))
    with governor.slot():
        thread.start()
        assert refused.wait(10)
        thread.join(0.1)
        assert len(calls) == 1
    thread.join(10)
    assert [(call.path.rpartition("/")[2], call.in_flight) for call in calls] == [
        ("suiteql", 2),
        ("serverTime", 1),
        ("suiteql", 1),
    ]


@pytest.mark.usefixtures("local_zone")
@responses.activate
def test_a_date_that_does_not_say_its_zone_is_in_utc(client: NetSuiteClient) -> None:
    date = format_datetime(datetime.now(UTC), usegmt=True).replace("GMT", "-0000")
    responses.add("POST", QUERY, status=401, headers={"Date": date})
    responses.add("GET", TIME, json={"serverTime": "2026-03-26T16:21:00Z"})
    responses.add("POST", QUERY, json=PAGE)
    assert client.suiteql("SELECT 1 FROM dual").last


@pytest.mark.parametrize(("offset", "words"), [(-900, "900 s ahead of"), (900, "900 s behind")])
@time_machine.travel(NOW, tick=False)
@responses.activate
def test_a_wrong_clock_is_told_from_the_date_header(client: NetSuiteClient, offset: float, words: str) -> None:
    responses.add("POST", QUERY, status=401, headers={"Date": http_date(offset)})
    for _ in range(3):
        with pytest.raises(OperatorMustAct, match=words) as caught:
            client.suiteql("SELECT 1 FROM dual")
        assert caught.value.code == "clock-skew"
    assert client.calls == 1, "a refusal for its time counts as one, too"
