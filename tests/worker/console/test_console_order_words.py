"""Terms and payloads as pages tell them."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from worker.console import payloads
from worker.console.orders import wording

# Evening in New York, already the next day in UTC.
NOW = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "grace", "told"),
    [
        (None, date(2026, 3, 9), 0, "ended"),
        (None, date(2026, 3, 10), 0, "ends today"),
        (None, date(2026, 3, 11), 0, "ends tomorrow"),
        (None, date(2026, 4, 9), 0, "ends in 30 days"),
        (None, date(2026, 4, 10), 0, ""),
        (None, date(2026, 3, 8), 2, "in its grace days"),
        (None, date(2026, 3, 7), 2, "ended"),
        (date(2026, 3, 12), date(2026, 3, 20), 0, "starts in 2 days"),
        (date(2026, 3, 1), None, 0, "no end date"),
        (None, None, 0, ""),
    ],
)
def test_a_term_stands_as_it_does_in_the_tenants_zone(
    start: date | None, end: date | None, grace: int, told: str
) -> None:
    row: dict[str, Any] = {"term_start": start, "term_end": end, "time_zone": "America/New_York"}
    assert wording.term_state({**row, "grace_days": grace}, NOW) == told


def test_a_term_is_told_whichever_end_is_open() -> None:
    first, last = date(2026, 1, 1), date(2026, 12, 31)
    assert wording.term(first, last) == "1 Jan 2026 to 31 Dec 2026"
    assert wording.term(None, last) == "until 31 Dec 2026"
    assert wording.term(first, None) == "from 1 Jan 2026"
    assert wording.term(None, None) == "no term"


def test_letters_netsuite_adds_are_shown_as_they_are() -> None:
    assert wording.status_name("B") == "Pending Fulfillment"
    assert wording.status_name("Z") == "Z"


@pytest.mark.parametrize(
    ("payload", "hidden"),
    [
        ('{"id":"1","custbody_api_key":"s3cret"}', "s3cret"),
        ('{"a":[{"access_token":"s3cret"}]}', "s3cret"),
        ('{"memo":"ask joe.bloggs@example.com"}', "joe.bloggs"),
        ("no json, password=s3cret", "s3cret"),
        ('{"cut off, "token": "s3cret', "s3cret"),
    ],
)
def test_secrets_and_addresses_in_payloads_are_masked(payload: str, hidden: str) -> None:
    assert hidden in payload
    assert hidden not in payloads.shown(payload)


def test_a_payload_of_any_form_can_be_shown() -> None:
    assert '"tranid": "SO1"' in payloads.shown('{"tranid":"SO1"}')
    assert payloads.shown("\0") == "\\0"
    assert payloads.shown("[" * 100_000).endswith("more characters")
    assert len(payloads.shown('{"a":"' + "x" * 50_000 + '"}')) < 11_000


@pytest.mark.timeout(20)
def test_a_payload_made_to_be_looked_through_for_ever_is_shown() -> None:
    assert payloads.shown("{" + "token" * 60_000).endswith("more characters")
