"""Attention in the console, over HTTP: customers, rejected rows, holds, flags, renewals; once done with, gone."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import httpx
import pytest
import redis
from order_world import DAY, OrderWorld
from page_statements import statements
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker
from web_running import add_staff, browsing, send, serving, sign_in

from worker.pipeline import reconcile
from worker.pipeline.guard import Thresholds
from worker.settings import load

TODAY = datetime.now(UTC).date()
SignIn = Callable[..., httpx.Client]
HERE = "/console/attention"


@pytest.fixture
def world(sessions: sessionmaker[Session]) -> Iterator[OrderWorld]:
    with sessions() as session:
        for role in ("admin", "enrollment", "ops"):
            add_staff(session, role)
        yield OrderWorld(session, "acme", "bolt")


@pytest.fixture
def signed_in(database: Engine, redis_url: str) -> Iterator[SignIn]:
    """Browsers of staff, by role."""
    with serving(database, load(netsuite_account="1234567"), redis_url) as url, ExitStack() as browsers:

        def signed_in(role: str = "admin") -> httpx.Client:
            client = browsers.enter_context(browsing(url))
            assert sign_in(client, f"{role}@staff.example").status_code == 303
            return client

        yield signed_in


def sent(client: httpx.Client, form_at: str, to: str, **fields: object) -> str:
    """What the page says after a form was sent."""
    answer = send(client, form_at, to, **fields)
    assert answer.status_code == 303, answer.text
    return client.get(answer.headers["location"]).text


def test_attention_opens_on_what_waits_and_the_menu_says_how_much(signed_in: SignIn, world: OrderWorld) -> None:
    world.order(1, "acme", flag="missing")
    world.session.commit()
    client = signed_in("enrollment")
    assert client.get(HERE).headers["location"] == f"{HERE}/flagged"
    page = client.get(f"{HERE}/flagged")
    assert re.search(r'class="waits">1<', page.text)
    for name in ("holds", "unmatched", "rejected", "ending"):
        assert 'class="empty"' in client.get(f"{HERE}/{name}").text


def test_mapping_a_customer_brings_its_orders_in(
    signed_in: SignIn, world: OrderWorld, sessions: sessionmaker[Session], redis_client: redis.Redis
) -> None:
    world.customer(9, "Acme <West>")
    world.customer(10)
    for n in (1, 2, 3):
        world.landed(n, 9 if n < 3 else 10, TODAY + n * DAY)
    world.session.commit()
    client = signed_in()
    page = client.get(f"{HERE}/unmatched").text
    assert "Acme &lt;West&gt;" in page
    assert "NetSuite customer 10" in page
    assert "Customers (view)" in page  # the remedy for names that stay away
    assert "Map to Acme" in page
    here = f"{HERE}/unmatched/map?customer=9&tenant=acme"
    assert "2 orders come in" in client.get(here).text
    assert "2 orders come in" in client.get("/console/tenants/acme/map?customer=9").text
    assert "2 orders come in now" in sent(client, here, f"{HERE}/unmatched/map", customer="9", tenant="acme")
    assert redis_client.hlen("dramatiq:short.msgs") == 1

    reconcile.reconcile_all(sessions, Thresholds())
    assert "SO1" in client.get("/console/orders").text
    assert "Acme &lt;West&gt;" not in client.get(f"{HERE}/unmatched").text
    again = sent(client, "/password", f"{HERE}/unmatched/map", customer="9", tenant="bolt")
    assert "mapped to tenant" in again
    assert "Nothing is left to do" in client.get(here).text
    for address in (f"{HERE}/unmatched/map?customer=9&tenant=bolt", "/console/tenants/bolt/map?customer=9"):
        preview = client.get(address).text
        assert "belongs to another tenant" in preview
        assert 'href="/console/tenants/acme"' in preview
        assert f'method="post" action="{HERE}' not in preview
        assert 'method="post" action="/console/tenants' not in preview


def test_rejected_rows_are_asked_for_again_ignored_and_handed_on(signed_in: SignIn, world: OrderWorld) -> None:
    for n in (1, 2, 3):
        world.landed(n, 9, reject="date-unreadable" if n < 3 else "customer-missing")
    world.session.commit()
    client = signed_in("ops")
    here = f"{HERE}/rejected"
    page = client.get(here).text
    for words in (
        "A term date is ambiguous or impossible",
        "Correct the date on the order",
        "SO1",
        "never accepted",
    ):
        assert words in page
    assert "No row was ticked" in sent(client, here, f"{here}/retry")
    assert "asked again for 1 row" in sent(client, here, f"{here}/retry", row=ticked(page, 1))
    assert "no reason" in sent(client, here, f"{here}/ignore", row=ticked(page, 1))
    every = {"all": "yes", "code": "date-unreadable", "reason": "test orders"}
    assert "2 rows match now, not 1; nothing was changed" in sent(
        client, here, f"{here}/ignore", **every, expected="1"
    )
    assert 'name="expected" value="2"' in client.get(f"{here}?code=date-unreadable").text
    told = sent(client, here, f"{here}/ignore", **every, expected="2")
    assert "2 rows ignored" in told
    assert "SO3" in client.get(here).text
    assert "SO1" not in client.get(here).text
    assert "test orders" in client.get(f"{here}?show=ignored").text
    me = world.session.execute(text("select id from staff where role = 'ops'")).scalar_one()
    assert "1 row handed on" in sent(client, here, f"{here}/assign", row=ticked(page, 3), assignee=str(me))
    assert "SO3" in client.get(f"{here}?mine=yes").text
    rows = list(csv.reader(io.StringIO(client.get(f"{here}/export/csv?show=all").text)))
    assert len(rows) == 4


def ticked(page: str, order_id: int) -> str:
    """What the box of an order's rejected row sends."""
    [found] = re.findall(rf'name="row" value="(o{order_id}@\d+)"', page)
    return str(found)


def test_what_was_rejected_since_the_page_was_opened_is_not_ignored_unseen(
    signed_in: SignIn, world: OrderWorld
) -> None:
    world.customer(9)
    world.landed(1, 9, reject="date-unreadable")
    world.session.commit()
    client = signed_in("ops")
    here = f"{HERE}/rejected"
    seen = ticked(client.get(here).text, 1)
    another = "update landing_order set reject_code = 'customer-missing', read_at = read_at + interval '1 second'"
    world.session.execute(text(another))
    world.session.commit()
    for act in ("ignore", "assign"):
        told = sent(client, here, f"{here}/{act}", row=seen, reason="test")
        assert "None of the chosen rows is rejected any more; nothing was changed" in told
    assert "SO1" in client.get(here).text


def test_rows_that_are_rejected_no_longer_are_told_apart(signed_in: SignIn, world: OrderWorld) -> None:
    world.customer(9)
    world.landed(1, 9, reject="date-unreadable")
    world.landed(2, 9)
    world.session.commit()
    client = signed_in("ops")
    here = f"{HERE}/rejected"
    for act in ("ignore", "retry", "assign"):
        for row in ("o2@1", "o999@1", "p7@1" if act != "retry" else "o3@1", "nonsense"):
            told = sent(client, here, f"{here}/{act}", row=row, reason="test")
            assert "None of the chosen rows is rejected any more; nothing was changed" in told, (act, row)
            assert "Look at the list again" in told
    told = sent(client, here, f"{here}/ignore", row=[ticked(client.get(here).text, 1), "o2@1"], reason="test")
    assert "1 row ignored" in told
    assert "1 other row no longer waited" in told
    deeds = world.session.execute(text("select action from staff_action where subject = 'rejected rows'"))
    assert list(deeds.scalars()) == ["1 rejected rows ignored"]


def test_a_hold_names_its_people_and_is_decided_with_a_reason(
    signed_in: SignIn, world: OrderWorld, sessions: sessionmaker[Session]
) -> None:
    world.order(1, "acme", end=TODAY + 90 * DAY)
    for user in range(3):
        world.enroll(1, "acme", user, TODAY + 90 * DAY)
    world.session.execute(text("update landing_order set term_end = :end"), {"end": TODAY - 5 * DAY})
    world.session.execute(
        text("insert into landing_due (tenant_id, order_id) select tenant_id, id from sales_order")
    )
    world.session.commit()
    [hold] = reconcile.reconcile_all(sessions, Thresholds(people=1)).holds
    client = signed_in("ops")
    assert "Too many people would lose access" in client.get(f"{HERE}/holds").text
    here = f"{HERE}/holds/{hold}"
    page = client.get(here).text
    assert [f"Person {n} of acme" in page for n in range(3)] == [True] * 3
    assert "3 people lose access earlier" in page
    assert len(client.get(f"{here}/people/csv").text.splitlines()) == 4
    assert "no reason" in sent(client, here, f"{here}/approve", reason="", expected="3")
    world.enroll(1, "acme", 3, TODAY + 90 * DAY)
    world.session.commit()
    told = sent(client, here, f"{here}/approve", reason="asked the client", expected="3")
    assert "Access of 4 people would end earlier now, not of 3; nothing was changed." in told
    told = sent(client, here, f"{here}/approve", reason="asked the client", expected="4")
    assert "4 enrollments expired" in told
    decided = client.get(here).text
    assert "asked the client" in decided
    assert "already approved" in sent(client, "/password", f"{here}/reject", reason="too late")
    assert client.get(f"{HERE}/holds/999").status_code == 404


def test_flags_are_reviewed_together_and_each_leads_to_its_order(signed_in: SignIn, world: OrderWorld) -> None:
    world.order(1, "acme", flag="missing")
    world.order(2, "bolt", 8, flag="cancelled")
    world.order(3, "bolt", 8, flag="deleted")
    world.enroll(3, "bolt", 0)
    world.session.commit()
    client = signed_in()
    here = f"{HERE}/flagged"
    page = client.get(here).text
    assert [f'href="/console/orders/{address}"' in page for address in ("acme/1", "bolt/2", "bolt/3")] == [
        True
    ] * 3
    assert "SO2" not in client.get(f"{here}?flag=missing").text
    ticked = re.findall(r'name="row" value="((?:acme/1|bolt/2)/[^"]+)"', page)
    told = sent(client, here, f"{here}/review", row=ticked, reason="renewed")
    assert "2 flags reviewed" in told
    assert "SO3" in told
    assert "SO1" not in told
    assert "ticked" in sent(client, here, f"{here}/review", row="nonsense", reason="x")
    assert len(client.get(f"{here}/export/csv").text.splitlines()) == 2


def test_an_order_that_ends_is_shown_beside_its_renewal(signed_in: SignIn, world: OrderWorld) -> None:
    world.order(1, "acme", end=TODAY + 5 * DAY)
    world.enroll(1, "acme", 0, TODAY + 5 * DAY)
    world.order(2, "acme", end=TODAY + 400 * DAY)
    world.session.commit()
    client = signed_in("enrollment")
    page = client.get(f"{HERE}/ending").text
    assert "SO1" in page
    assert "SO2" in page
    assert 'class="empty"' in client.get(f"{HERE}/ending?within=7&page=2").text
    assert client.get(f"{HERE}/ending?within=1000").status_code == 400


MAY = {
    "unmatched/map": {"admin"},
    "rejected/retry": {"admin", "ops"},
    "rejected/ignore": {"admin", "ops"},
    "rejected/assign": {"admin", "ops"},
    "holds/1/approve": {"admin", "ops"},
    "holds/1/reject": {"admin", "ops"},
    "flagged/review": {"admin"},
}


def test_each_action_is_for_its_roles(signed_in: SignIn, world: OrderWorld) -> None:
    world.session.commit()
    for role in ("admin", "enrollment", "ops"):
        client = signed_in(role)
        for action, roles in MAY.items():
            answer = send(client, "/password", f"{HERE}/{action}")
            assert (answer.status_code == 403) == (role not in roles), (role, action)


def test_more_rows_take_no_more_statements(signed_in: SignIn, world: OrderWorld) -> None:
    world.customer(100, "C")
    world.landed(100, 100)
    world.landed(1000, 100, reject="date-unreadable")
    world.order(200, "acme", flag="missing")
    world.order(300, "bolt", 8, end=TODAY + DAY)
    world.enroll(300, "bolt", 0, TODAY + DAY)
    world.order(400, "bolt", 8, end=TODAY + 100 * DAY)
    world.session.commit()
    client = signed_in()
    pages = [f"{HERE}/{name}" for name in ("unmatched", "rejected", "holds", "flagged", "ending")]
    few = [statements(world.session, client, page) for page in pages]
    for n in range(1, 20):
        world.customer(100 + n, f"C{n}")
        world.landed(100 + n, 100 + n)
        world.landed(1000 + n, 100, reject="date-unreadable")
        world.order(200 + n, "acme", flag="missing")
        world.order(300 + n, "bolt", 8, end=TODAY + DAY)
    world.session.commit()
    assert [statements(world.session, client, page) for page in pages] == few
