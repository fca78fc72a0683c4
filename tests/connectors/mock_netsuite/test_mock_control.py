"""The control API, the demo data, the assumptions and the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
import requests
from plain_client import TIMEOUT, TODAY, Client
from pydantic import ValidationError

from connectors.mock_netsuite import MockConfig, control, serve

pytest_plugins = ("mock_accounts",)

SECONDS = "'YYYY-MM-DD HH24:MI:SS'"


def test_statistics_count_requests_by_endpoint_and_status(own_mock: Client) -> None:
    own_mock.page("SELECT id FROM transaction")
    own_mock.refusal("SELECT nope FROM transaction")
    own_mock.record("GET", "customer/101")
    stats = own_mock.control("GET", "stats")
    assert stats["by_endpoint"] == {"suiteql": 2, "record": 1}
    assert stats["by_status"] == {"200": 2, "400": 1}
    assert (stats["requests"], stats["in_flight"], stats["most_in_flight"]) == (3, 0, 1)
    assert stats["orders"] == 200
    assert stats == own_mock.mock.stats()


def test_the_log_holds_queries_and_can_be_forgotten(own_mock: Client) -> None:
    own_mock.page("SELECT id FROM customer", limit=5)
    [entry] = own_mock.control("GET", "log")["requests"]
    assert (entry["endpoint"], entry["status"], entry["query"]) == ("suiteql", 200, {"limit": "5"})
    assert json.loads(entry["body"]) == {"q": "SELECT id FROM customer"}
    own_mock.control("DELETE", "log")
    assert own_mock.control("GET", "log") == {"requests": []}
    assert own_mock.mock.stats()["requests"] == 0


def test_settings_can_be_changed_while_it_runs(own_mock: Client) -> None:
    changed = own_mock.control("PATCH", "settings", {"latency": {"record": 0.01}, "retry_after": 4})
    assert (changed["latency"], changed["retry_after"], changed["concurrency"]) == ({"record": 0.01}, 4, 5)
    assert own_mock.control("GET", "settings") == changed
    own_mock.control("PATCH", "settings", {"retry_after": None})
    assert own_mock.control("GET", "settings")["retry_after"] is None


def test_orders_can_be_seeded_in_bulk_at_a_moment(own_mock: Client) -> None:
    added = own_mock.control("POST", "orders", {"count": 500, "modified": "2026-11-20T12:00:00+02:00"})
    utc = f"TO_CHAR(SYS_EXTRACT_UTC(lastmodifieddate), {SECONDS})"
    rows = own_mock.rows(
        f"SELECT {utc} AS m, COUNT(*) AS n FROM transaction WHERE type = 'SalesOrd' "
        f"AND id BETWEEN {added['first_id']} AND {added['last_id']} GROUP BY {utc}"
    )
    assert rows == [{"m": "2026-11-20 10:00:00", "n": "500"}]
    assert own_mock.mock.stats()["orders"] == 700
    keys = own_mock.rows("SELECT COUNT(*) AS n, COUNT(DISTINCT uniquekey) AS k FROM transactionline")
    assert keys[0]["n"] == keys[0]["k"]
    body = {"entity": {"id": "101"}, "item": {"items": [{"item": {"id": "1"}}]}}
    made = own_mock.record("POST", "salesOrder", json=body).headers["Location"]
    assert int(made.rpartition("/")[2]) > added["last_id"] - 3


def test_reset_takes_back_faults_cells_and_clock_but_not_data(own_mock: Client) -> None:
    own_mock.fault("server-error")
    own_mock.control("POST", "odd-cells", {"order": 1002})
    own_mock.control("PATCH", "settings", {"clock_offset": 90})
    own_mock.control("POST", "orders", {"count": 1})
    own_mock.control("POST", "reset")
    assert own_mock.control("GET", "faults") == {"faults": []}
    assert own_mock.control("GET", "odd-cells") == {"odd_cells": []}
    assert own_mock.control("GET", "settings")["clock_offset"] == 0
    assert own_mock.mock.stats()["orders"] == 201


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("faults", {"kind": "earthquake"}),
        ("faults", {"kind": "latency", "sconds": 1}),
        ("faults", {"kind": "latency", "probability": 2}),
        ("odd-cells", {"order": "x"}),
        ("orders", {"count": 0}),
        ("orders", [1]),
    ],
)
def test_nonsense_to_the_control_api_is_refused(own_mock: Client, path: str, content: object) -> None:
    response = requests.post(own_mock.url(f"/_mock/{path}"), json=content, timeout=TIMEOUT)
    assert response.status_code == 400
    assert response.json()["error"]


def test_unknown_control_paths_point_to_the_list(own_mock: Client) -> None:
    assert requests.get(own_mock.url("/_mock/nothing"), timeout=TIMEOUT).status_code == 404
    assert requests.delete(own_mock.url("/_mock/faults/77"), timeout=TIMEOUT).status_code == 404
    shown = "\n".join(own_mock.control("GET", "")["help"])
    documented = {line.split()[1] for line in (control.__doc__ or "").splitlines() if " /_mock/" in line}
    assert all(path in shown for path in documented)
    assert len(documented) >= 12


def test_every_guess_is_listed_with_its_grade(own_mock: Client) -> None:
    guesses = own_mock.control("GET", "assumptions")["assumptions"]
    assert {guess["grade"] for guess in guesses} == {"inferred", "unknown"}
    assert len({guess["topic"] for guess in guesses}) == len(guesses) > 40
    fields = set(MockConfig.model_fields)
    knobs = {guess["knob"] for guess in guesses if guess["knob"] and not guess["knob"].startswith("fault ")}
    assert knobs <= fields


# data


def everything(client: Client) -> list[list[dict[str, Any]]]:
    tables = ("transaction", "transactionline", "customer", "subscription", "deletedrecord")
    return [client.rows(f"SELECT * FROM {table} ORDER BY 1") for table in tables]


def test_the_same_seed_and_day_give_the_same_account(start_mock: Callable[..., Client]) -> None:
    first, again, other = (everything(start_mock(orders=300, seed=seed)) for seed in (5, 5, 6))
    assert first == again
    assert first != other


def test_orders_are_interleaved_with_other_transactions_and_leave_gaps(shared_mock: Client) -> None:
    rows = shared_mock.rows("SELECT id, type FROM transaction ORDER BY id")
    numbers = [int(row["id"]) for row in rows]
    assert any(later - earlier > 1 for earlier, later in pairwise(numbers))
    kinds = [row["type"] for row in rows]
    assert 0 < kinds.index("CustInvc") < len(kinds) - 1
    assert shared_mock.mock.stats()["orders"] == 1500


def test_terms_are_on_header_contract_fields_lines_or_nowhere(shared_mock: Client) -> None:
    line_end = "(SELECT MAX(l.custcol_end_date) FROM transactionline l WHERE l.transaction = t.id)"
    rows = shared_mock.page(
        "SELECT t.id, TO_CHAR(t.startdate, 'YYYY-MM-DD') AS s, TO_CHAR(t.enddate, 'YYYY-MM-DD') AS e, "
        f"TO_CHAR(t.custbody_swe_contract_end_date, 'YYYY-MM-DD') AS c, TO_CHAR({line_end}, 'YYYY-MM-DD') AS l "
        "FROM transaction t WHERE t.type = 'SalesOrd' ORDER BY t.id"
    )["items"]
    where = Counter("e" if "e" in row else "c" if "c" in row else "l" if "l" in row else "none" for row in rows)
    assert min(where[kind] for kind in ("e", "c", "l", "none")) > 0
    assert where["e"] > 700
    for row in rows:
        ends = {row[kind] for kind in ("e", "c", "l") if kind in row}
        assert len(ends) <= 1
        if "s" in row:
            assert row["s"] < row["e"]
    ended = sum(date.fromisoformat(row["e"]) < TODAY for row in rows if "e" in row)
    assert 0 < ended < where["e"]


def test_changes_come_in_clusters_of_one_second_and_never_in_the_future(shared_mock: Client) -> None:
    query = (
        f"SELECT TO_CHAR(SYS_EXTRACT_UTC(lastmodifieddate), {SECONDS}) AS m, COUNT(*) AS n FROM transaction "
        "GROUP BY lastmodifieddate ORDER BY 2 DESC"
    )
    rows = shared_mock.rows(query)
    assert int(rows[0]["n"]) > 3
    assert max(row["m"] for row in rows) < str(TODAY + timedelta(days=1))


def test_an_account_can_be_built_without_lines_or_orders(start_mock: Callable[..., Client]) -> None:
    bare = start_mock(with_lines=False)
    assert bare.rows("SELECT COUNT(*) AS n FROM transactionline") == [{"n": "0"}]
    empty = start_mock(orders=0)
    assert empty.rows("SELECT COUNT(*) AS n FROM transaction") == [{"n": "0"}]


# configuration


def test_credentials_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in MockConfig(account="7654321", consumer_key="k", token_id="t").environment().items():
        monkeypatch.setenv(name, value)
    config = MockConfig.from_environment(orders=5)
    assert (config.account, config.consumer_key, config.token_id, config.orders) == ("7654321", "k", "t", 5)
    assert config.consumer_secret.get_secret_value() == "demo-consumer-secret"


@pytest.mark.parametrize(
    "settings",
    [
        {"time_zone": "Mars/Olympus"},
        {"date_format": "YY"},
        {"concurrency": 0},
        {"ordrs": 5},
        {"custom_fields": [{"scriptid": "x; DROP TABLE y"}]},
    ],
)
def test_a_wrong_configuration_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MockConfig(**settings)


def test_two_accounts_run_side_by_side_and_stop_cleanly() -> None:
    with serve(MockConfig(orders=5)) as first, serve(MockConfig(orders=6)) as second:
        assert (first.stats()["orders"], second.stats()["orders"]) == (5, 6)
        url = first.base_url
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/_mock/stats", timeout=TIMEOUT)


# command line


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_prints_its_address_and_ends_on_a_signal(number: signal.Signals) -> None:
    # A script's "&" starts what it starts deaf to SIGINT.
    command = ["sh", "-c", 'trap "" INT; exec "$0" "$@"', sys.executable, "-m", "connectors.mock_netsuite"]
    command += ["--orders", "20", "--latency", "record=0.01"]
    command += ["--chaos", "rate-limit,on=suiteql,next=1", "--date-format", "YYYY-MM-DD"]
    environment = {**os.environ, "NETSUITE_ACCOUNT": "7654321_SB2"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        try:
            ready = json.loads(process.stdout.readline())
            base = ready["base_url"]
            stats = requests.get(f"{base}/_mock/stats", timeout=TIMEOUT).json()
            faults = requests.get(f"{base}/_mock/faults", timeout=TIMEOUT).json()["faults"]
            process.send_signal(number)
            ended = process.wait(timeout=20)
        finally:
            process.kill()
    assert ended == 0
    assert (ready["account"], ready["orders"], stats["orders"]) == ("7654321_SB2", 20, 20)
    assert [fault["kind"] for fault in faults] == ["rate-limit"]


def test_a_wrong_option_is_wrong_usage() -> None:
    command = [sys.executable, "-m", "connectors.mock_netsuite", "--chaos", "earthquake"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "earthquake" in done.stderr
