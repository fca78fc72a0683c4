"""The connector against the mocked account when things go wrong: nothing is lost, nothing is hammered."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from mocked_account import (
    as_truth,
    change,
    client_of,
    control,
    line_reader,
    read_all,
    reader,
    settings,
    switch_on,
    truth,
)
from pydantic import SecretStr

from connectors.errors import OperatorMustAct, TryAgain
from connectors.mock_netsuite import CustomField, Fault, Mock, MockConfig, serve
from connectors.netsuite import IdRange, SalesOrders, TermFields
from connectors.netsuite.auth import CertificateCredentials, ClientCredentialsAuth, TokenAuth, TokenCredentials


@pytest.fixture(scope="module")
def account() -> Iterator[Mock]:
    with serve(MockConfig(orders=1500)) as running:
        yield running


@pytest.fixture
def mock(account: Mock) -> Iterator[Mock]:
    """An account whose faults and odd settings end with the test."""
    yield account
    control(account, "reset")
    settings(account, concurrency=account.config.concurrency, over_limit="429", retry_after=None, latency={})


PASSING = [
    Fault(kind="rate-limit", next=2),
    Fault(kind="rate-limit", next=1, retry_after=0),
    Fault(kind="queue-then-401", next=1, seconds=0.05, on="suiteql"),
    Fault(kind="server-error", next=2),
    Fault(kind="maintenance", next=3),
    Fault(kind="html-ok", next=2),
    Fault(kind="truncated", next=2),
    Fault(kind="reset", next=2, share=0),
    Fault(kind="reset", next=2, share=0.4),
    Fault(kind="bad-json", next=2),
    Fault(kind="gzip-bomb", next=1),
    Fault(kind="slow-page", next=1, seconds=0.3),
    Fault(kind="latency", next=3, seconds=0.05),
    Fault(kind="repeated-rows", next=4, count=5),
    Fault(kind="repeated-page", probability=0.3, seed=1),
    Fault(kind="shuffled"),
]


@pytest.mark.parametrize("fault", PASSING, ids=lambda fault: f"{fault.kind}-{fault.next}")
def test_passing_faults_lose_nothing(mock: Mock, fault: Fault) -> None:
    switch_on(mock, fault)
    assert read_all(reader(mock, page_size=250)) == truth(mock)


@pytest.mark.parametrize("seed", range(3))
def test_any_mixture_of_passing_faults_loses_nothing(mock: Mock, seed: int) -> None:
    for fault in PASSING:
        if fault.kind not in {"gzip-bomb", "slow-page"}:
            switch_on(mock, fault.model_copy(update={"next": None, "probability": 0.03, "seed": seed}))
    assert read_all(reader(mock, page_size=50)) == truth(mock)


def calls_to_read(mock: Mock, slots: int, threads: int) -> tuple[int, int]:
    """Calls made to read everything in so many threads, and the fewest possible."""
    client = client_of(mock, slots=slots)
    orders = SalesOrders(client, page_size=30)
    ranges = orders.id_ranges()
    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(lambda ids: as_truth(orders.in_range(ids)), ranges))
    assert {order: facts for part in parts for order, facts in part.items()} == truth(mock)
    return client.calls, len(ranges) + 1


@pytest.mark.parametrize("retry_after", [None, 0.0])
def test_an_account_with_fewer_slots_than_ours_is_not_hammered(mock: Mock, retry_after: float | None) -> None:
    settings(mock, concurrency=2, retry_after=retry_after, latency={"suiteql": 0.01})
    calls, fewest = calls_to_read(mock, slots=5, threads=8)
    assert mock.stats()["over_limit_refused"] > 0
    assert calls <= 1.2 * fewest


def test_overload_that_looks_like_a_refused_login_is_not_hammered(mock: Mock) -> None:
    settings(mock, concurrency=2, over_limit="queue-then-401", queue_seconds=0.02, latency={"suiteql": 0.05})
    calls, fewest = calls_to_read(mock, slots=5, threads=8)
    assert mock.stats()["over_limit_refused"] > 0
    assert calls <= 1.2 * fewest


def test_chance_refusals_cost_few_calls(mock: Mock) -> None:
    switch_on(mock, Fault(kind="rate-limit", probability=0.08, seed=3))
    calls, fewest = calls_to_read(mock, slots=4, threads=4)
    assert fewest < calls <= 1.2 * fewest


def test_the_account_never_sees_more_than_our_slots(mock: Mock) -> None:
    settings(mock, latency={"suiteql": 0.01})
    calls, fewest = calls_to_read(mock, slots=3, threads=8)
    assert mock.stats()["most_in_flight"] == 3
    assert calls == fewest


def test_learnt_slots_keep_us_within_the_account(mock: Mock) -> None:
    settings(mock, concurrency=2, latency={"suiteql": 0.01})
    client = client_of(mock, slots=5)
    client.learn_slots()
    ranges = [IdRange(number, number + 1) for number in range(20)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda ids: list(SalesOrders(client).in_range(ids)), ranges))
    assert mock.stats()["over_limit_refused"] == 0
    assert mock.stats()["most_in_flight"] == 2


def test_a_failure_that_stays_is_handed_on_and_the_read_goes_on_later(mock: Mock) -> None:
    orders = reader(mock, page_size=400)
    pages = orders.in_range(IdRange(0, None))
    first = next(pages)
    switch_on(mock, Fault(kind="maintenance"))
    with pytest.raises(TryAgain) as caught:
        next(pages)
    assert caught.value.code == "netsuite-unavailable"
    control(mock, "faults", "DELETE")
    assert first.high is not None
    rest = orders.in_range(IdRange(first.high, None))
    assert as_truth([first, *rest]) == truth(mock)


def test_rows_changing_between_pages_are_not_lost(mock: Mock) -> None:
    orders = reader(mock, page_size=200)
    since = orders.now() - timedelta(days=5000)
    switch_on(mock, Fault(kind="churn", on="suiteql", count=20))
    before = set(truth(mock))
    assert set(read_all(orders)) == before
    control(mock, "faults", "DELETE")
    assert as_truth(orders.changed(since, orders.now() + timedelta(seconds=2))) == truth(mock)


def test_a_late_commit_is_found_by_looking_again(mock: Mock) -> None:
    """It is dated before the time up to which was read, but was not there to be read."""
    orders, order_id = reader(mock), min(truth(mock))
    since = orders.now() - timedelta(seconds=1)
    switch_on(mock, Fault(kind="late-commit", seconds=3600))
    change(mock, "PATCH", str(order_id), endDate="2031-05-06")
    watermark = orders.now() + timedelta(seconds=1)
    before = as_truth(orders.changed(since, watermark))  # may know it from a change of a moment ago
    assert order_id not in before or before[order_id][4] != date(2031, 5, 6)
    control(mock, "settle")
    found = as_truth(orders.changed(since, watermark))
    assert found[order_id][4] == date(2031, 5, 6)
    assert since.replace(microsecond=0) <= found[order_id][5] < watermark


def test_a_lost_permission_is_an_error_not_an_empty_answer(mock: Mock) -> None:
    orders = line_reader(mock)
    assert orders.existing_ids(truth(mock))
    switch_on(mock, Fault(kind="hidden-table", table="transaction"))
    with pytest.raises(OperatorMustAct, match="'transaction'") as caught:
        list(orders.in_range(IdRange(0, None)))
    assert caught.value.code == "netsuite-record-not-readable"
    with pytest.raises(OperatorMustAct):
        orders.id_ranges()
    with pytest.raises(OperatorMustAct):
        orders.existing_ids([1])


def test_a_role_without_deleted_records_is_told_apart(mock: Mock) -> None:
    orders = reader(mock)
    switch_on(mock, Fault(kind="hidden-table", table="deletedrecord"))
    with pytest.raises(OperatorMustAct) as caught:
        list(orders.deleted(orders.now()))
    assert caught.value.code == "netsuite-deletions-not-readable"


@pytest.mark.parametrize(
    ("start", "end", "named"),
    [
        ("header:custbody_nowhere", "header:enddate", "NETSUITE_TERM_START"),
        ("header:startdate", "line:custcol_nowhere, header:enddate", "NETSUITE_TERM_END"),
    ],
)
def test_an_unknown_field_names_its_setting(mock: Mock, start: str, end: str, named: str) -> None:
    mapping = TermFields.parse(start, "NETSUITE_TERM_START"), TermFields.parse(end, "NETSUITE_TERM_END")
    orders = SalesOrders(client_of(mock), *mapping)
    for read in (orders.check_fields, lambda: list(orders.in_range(IdRange(0, None)))):
        with pytest.raises(OperatorMustAct, match=f"nowhere'.*{named}") as caught:
            read()
        assert caught.value.code == "netsuite-unknown-field"


def test_an_account_that_answers_an_unknown_field_with_500_has_it_found() -> None:
    with serve(MockConfig(orders=5, unknown_column_status=500)) as mock:
        end = TermFields.parse("header:enddate, line:custcol_nowhere", "NETSUITE_TERM_END")
        with pytest.raises(OperatorMustAct, match="line:custcol_nowhere of NETSUITE_TERM_END") as caught:
            SalesOrders(client_of(mock), term_end=end).check_fields()
    assert caught.value.code == "netsuite-unknown-field"


def test_a_term_field_that_holds_no_dates_is_named() -> None:
    with serve(MockConfig(orders=5, custom_fields=(CustomField(scriptid="custbody_words", kind="text"),))) as mock:
        end = TermFields.parse("header:enddate, header:custbody_words", "NETSUITE_TERM_END")
        with pytest.raises(OperatorMustAct, match="header:custbody_words of NETSUITE_TERM_END") as caught:
            SalesOrders(client_of(mock), term_end=end).check_fields()
    assert caught.value.code == "netsuite-unknown-field"


def test_known_fields_pass_the_check(mock: Mock) -> None:
    client = client_of(mock)
    SalesOrders(client).check_fields()
    assert client.calls == 1


def test_a_wrong_secret_is_refused_after_two_calls(mock: Mock) -> None:
    config = mock.config
    wrong = TokenCredentials(
        SecretStr(config.consumer_key), SecretStr("wrong"), SecretStr(config.token_id), config.token_secret
    )
    client = client_of(mock, TokenAuth(wrong, config.account))
    with ThreadPoolExecutor(4) as pool:
        tries = [pool.submit(client.server_time) for _ in range(4)]
        found = [attempt.exception() for attempt in tries]
    assert {type(problem).__name__ for problem in found} == {"LoginRefused"}
    assert client.calls == 2, "five refusals lock the token"


def test_a_certificate_login_reads_and_survives_revoked_tokens(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    key_file = tmp_path / "key.pem"
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    key_file.chmod(0o600)
    config = MockConfig(orders=300, client_id="client", certificate_id="cert", key_file=key_file)
    with serve(config) as mock:
        login = ClientCredentialsAuth(CertificateCredentials("client", "cert", key_file), mock.base_url)
        client = client_of(mock, login)
        orders = SalesOrders(client, page_size=100)
        with ThreadPoolExecutor(4) as pool:
            parts = list(pool.map(lambda ids: as_truth(orders.in_range(ids)), orders.id_ranges()))
        assert sum(map(len, parts)) == 300
        assert mock.stats()["by_endpoint"]["token"] == 1
        control(mock, "revoke-tokens")
        assert len(read_all(orders)) == 300
        assert mock.stats()["by_endpoint"]["token"] == 2
