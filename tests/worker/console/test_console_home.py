"""The overview: what needs somebody, what came in, what ends soon, what ran and who expired."""

import re
from datetime import UTC, datetime, time

from operations import SignIn, add_run, words
from order_world import DAY, OrderWorld
from page_statements import statements
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from worker.pages.words import day
from worker.pipeline import expire

pytest_plugins = ("operations_site",)

NOW = datetime.now(UTC)
TODAY = NOW.date()


def test_with_nothing_to_tell_it_says_so_and_where_to_look(signed_in: SignIn, world: OrderWorld) -> None:
    page = words(signed_in().get("/console/"))
    for told in (
        "Nothing waits for a decision.",
        "No order arrived or changed.",
        "Nobody's access ends within 14 days.",
        "No run has found anything yet.",
        "Nobody expired.",
    ):
        assert told in page


def test_what_needs_somebody_is_counted_and_leads_there(signed_in: SignIn, world: OrderWorld) -> None:
    world.order(1, "acme", flag="cancelled")
    world.customer(8, "Nobody's")
    world.landed(2, 8)
    for order_id in (3, 4):
        world.landed(order_id, 7, reject="date-unreadable")
    world.session.commit()
    add_run(world.session, state="failed", outcome=None)
    page = signed_in().get("/console/").text
    for number, told, kind in (
        (1, "customer without a tenant", "attention/unmatched"),
        (2, "rows that could not be used", "attention/rejected"),
        (1, "flagged order", "attention/flagged"),
        (1, "run failed today", "runs?state=failed"),
    ):
        assert f'<a href="/console/{kind}"><strong>{number}</strong> {told}</a>' in page
    assert "holds to decide" not in page


def test_orders_of_the_last_day_are_listed_the_latest_first(signed_in: SignIn, world: OrderWorld) -> None:
    world.order(1, "acme", end=TODAY + 90 * DAY, accepted=NOW - 3 * DAY)
    world.order(2, "acme", end=TODAY + 90 * DAY, accepted=NOW - DAY / 2)
    world.order(3, "bolt", 8, accepted=NOW - DAY / 4)
    changed = """insert into sales_order_event (order_id, tenant_id, at, actor, number_before, number_after,
        status_before, status_after) select id, tenant_id, now(), 'sync', number, number, 'A', 'B'
        from sales_order where id = 2"""
    world.session.execute(text(changed))
    world.session.commit()
    page = words(signed_in().get("/console/now"))
    assert "SO1" not in page
    assert page.index("SO3 New Bolt") < page.index("SO2 Changed Acme")
    assert re.search(r"6 h \d+ min ago", page)


def test_access_that_ends_soon_is_told_by_day_and_order(signed_in: SignIn, world: OrderWorld) -> None:
    first, second = TODAY + 3 * DAY, TODAY + 9 * DAY
    for number, (tenant, end) in enumerate((("acme", second), ("bolt", first), ("bolt", TODAY + 40 * DAY)), 1):
        world.order(number, tenant, 6 + number, end=end)
        world.enroll(number, tenant, number, end)
        world.enroll(number, tenant, 0 if number < 3 else 4, end)
    typed = "update enrollment set expiration_date = :day where id = (select min(id) from enrollment)"
    world.session.execute(text(typed), {"day": second})
    world.session.commit()
    page = words(signed_in().get("/console/now"))
    soon = page.partition("Access that ends soon")[2].partition("Last runs")[0]
    lines = [f"{day(first)} Bolt SO2 2", f"{day(second)} Acme SO1 1", f"{day(second)} Acme typed date 1"]
    assert [soon.find(line) for line in lines] == sorted(soon.find(line) for line in lines)
    assert all(line in soon for line in lines)
    assert "SO3" not in soon


def test_who_keeps_access_because_of_a_pause_is_marked(signed_in: SignIn, world: OrderWorld) -> None:
    """A pause that is over before the last day keeps nobody's access."""
    ends = (TODAY + 3 * DAY, TODAY + 9 * DAY)
    for number, (tenant, end) in enumerate([(tenant, end) for tenant in ("acme", "bolt") for end in ends], 1):
        world.order(number, tenant, 7 if tenant == "acme" else 8, end=end)
        world.enroll(number, tenant, number, end)
    pause = text("update tenant set paused_at = now(), pause_until = :until where key = :key")
    world.session.execute(pause, {"key": "acme", "until": None})
    world.session.execute(pause, {"key": "bolt", "until": datetime.combine(TODAY + 6 * DAY, time(16), UTC)})
    world.session.commit()
    soon = words(signed_in().get("/console/now")).partition("Access that ends soon")[2]
    for end, number in zip(ends, (1, 2), strict=True):
        assert f"{day(end)} Acme Paused Nobody loses access until expiry is resumed SO{number}" in soon
    assert f"{day(ends[0])} Bolt Paused Nobody loses access before {day(TODAY + 6 * DAY)}, 1" in soon
    assert f"{day(ends[1])} Bolt SO4" in soon


def test_whoever_expired_is_counted_by_tenant_and_reason(
    signed_in: SignIn, world: OrderWorld, sessions: sessionmaker[Session]
) -> None:
    world.order(1, "acme", end=TODAY - 3 * DAY)
    for user in range(3):
        world.enroll(1, "acme", user, TODAY - 3 * DAY)
    world.session.commit()
    expire.sweep_all(sessions)
    page = words(signed_in().get("/console/now"))
    assert "Acme term ended 3" in page.partition("Expired last 24 hours")[2]


def test_the_last_runs_are_listed_without_those_that_found_nothing(signed_in: SignIn, world: OrderWorld) -> None:
    add_run(world.session, "order:SO77")
    add_run(world.session, "incremental", counts={"pages": 1, "read": 2, "api_calls": 1})
    page = words(signed_in().get("/console/now")).partition("Last runs")[2]
    assert "Order SO77" in page
    assert "What changed" not in page


def test_statements_do_not_grow_with_what_there_is(signed_in: SignIn, world: OrderWorld) -> None:
    client = signed_in()
    few = statements(world.session, client, "/console/")
    for number in range(1, 6):
        world.order(number, "acme", end=TODAY + number * DAY, accepted=NOW)
        world.enroll(number, "acme", number, TODAY + number * DAY)
        world.order(100 + number, "bolt", 8, flag="deleted", accepted=NOW)
        world.session.commit()
        add_run(world.session, f"order:SO{number}")
    assert statements(world.session, client, "/console/") == few


def test_every_page_has_its_landmarks_and_one_first_heading(signed_in: SignIn, world: OrderWorld) -> None:
    client = signed_in("admin")
    for address in ("/console/", "/console/accounts/list", "/console/runs/new", "/password"):
        page = client.get(address).text
        assert page.count("<main") == page.count("</main>") == 1, address
        assert page.index('href="#main"') < page.index("<nav") < page.index('id="main"'), address
        assert page.count("<h1") == 1, address
    overview = " ".join(client.get("/console/").text.split())
    assert re.findall(r'aria-current="page" href="[^"]*(/console/[^"]*)"', overview) == ["/console/"]
