"""The record API over HTTP: reading, listing, writing, deleting, metadata."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from plain_client import Client

pytest_plugins = ("mock_accounts",)

SECONDS = "'YYYY-MM-DD HH24:MI:SS'"


def an_order(**fields: object) -> dict[str, Any]:
    line = {"item": {"id": "1"}, "quantity": 3, "rate": 10.5, "custcol_end_date": "2027-05-31"}
    return {"entity": {"id": "101"}, "endDate": "2027-05-31", "item": {"items": [line]}, **fields}


def make(client: Client, **fields: object) -> str:
    """Makes an order; returns its URL."""
    response = client.record("POST", "salesOrder", json=an_order(**fields))
    assert response.status_code == 204, response.text
    return response.headers["Location"]


def read(client: Client, url: str, **params: str) -> dict[str, Any]:
    response = client.record("GET", url, params=params)
    assert response.status_code == 200, response.text
    content: dict[str, Any] = response.json()
    return content


def error_of(client: Client, method: str, path: str, **options: Any) -> tuple[int, str, str]:
    """Status, code and detail of a refusal."""
    response = client.record(method, path, **options)
    [error] = response.json()["o:errorDetails"]
    return response.status_code, error["o:errorCode"], error["detail"]


def changed(client: Client, url: str) -> dict[str, str]:
    """What SuiteQL says about an order's times."""
    order = url.rpartition("/")[2]
    return client.rows(
        f"SELECT TO_CHAR(t.lastmodifieddate, {SECONDS}) AS head, "
        f"(SELECT TO_CHAR(MAX(l.linelastmodifieddate), {SECONDS}) FROM transactionline l "
        f"WHERE l.transaction = t.id AND l.mainline = 'F') AS line FROM transaction t WHERE t.id = {order}"
    )[0]


def test_a_new_order_can_be_read_back_and_queried(own_mock: Client) -> None:
    url = make(own_mock, memo="hello", custbody_swe_contract_end_date="2027-06-30", externalId="EXT-1")
    record = read(own_mock, url)
    assert (record["memo"], record["endDate"], record["externalId"]) == ("hello", "2027-05-31", "EXT-1")
    assert (record["total"], record["entity"]["id"]) == (31.5, "101")
    assert record["custbody_swe_contract_end_date"] == "2027-06-30"
    assert record["item"] == {"links": [{"rel": "self", "href": f"{url}/item"}]}
    assert "startDate" not in record
    [row] = own_mock.rows(
        f"SELECT t.tranid, t.foreigntotal, l.quantity, l.foreignamount, l.custcol_end_date FROM transaction t "
        f"JOIN transactionline l ON l.transaction = t.id AND l.mainline = 'F' WHERE t.id = {record['id']}"
    )
    assert row == {
        "tranid": record["tranId"],
        "foreigntotal": "31.5",
        "quantity": "-3",
        "foreignamount": "-31.5",
        "custcol_end_date": "5/31/2027",
    }


def test_each_order_has_one_main_line(own_mock: Client) -> None:
    make(own_mock)
    query = (
        "SELECT COUNT(*) AS n FROM transaction t WHERE (SELECT COUNT(*) FROM transactionline l "
        "WHERE l.transaction = t.id AND l.mainline = 'T' AND l.item IS NULL) <> 1"
    )
    assert own_mock.rows(query) == [{"n": "0"}]


def test_datetimes_are_utc_to_the_minute_and_numbers_are_numbers(own_mock: Client) -> None:
    order = own_mock.rows("SELECT MIN(id) AS id FROM transaction WHERE type = 'SalesOrd'")[0]["id"]
    record = read(own_mock, f"salesOrder/{order}")
    for name in ("createdDate", "lastModifiedDate"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:00Z", record[name])
    utc = "TO_CHAR(SYS_EXTRACT_UTC(lastmodifieddate), 'YYYY-MM-DD\"T\"HH24:MI')"
    [row] = own_mock.rows(f"SELECT {utc} AS m FROM transaction WHERE id = {order}")
    assert record["lastModifiedDate"] == f"{row['m']}:00Z"
    assert isinstance(record["total"], float)
    assert record["exchangeRate"] == 1.0


def test_enumerations_are_objects_or_plain(own_mock: Client) -> None:
    url = make(own_mock, orderStatus={"id": "B"})
    assert read(own_mock, url)["orderStatus"] == {"id": "B", "refName": "Pending Fulfillment"}
    plain = read(own_mock, url, simpleEnumFormat="true")
    assert (plain["orderStatus"], plain["status"]) == ("B", "B")


def test_expanding_brings_the_lines_and_fields_limits_the_body(own_mock: Client) -> None:
    url = make(own_mock)
    lines = read(own_mock, url, expandSubResources="True")["item"]
    assert (lines["totalResults"], lines["count"], lines["hasMore"], lines["offset"]) == (1, 1, False, 0)
    [line] = lines["items"]
    assert (line["line"], line["quantity"], line["amount"], line["item"]["refName"]) == (1, 3.0, 31.5, "LMS-SEAT")
    assert set(read(own_mock, url, fields="memo,endDate,tranId")) == {"links", "endDate", "tranId"}


def test_sublist_endpoints(own_mock: Client) -> None:
    url = make(own_mock)
    assert read(own_mock, f"{url}/item")["items"] == [{"links": [{"rel": "self", "href": f"{url}/item/1"}]}]
    assert read(own_mock, f"{url}/item/1")["custcol_end_date"] == "2027-05-31"
    assert error_of(own_mock, "GET", f"{url}/item/7")[:2] == (404, "NONEXISTENT_ID")
    assert error_of(own_mock, "GET", f"{url}/nothing")[:2] == (404, "INVALID_URL")


def test_both_spellings_of_the_type_work(own_mock: Client) -> None:
    order = make(own_mock).rpartition("/")[2]
    assert read(own_mock, f"salesorder/{order}") == read(own_mock, f"salesOrder/{order}")


def test_patch_changes_what_it_names_and_moves_the_modification_time(own_mock: Client) -> None:
    url = make(own_mock, memo="before")
    before = changed(own_mock, url)
    own_mock.session.auth = None
    own_mock.control("PATCH", "settings", {"clock_offset": 120})
    own_mock.session.auth = own_mock.signer()
    response = own_mock.record("PATCH", url, json={"endDate": None, "startDate": "2026-06-01"})
    assert (response.status_code, response.headers["Location"], response.content) == (204, url, b"")
    record = read(own_mock, url)
    assert (record["memo"], record["startDate"], "endDate" in record) == ("before", "2026-06-01", False)
    assert changed(own_mock, url)["head"] > before["head"]
    assert changed(own_mock, url)["line"] == before["line"]


@pytest.mark.parametrize("bump", [True, False])
def test_a_line_edit_moves_the_header_only_where_the_account_says_so(
    start_mock: Callable[..., Client], bump: bool
) -> None:
    client = start_mock(line_edits_bump_header=bump)
    url = make(client)
    before = changed(client, url)
    client.control("PATCH", "settings", {"clock_offset": 120})
    edit = {"item": {"items": [{"line": 1, "custcol_end_date": "2028-01-31"}]}}
    assert client.record("PATCH", url, json=edit).status_code == 204
    after = changed(client, url)
    assert after["line"] > before["line"]
    assert (after["head"] > before["head"]) is bump
    assert read(client, f"{url}/item/1")["custcol_end_date"] == "2028-01-31"


def test_lines_are_added_edited_and_replaced(own_mock: Client) -> None:
    url = make(own_mock)
    edit = {"item": {"items": [{"line": 1, "quantity": 4}, {"item": {"id": "2"}, "rate": 5}]}}
    own_mock.record("PATCH", url, json=edit)
    record = read(own_mock, url, expandSubResources="true")
    assert [(line["line"], line["amount"]) for line in record["item"]["items"]] == [(1, 42.0), (2, 5.0)]
    assert record["total"] == 47.0
    keys = "SELECT uniquekey FROM transactionline WHERE mainline = 'F' AND transaction = " + record["id"]
    assert len(own_mock.rows(keys)) == 2
    own_mock.record("PATCH", url, json={"item": {"items": [{"line": 2}]}}, params={"replace": "item"})
    assert [line["line"] for line in read(own_mock, url, expandSubResources="true")["item"]["items"]] == [2]
    assert len(own_mock.rows(keys)) == 1


def test_put_by_external_id_makes_then_changes(own_mock: Client) -> None:
    first = own_mock.record("PUT", "customer/eid:C-1", json={"companyName": "Harbor College"})
    second = own_mock.record("PUT", "customer/eid:C-1", json={"companyName": "Harbor University"})
    assert (first.status_code, second.status_code) == (204, 204)
    assert first.headers["Location"] == second.headers["Location"]
    record = read(own_mock, "customer/eid:C-1")
    assert (record["companyName"], record["isInactive"], record["externalId"]) == (
        "Harbor University",
        False,
        "C-1",
    )
    assert own_mock.rows("SELECT companyname FROM customer WHERE externalid = 'C-1'") == [
        {"companyname": "Harbor University"}
    ]


def test_a_deleted_order_is_gone_and_recorded(own_mock: Client) -> None:
    url = make(own_mock)
    number, order = read(own_mock, url)["tranId"], url.rpartition("/")[2]
    assert own_mock.record("DELETE", url).status_code == 204
    assert error_of(own_mock, "GET", url) == (
        404,
        "NONEXISTENT_ID",
        "The record instance does not exist. Provide a valid record instance ID.",
    )
    assert own_mock.rows(f"SELECT id FROM transaction WHERE id = {order}") == []
    assert own_mock.rows(f"SELECT id FROM transactionline WHERE transaction = {order}") == []
    [deleted] = own_mock.rows(f"SELECT name, scriptid, type FROM deletedrecord WHERE recordid = {order}")
    assert deleted == {"name": f"Sales Order #{number}", "scriptid": "SALESORDER", "type": "Sales Order"}
    [history] = own_mock.rows(f"SELECT action, documentnumber FROM transactionhistory WHERE transaction = {order}")
    assert history == {"action": "DELETE", "documentnumber": number}


def test_ids_are_never_given_out_twice(own_mock: Client) -> None:
    first = make(own_mock)
    own_mock.record("DELETE", first)
    assert int(make(own_mock).rpartition("/")[2]) > int(first.rpartition("/")[2])


def test_a_customer_with_orders_cannot_be_deleted(own_mock: Client) -> None:
    make(own_mock)
    status, code, detail = error_of(own_mock, "DELETE", "customer/101")
    assert (status, code) == (400, "USER_ERROR")
    assert "dependent records" in detail
    made = own_mock.record("POST", "customer", json={"companyName": "Without orders"}).headers["Location"]
    assert own_mock.record("DELETE", made).status_code == 204


@pytest.mark.parametrize(
    ("body", "status", "code", "path"),
    [
        ({"item": {"items": []}}, 400, "USER_ERROR", None),
        (an_order(entity={"id": "999999"}), 400, "USER_ERROR", None),
        (an_order(entity="x"), 400, "INVALID_CONTENT", "entity"),
        (an_order(endDate="31.05.2027"), 400, "INVALID_CONTENT", "endDate"),
        (an_order(endDate="2027-02-30"), 400, "INVALID_CONTENT", "endDate"),
        (an_order(orderStatus="Z"), 400, "INVALID_CONTENT", "orderStatus"),
        (an_order(unheardOf=1), 400, "INVALID_CONTENT", "unheardOf"),
        (an_order(memo=5), 400, "INVALID_CONTENT", "memo"),
        (an_order(item={"items": [{"quantity": 1}]}), 400, "INVALID_CONTENT", "item.items[0].item"),
        (
            an_order(item={"items": [{"item": {"id": "1"}, "quantity": "many"}]}),
            400,
            "INVALID_CONTENT",
            "item.items[0].quantity",
        ),
        (an_order(item=[1]), 400, "INVALID_CONTENT", "item.items"),
    ],
)
def test_a_bad_body_is_refused_and_nothing_is_made(
    own_mock: Client, body: dict[str, Any], status: int, code: str, path: str | None
) -> None:
    count = "SELECT COUNT(*) AS n FROM transaction"
    before = own_mock.rows(count)
    response = own_mock.record("POST", "salesOrder", json=body)
    [error] = response.json()["o:errorDetails"]
    assert (response.status_code, error["o:errorCode"], error.get("o:errorPath")) == (status, code, path)
    assert own_mock.rows(count) == before


def test_missing_mandatory_fields_are_named(own_mock: Client) -> None:
    detail = "Error while accessing a resource. Please enter value(s) for: Company Name."
    assert error_of(own_mock, "POST", "customer", json={}) == (400, "USER_ERROR", detail)


def test_unknown_fields_pass_where_validation_is_off(own_mock: Client) -> None:
    headers = {"X-NetSuite-PropertyNameValidation": "ignore"}
    response = own_mock.record("POST", "salesOrder", json=an_order(unheardOf=1), headers=headers)
    assert response.status_code == 204


def test_what_does_not_exist(own_mock: Client) -> None:
    assert error_of(own_mock, "GET", "spaceship/1") == (
        404,
        "NONEXISTENT_RECORD_TYPE",
        "Record type 'spaceship' does not exist.",
    )
    assert error_of(own_mock, "GET", "salesOrder/99999999")[:2] == (404, "NONEXISTENT_ID")
    assert error_of(own_mock, "GET", "salesOrder/abc")[:2] == (404, "NONEXISTENT_ID")
    invoice = own_mock.rows("SELECT MIN(id) AS id FROM transaction WHERE type = 'CustInvc'")[0]["id"]
    assert error_of(own_mock, "GET", f"salesOrder/{invoice}")[:2] == (404, "NONEXISTENT_ID")
    assert error_of(own_mock, "PATCH", "salesOrder/abc", data=b"{")[:2] == (400, "INVALID_CONTENT")
    response = own_mock.call("GET", "/services/rest/nothing")
    assert (response.status_code, response.json()["o:errorDetails"][0]["o:errorCode"]) == (404, "INVALID_URL")


def test_a_locked_record_cannot_be_read(start_mock: Callable[..., Client]) -> None:
    client = start_mock(locked_records=[1002])
    assert error_of(client, "GET", "salesOrder/1002")[:2] == (400, "USER_ERROR")


def test_a_hidden_type_is_forbidden(start_mock: Callable[..., Client]) -> None:
    client = start_mock(hidden_tables=["customer"])
    assert error_of(client, "GET", "customer/101")[:2] == (403, "INSUFFICIENT_PERMISSION")


# collections


def listed(client: Client, q: str, kind: str = "salesOrder") -> list[str]:
    response = client.record("GET", kind, params={"q": q})
    assert response.status_code == 200, response.text
    return [item["id"] for item in response.json()["items"]]


def test_a_collection_is_ids_and_links_in_pages(own_mock: Client) -> None:
    response = own_mock.record("GET", "salesOrder", params={"limit": 80, "offset": 80})
    page = response.json()
    assert response.headers["Content-Type"] == "application/vnd.oracle.resource+json; type=collection"
    assert (page["count"], page["totalResults"], page["hasMore"], page["offset"]) == (80, 200, True, 80)
    item = page["items"][0]
    assert set(item) == {"links", "id"}
    assert read(own_mock, item["links"][0]["href"])["id"] == item["id"]
    assert {link["rel"] for link in page["links"]} == {"next", "last", "first", "prev", "self"}
    assert own_mock.record("GET", "salesOrder", params={"limit": 80, "offset": 81}).status_code == 400


@pytest.mark.parametrize(
    ("q", "where"),
    [
        ('tranId START_WITH "SO1000"', "tranid LIKE 'SO1000%'"),
        ('tranId START_WITH_NOT "SO1000"', "tranid NOT LIKE 'SO1000%'"),
        ('tranId CONTAIN "007"', "tranid LIKE '%007%'"),
        ("tranId END_WITH 7", "tranid LIKE '%7'"),
        ('tranId IS "so10007"', "tranid = 'SO10007'"),
        ('tranId IS_NOT "SO10007"', "tranid <> 'SO10007'"),
        ("memo EMPTY", "memo IS NULL"),
        ("memo EMPTY_NOT", "memo IS NOT NULL"),
        ("id ANY_OF [1002, 1005]", "id IN (1002, 1005)"),
        ("id ANY_OF_NOT [1002, 1005]", "id NOT IN (1002, 1005)"),
        ("total GREATER 5000", "foreigntotal > 5000"),
        ("total LESS_OR_EQUAL 5000", "foreigntotal <= 5000"),
        ("total BETWEEN [1000, 5000]", "foreigntotal BETWEEN 1000 AND 5000"),
        ("id BETWEEN_NOT [1002, 1500]", "id NOT BETWEEN 1002 AND 1500"),
        ("endDate AFTER 1/1/2027", "enddate > '1/1/2027'"),
        ('endDate ON_OR_BEFORE "1/1/2027"', "enddate <= '1/1/2027'"),
        ("endDate ON_OR_AFTER_NOT 1/1/2027", "NOT NVL(enddate, TO_DATE('1900', 'YYYY')) >= '1/1/2027'"),
        ("lastModifiedDate ON_OR_AFTER 6/1/2026", "lastmodifieddate >= '6/1/2026'"),
        ("lastModifiedDate AFTER 6/1/2026", "lastmodifieddate >= '6/2/2026'"),
        ("orderStatus ANY_OF [A, B]", "status IN ('A', 'B')"),
        (
            "(memo EMPTY OR total GREATER 5000) AND id GREATER 1200",
            "(memo IS NULL OR foreigntotal > 5000) AND id > 1200",
        ),
    ],
)
def test_filters_agree_with_suiteql(shared_mock: Client, q: str, where: str) -> None:
    rows = shared_mock.rows(f"SELECT id FROM transaction WHERE type = 'SalesOrd' AND ({where}) ORDER BY id")
    assert listed(shared_mock, q) == [row["id"] for row in rows]
    assert len(rows) < 1500


def test_boolean_filters(shared_mock: Client) -> None:
    active, inactive = (
        listed(shared_mock, "isInactive IS false", "customer"),
        listed(shared_mock, "isInactive IS true", "customer"),
    )
    assert len(active) + len(inactive) == 75
    assert active


@pytest.mark.parametrize(
    "q",
    [
        "nope IS 1",
        "tranId",
        "tranId LIKE x",
        "tranId IS",
        "endDate AFTER 2026-01-01T00:00:00Z",
        'endDate AFTER "1/1/2026 10:00"',
        "endDate AFTER soon",
        "total GREATER much",
        "id ANY_OF []",
        "(memo EMPTY",
        "memo EMPTY) OR",
        "endDate BETWEEN [1/1/2026, 1/2/2026]",
    ],
)
def test_a_bad_filter_is_refused(shared_mock: Client, q: str) -> None:
    response = shared_mock.record("GET", "salesOrder", params={"q": q})
    [error] = response.json()["o:errorDetails"]
    assert (response.status_code, error["o:errorQueryParam"]) == (400, "q")


def test_a_filter_cannot_reach_beyond_its_values(shared_mock: Client) -> None:
    assert listed(shared_mock, "tranId ANY_OF [x'; DROP TABLE customer; --]") == []
    assert listed(shared_mock, 'tranId IS "\' OR 1=1 --"') == []


# metadata, options


def test_the_metadata_catalog(shared_mock: Client) -> None:
    names = {item["name"] for item in read(shared_mock, "metadata-catalog")["items"]}
    assert {"salesorder", "customer"} <= names
    [one] = read(shared_mock, "metadata-catalog", select="salesorder")["items"]
    assert {link["rel"] for link in one["links"]} == {"canonical", "alternate", "describes"}
    response = shared_mock.record(
        "GET", "metadata-catalog/salesOrder", headers={"Accept": "application/schema+json"}
    )
    schema = response.json()
    assert response.headers["Content-Type"] == "application/schema+json"
    assert schema["properties"]["endDate"] == {
        "title": "endDate",
        "type": "string",
        "format": "date",
        "nullable": True,
    }
    assert schema["properties"]["custbody_swe_contract_end_date"]["x-ns-custom-field"] is True
    assert "lastModifiedDate" in schema["x-ns-filterable"]
    assert shared_mock.record("GET", "metadata-catalog/spaceship").status_code == 404


def test_options_needs_no_login(own_mock: Client) -> None:
    own_mock.session.auth = None
    response = own_mock.call("OPTIONS", "/services/rest/record/v1/salesOrder")
    assert (response.status_code, response.content) == (204, b"")


def test_governance_limits_are_for_administrators(start_mock: Callable[..., Client]) -> None:
    path = "/services/rest/system/v1/governanceLimits"
    limits = start_mock(concurrency=7).call("GET", path).json()
    assert limits["accountConcurrencyLimit"] == 7
    assert limits["integrationLimitType"] == "accountLimit"
    assert start_mock(administrator=False).call("GET", path).status_code == 403
