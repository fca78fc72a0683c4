"""What each status opens, all of it."""

from itertools import product

import pytest

from models.access import Page, may_log_in, may_open
from models.status import Status

PAGES = ["today", "learn", "practice", "apply", "results"]
OPEN = {("E", page) for page in PAGES} | {("X", "results")}


@pytest.mark.parametrize(("status", "page", "active"), list(product(["E", "U", "X"], PAGES, [True, False])))
def test_access_rule(status: str, page: str, active: bool) -> None:
    assert may_open(page, Status(status), active) == (active and (status, page) in OPEN)


@pytest.mark.parametrize("page", ["", "admin", "Results", "results ", "../results"])
@pytest.mark.parametrize("status", list(Status))
def test_unknown_pages_are_denied(page: str, status: Status) -> None:
    assert not may_open(page, status, active=True)


@pytest.mark.parametrize("page", PAGES)
def test_no_enrollment_opens_nothing(page: str) -> None:
    assert not may_open(page, None, active=True)


def test_there_are_exactly_these_pages() -> None:
    assert [str(page) for page in Page] == PAGES


def test_only_active_users_log_in() -> None:
    assert may_log_in(active=True)
    assert not may_log_in(active=False)
