"""What clients that others have published rely on: links that lead somewhere, texts of errors, OpenAPI."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from plain_client import Client

pytest_plugins = ("mock_accounts",)


def read(client: Client, url: str, **params: str) -> dict[str, Any]:
    response = client.record("GET", url, params=params)
    assert response.status_code == 200, response.text
    content: dict[str, Any] = response.json()
    return content


def test_every_link_of_an_order_leads_somewhere(shared_mock: Client) -> None:
    [row] = shared_mock.rows(
        "SELECT MIN(t.id) AS id FROM transaction t JOIN transactionline l ON l.transaction = t.id "
        "WHERE t.type = 'SalesOrd' AND t.employee IS NOT NULL AND l.item IS NOT NULL"
    )
    order = read(shared_mock, f"salesOrder/{row['id']}", expandSubResources="true")
    references = [value for value in order.values() if isinstance(value, dict) and "refName" in value]
    references += [line["item"] for line in order["item"]["items"]]
    linked = {one["links"][0]["href"]: one["refName"] for one in references if "links" in one}
    assert {url.split("/")[-2] for url in linked} >= {"customer", "currency", "subsidiary", "employee"}
    for url, name in linked.items():
        assert name in read(shared_mock, url).values()


def test_reference_records_are_listed_but_may_not_be_changed(shared_mock: Client) -> None:
    contacts = read(shared_mock, "contact", limit="1")
    assert contacts["totalResults"] >= 1
    assert read(shared_mock, f"contact/{contacts['items'][0]['id']}")["company"]["refName"]
    response = shared_mock.record("POST", "currency", json={"name": "Pound"})
    [error] = response.json()["o:errorDetails"]
    assert (response.status_code, error["o:errorCode"]) == (403, "INSUFFICIENT_PERMISSION")


def test_the_metadata_catalog_as_openapi(shared_mock: Client) -> None:
    accept = {"Accept": "application/swagger+json"}
    response = shared_mock.record("GET", "metadata-catalog?select=salesorder,currency", headers=accept)
    assert response.headers["Content-Type"] == "application/swagger+json"
    document = response.json()
    assert document["openapi"].startswith("3.0")
    assert set(document["components"]["schemas"]) == {"salesorder", "currency"}
    assert {"get", "patch", "put", "delete"} <= set(document["paths"]["/salesOrder/{id}"])
    assert "post" not in document["paths"]["/currency"]


@pytest.mark.parametrize(
    ("date_format", "text", "java_format"),
    [
        ("M/D/YYYY", "2026-01-31", "M/d/yy"),
        ("M/D/YYYY", "1/31/2026 10:00", "M/d/yy"),
        ("DD/MM/YYYY", "10/31/2026", "dd/MM/yy"),
        ("DD.MM.YYYY", "01/02/2026", "dd.MM.yy"),
        ("D-Mon-YYYY", "2026-01-31", "d-MMM-yy"),
    ],
)
def test_a_date_in_another_format_is_refused_by_naming_the_format(
    start_mock: Callable[..., Client], date_format: str, text: str, java_format: str
) -> None:
    client = start_mock(orders=1, date_format=date_format)
    response = client.record("GET", "customer", params={"q": f'lastModifiedDate AFTER "{text}"'})
    assert response.status_code == 400
    [error] = response.json()["o:errorDetails"]
    assert error == {
        "detail": "Invalid search query. Detailed unprocessed description follows. Search error occurred: "
        f'Parse of date/time "{text}" failed with date format "{java_format}" in time zone America/Los_Angeles',
        "o:errorCode": "INVALID_PARAMETER",
        "o:errorQueryParam": "q",
    }


def test_a_filter_of_endless_parentheses_is_refused(shared_mock: Client) -> None:
    response = shared_mock.record("GET", "customer", params={"q": "(" * 5000})
    [error] = response.json()["o:errorDetails"]
    assert (response.status_code, error["o:errorCode"]) == (400, "INVALID_PARAMETER")


# saving


def _refused(client: Client, method: str, path: str, **fields: Any) -> tuple[int, str]:
    response = client.record(method, path, json=fields)
    return response.status_code, response.json()["o:errorDetails"][0]["o:errorCode"]


def test_upserts_of_one_external_id_at_once_make_one_record(start_mock: Callable[..., Client]) -> None:
    client = start_mock(concurrency=32)
    start = threading.Barrier(8)

    def save(number: int) -> int:
        own = Client(client.mock)
        start.wait(timeout=10)
        fields = {"entity": {"id": "101"}, "memo": str(number)}
        return own.record("PUT", "salesOrder/eid:SAME", json=fields).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(save, range(8))) == {204}
    assert len(client.rows("SELECT id FROM transaction WHERE externalid = 'SAME'")) == 1


def test_an_external_id_is_given_once(own_mock: Client) -> None:
    entity = {"id": "101"}
    for name in ("ONE", "TWO"):
        assert own_mock.record("POST", "salesOrder", json={"entity": entity, "externalId": name}).ok
    assert _refused(own_mock, "POST", "salesOrder", entity=entity, externalId="ONE") == (400, "USER_ERROR")
    assert _refused(own_mock, "PATCH", "salesOrder/eid:TWO", externalId="ONE") == (400, "USER_ERROR")
    assert own_mock.record("PATCH", "salesOrder/eid:TWO", json={"externalId": "TWO"}).ok


@pytest.mark.parametrize("identifier", ["99999999999999999999", "²", "-1", "1e3"])
def test_an_id_that_cannot_be_is_not_found(shared_mock: Client, identifier: str) -> None:
    assert shared_mock.record("GET", f"salesOrder/{identifier}").status_code == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"exchangeRate": 1e30},
        {"item": {"items": [{"item": {"id": "1"}, "quantity": 1e10, "rate": 1e10}]}},
    ],
)
def test_numbers_too_large_are_refused(shared_mock: Client, fields: dict[str, Any]) -> None:
    assert _refused(shared_mock, "POST", "salesOrder", entity={"id": "101"}, **fields)[0] == 400
