"""Every page of the console that its menu leads to, and one of each kind behind those: looked at as an admin."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from browser_looks import faults
from browser_stage import Stage, until
from client_world import ClientWorld
from playwright.sync_api import Page
from sqlalchemy import text

from models.enrollment_changes import Why
from worker import clock
from worker.pipeline import tenants

pytest_plugins = ("browser_fixtures",)

TODAY = datetime.now(UTC).date()
# What the menu leads to only after a choice.
CHOSEN = ("/console/courses?tenant=tour", "/console/users?tenant=tour")
# Not pages to look at: files, and what ends the visit.
SKIPPED = re.compile(r"/export/|/console/(live|static)|(csv|xlsx|json|file)(\?|$)|[?&](sort|page)=")
# What is of a tenant has the tenant's key in its address.
TENANT = re.compile(r"(/console/(?:courses|orders|tenants|users)/)(?!list)[^/]+")


def furnish(stage: Stage) -> None:
    """A client with people in every state on its orders, and a customer whose orders wait for a tenant."""
    customer = stage.customer()
    order = {"entity": {"id": str(customer)}, "orderStatus": {"id": "B"}}
    dates = [(TODAY + timedelta(days=n)).isoformat() for n in (-200, -3, 20, 300)]
    ids = [stage.netsuite.create({**order, "startDate": dates[0], "endDate": end}) for end in dates[1:]]
    with stage.sessions.begin() as session:
        world = ClientWorld(session, "tour", name="Grand Tour Training")
        tenants.map_customer(session, world.tenant_id, customer, Why("test", clock.now(session)))
    until(lambda: _accepted(stage, ids))
    with stage.sessions.begin() as session:
        world.session = session
        for number, name in enumerate(("Ada Berg", "Bo Castillo", "Cy Dumont", "Zoë Ångström", "علي الفارسي")):
            world.user(name, active=number != 2, groups=["North"])
            world.enroll(name, "safety", order=ids[number % 3], status="U" if number == 3 else "E")


def _accepted(stage: Stage, ids: list[int]) -> bool:
    with stage.sessions() as session:
        found = session.execute(text("select count(*) from sales_order where id = any(:ids)"), {"ids": ids})
        return bool(found.scalar_one() == len(ids))


@pytest.mark.timeout(600)
def test_every_page_of_the_console_looks_right(stage: Stage) -> None:
    furnish(stage)
    wrong: list[str] = []
    with stage.visit(stage.staff["admin"]) as page:
        page.goto("/console/")
        menu = [*_links(page, ".navbar-vertical"), *CHOSEN]
        pages = _one_of_each([*menu, *_behind(page, menu)])
        for kind, address in pages.items():
            answer = page.goto(address)
            assert answer is not None
            wrong += [] if answer.status == 200 else [f"{address}: {answer.status}"]
            wrong += faults(stage, page, kind)
    assert len(pages) > 20
    assert not wrong, "\n".join(wrong)


def _behind(page: Page, menu: list[str]) -> list[str]:
    """What the pages of the menu lead to."""
    found = []
    for address in menu:
        page.goto(address)
        found += _links(page, ".page-wrapper")
    return found


def _one_of_each(addresses: list[str]) -> dict[str, str]:
    """The first address of each kind. Within one, numbers, the tenant and the values of what is asked differ."""
    found: dict[str, str] = {}
    for address in addresses:
        parts = urlsplit(address)
        asked = "-".join(sorted(name for name, _ in parse_qsl(parts.query)))
        path = TENANT.sub(r"\1tenant", re.sub(r"\d+", "n", parts.path))
        kind = path.strip("/").replace("/", "-") + (f"-by-{asked}" if asked else "")
        found.setdefault(kind, address)
    return found


def _links(page: Page, where: str) -> list[str]:
    """Addresses of the console that links inside `where` lead to, each once."""
    script = "links => links.map(link => link.pathname + link.search)"
    addresses = page.locator(where).locator("a[href]").evaluate_all(script)
    paths = [address for address in addresses if address.startswith("/console/") and not SKIPPED.search(address)]
    return list(dict.fromkeys(paths))
