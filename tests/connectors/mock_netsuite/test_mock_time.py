"""Dates and instants: session zone, date format, masks, the hour that repeats, UTC."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_client import TODAY, Client

from connectors.mock_netsuite import MockConfig, serve
from connectors.mock_netsuite.data import fold_start

pytest_plugins = ("mock_accounts",)

SECONDS = "'YYYY-MM-DD HH24:MI:SS'"


def literal(moment: datetime) -> str:
    return f"TO_TIMESTAMP('{moment:%Y-%m-%d %H:%M:%S}', {SECONDS})"


@pytest.fixture(scope="module")
def zones() -> Iterator[dict[str, Client]]:
    """The same orders in accounts of three zones."""
    names = ("America/Los_Angeles", "Europe/Berlin", "Australia/Lord_Howe")
    running = [serve(MockConfig(orders=1000, today=TODAY, time_zone=name, seed=7)) for name in names]
    yield {name: Client(mock.__enter__()) for name, mock in zip(names, running, strict=True)}
    for mock in running:
        mock.__exit__(None, None, None)


def test_instants_are_shown_in_the_session_zone_and_extracted_in_utc(zones: dict[str, Client]) -> None:
    query = (
        f"SELECT TO_CHAR(lastmodifieddate, {SECONDS}) AS local, "
        f"TO_CHAR(SYS_EXTRACT_UTC(lastmodifieddate), {SECONDS}) AS utc FROM transaction ORDER BY id"
    )
    for name, client in zones.items():
        for row in client.rows(query):
            utc = datetime.fromisoformat(row["utc"]).replace(tzinfo=UTC)
            assert row["local"] == f"{utc.astimezone(ZoneInfo(name)):%Y-%m-%d %H:%M:%S}"


def test_both_halves_of_the_repeated_hour_are_told_apart_only_in_utc(zones: dict[str, Client]) -> None:
    client = zones["America/Los_Angeles"]
    start = fold_start(ZoneInfo("America/Los_Angeles"), TODAY)
    utc = "SYS_EXTRACT_UTC(lastmodifieddate)"
    end = literal(start + timedelta(hours=2))
    rows = client.rows(
        f"SELECT TO_CHAR(lastmodifieddate, 'HH24') AS hour, TO_CHAR({utc}, 'HH24') AS utc_hour, "
        f"TO_CHAR(lastmodifieddate, 'TZH:TZM') AS offset FROM transaction "
        f"WHERE {utc} >= {literal(start)} AND {utc} < {end}"
    )
    assert {row["hour"] for row in rows} == {"01"}
    assert {(row["utc_hour"], row["offset"]) for row in rows} == {("08", "-07:00"), ("09", "-08:00")}


def test_a_literal_in_the_repeated_hour_means_standard_time(zones: dict[str, Client]) -> None:
    client = zones["America/Los_Angeles"]
    day = f"{fold_start(ZoneInfo('America/Los_Angeles'), TODAY):%Y-%m-%d}"
    local = f"TO_DATE('{day} 01:30:00', {SECONDS})"
    assert client.rows(f"SELECT TO_CHAR(SYS_EXTRACT_UTC({local}), {SECONDS}) AS u FROM dual") == [
        {"u": f"{day} 09:30:00"}
    ]


@settings(max_examples=60, deadline=None)
@given(seconds=st.integers(0, 3 * 366 * 86400))
def test_local_bounds_select_what_the_zone_says(zones: dict[str, Client], seconds: int) -> None:
    """Rows changed after a wall-clock bound, counted by the server and by the tz database."""
    moment = datetime.fromisoformat("2024-01-01 00:00:00") + timedelta(seconds=seconds)
    for name, client in zones.items():
        local = moment.replace(tzinfo=ZoneInfo(name), fold=1)
        if local.astimezone(UTC).astimezone(ZoneInfo(name)).replace(tzinfo=None) != moment:
            continue  # this hour does not exist there
        bound = local.astimezone(UTC)
        by_zone = f"lastmodifieddate >= TO_DATE('{moment:%Y-%m-%d %H:%M:%S}', {SECONDS})"
        by_utc = f"SYS_EXTRACT_UTC(lastmodifieddate) >= {literal(bound)}"
        counts = [client.rows(f"SELECT COUNT(*) AS n FROM transaction WHERE {test}") for test in (by_zone, by_utc)]
        assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("date_format", "printed"),
    [
        ("M/D/YYYY", "3/2/2026"),
        ("MM/DD/YYYY", "03/02/2026"),
        ("D/M/YYYY", "2/3/2026"),
        ("DD.MM.YYYY", "02.03.2026"),
        ("DD-Mon-YYYY", "02-Mar-2026"),
        ("DD-MON-YYYY", "02-MAR-2026"),
        ("YYYY-MM-DD", "2026-03-02"),
    ],
)
def test_raw_dates_follow_the_preference_without_their_time(
    start_mock: Callable[..., Client], date_format: str, printed: str
) -> None:
    client = start_mock(date_format=date_format, orders=0)
    order = client.record("POST", "salesOrder", json=an_order(endDate="2026-03-02"))
    assert order.status_code == 204
    moment = f"TO_DATE('2026-03-02 17:45:00', {SECONDS}) AS m"
    assert client.rows(f"SELECT enddate, {moment} FROM transaction") == [{"enddate": printed, "m": printed}]
    assert client.rows(f"SELECT COUNT(*) AS n FROM transaction WHERE enddate = '{printed}'") == [{"n": "1"}]


def an_order(**fields: object) -> dict[str, object]:
    return {"entity": {"id": "101"}, "item": {"items": [{"item": {"id": "1"}}]}, **fields}


@pytest.mark.parametrize(
    ("mask", "printed"),
    [
        ("YYYY-MM-DD HH24:MI:SS", "2026-03-05 07:08:09"),
        ('YYYY-MM-DD"T"HH24:MI:SS"Z"', "2026-03-05T07:08:09Z"),
        ("DS TS", "3/5/2026 7:08:09 AM"),
        ("DD-MON-YY", "05-MAR-26"),
        ("FMMonth DD, YYYY", "March 5, 2026"),
        ("Month DD", "March     05"),
        ("DY Day", "THU Thursday "),
        ("HH:MI am", "07:08 am"),
        ('YYYY"Q"Q', "2026Q1"),
        ("DDD IW D", "064 10 5"),
        ("SSSSS", "25689"),
        ("YYYY-MM-DD HH24:MI:SS.FF3", "2026-03-05 07:08:09.000"),
        ("100%".replace("100", "YYYY").replace("%", ""), "2026"),
    ],
)
def test_masks_print_as_oracle_prints(shared_mock: Client, mask: str, printed: str) -> None:
    moment = f"TO_TIMESTAMP('2026-03-05 07:08:09', {SECONDS})"
    assert shared_mock.rows(f"SELECT TO_CHAR({moment}, '{mask}') AS v FROM dual") == [{"v": printed}]


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        ("2026-3-5", "YYYY-MM-DD"),
        ("2026/03/05", "YYYY-MM-DD"),
        ("2026-03-05", "YYYY-MM-DD HH24:MI:SS"),
        ("05-MAR-2026", "DD-MON-YYYY"),
        ("March 5, 2026", "Month DD, YYYY"),
        ("03/05/2026 12:00:00 AM", "MM/DD/YYYY HH12:MI:SS AM"),
    ],
)
def test_masks_read_as_leniently_as_oracle(shared_mock: Client, text: str, mask: str) -> None:
    query = f"SELECT TO_CHAR(TO_DATE('{text}', '{mask}'), {SECONDS}) AS v FROM dual"
    assert shared_mock.rows(query) == [{"v": "2026-03-05 00:00:00"}]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (
            "TO_CHAR(TO_TIMESTAMP_TZ('2026-01-01 00:00 +02:00', 'YYYY-MM-DD HH24:MI TZH:TZM'), 'DD HH24:MI')",
            "31 14:00",
        ),
        (
            "TO_CHAR(SYS_EXTRACT_UTC(FROM_TZ(TO_TIMESTAMP('2026-07-01', 'YYYY-MM-DD'), 'Asia/Tokyo')), 'HH24')",
            "15",
        ),
        ("TO_CHAR(NEW_TIME(TO_DATE('2026-07-01', 'YYYY-MM-DD'), 'PST', 'GMT'), 'HH24')", "08"),
        ("TZ_OFFSET('Asia/Tokyo')", "+09:00"),
        ("TO_CHAR(TRUNC(TO_DATE('2026-07-18', 'YYYY-MM-DD'), 'MM'), 'YYYY-MM-DD')", "2026-07-01"),
        ("TO_CHAR(TO_DATE('2026-07-01', 'YYYY-MM-DD') + 1.5, 'DD HH24')", "02 12"),
        ("TO_DATE('2026-07-11', 'YYYY-MM-DD') - TO_DATE('2026-07-01', 'YYYY-MM-DD')", "10"),
        ("TO_CHAR(ADD_MONTHS(TO_DATE('2026-01-31', 'YYYY-MM-DD'), 1), 'YYYY-MM-DD')", "2026-02-28"),
        ("TO_CHAR(LAST_DAY(TO_DATE('2028-02-10', 'YYYY-MM-DD')), 'DD')", "29"),
        ("EXTRACT(YEAR FROM TO_DATE('2028-02-10', 'YYYY-MM-DD'))", "2028"),
        ("MONTHS_BETWEEN(TO_DATE('2026-07-01', 'YYYY-MM-DD'), TO_DATE('2026-05-01', 'YYYY-MM-DD'))", "2"),
        ("SESSIONTIMEZONE", "America/Los_Angeles"),
    ],
)
def test_functions_of_time(shared_mock: Client, expression: str, value: str) -> None:
    assert shared_mock.rows(f"SELECT {expression} AS v FROM DUAL") == [{"v": value}]


def test_clocks_follow_the_account_and_each_its_zone(start_mock: Callable[..., Client]) -> None:
    client = start_mock(time_zone="Asia/Tokyo", clock_offset=-86400.0)
    names = {"SYSDATE": "America/Los_Angeles", "CURRENT_DATE": "Asia/Tokyo", "CURRENT_TIMESTAMP": "Asia/Tokyo"}
    columns = ", ".join(f"TO_CHAR({name}, {SECONDS}) AS {name.lower()}_" for name in names)
    client.session.auth = None
    offset = client.control("PATCH", "settings", {"clock_offset": 0})["clock_offset"]
    assert offset == 0
    client.session.auth = client.signer()
    before = datetime.now(UTC)
    [row] = client.rows(f"SELECT {columns} FROM DUAL")
    for name, zone in names.items():
        shown = datetime.fromisoformat(row[f"{name.lower()}_"]).replace(tzinfo=ZoneInfo(zone))
        assert abs(shown - before) < timedelta(seconds=30)


def test_server_time_is_utc_with_milliseconds(shared_mock: Client) -> None:
    text = shared_mock.call("GET", "/services/rest/system/v1/serverTime").json()["serverTime"]
    shown = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    assert abs(shown - datetime.now(UTC)) < timedelta(seconds=30)


def test_relative_ranges(shared_mock: Client) -> None:
    query = (
        "SELECT COUNT(*) AS n FROM transaction WHERE trandate >= BUILTIN.RELATIVE_RANGES('DAGO100000', 'START') "
        "AND trandate <= BUILTIN.RELATIVE_RANGES('TODAY', 'END')"
    )
    assert int(shared_mock.rows(query)[0]["n"]) > 0
