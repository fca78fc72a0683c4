"""Runs in words."""

from typing import Any

import pytest

from worker.console.runs import wording

AS_IT_WAS: dict[str, Any] = {
    "flag_before": None,
    "flag_after": None,
    "number_before": "SO1",
    "number": "SO1",
    "status_before": "B",
    "status_after": "B",
}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "–"),
        (
            {"flag_after": "cancelled", "status_after": "C"},
            "Flagged cancelled. Pending Fulfillment becomes Cancelled.",
        ),
        ({"flag_before": "missing"}, "No longer missing."),
        ({"number": "SO2"}, "Was SO1."),
        ({"status_after": "Z"}, "Pending Fulfillment becomes Z."),
    ],
)
def test_what_else_changes_with_an_order(changes: dict[str, Any], told: str) -> None:
    assert wording.also(AS_IT_WAS | changes) == told
