"""Pages are checked against what was asked, and continued by key whatever is on them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import responses
from pydantic import SecretStr

from connectors.errors import OperatorMustAct, RecordRejected, TryAgain
from connectors.netsuite import Backoff, Cursor, Deletion, IdRange, NetSuiteClient, SalesOrders, TermFields
from connectors.netsuite.auth import TokenAuth, TokenCredentials
from connectors.netsuite.faults import ATTEMPTS

QUERY = "https://1234567.suitetalk.api.netsuite.com/services/rest/query/v1/suiteql"
LOGIN = TokenAuth(TokenCredentials(*(SecretStr("x") for _ in range(4))), "1234567")
SINCE, UNTIL = datetime(2026, 3, 2, 10, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)
LINE = TermFields.parse("line:custcol_end", "NETSUITE_TERM_END")


@pytest.fixture
def client() -> NetSuiteClient:
    return NetSuiteClient("1234567", LOGIN, backoff=Backoff(0, 0))


@pytest.fixture
def orders(client: NetSuiteClient) -> SalesOrders:
    return SalesOrders(client, page_size=2)


def row(order_id: int | None, modified: str = "2026-03-02 11:00:00", **more: str) -> dict[str, str]:
    plain = {"modified": modified, "tranid": f"SO{order_id}", "entity": "5", "status": "B", **more}
    return plain if order_id is None else {**plain, "id": str(order_id)}


def answers(*rows: dict[str, str], more: bool = False) -> None:
    total = len(rows) + more
    page = {"links": [], "count": len(rows), "hasMore": more, "items": list(rows), "totalResults": total}
    responses.add("POST", QUERY, json=page)


def sent() -> list[str]:
    return [json.loads(call.request.body or "{}")["q"] for call in responses.calls]


def refuses(code: str, detail: str = "", status: int = 400) -> None:
    body = {"status": status, "o:errorDetails": [{"detail": detail, "o:errorCode": code}]}
    responses.add("POST", QUERY, status=status, json=body)


@responses.activate
def test_a_range_goes_on_behind_the_highest_id_read_good_or_bad(orders: SalesOrders) -> None:
    answers(row(5), row(8, end_1="3/2/2026"), more=True)
    answers(row(9))
    pages = list(orders.in_range(IdRange(4, 20)))
    assert [(page.low, page.high, page.last) for page in pages] == [(4, 8, False), (8, 20, True)]
    assert [bad.order_id for bad in pages[0].rejected] == [8]
    assert "t.id > 8 AND t.id <= 20" in sent()[1]


@responses.activate
def test_changes_go_on_behind_the_last_key_read_good_or_bad(orders: SalesOrders) -> None:
    answers(row(5, "2026-03-02 11:00:00"), row(3, "2026-03-02 12:00:00", status="?"), more=True)
    answers()
    pages = list(orders.changed(SINCE, UNTIL))
    assert [page.cursor for page in pages] == [Cursor(datetime(2026, 3, 2, 12, tzinfo=UTC), 3), None]
    first, second = sent()
    assert "t.lastmodifieddate >= TO_DATE('2026-03-01 10:00:00', 'YYYY-MM-DD HH24:MI:SS')" in first
    assert "o.modified >= '2026-03-02 10:00:00' AND o.modified < '2026-03-03 00:00:00'" in first
    assert "(o.modified > '2026-03-02 12:00:00' OR (o.modified = '2026-03-02 12:00:00' AND o.id > 3))" in second
    assert all(query.endswith("ORDER BY o.modified, o.id") for query in sent())


@responses.activate
def test_lines_are_looked_at_only_when_they_are_mapped(client: NetSuiteClient) -> None:
    answers()
    answers()
    list(SalesOrders(client).changed(SINCE, UNTIL))
    list(SalesOrders(client, term_end=LINE).changed(SINCE, UNTIL))
    plain, with_lines = sent()
    assert "transactionline" not in plain
    assert "l.linelastmodifieddate >= TO_DATE('2026-03-01 10:00:00'" in with_lines
    assert client.calls == 2


WRONG_PAGES: dict[str, tuple[list[dict[str, str]], bool]] = {
    "an id below the range": ([row(4), row(5)], False),
    "an id above the range": ([row(5), row(21)], False),
    "ids out of order": ([row(9), row(7)], True),
    "more announced, nothing given": ([], True),
    "more announced, no id to go on from": ([row(None), row(None)], True),
}


@pytest.mark.parametrize(("rows", "more"), WRONG_PAGES.values(), ids=WRONG_PAGES.keys())
@responses.activate
def test_a_page_that_does_not_fit_the_range_is_asked_for_again_then_refused(
    client: NetSuiteClient, orders: SalesOrders, rows: list[dict[str, str]], more: bool
) -> None:
    answers(*rows, more=more)
    with pytest.raises(TryAgain, match="contradicts") as caught:
        list(orders.in_range(IdRange(4, 20)))
    assert caught.value.code == "netsuite-answer-broken"
    assert client.calls == ATTEMPTS["netsuite-answer-broken"]


WRONG_CHANGES: dict[str, list[dict[str, str]]] = {
    "before the window": [row(5, "2026-03-02 09:59:59")],
    "after the window": [row(5, "2026-03-03 00:00:00")],
    "not behind the cursor": [row(5, "2026-03-02 10:30:00")],
    "out of order": [row(5, "2026-03-02 12:00:00"), row(6, "2026-03-02 11:00:00")],
}


@pytest.mark.parametrize("rows", WRONG_CHANGES.values(), ids=WRONG_CHANGES.keys())
@responses.activate
def test_changes_that_do_not_fit_the_window_are_refused(orders: SalesOrders, rows: list[dict[str, str]]) -> None:
    answers(*rows)
    after = Cursor(datetime(2026, 3, 2, 10, 30, tzinfo=UTC), 5)
    with pytest.raises(TryAgain, match="contradicts"):
        list(orders.changed(SINCE, UNTIL, after))


@responses.activate
def test_rows_that_come_twice_are_passed_on(orders: SalesOrders) -> None:
    answers(row(5), row(6), row(5))
    (page,) = orders.in_range(IdRange(0, None))
    assert [order.order_id for order in page.orders] == [5, 6, 5]


@pytest.mark.parametrize(("code", "status"), [("INVALID_PARAMETER", 400), ("UNEXPECTED_ERROR", 500)])
@responses.activate
def test_an_account_that_refuses_to_number_rows_gets_one_open_range(
    orders: SalesOrders, code: str, status: int
) -> None:
    refuses(code, "Search error occurred: Invalid or unsupported search.", status)
    assert orders.id_ranges() == [IdRange(0, None)]


@responses.activate
def test_ranges_adjoin_and_an_empty_account_has_one(orders: SalesOrders) -> None:
    answers({"id": "30"}, {"id": "70"}, {"id": "70"}, more=True)
    answers({"id": "90"})
    assert orders.id_ranges() == [IdRange(0, 30), IdRange(30, 70), IdRange(70, 90), IdRange(90, None)]
    assert "e.id > 70" in sent()[1]
    responses.reset()
    answers()
    assert orders.id_ranges() == [IdRange(0, None)]


@responses.activate
def test_a_missing_permission_is_not_taken_for_a_missing_function(orders: SalesOrders) -> None:
    refuses("INSUFFICIENT_PERMISSION", status=403)
    with pytest.raises(OperatorMustAct) as caught:
        orders.id_ranges()
    assert caught.value.code == "netsuite-permission-missing"


@responses.activate
def test_ids_are_asked_for_a_thousand_at_a_time_and_the_last_page_says_so(orders: SalesOrders) -> None:
    answers(row(1))
    answers(row(2))
    assert [page.last for page in orders.by_ids(range(1, 1500))] == [False, True]
    assert sent()[0].count(",") > 1000
    assert "t.id IN (1001, 1002" in sent()[1]


@responses.activate
def test_an_id_list_that_cannot_be_trusted_confirms_nothing(orders: SalesOrders) -> None:
    answers({"id": "1"}, {"name": "2"})
    with pytest.raises(TryAgain) as caught:
        orders.existing_ids([1, 2])
    assert caught.value.code == "netsuite-answer-broken"


def test_a_number_that_cannot_be_asked_for_is_refused(orders: SalesOrders) -> None:
    with pytest.raises(RecordRejected) as caught:
        list(orders.by_number("SO\x00"))
    assert caught.value.code == "text-not-queryable"


def gone(order_id: Any, kind: str, at: str = "2026-03-02 11:00:00") -> dict[str, Any]:
    return {"deleted": at, "recordid": order_id, "type": kind}


@responses.activate
def test_deletions_of_sales_orders_are_picked_from_all(orders: SalesOrders) -> None:
    answers(gone("1", "Sales Order"), gone("2", "salesorder"), gone("2", "customer"), more=True)
    answers(gone(3, "SalesOrd", "2026-03-02 11:00:01"), gone("4", "Sales Invoice"), gone("?", "Sales Order"))
    at = datetime(2026, 3, 2, 11, tzinfo=UTC)
    first, second = orders.deleted(SINCE)
    assert first == [Deletion(1, at), Deletion(2, at)]
    assert second == [Deletion(3, at.replace(second=1))]
    assert "d.recordid = 2 AND d.type > 'salesorder'" in sent()[1]


@pytest.mark.parametrize(
    ("code", "status"), [("INVALID_PARAMETER", 400), ("INSUFFICIENT_PERMISSION", 403), ("UNEXPECTED_ERROR", 500)]
)
@responses.activate
def test_a_list_of_deletions_that_an_account_does_not_have_is_told_apart(
    orders: SalesOrders, code: str, status: int
) -> None:
    refuses(code, "Search error occurred: Invalid or unsupported search.", status)
    with pytest.raises(OperatorMustAct) as caught:
        list(orders.deleted(SINCE))
    assert caught.value.code == "netsuite-deletions-not-readable"


@responses.activate
def test_a_kind_that_cannot_be_read_behind_does_not_stop_the_deletions(orders: SalesOrders) -> None:
    answers(gone("1", "Sales Order"), gone("2", "Sales\x00Order"), more=True)
    answers(gone("3", "Sales Order"))
    assert [[each.order_id for each in page] for page in orders.deleted(SINCE)] == [[1], [3]]


@responses.activate
def test_deletions_that_do_not_go_on_are_refused(orders: SalesOrders) -> None:
    answers(gone("1", "Sales Order"), more=True)
    with pytest.raises(TryAgain) as caught:
        list(orders.deleted(SINCE))
    assert caught.value.code == "netsuite-answer-broken"
