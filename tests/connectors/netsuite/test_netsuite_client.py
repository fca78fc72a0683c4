"""The fault table, row by row, and how calls are sent and told."""

from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import responses
from netsuite_wire import HTML, LIMITS, PAGE, QUERY, TIME, client_telling, problem

from connectors.errors import ConnectorError, NotFound, OperatorMustAct, TryAgain
from connectors.netsuite import ApiCall, GovernanceLimits, NetSuiteClient
from connectors.netsuite.codes import CODES
from connectors.netsuite.faults import ATTEMPTS, RULES, TOKEN_RULES


@pytest.fixture
def calls() -> list[ApiCall]:
    return []


@pytest.fixture
def client(calls: list[ApiCall]) -> NetSuiteClient:
    return client_telling(calls)


BAD_SEARCH = "Invalid search query. Detailed unprocessed description follows. "
UNKNOWN = (
    BAD_SEARCH + "Search error occurred: Unknown identifier 'T.CustBody_X'. Available identifiers are: {t=t}."
)
HIDDEN = BAD_SEARCH + "Search error occurred: Field 'custbody_x' for record 'transaction' was not found."
NO_RECORD = BAD_SEARCH + "Search error occurred: Record 'deletedrecord' was not found. Available records: none"
PARAMETER = "INVALID_PARAMETER"
BUSY = "Concurrent request limit exceeded. Request blocked."
TABLE: list[tuple[dict[str, Any], type[ConnectorError], str]] = [
    (problem(429, BUSY, "CONCURRENCY_LIMIT_EXCEEDED", "USER_ERROR"), TryAgain, "netsuite-busy"),
    ({"status": 429, "body": HTML}, TryAgain, "netsuite-busy"),
    (problem(400, BUSY, "CONCURRENCY_LIMIT_EXCEEDED"), TryAgain, "netsuite-busy"),
    (problem(400, "", "SSS_REQUEST_LIMIT_EXCEEDED"), TryAgain, "netsuite-busy"),
    (problem(400, "", "", "SSS_REQUEST_LIMIT_EXCEEDED"), TryAgain, "netsuite-busy"),
    (problem(400, UNKNOWN, PARAMETER), OperatorMustAct, "netsuite-unknown-field"),
    (problem(400, HIDDEN, PARAMETER), OperatorMustAct, "netsuite-unknown-field"),
    (problem(400, NO_RECORD, PARAMETER), OperatorMustAct, "netsuite-record-not-readable"),
    (problem(400, "Invalid search type: foo.", PARAMETER), OperatorMustAct, "netsuite-record-not-readable"),
    (problem(400, BAD_SEARCH, PARAMETER), OperatorMustAct, "netsuite-query-refused"),
    (problem(400, "Invalid content.", "INVALID_CONTENT"), OperatorMustAct, "netsuite-request-refused"),
    (problem(400, "", "INSUFFICIENT_PERMISSION"), OperatorMustAct, "netsuite-permission-missing"),
    (problem(403, "", "INSUFFICIENT_PERMISSION"), OperatorMustAct, "netsuite-permission-missing"),
    ({"status": 403, "body": HTML}, OperatorMustAct, "netsuite-permission-missing"),
    (problem(404, "Record does not exist.", "NONEXISTENT_ID"), NotFound, "netsuite-not-found"),
    (problem(400, "The URL is not valid.", "INVALID_URL"), NotFound, "netsuite-not-found"),
    ({"status": 400, "body": '{"error":' + "[" * 9999}, OperatorMustAct, "netsuite-request-refused"),
    ({"status": 405}, OperatorMustAct, "netsuite-request-refused"),
    ({"status": 408}, TryAgain, "netsuite-timeout"),
    ({"status": 302, "headers": {"Location": "https://evil.example/"}}, OperatorMustAct, "netsuite-redirected"),
    (problem(500, "An unexpected error. Error ID: x", "UNEXPECTED_ERROR"), TryAgain, "netsuite-unexpected-error"),
    ({"status": 500, "body": HTML}, TryAgain, "netsuite-unexpected-error"),
    ({"status": 502}, TryAgain, "netsuite-unavailable"),
    ({"status": 503, "body": HTML}, TryAgain, "netsuite-unavailable"),
    ({"status": 504, "body": '{"title": 5, "o:errorDetails": "?"}'}, TryAgain, "netsuite-unavailable"),
    ({"status": 200, "body": HTML}, TryAgain, "netsuite-answer-broken"),
    ({"status": 200, "body": '{"items": [{"id"'}, TryAgain, "netsuite-answer-broken"),
    ({"status": 204}, TryAgain, "netsuite-answer-broken"),
    ({"body": requests.ConnectionError("Connection reset by peer")}, TryAgain, "netsuite-unreachable"),
    ({"body": requests.ConnectTimeout("")}, TryAgain, "netsuite-unreachable"),
    ({"body": requests.ReadTimeout("")}, TryAgain, "netsuite-timeout"),
    ({"body": requests.ConnectionError("Read timed out.")}, TryAgain, "netsuite-timeout"),
    ({"body": requests.exceptions.ChunkedEncodingError("")}, TryAgain, "netsuite-answer-broken"),
    ({"body": requests.exceptions.SSLError("EOF occurred")}, TryAgain, "netsuite-unreachable"),
    (
        {"body": requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED")},
        OperatorMustAct,
        "netsuite-tls-refused",
    ),
]


@pytest.mark.parametrize(("answer", "kind", "code"), TABLE)
@responses.activate
def test_each_failure_means_what_the_table_says(
    client: NetSuiteClient, answer: dict[str, Any], kind: type[ConnectorError], code: str
) -> None:
    responses.add("POST", QUERY, **answer)

    with pytest.raises(kind) as caught:
        client.suiteql("SELECT 1 FROM dual")

    assert caught.value.code == code
    assert caught.value.remedy == CODES[code].remedy
    assert "canary" not in f"{caught.value!r} {caught.value}"
    assert client.calls == ATTEMPTS.get(code, 1)


@responses.activate
def test_a_passing_failure_passes(client: NetSuiteClient, calls: list[ApiCall]) -> None:
    responses.add("POST", QUERY, status=503, body=HTML)
    responses.add("POST", QUERY, body='{"items":[')
    responses.add("POST", QUERY, json=PAGE)
    assert len(client.suiteql("SELECT id FROM transaction").items) == 1
    assert [(call.status, call.retry) for call in calls] == [(503, 0), (200, 1), (200, 2)]


@responses.activate
def test_a_query_is_sent_as_documented(client: NetSuiteClient) -> None:
    responses.add("POST", QUERY, json={**PAGE, "offset": 2000})
    page = client.suiteql("SELECT id FROM transaction", limit=1000, offset=2000)

    request = responses.calls[0].request
    assert str(request.url).endswith("/suiteql?limit=1000&offset=2000")
    headers = {
        name: value if isinstance(value, str) else value.decode() for name, value in request.headers.items()
    }
    assert headers["Prefer"] == "transient"
    assert headers["Content-Type"] == "application/json"
    assert request.body == b'{"q": "SELECT id FROM transaction"}'
    assert (len(page.items), page.has_more, page.total_results, page.last) == (1, False, 1, True)


@pytest.mark.parametrize(("limit", "offset"), [(0, 0), (1001, 0), (1000, 500)])
def test_pages_netsuite_would_refuse_are_not_asked_for(client: NetSuiteClient, limit: int, offset: int) -> None:
    with pytest.raises(ValueError, match=str(limit)):
        client.suiteql("SELECT 1 FROM dual", limit, offset)


@responses.activate
def test_an_unknown_field_is_named(client: NetSuiteClient) -> None:
    responses.add("POST", QUERY, **problem(400, UNKNOWN, PARAMETER))
    with pytest.raises(OperatorMustAct, match="'custbody_x'"):
        client.suiteql("SELECT t.CustBody_X FROM transaction t")


@responses.activate
def test_calls_are_told_without_secrets(client: NetSuiteClient, calls: list[ApiCall]) -> None:
    responses.add("POST", QUERY, body=requests.ReadTimeout(""))
    responses.add("POST", QUERY, json=PAGE)
    client.suiteql("SELECT 1 FROM dual WHERE 'name' = 'canary'")

    path = "/services/rest/query/v1/suiteql"
    assert [call._replace(ms=0) for call in calls] == [
        ApiCall("POST", path, None, 0, 0, 1),
        ApiCall("POST", path, 200, 0, 1, 1),
    ]
    assert all(call.ms > 0 for call in calls)
    assert "canary" not in repr(calls)


@responses.activate
def test_an_account_without_server_time_is_asked_by_query(client: NetSuiteClient) -> None:
    responses.add("GET", TIME, status=404)
    row = {"links": [], "expr1": "2026-03-26 16:21:00"}
    responses.add("POST", QUERY, json={**PAGE, "items": [row]})
    for _ in range(2):
        assert client.server_time() == datetime(2026, 3, 26, 16, 21, tzinfo=UTC)
    assert client.calls == 3, "the address is asked for once only"


@responses.activate
def test_what_netsuite_says_fits_a_log_line_and_a_database(client: NetSuiteClient) -> None:
    details = [{"detail": f"a\x00b\n\x1b[31m{'x' * 400}", "o:errorCode": "INVALID_CONTENT"}] * 1000
    responses.add("POST", QUERY, status=400, json={"o:errorDetails": details})
    with pytest.raises(OperatorMustAct, match="a b ") as caught:
        client.suiteql("SELECT 1 FROM dual")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1100


LIMITS_SAID = {
    "accountConcurrencyLimit": 5,
    "accountUnallocatedConcurrencyLimit": 3,
    "integrationConcurrencyLimit": 2,
    "integrationLimitType": "integrationSpecific",
}


@pytest.mark.parametrize("items", [[], [5], [{"links": []}], [{"now": "3/2/2026"}], [{"a": 1, "b": 2}]])
@responses.activate
def test_a_time_that_is_none_is_a_broken_answer(client: NetSuiteClient, items: list[Any]) -> None:
    responses.add("GET", TIME, status=404)
    responses.add("POST", QUERY, json={**PAGE, "items": items, "count": len(items)})
    with pytest.raises(TryAgain) as caught:
        client.server_time()
    assert caught.value.code == "netsuite-answer-broken"


@responses.activate
def test_slots_are_learnt_where_the_role_may(client: NetSuiteClient) -> None:
    responses.add("GET", LIMITS, json=LIMITS_SAID)
    assert client.learn_slots() == GovernanceLimits(5, 3, 2, "integrationSpecific")


@pytest.mark.parametrize("status", [403, 404, 500])
@responses.activate
def test_a_role_that_may_not_know_the_limits_is_no_error(client: NetSuiteClient, status: int) -> None:
    responses.add("GET", LIMITS, status=status)
    assert client.learn_slots() is None


def test_every_code_of_the_tables_is_explained() -> None:
    assert {rule.code for rule in (*RULES, *TOKEN_RULES)} <= set(CODES)
    assert set(ATTEMPTS) <= set(CODES)
    assert all(explanation.meaning and explanation.remedy for explanation in CODES.values())
