"""Lists by cursor: whole, in order, of one tenant; cursors open nothing else."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

pytest_plugins = ("api_world",)

Clients = Callable[..., httpx.Client]
LISTS = ("/tenants/acme/enrollments", "/tenants/acme/sales-orders")


def whole(client: httpx.Client, path: str, **params: Any) -> Iterator[dict[str, Any]]:
    cursor: dict[str, str] = {}
    while True:
        page = client.get(path, params={**params, **cursor}).raise_for_status().json()
        yield from page["items"]
        if page["next"] is None:
            return
        cursor = {"cursor": page["next"]}


@pytest.mark.parametrize("path", LISTS)
def test_any_size_of_page_gives_the_same_list(client: httpx.Client, path: str) -> None:
    lists = [[item["id"] for item in whole(client, path, limit=limit)] for limit in (1, 2, 1000)]
    assert lists[0] == lists[1] == lists[2]
    assert len(lists[0]) in {3, 4}


def test_filters(client: httpx.Client) -> None:
    def users(**params: Any) -> list[str]:
        return [item["user"] for item in whole(client, LISTS[0], limit=2, **params)]

    assert users(sales_order="SO1") == ["user-0", "user-1", "user-2"]
    assert users(user="user-1", course="safety", version="v1", status="E") == ["user-1"]
    assert users(status="X") == users(sales_order="SO5") == users(course="safety", version="v2") == []
    assert users(ends_within=31) == ["user-0", "user-1", "user-2"]
    assert users(search="user-") == users(course="safety") == ["user-0", "user-1", "user-2"]
    assert users(user="user-") == users(course="safe") == [], "a key is named whole: user-1 is not user-10"
    half = client.get(LISTS[0], params={"version": "v1"})
    assert (half.status_code, half.json()["errors"][0]["field"]) == (422, "query.version")
    assert [item["number"] for item in whole(client, LISTS[1], flagged=True)] == ["SO4"]


@pytest.mark.parametrize("path", [LISTS[0], "/events?after=0", "/tenants/acme/users/user-1/access", "/token"])
def test_a_slip_in_a_name_does_not_switch_a_filter_off(client: httpx.Client, path: str) -> None:
    refused = client.get(path, params={**httpx.URL(path).params, "statis": "X"})
    assert (refused.status_code, refused.json()["code"]) == (422, "parameter-unknown")
    assert refused.json()["errors"][0]["field"] == "query.statis"


def test_one_order(client: httpx.Client, sessions: sessionmaker[Session]) -> None:
    order = client.get("/tenants/acme/sales-orders/SO1").json()
    assert (order["id"], order["enrolled"], order["people"]) == (1, 3, 3)
    assert client.get("/tenants/acme/sales-orders/SO5").status_code == 404
    with sessions.begin() as session:
        session.execute(text("update sales_order set number = 'SO1' where id = 2"))
    twice = client.get("/tenants/acme/sales-orders/SO1")
    assert (twice.status_code, twice.json()["code"]) == (409, "order-ambiguous")


def test_a_cursor_is_good_for_its_list_only(clients: Clients) -> None:
    client, other = clients(), clients(name="other")
    cursor = client.get(LISTS[0], params={"limit": 1}).json()["next"]
    turned = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
    for answer in (
        client.get(LISTS[0], params={"limit": 1, "cursor": cursor, "status": "E"}),
        client.get("/tenants/other/enrollments", params={"cursor": cursor}),
        client.get(LISTS[1], params={"cursor": cursor}),
        client.get(LISTS[0], params={"cursor": turned}),
        client.get(LISTS[0], params={"cursor": "ü"}),
        client.get(LISTS[0], params={"cursor": ""}),
        other.get(LISTS[0], params={"cursor": cursor}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor-invalid")


def test_one_tenants_token_sees_one_tenant(clients: Clients) -> None:
    own = clients(tenant="acme")
    for path in LISTS:
        assert own.get(path).status_code == 200
        foreign = own.get(path.replace("acme", "other"))
        nowhere = own.get(path.replace("acme", "nobody"))
        assert foreign.status_code == 404
        assert foreign.text.replace("other", "nobody") == nowhere.text
