"""Pages: header, limit and offset rules, links that clients follow in any of three ways, the cap, keysets."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from plain_client import TODAY, Client

from connectors.mock_netsuite import MockConfig, serve

pytest_plugins = ("mock_accounts",)

ORDERS = "SELECT id FROM transaction WHERE type = 'SalesOrd' ORDER BY id"
PATH = "/services/rest/query/v1/suiteql"


def links(page: dict[str, Any]) -> dict[str, str]:
    return {link["rel"]: link["href"] for link in page["links"]}


def test_prefer_transient_is_required(shared_mock: Client) -> None:
    for headers in ({}, {"Prefer": "respond-async"}):
        response = shared_mock.call("POST", PATH, json={"q": ORDERS}, headers=headers)
        [error] = response.json()["o:errorDetails"]
        assert response.status_code == 400
        assert (error["o:errorCode"], error["o:errorHeader"]) == ("INVALID_HEADER", "Prefer")
    both = shared_mock.call("POST", PATH, json={"q": ORDERS}, headers={"Prefer": "respond-async, transient"})
    assert both.status_code == 200


@pytest.mark.parametrize(
    ("paging", "parameter"),
    [
        ({"limit": 1001}, "limit"),
        ({"limit": 0}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"limit": 10, "offset": 5}, "offset"),
        ({"limit": 10, "offset": -10}, "offset"),
        ({"limit": 1000, "offset": 100_000}, "offset"),
    ],
)
def test_limit_and_offset_rules(shared_mock: Client, paging: dict[str, Any], parameter: str) -> None:
    response = shared_mock.post_query(ORDERS, **paging)
    [error] = response.json()["o:errorDetails"]
    assert response.status_code == 400
    assert (error["o:errorCode"], error["o:errorQueryParam"]) == ("INVALID_PARAMETER", parameter)


def test_the_default_page_is_a_thousand_rows(shared_mock: Client) -> None:
    page = shared_mock.page(ORDERS)
    assert (page["count"], len(page["items"]), page["offset"], page["hasMore"]) == (1000, 1000, 0, True)
    assert page["totalResults"] == 1500
    assert set(links(page)) == {"next", "last", "self"}


def test_all_three_ways_to_walk_see_every_row_once(shared_mock: Client) -> None:
    first = shared_mock.page(ORDERS, limit=400)
    by_links, page = list(first["items"]), first
    while "next" in links(page):
        page = shared_mock.call(
            "POST", links(page)["next"], json={"q": ORDERS}, headers={"Prefer": "transient"}
        ).json()
        by_links += page["items"]
    by_offset: list[dict[str, str]] = []
    while not by_offset or page["hasMore"]:
        page = shared_mock.page(ORDERS, limit=400, offset=len(by_offset))
        by_offset += page["items"]
    last_offset = int(links(first)["last"].rpartition("offset=")[2])
    by_last = [
        item
        for at in range(0, last_offset + 1, 400)
        for item in shared_mock.page(ORDERS, limit=400, offset=at)["items"]
    ]
    assert by_links == by_offset == by_last
    ids = [int(item["id"]) for item in by_links]
    assert len(ids) == 1500
    assert ids == sorted(set(ids))


def test_middle_and_last_pages_have_their_links(shared_mock: Client) -> None:
    middle, last = (
        shared_mock.page(ORDERS, limit=500, offset=500),
        shared_mock.page(ORDERS, limit=500, offset=1000),
    )
    assert set(links(middle)) == {"next", "last", "first", "prev", "self"}
    assert set(links(last)) == {"first", "prev", "self"}
    assert links(middle)["last"] == links(last)["self"]
    assert (last["hasMore"], last["count"]) == (False, 500)


def test_an_empty_answer(shared_mock: Client) -> None:
    page = shared_mock.page("SELECT id FROM transaction WHERE id < 0")
    assert (page["items"], page["count"], page["hasMore"], page["totalResults"]) == ([], 0, False, 0)
    assert set(links(page)) == {"self"}


def test_totals_may_exceed_the_cap_but_offsets_may_not(start_mock: Callable[..., Client]) -> None:
    client = start_mock(orders=300, row_cap=200)
    assert client.page(ORDERS, limit=100, offset=100)["totalResults"] == 300
    assert client.post_query(ORDERS, limit=100, offset=200).status_code == 400


def test_the_content_type_is_a_collection(shared_mock: Client) -> None:
    response = shared_mock.post_query(ORDERS)
    assert response.headers["Content-Type"] == "application/vnd.oracle.resource+json; type=collection"


def test_only_post_is_allowed(shared_mock: Client) -> None:
    assert shared_mock.call("GET", PATH).status_code == 405


@pytest.mark.parametrize("size", [1, 7, 100, 1000])
def test_keyset_walks_see_every_order_once(own_mock: Client, size: int) -> None:
    """By (UTC modification time, id), over orders changed in one second and in a repeated hour."""
    utc = "SYS_EXTRACT_UTC(lastmodifieddate)"
    seen: list[tuple[str, int]] = []
    where = ""
    for _ in range(400):
        items = own_mock.page(
            f"SELECT id, TO_CHAR({utc}, 'YYYY-MM-DD HH24:MI:SS') AS m FROM transaction "
            f"WHERE type = 'SalesOrd'{where} ORDER BY {utc}, id",
            limit=size,
        )["items"]
        if not items:
            break
        seen += [(item["m"], int(item["id"])) for item in items]
        moment = f"TO_TIMESTAMP('{seen[-1][0]}', 'YYYY-MM-DD HH24:MI:SS')"
        where = f" AND ({utc} > {moment} OR ({utc} = {moment} AND id > {seen[-1][1]}))"
    assert seen == sorted(seen)
    assert len({order for _, order in seen}) == len(seen) == 200


def test_a_page_costs_about_the_same_at_any_depth() -> None:
    """A ratio of two times of one sitting: the last pages of 150,000 orders against the first."""
    columns = (
        "t.id, t.tranid, t.entity, t.status, TO_CHAR(t.enddate, 'YYYY-MM-DD') AS e, "
        "(SELECT MAX(l.custcol_end_date) FROM transactionline l WHERE l.transaction = t.id) AS le"
    )

    def best(client: Client, low: int) -> float:
        query = f"SELECT {columns} FROM transaction t WHERE t.type = 'SalesOrd' AND t.id > {low} ORDER BY t.id"
        times = []
        for _ in range(5):
            started = time.perf_counter()
            assert client.page(query)["count"] == 1000
            times.append(time.perf_counter() - started)
        return min(times)

    with serve(MockConfig(orders=150_000, today=TODAY)) as mock:
        client = Client(mock)
        deep = int(client.rows("SELECT MAX(id) AS id FROM transaction")[0]["id"]) - 3300
        first, last = best(client, 0), best(client, deep)
    assert last < 5 * first
