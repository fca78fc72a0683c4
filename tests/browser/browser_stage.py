"""Where browser tests play: what they do with all of termsync at work. The fixture is in `browser_fixtures`."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from commands import Termsync
from playwright.sync_api import Browser, Locator, Page
from processes import PATIENCE
from sqlalchemy.orm import Session, sessionmaker
from web_running import PASSWORD

from connectors.mock_netsuite import Mock
from models.enrollment_changes import Why
from worker import clock
from worker.demo.account import RecordApi
from worker.pipeline import tenants

FIRST_CUSTOMER, CUSTOMERS = 101, 40  # of the mocked account
WIDE, NARROW = 1400, 390
# What an order must be on the page by, from the moment it is entered in NetSuite.
SOON = 10.0


@dataclass
class Stage:
    """All of termsync at work. `shots` is where screenshots go."""

    url: str
    sessions: sessionmaker[Session]
    account: Mock
    netsuite: RecordApi
    termsync: Termsync
    browser: Browser
    shots: Path
    staff: dict[str, str]
    _customers: Iterator[int] = field(default_factory=lambda: count(FIRST_CUSTOMER))

    def customer(self) -> int:
        """A NetSuite customer no other test uses."""
        customer = next(self._customers)
        assert customer < FIRST_CUSTOMER + CUSTOMERS, "more customers are needed: raise CUSTOMERS"
        return customer

    def tenant(self, key: str, name: str, *customers: int, zone: str = "America/New_York") -> int:
        """A tenant these customers are mapped to. Returns its id."""
        with self.sessions.begin() as session:
            why = Why("test", clock.now(session))
            tenant, _ = tenants.add(session, key, name, why, time_zone=zone)
            for customer in customers:
                tenants.map_customer(session, tenant.id, customer, why)
        return tenant.id

    @contextmanager
    def visit(self, email: str | None = None, width: int = WIDE) -> Iterator[Page]:
        """A page of a browser of its own: signed in as whoever has the address, or as nobody.

        Fails afterwards when a script of the page failed.
        """
        context = self.browser.new_context(
            viewport={"width": width, "height": 900}, base_url=self.url, locale="en-GB", timezone_id="UTC"
        )
        context.set_default_timeout(PATIENCE * 1000)
        page = context.new_page()
        failures: list[str] = []
        page.on("pageerror", lambda error: failures.append(str(error)))
        try:
            if email is not None:
                sign_in(page, email)
            yield page
        except BaseException:
            page.screenshot(path=self.shots / "failed.png", full_page=True)
            print(f"The page at the end: {page.url}\n{page.locator('body').inner_text()}")
            raise
        finally:
            context.close()
        assert not failures, failures


def sign_in(page: Page, email: str) -> None:
    """Signs in through the form, and waits for the first page."""
    page.goto("/login")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    go(page, page.get_by_role("button", name="Sign in", exact=True))
    assert "/login" not in page.url


def go(page: Page, link: Locator) -> None:
    """Clicks on what leads to another page, and waits for it: a click alone leaves the old page to act on."""
    with page.expect_navigation():
        link.click()


def until(condition: Callable[[], bool], seconds: float = PATIENCE) -> float:
    """Waits until `condition` holds; returns the seconds that took. Fails when they are over."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, f"not within {seconds} s"
        time.sleep(0.1)
    return time.monotonic() - started
