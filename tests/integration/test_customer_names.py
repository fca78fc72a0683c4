"""Customers' names from the mocked account: from their records, from orders where those are hidden, or none."""

from collections.abc import Iterator

import pytest
from mocked_account import client_of

from connectors.errors import OperatorMustAct
from connectors.mock_netsuite import Mock, MockConfig, serve
from connectors.netsuite.customers import CustomerNames


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    with serve(MockConfig(orders=60, customers=4)) as running:
        yield running


def companies(mock: Mock) -> dict[int, str]:
    return {int(row[0]): row[1] for row in mock.account.store.rows("SELECT id, companyname FROM customer")}


def test_names_come_from_the_customer_records(mock: Mock) -> None:
    wanted = companies(mock)
    assert len(wanted) == 4
    assert CustomerNames(client_of(mock)).of([*wanted, 999_999]) == wanted


def test_a_thousand_customers_are_one_question(mock: Mock) -> None:
    client = client_of(mock)
    CustomerNames(client).of(range(1, 2001))
    assert client.calls == 2


def test_nobody_asked_for_is_no_question(mock: Mock) -> None:
    client = client_of(mock)
    assert CustomerNames(client).of([]) == {}
    assert client.calls == 0


def test_a_role_without_customers_reads_the_names_that_orders_show() -> None:
    with serve(MockConfig(orders=60, customers=4, hidden_tables=frozenset({"customer"}))) as mock:
        assert CustomerNames(client_of(mock)).of(companies(mock)) == companies(mock)


def test_a_role_that_may_read_neither_is_told_what_to_ask_for() -> None:
    hidden = frozenset({"transaction.entity"})
    config = MockConfig(orders=20, hidden_tables=frozenset({"customer"}), hidden_columns=hidden)
    with serve(config) as mock, pytest.raises(OperatorMustAct, match="entity") as refused:
        CustomerNames(client_of(mock)).of([101])
    assert refused.value.code == "netsuite-customers-not-readable"
    assert "Customers (view)" in refused.value.remedy


def test_a_person_is_called_by_name_and_hostile_text_is_one_storable_line() -> None:
    with serve(MockConfig(orders=20, customers=3)) as mock:
        with mock.account.store.transaction() as cursor:
            cursor.execute(
                "UPDATE customer SET companyname = NULL, firstname = 'Ada', lastname = 'Ng' WHERE id = 101"
            )
            cursor.execute("UPDATE customer SET companyname = ? WHERE id = 102", ["a\n<script>\t" + "x" * 10_000])
            cursor.execute("UPDATE customer SET companyname = NULL, entityid = NULL WHERE id = 103")
        names = CustomerNames(client_of(mock)).of([101, 102, 103])
    assert names == {101: "Ada Ng", 102: "a <script> " + "x" * 289}
