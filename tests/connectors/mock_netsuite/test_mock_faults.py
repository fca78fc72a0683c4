"""Concurrency and faults, seen through plain HTTP and raw sockets."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
import requests
from plain_client import TIMEOUT, Client

pytest_plugins = ("mock_accounts",)

ORDERS = "SELECT id FROM transaction WHERE type = 'SalesOrd' ORDER BY id"
TIME = "/services/rest/system/v1/serverTime"


def ids(client: Client, query: str = ORDERS) -> list[int]:
    return [int(row["id"]) for row in client.rows(query)]


# concurrency


def test_one_request_over_the_limit_gets_the_documented_429(own_mock: Client) -> None:
    own_mock.control("PATCH", "settings", {"concurrency": 2, "latency": {"suiteql": 0.5}})
    with ThreadPoolExecutor(6) as pool:
        clients = [Client(own_mock.mock) for _ in range(6)]
        answers = list(pool.map(lambda client: client.post_query(ORDERS), clients))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 429, 429, 429, 429]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert "Retry-After" not in refused.headers
    body = refused.json()
    assert (body["title"], body["status"], body["o:errorCode"]) == ("Bad Request", 429, "USER_ERROR")
    assert body["o:errorDetails"] == [
        {
            "detail": "Concurrent request limit exceeded. Request blocked.",
            "o:errorCode": "CONCURRENCY_LIMIT_EXCEEDED",
        }
    ]
    stats = own_mock.mock.stats()
    assert (stats["most_in_flight"], stats["in_flight"], stats["over_limit_refused"]) == (2, 0, 4)


def test_a_client_that_keeps_to_the_limit_is_never_refused(own_mock: Client) -> None:
    own_mock.control("PATCH", "settings", {"concurrency": 3})

    def work(client: Client) -> set[int]:
        return {client.post_query(ORDERS, limit=100).status_code for _ in range(40)}

    with ThreadPoolExecutor(3) as pool:
        seen = set().union(*pool.map(work, [Client(own_mock.mock) for _ in range(3)]))
    assert seen == {200}
    assert own_mock.mock.stats()["most_in_flight"] <= 3


def test_retry_after_can_be_switched_on(start_mock: Callable[..., Client]) -> None:
    client = start_mock(concurrency=1, retry_after=2.0, latency={"suiteql": 0.4})
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda one: one.post_query(ORDERS), [client, Client(client.mock)]))
    [refused] = [answer for answer in answers if answer.status_code == 429]
    assert refused.headers["Retry-After"] == "2"


def test_an_overloaded_account_may_let_wait_and_then_refuse_the_login(start_mock: Callable[..., Client]) -> None:
    settings = {"concurrency": 1, "over_limit": "queue-then-401", "latency": {"suiteql": 0.6}}
    patient = start_mock(**settings, queue_seconds=30.0)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda one: one.post_query(ORDERS), [patient, Client(patient.mock)]))
    assert [answer.status_code for answer in answers] == [200, 200]
    short = start_mock(**settings, queue_seconds=0.05)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda one: one.post_query(ORDERS), [short, Client(short.mock)]))
    [refused] = [answer for answer in answers if answer.status_code != 200]
    assert (refused.status_code, refused.json()["o:errorDetails"][0]["o:errorCode"]) == (401, "INVALID_LOGIN")


# faults in place of an answer


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"kind": "rate-limit"}, 429, "CONCURRENCY_LIMIT_EXCEEDED"),
        ({"kind": "server-error"}, 500, "UNEXPECTED_ERROR"),
        ({"kind": "request-limit"}, 400, "SSS_REQUEST_LIMIT_EXCEEDED"),
        ({"kind": "queue-then-401", "seconds": 0.01}, 401, "INVALID_LOGIN"),
    ],
)
def test_errors_on_demand(own_mock: Client, fault: dict[str, Any], status: int, code: str) -> None:
    own_mock.control("POST", "faults", {**fault, "next": 2})
    statuses = []
    for _ in range(3):
        response = own_mock.post_query(ORDERS)
        statuses.append(response.status_code)
        if response.status_code != 200:
            assert response.json()["o:errorDetails"][0]["o:errorCode"] == code
    assert statuses == [status, status, 200]


def test_a_429_on_demand_may_say_when_to_come_back(own_mock: Client) -> None:
    own_mock.fault("rate-limit", retry_after=3, next=1)
    assert own_mock.post_query(ORDERS).headers["Retry-After"] == "3"


def test_html_answers(own_mock: Client) -> None:
    own_mock.fault("maintenance", next=1)
    response = own_mock.post_query(ORDERS)
    assert (response.status_code, response.headers["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert "regularly scheduled maintenance" in response.text
    own_mock.fault("html-ok", next=1)
    response = own_mock.post_query(ORDERS)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


def test_broken_json(own_mock: Client) -> None:
    own_mock.fault("bad-json", next=1)
    with pytest.raises(requests.exceptions.JSONDecodeError):
        own_mock.post_query(ORDERS).json()


def test_a_gzip_bomb_is_small_on_the_wire(own_mock: Client) -> None:
    own_mock.fault("gzip-bomb", megabytes=8, next=1)
    response = own_mock.post_query(ORDERS)
    assert int(response.headers["Content-Length"]) < 100_000
    assert len(response.content) > 8 * 1024 * 1024
    assert response.json() == {"items": []}


# faults on the wire


def test_a_truncated_body(own_mock: Client) -> None:
    own_mock.fault("truncated", share=0.5, next=1)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        own_mock.post_query(ORDERS)
    assert own_mock.post_query(ORDERS).status_code == 200


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_reset_is_a_real_rst(own_mock: Client, share: float) -> None:
    own_mock.fault("reset", share=share, next=1)
    address = ("127.0.0.1", own_mock.mock.port)
    with closing(socket.create_connection(address, timeout=10)) as connection:
        connection.sendall(f"GET {TIME} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        with pytest.raises(ConnectionResetError):
            b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_slow_page_arrives_in_pieces_and_whole(own_mock: Client) -> None:
    own_mock.fault("slow-page", seconds=0.3, next=1)
    with own_mock.call(
        "POST",
        "/services/rest/query/v1/suiteql",
        json={"q": ORDERS},
        headers={"Prefer": "transient", "Accept-Encoding": "identity"},
        stream=True,
    ) as response:
        first = response.raw.read(1)
        busy = own_mock.mock.stats()["in_flight"]
        rest = response.raw.read()
    assert json.loads(first + rest)["count"] == 200
    assert busy == 1  # a page that still dribbles holds its slot


def test_latency_delays_only_its_endpoint(own_mock: Client) -> None:
    own_mock.fault("latency", seconds=0.2, on="suiteql")
    own_mock.page(ORDERS)
    own_mock.call("GET", TIME)
    by_endpoint = {entry["endpoint"]: entry["seconds"] for entry in own_mock.control("GET", "log")["requests"]}
    assert by_endpoint["suiteql"] >= 0.2 > by_endpoint["system"]


# faults in what a query sees


def test_lost_permission_on_a_table_or_a_column(own_mock: Client) -> None:
    own_mock.fault("hidden-table", table="transactionline")
    own_mock.fault("hidden-column", column="transaction.enddate")
    assert "Record 'transactionline' was not found" in own_mock.refusal("SELECT id FROM transactionline")
    assert "Field 'enddate'" in own_mock.refusal("SELECT enddate FROM transaction")
    own_mock.control("DELETE", "faults")
    assert own_mock.post_query("SELECT enddate FROM transaction").status_code == 200


def test_rows_of_a_subsidiary_disappear_everywhere(own_mock: Client) -> None:
    lines = "SELECT DISTINCT transaction AS id FROM transactionline WHERE subsidiary = 2"
    theirs = set(ids(own_mock, lines))
    before, salesorders = ids(own_mock, "SELECT id FROM transaction ORDER BY id"), ids(own_mock)
    own_mock.fault("hidden-subsidiary", subsidiary=2)
    assert theirs
    assert ids(own_mock, "SELECT id FROM transaction ORDER BY id") == [one for one in before if one not in theirs]
    assert ids(own_mock, lines) == []
    hidden = theirs & set(salesorders)
    assert own_mock.record("GET", f"salesOrder/{min(hidden)}").status_code == 404


def test_nothing_and_half(own_mock: Client) -> None:
    every = ids(own_mock)
    own_mock.fault("half", next=2)
    half = own_mock.page(ORDERS)
    assert 0 < half["totalResults"] == half["count"] < len(every)
    assert set(ids(own_mock)) < set(every)
    own_mock.fault("empty", next=1)
    assert own_mock.page(ORDERS)["totalResults"] == 0
    assert ids(own_mock) == every


def test_all_term_dates_in_the_past(own_mock: Client) -> None:
    count = (
        "SELECT COUNT(*) AS n FROM transaction t WHERE t.enddate > CURRENT_DATE OR "
        "(SELECT MAX(l.custcol_end_date) FROM transactionline l WHERE l.transaction = t.id) > CURRENT_DATE"
    )
    filled = "SELECT COUNT(enddate) AS n FROM transaction"
    before = own_mock.rows(filled)
    assert own_mock.rows(count) != [{"n": "0"}]
    own_mock.fault("past-terms")
    assert own_mock.rows(count) == [{"n": "0"}]
    assert own_mock.rows(filled) == before


def test_custom_dates_are_term_dates_too(start_mock: Callable[..., Client]) -> None:
    client = start_mock(custom_fields=[{"scriptid": "custbody_my_end"}])
    order = ids(client)[0]
    client.record("PATCH", f"salesOrder/{order}", json={"custbody_my_end": "2099-12-31"})
    query = f"SELECT TO_CHAR(custbody_my_end, 'YYYY') AS y FROM transaction WHERE id = {order}"
    assert client.rows(query) == [{"y": "2099"}]
    client.fault("past-terms")
    assert client.rows(query)[0]["y"] < "2099"


def test_without_a_total_order_rows_move_between_requests(own_mock: Client) -> None:
    own_mock.fault("shuffled")
    partial = "SELECT id, type FROM transaction ORDER BY type"
    first, second = own_mock.rows(partial), own_mock.rows(partial)
    assert first != second
    assert [row["type"] for row in first] == [row["type"] for row in second]
    assert sorted(row["id"] for row in first) == sorted(row["id"] for row in second)
    assert ids(own_mock, "SELECT id FROM transaction") != ids(own_mock, "SELECT id FROM transaction")
    total = "SELECT id, type FROM transaction ORDER BY type, id"
    assert own_mock.rows(total) == own_mock.rows(total)
    grouped = "SELECT entity, COUNT(*) AS n FROM transaction GROUP BY entity ORDER BY 2"
    assert sorted(row["entity"] for row in own_mock.rows(grouped)) == sorted(
        row["entity"] for row in own_mock.rows(grouped)
    )


# faults in the answer of a query


def test_repeated_rows_and_pages(own_mock: Client) -> None:
    own_mock.fault("repeated-rows", count=3, next=1)
    items = own_mock.page(ORDERS, limit=10)["items"]
    assert items[10:] == items[:3]
    first = own_mock.page(ORDERS, limit=10)["items"]
    own_mock.fault("repeated-page", next=1)
    assert own_mock.page(ORDERS, limit=10, offset=10)["items"] == first
    assert own_mock.page(ORDERS, limit=10, offset=10)["items"] != first


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("nul", "before\x00after"),
        ("astral", "𝔐𝔢𝔪𝔬 🎓"),
        ("bad-date", "2026-02-30"),
        ("number", 20260230),
        ("missing", None),
    ],
)
def test_odd_cells_show_in_every_column_computed_from_theirs(
    own_mock: Client, kind: str, expected: object
) -> None:
    order, other = ids(own_mock)[3], ids(own_mock)[4]
    own_mock.control("POST", "odd-cells", {"order": order, "column": "transaction.enddate", "kind": kind})
    query = (
        "SELECT t.id AS internal, TO_CHAR(NVL(t.enddate, CURRENT_DATE), 'YYYY-MM-DD') AS term_end, t.tranid "
        f"FROM transaction t WHERE t.id IN ({order}, {other}) ORDER BY t.id"
    )
    odd, plain = own_mock.rows(query)
    assert odd.get("term_end") == expected
    assert odd["tranid"]
    assert len(plain["term_end"]) == 10
    own_mock.control("DELETE", "odd-cells")
    assert own_mock.rows(query)[0] != odd


def test_a_memo_of_ten_megabytes(own_mock: Client) -> None:
    order = ids(own_mock)[0]
    own_mock.control("POST", "odd-cells", {"order": order, "kind": "huge"})
    [row] = own_mock.rows(f"SELECT id, memo FROM transaction WHERE id = {order}")
    assert len(row["memo"]) == 10 * 1024 * 1024


# faults in the data


def modified(client: Client) -> dict[str, str]:
    query = "SELECT id, TO_CHAR(SYS_EXTRACT_UTC(lastmodifieddate), 'YYYY-MM-DD HH24:MI:SS') AS m FROM transaction"
    return {row["id"]: row["m"] for row in client.rows(query)}


def test_rows_change_between_pages(own_mock: Client) -> None:
    before = modified(own_mock)
    own_mock.fault("churn", count=7, on="suiteql", next=1)
    own_mock.page(ORDERS)
    after = modified(own_mock)
    assert sum(after[one] != before[one] for one in before) == 7
    assert len(own_mock.control("POST", "churn", {"count": 4, "seed": 3})["ids"]) == 4


def test_a_late_commit_is_dated_before_it_is_seen(own_mock: Client) -> None:
    own_mock.fault("late-commit", seconds=3600, on="record", next=1)
    body = {"entity": {"id": "101"}, "item": {"items": [{"item": {"id": "1"}}]}}
    order = own_mock.record("POST", "salesOrder", json=body).headers["Location"].rpartition("/")[2]
    assert order not in modified(own_mock)
    assert own_mock.mock.stats()["pending_commits"] == 1
    later = own_mock.record("POST", "salesOrder", json=body).headers["Location"].rpartition("/")[2]
    assert own_mock.control("POST", "settle") == {"applied": 1}
    seen = modified(own_mock)
    assert seen[order] <= seen[later]
    assert int(order) < int(later)


def test_a_late_commit_comes_by_itself_in_time(own_mock: Client) -> None:
    order = ids(own_mock)[0]
    own_mock.fault("late-commit", seconds=100, on="record", next=1)
    own_mock.record("PATCH", f"salesOrder/{order}", json={"memo": "late"})
    memo = f"SELECT memo FROM transaction WHERE id = {order}"
    assert own_mock.rows(memo) != [{"memo": "late"}]
    own_mock.control("PATCH", "settings", {"clock_offset": 120})
    assert own_mock.rows(memo) == [{"memo": "late"}]


# reach of a fault


def test_a_fault_keeps_to_its_endpoint(own_mock: Client) -> None:
    own_mock.fault("server-error", on="record")
    assert own_mock.post_query(ORDERS).status_code == 200
    assert own_mock.record("GET", "salesOrder").status_code == 500
    own_mock.control("DELETE", "faults")
    own_mock.fault("server-error", on="token")
    assert requests.post(own_mock.url("/services/rest/auth/oauth2/v1/token"), timeout=TIMEOUT).status_code == 500


def test_probability_follows_its_seed(own_mock: Client) -> None:
    def pattern(seed: int) -> list[int]:
        number = own_mock.fault("server-error", probability=0.5, seed=seed)
        statuses = [own_mock.call("GET", TIME).status_code for _ in range(24)]
        own_mock.control("DELETE", f"faults/{number}")
        return statuses

    first = pattern(1)
    assert set(first) == {200, 500}
    assert pattern(1) == first
    assert pattern(2) != first


def test_faults_from_the_start_and_their_list(start_mock: Callable[..., Client]) -> None:
    client = start_mock(faults=[{"kind": "rate-limit", "on": "suiteql", "next": 1}])
    assert client.control("GET", "faults") == {
        "faults": [{"id": 1, "kind": "rate-limit", "on": "suiteql", "next": 1, "left": 1}]
    }
    assert client.post_query(ORDERS).status_code == 429
    assert client.control("GET", "faults") == {"faults": []}


# the server itself


def test_keep_alive_carries_many_requests_on_one_connection(own_mock: Client) -> None:
    with closing(socket.create_connection(("127.0.0.1", own_mock.mock.port), timeout=10)) as connection:
        for _ in range(3):
            connection.sendall(b"GET /_mock/settings HTTP/1.1\r\nHost: x\r\n\r\n")
            head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert json.loads(body)["concurrency"] == 5


def test_answers_are_packed_only_for_clients_that_accept_it(own_mock: Client) -> None:
    plain = own_mock.call("GET", "/_mock/assumptions", headers={"Accept-Encoding": "identity"})
    packed = own_mock.call("GET", "/_mock/assumptions", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.json() == plain.json()


def test_a_chunked_body_is_read(own_mock: Client) -> None:
    body = json.dumps({"q": "SELECT 1 AS one FROM DUAL"}).encode()
    headers = {"Prefer": "transient", "Content-Type": "application/json"}
    response = own_mock.call(
        "POST", "/services/rest/query/v1/suiteql", data=iter([body[:5], body[5:]]), headers=headers
    )
    assert response.json()["items"] == [{"links": [], "one": "1"}]


def test_a_body_beyond_the_bound_is_refused(start_mock: Callable[..., Client]) -> None:
    client = start_mock(body_limit=1000)
    response = client.post_query("SELECT id FROM transaction WHERE id IN (" + "1, " * 400 + "1)")
    assert response.status_code == 413
    assert client.post_query("SELECT 1 FROM DUAL").status_code == 200
