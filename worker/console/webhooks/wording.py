"""Webhooks and their calls in words."""

from collections.abc import Mapping
from typing import Any

from connectors.webhooks import origin
from models.webhook import PROGRAM

# State of a call: its words, and how they look.
CALL_STATES = {"due": ("Waits", "run-running"), "delivered": ("Taken", "run-good"), "dead": ("Dead", "run-bad")}


def state(webhook: Mapping[str, Any]) -> tuple[str, str]:
    """How it is, in a word, and how that looks."""
    if webhook["disabled_at"] is not None:
        return "Disabled", "run-bad"
    return ("Failing", "run-late") if webhook["failing_since"] is not None else ("Active", "run-good")


def is_undecided(webhook: Mapping[str, Any]) -> bool:
    """Whether termsync disabled it, and no person has said since whether it stays so."""
    return bool(webhook["disabled_by"] == PROGRAM)


def call_state(call: Mapping[str, Any]) -> tuple[str, str]:
    """How a call is."""
    if call["state"] == "due" and call["attempts"]:
        return "Failed, waits", "run-late"
    return CALL_STATES[call["state"]]


def kinds(webhook: Mapping[str, Any]) -> str:
    """Which events it is called about."""
    return ", ".join(webhook["kinds"]) if webhook["kinds"] else "all kinds"


def address(webhook: Mapping[str, Any], *, whole: bool) -> str:
    """Where it is called: `whole` to who may make webhooks. What follows the host may be a secret."""
    return webhook["url"] if whole else origin(webhook["url"])
