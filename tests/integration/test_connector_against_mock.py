"""The connector against the mocked account over a socket: what it reads is what the account holds."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from mocked_account import LINE_ENDS, LINE_STARTS, as_truth, change, client_of, control, line_reader, reader, truth

from connectors.mock_netsuite import Mock, MockConfig, Oddity, serve
from connectors.netsuite import Cursor, IdRange, SalesOrders, TermFields

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
StartMock = Callable[..., Mock]


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    """An account that tests only read."""
    with serve(MockConfig(orders=2600, time_zone="America/Los_Angeles")) as running:
        yield running


@pytest.fixture
def start() -> Iterator[StartMock]:
    """Accounts of a test's own."""
    running: list[Any] = []

    def started(**config: Any) -> Mock:
        running.append(serve(MockConfig(**config)))
        found: Mock = running[-1].__enter__()
        return found

    yield started
    for each in running:
        each.__exit__(None, None, None)


def test_a_full_read_finds_every_order_once_with_its_values(mock: Mock) -> None:
    orders = reader(mock, page_size=400)
    ranges = orders.id_ranges()
    pages = [page for ids in ranges for page in orders.in_range(ids)]

    assert ranges[0].low == 0
    assert ranges[-1].high is None
    assert [ids.high for ids in ranges[:-1]] == [ids.low for ids in ranges[1:]]
    assert [(page.low, page.high) for page in pages] == [tuple(ids) for ids in ranges]
    assert sum(len(page.orders) for page in pages) == 2600
    assert not any(page.rejected for page in pages)
    assert as_truth(pages) == truth(mock)


def test_one_open_range_pages_by_key_and_covers_all_ids(mock: Mock) -> None:
    pages = list(reader(mock).in_range(IdRange(0, None)))
    assert [len(page.orders) for page in pages] == [1000, 1000, 600]
    assert [page.last for page in pages] == [False, False, True]
    assert [page.low for page in pages[1:]] == [page.high for page in pages[:-1]]
    assert (pages[0].low, pages[-1].high) == (0, None)
    assert as_truth(pages) == truth(mock)


@pytest.mark.parametrize("with_lines", [False, True])
def test_changes_can_be_taken_up_again_behind_any_page(mock: Mock, with_lines: bool) -> None:
    orders = line_reader(mock, 350) if with_lines else reader(mock, 350)
    until = orders.now()
    pages = list(orders.changed(LONG_AGO, until))
    keys = [(row.modified_at, row.order_id) for page in pages for row in page.orders]
    assert keys == sorted(set(keys))
    assert len(keys) == 2600
    for number in (0, 3, len(pages) - 1):
        rest = [row for page in orders.changed(LONG_AGO, until, pages[number].cursor) for row in page.orders]
        assert [(row.modified_at, row.order_id) for row in rest] == keys[(number + 1) * 350 :]


def test_only_what_changed_in_the_window_comes(mock: Mock) -> None:
    orders = reader(mock)
    times = sorted(facts[-1] for facts in truth(mock).values())
    since, until = times[700], times[1900]
    found = as_truth(orders.changed(since, until))
    assert found == {order: facts for order, facts in truth(mock).items() if since <= facts[-1] < until}


def test_ties_within_one_second_are_neither_lost_nor_repeated(start: StartMock) -> None:
    mock = start(orders=10)
    second = datetime(2026, 3, 2, 10, 0, 0, tzinfo=UTC)
    control(mock, "orders", count=1300, modified=second.isoformat())
    pages = list(reader(mock, page_size=500).changed(second, second + timedelta(seconds=1)))
    ids = [row.order_id for page in pages for row in page.orders]
    assert len(ids) == 1300
    assert ids == sorted(set(ids))
    assert pages[0].cursor == Cursor(second, ids[499])


def test_the_repeated_hour_of_autumn_is_read_in_utc(start: StartMock) -> None:
    """01:30 came twice in Los Angeles on 1 November 2026, an hour apart."""
    mock = start(orders=0, customers=5, time_zone="America/Los_Angeles", today=date(2026, 11, 10))
    summer, winter = datetime(2026, 11, 1, 8, 30, tzinfo=UTC), datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
    for moment in (winter, summer):
        control(mock, "orders", count=300, modified=moment.isoformat())
    orders, between = reader(mock, page_size=200), datetime(2026, 11, 1, 9, tzinfo=UTC)

    pages = list(orders.changed(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)))
    assert [row.modified_at for page in pages for row in page.orders] == [summer] * 300 + [winter] * 300
    first = [row for page in orders.changed(summer, between) for row in page.orders]
    second = [row for page in orders.changed(between, between + timedelta(hours=1)) for row in page.orders]
    assert {row.modified_at for row in first} == {summer}
    assert {row.modified_at for row in second} == {winter}
    assert (len(first), len(second)) == (300, 300)


def test_a_line_change_without_header_change_is_found(start: StartMock) -> None:
    mock = start(orders=20, line_edits_bump_header=False)
    orders = line_reader(mock)
    before = as_truth(orders.in_range(IdRange(0, None)))
    order_id = min(before)
    since = orders.now().replace(microsecond=0)

    line = {"line": 1, "custcol_start_date": "2026-02-01", "custcol_end_date": "2031-05-06"}
    change(mock, "PATCH", str(order_id), item={"items": [line]})

    found = as_truth(orders.changed(since, since + timedelta(days=1)))
    assert list(found) == [order_id]
    assert found[order_id][4] == date(2031, 5, 6)
    assert found[order_id][5] >= since > before[order_id][5]
    assert not as_truth(reader(mock).changed(since, since + timedelta(days=1)))


def test_of_several_lines_the_earliest_start_and_the_latest_end_count(start: StartMock) -> None:
    mock = start(orders=5)
    items = [
        {"item": {"id": "1"}, "quantity": 1, "custcol_start_date": start_date, "custcol_end_date": end_date}
        for start_date, end_date in (("2026-03-01", "2027-02-28"), ("2026-01-15", "2026-06-30"), (None, None))
    ]
    change(mock, "POST", "", entity={"id": _customer(mock)}, tranDate="2026-01-01", item={"items": items})
    newest = max(truth(mock))
    (page,) = line_reader(mock).by_ids([newest])
    assert [(row.term_start, row.term_end) for row in page.orders] == [(date(2026, 1, 15), date(2027, 2, 28))]


def _customer(mock: Mock) -> str:
    return str(mock.account.store.rows("SELECT min(id) FROM customer")[0][0])


def test_deletions_are_told_and_confirmed(start: StartMock) -> None:
    mock = start(orders=30)
    orders = reader(mock)
    since = orders.now() - timedelta(seconds=1)
    gone, stays = sorted(truth(mock))[:2]
    change(mock, "DELETE", str(gone))

    told = [deletion for page in orders.deleted(since) for deletion in page]
    assert [deletion.order_id for deletion in told] == [gone]
    assert told[0].deleted_at >= since.replace(microsecond=0)
    assert not [deletion for page in orders.deleted(since + timedelta(hours=1)) for deletion in page]
    assert orders.existing_ids([gone, stays]) == {stays}


def test_orders_are_found_by_customer_id_and_number(mock: Mock) -> None:
    orders, known = reader(mock, page_size=30), truth(mock)
    customers = sorted({facts[1] for facts in known.values()})[:3]
    of_customers = as_truth(orders.of_customers(customers))
    assert of_customers == {order: facts for order, facts in known.items() if facts[1] in customers}
    assert len(of_customers) > 30
    some = sorted(known)[::50]
    assert as_truth(orders.by_ids([*some, 999_999_999])) == {order: known[order] for order in some}
    number = known[some[0]][0]
    assert as_truth(orders.by_number(number)) == {o: f for o, f in known.items() if f[0] == number}
    assert not as_truth(orders.by_number("' OR 1=1 --"))
    assert list(orders.by_ids([])) == []
    pages = list(orders.by_ids(known))
    assert [page.last for page in pages].count(True) == 1
    assert orders.existing_ids(range(1, 2500)) >= {order for order in known if order < 2500}


def test_a_pull_with_nothing_new_takes_three_calls(mock: Mock) -> None:
    client = client_of(mock)
    orders = SalesOrders(client, LINE_STARTS, LINE_ENDS)
    now = orders.now()
    (page,) = orders.changed(now, now + timedelta(seconds=1))
    deletions = list(orders.deleted(now))
    assert (page.orders, page.last, page.cursor, deletions) == ([], True, None, [[]])
    assert client.calls == 3


def test_one_bad_row_never_stops_its_page(start: StartMock) -> None:
    mock = start(orders=50)
    ids = sorted(truth(mock))
    odd = {
        "row-too-large": Oddity(order=ids[3], column="transaction.tranid", kind="huge"),
        "text-not-storable": Oddity(order=ids[7], column="transaction.tranid", kind="nul"),
        "date-unreadable": Oddity(order=ids[11], column="transaction.enddate", kind="bad-date"),
        "customer-missing": Oddity(order=ids[15], column="transaction.entity", kind="missing"),
        "status-unreadable": Oddity(order=ids[19], column="transaction.status", kind="object"),
    }
    for oddity in odd.values():
        control(mock, "odd-cells", **oddity.model_dump())
    (page,) = reader(mock).in_range(IdRange(0, None))
    assert len(page.orders) == 45
    assert {row.code for row in page.rejected} == set(odd)


def test_each_mapped_field_is_examined_by_itself(mock: Mock) -> None:
    wrong = TermFields.parse("header:enddate, header:custbody_no_such_field", "NETSUITE_TERM_END")
    orders = SalesOrders(client_of(mock), LINE_STARTS, wrong)
    before = orders.requests_sent
    findings = {finding.field: finding for finding in orders.examine_fields(sample=50)}
    assert orders.requests_sent - before == len(findings) == 4
    assert findings["header:enddate"].setting == "NETSUITE_TERM_END"
    assert 0 < findings["header:enddate"].filled <= findings["header:enddate"].looked_at == 50
    assert "custbody_no_such_field" in (findings["header:custbody_no_such_field"].problem or "")


def test_a_counted_client_counts_its_own_requests(mock: Mock) -> None:
    client = client_of(mock)
    heard: list[int | None] = []
    counted = client.counted(lambda call: heard.append(call.status))
    counted.server_time()
    assert (client.calls, counted.calls, heard) == (0, 1, [200])
