"""A mocked account beside a connector that reads it: for tests that use both."""

from collections.abc import Iterable
from datetime import UTC
from typing import Any

import requests
from pydantic import SecretStr
from requests_oauthlib import OAuth1

from connectors.mock_netsuite import Fault, Mock
from connectors.netsuite import Backoff, Governor, NetSuiteClient, OrderPage, OrderRow, SalesOrders, TermFields
from connectors.netsuite.auth import Login, TokenAuth, TokenCredentials

LINE_STARTS = TermFields.parse("line:custcol_start_date, header:startdate", "NETSUITE_TERM_START")
LINE_ENDS = TermFields.parse("line:custcol_end_date, header:enddate", "NETSUITE_TERM_END")


def token_login(mock: Mock) -> TokenAuth:
    config = mock.config
    key, token = SecretStr(config.consumer_key), SecretStr(config.token_id)
    return TokenAuth(TokenCredentials(key, config.consumer_secret, token, config.token_secret), config.account)


def client_of(mock: Mock, login: Login | None = None, slots: int = 4) -> NetSuiteClient:
    return NetSuiteClient(
        mock.config.account,
        login or token_login(mock),
        mock.base_url,
        Governor(slots),
        timeouts=(5, 5),
        backoff=Backoff(first=0.01, longest=0.05),
    )


def reader(mock: Mock, page_size: int = 1000, slots: int = 4) -> SalesOrders:
    return SalesOrders(client_of(mock, slots=slots), page_size=page_size)


def line_reader(mock: Mock, page_size: int = 1000) -> SalesOrders:
    return SalesOrders(client_of(mock), LINE_STARTS, LINE_ENDS, page_size)


def change(mock: Mock, method: str, path: str, **body: Any) -> None:
    """What a person does in NetSuite, through its record API."""
    config = mock.config
    secrets = config.consumer_secret.get_secret_value(), config.token_secret.get_secret_value()
    signer = OAuth1(
        config.consumer_key,
        secrets[0],
        config.token_id,
        secrets[1],
        signature_method="HMAC-SHA256",
        realm=config.account,
    )
    url = f"{mock.base_url}/services/rest/record/v1/salesOrder/{path}"
    answer = requests.request(method, url, json=body or None, auth=signer, timeout=10)
    assert answer.status_code == 204, answer.text


def truth(mock: Mock) -> dict[int, tuple[Any, ...]]:
    """Every order as the account holds it."""
    columns = "id, tranid, entity, status, startdate, enddate, lastmodifieddate"
    rows = mock.account.store.rows(f"SELECT {columns} FROM \"transaction\" WHERE type = 'SalesOrd'")
    return {int(row[0]): (*row[1:6], row[6].replace(tzinfo=UTC)) for row in rows}


def facts(row: OrderRow) -> tuple[Any, ...]:
    return row.number, row.customer_id, row.status, row.term_start, row.term_end, row.modified_at


def as_truth(pages: Iterable[OrderPage]) -> dict[int, tuple[Any, ...]]:
    return {row.order_id: facts(row) for page in pages for row in page.orders}


def read_all(orders: SalesOrders) -> dict[int, tuple[Any, ...]]:
    return as_truth(page for ids in orders.id_ranges() for page in orders.in_range(ids))


def control(mock: Mock, name: str, method: str = "POST", **body: Any) -> None:
    """What the account is made to do through its `/_mock/` API."""
    answer = requests.request(method, f"{mock.base_url}/_mock/{name}", json=body, timeout=10)
    assert answer.ok, answer.text


def switch_on(mock: Mock, fault: Fault) -> None:
    control(mock, "faults", **fault.model_dump())


def settings(mock: Mock, **changed: Any) -> None:
    control(mock, "settings", "PATCH", **changed)
