"""The change feed: one order, no gap and nothing twice, whoever writes, whoever dies."""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker

from models import holding, reconciling
from models.api_events import KINDS, Horizon
from models.enrollment_changes import Why
from models.locks import lock_tenant
from worker import clock
from worker.api.events import Kind

pytest_plugins = ("api_world",)

Clients = Callable[..., httpx.Client]
SECONDS = 6.0
WRITERS = 4
ORDERS = 5  # of the world, each accepted for the first time: the first events of all
EXPIRE = {"select": {"status": "E"}, "set": {"action": "X"}}
ORDER_EVENT = """
insert into sales_order_event (
    order_id, tenant_id, at, actor, number_before, number_after, status_before, status_after
)
select 1, id, clock_timestamp(), 'writer', 'SO1', 'SO1', 'A', 'B' from tenant where key = :tenant
"""
HOLD = """
insert into hold (tenant_id, rule, reason, would_expire, enrolled, orders)
select id, 'people', 'too many', 1, 1, 1 from tenant where key = :tenant
"""
LATER = datetime.now(UTC).date() + timedelta(days=30)  # when the first order of the world ends
ALL_IDS = """
select id from enrollment_event where :tenant = '' or tenant_id = (select id from tenant where key = :tenant)
union all
select id from sales_order_event where :tenant = '' or tenant_id = (select id from tenant where key = :tenant)
union all
select first_event from sales_order where :tenant = '' or tenant_id = (select id from tenant where key = :tenant)
union all
select unnest(array_remove(array[opened_event, decided_event], null)) from hold
where :tenant = '' or tenant_id = (select id from tenant where key = :tenant)
order by id
"""


def events(client: httpx.Client, **params: Any) -> dict[str, Any]:
    """A page of the feed, behind the orders of the world unless `after` says otherwise."""
    page: dict[str, Any] = client.get("/events", params={"after": ORDERS, **params}).raise_for_status().json()
    return page


def written(sessions: sessionmaker[Session], tenant: str = "") -> list[int]:
    with sessions() as session:
        return list(session.execute(text(ALL_IDS), {"tenant": tenant}).scalars())


def test_what_happened_is_told_in_order(client: httpx.Client) -> None:
    assert events(client) == {"events": [], "next": ORDERS, "more": False}
    client.put("/tenants/acme/enrollments/user-4/safety/v1", json={"sales_order": "SO1"})
    client.put("/tenants/acme/enrollments/user-4/safety/v1", json={"sales_order": "SO2"})
    for status in ("U", "E", "X", "E"):
        client.put("/tenants/acme/enrollments/user-4/safety/v1", json={"status": status})
    told = events(client)
    assert [event["kind"].removeprefix("enrollment.") for event in told["events"]] == [
        "created",
        "changed",
        "unenrolled",
        "enrolled",
        "expired",
        "reinstated",
    ]
    assert {event["user"] for event in told["events"]} == {"user-4"}
    assert [event["status"] for event in told["events"]] == ["E", "E", "U", "E", "X", "E"]
    assert told["events"][-1]["sales_order"] == "SO2"
    assert events(client, after=told["next"])["events"] == []
    one_by_one, after = [], ORDERS
    for _ in told["events"]:
        page = events(client, after=after, limit=1)
        one_by_one += page["events"]
        after = page["next"]
    assert one_by_one == told["events"]


def test_filters_by_tenant_and_kind(clients: Clients) -> None:
    client, own = clients(), clients(tenant="acme")
    for tenant in ("acme", "other"):
        client.post(f"/tenants/{tenant}/enrollments/edit", json=EXPIRE).raise_for_status()
    client.put("/tenants/acme/enrollments/user-4/safety/v1", json={})
    assert {event["tenant"] for event in events(client)["events"]} == {"acme", "other"}
    assert {event["tenant"] for event in events(client, tenant="other")["events"]} == {"other"}
    assert {event["tenant"] for event in events(own)["events"]} == {"acme"}
    assert [event["user"] for event in events(own, kind="enrollment.created")["events"]] == ["user-4"]
    both = events(client, kind=["enrollment.created", "enrollment.expired"])["events"]
    assert len(both) == len(events(client)["events"]) == 5
    foreign, nowhere = (own.get("/events", params={"tenant": key}) for key in ("other", "nobody"))
    assert (foreign.status_code, nowhere.status_code) == (404, 404)
    assert foreign.text.replace("other", "nobody") == nowhere.text
    assert client.get("/events", params={"kind": "everything"}).status_code == 422


def test_a_number_that_was_never_drawn_is_refused(client: httpx.Client) -> None:
    answer = client.get("/events", params={"after": 10**9})
    assert (answer.status_code, answer.json()["code"]) == (422, "event-not-reached")


def test_the_answer_waits_for_news(clients: Clients) -> None:
    client, writer = clients(), clients(name="writer")
    news = threading.Timer(0.5, lambda: writer.put("/tenants/acme/enrollments/user-4/safety/v1", json={}))
    news.start()
    try:
        assert [event["user"] for event in events(client, wait=30)["events"]] == ["user-4"]
    finally:
        news.join()
    assert events(client, after=events(client)["next"], wait=0.3)["events"] == []


def test_an_event_waits_for_the_lower_ones_under_way(
    client: httpx.Client, sessions: sessionmaker[Session]
) -> None:
    """A writer has drawn a number and not committed; another tenant's higher one has."""
    with sessions() as slow:
        slow.execute(text(ORDER_EVENT), {"tenant": "other"})
        client.put("/tenants/acme/enrollments/user-4/safety/v1", json={}).raise_for_status()
        assert events(client)["events"] == []
        slow.commit()
    assert [event["tenant"] for event in events(client)["events"]] == ["other", "acme"]


def test_a_writer_that_gives_up_leaves_no_trace(client: httpx.Client, sessions: sessionmaker[Session]) -> None:
    with sessions() as slow:
        slow.execute(text(ORDER_EVENT), {"tenant": "other"})
        client.put("/tenants/acme/enrollments/user-4/safety/v1", json={}).raise_for_status()
        slow.rollback()
    assert [event["tenant"] for event in events(client)["events"]] == ["acme"]


def test_the_horizon_moves_on_though_there_is_always_a_writer(
    api_world: None, sessions: sessionmaker[Session]
) -> None:
    horizon = Horizon()
    with sessions() as reader, sessions() as first, sessions() as second:
        first.execute(text(ORDER_EVENT), {"tenant": "acme"})
        assert horizon.look(reader) == 0
        second.execute(text(ORDER_EVENT), {"tenant": "other"})
        first.commit()
        assert horizon.look(reader) == ORDERS + 1
        first.execute(text(ORDER_EVENT), {"tenant": "acme"})
        second.commit()
        assert horizon.look(reader) == ORDERS + 2
        first.rollback()
        assert horizon.look(reader) == ORDERS + 3
        reader.rollback()


class Follower(threading.Thread):
    """Follows the feed until it is told to stop and has reached the end; keeps what it was told."""

    def __init__(self, client: httpx.Client, limit: int) -> None:
        super().__init__()
        self._client = client
        self._limit = limit
        self.told: list[int] = []
        self.ending = threading.Event()

    def run(self) -> None:
        after = 0
        while True:
            last = self.ending.is_set()
            page = events(self._client, after=after, limit=self._limit, wait=0.2)
            self.told += [event["id"] for event in page["events"]]
            after = page["next"]
            if last and not page["events"] and not page["more"]:
                return


@contextmanager
def writers(database: Engine, tenant_ids: list[int], chance: random.Random) -> Iterator[Callable[[], None]]:
    """Writing processes; what is yielded kills one with SIGKILL and starts another."""
    url = database.url.render_as_string(hide_password=False)
    script = str(Path(__file__).parent / "event_writer.py")
    numbers = iter(range(1, 1000))

    def start() -> "subprocess.Popen[bytes]":
        command = [sys.executable, script, url, str(next(numbers)), *map(str, tenant_ids)]
        return subprocess.Popen(command)

    running = [start() for _ in range(WRITERS)]

    def kill_one() -> None:
        unlucky = chance.randrange(WRITERS)
        running[unlucky].kill()
        running[unlucky].wait(10)
        running[unlucky] = start()

    try:
        yield kill_one
    finally:
        for process in running:
            process.kill()
            process.wait(10)


@pytest.mark.parametrize("seed", [1])
def test_readers_miss_nothing_while_writers_are_killed(
    clients: Clients, database: Engine, sessions: sessionmaker[Session], seed: int
) -> None:
    chance = random.Random(seed)
    with sessions() as session:
        tenant_ids = list(session.execute(text("select id from tenant order by id")).scalars())
    followers = {
        "": Follower(clients(), 1000),
        "acme": Follower(clients(tenant="acme", name="acme"), 7),
        "other": Follower(clients(tenant="other", name="other"), 100),
    }
    for follower in followers.values():
        follower.start()
    try:
        with writers(database, tenant_ids, chance) as kill_one:
            deadline = time.monotonic() + SECONDS
            while time.monotonic() < deadline or len(written(sessions)) < 200:
                time.sleep(chance.uniform(0.2, 1.0))
                kill_one()
    finally:
        for follower in followers.values():
            follower.ending.set()
            follower.join(60)
    for tenant, follower in followers.items():
        assert follower.told == written(sessions, tenant), tenant
    assert len(followers[""].told) >= 200


def test_an_order_is_told_as_it_was_when_it_was_first_accepted(
    client: httpx.Client, sessions: sessionmaker[Session]
) -> None:
    before = events(client, after=0, limit=ORDERS)["events"]
    assert {event["kind"] for event in before} == {"sales_order.created"}
    assert [event["sales_order"] for event in before] == ["SO1", "SO2", "SO3", "SO4", "SO5"]
    assert (before[3]["order_status"], before[3]["flag"], before[0]["term_end"]) == ("B", "cancelled", str(LATER))
    with sessions.begin() as session:
        proposal(session, "SO1-new", LATER + timedelta(days=365))
    assert events(client, after=0, limit=ORDERS)["events"] == before
    (changed,) = events(client, kind="sales_order.changed")["events"]
    assert (changed["kind"], changed["sales_order"]) == ("sales_order.changed", "SO1-new")


def proposal(session: Session, number: str, term_end: date) -> None:
    """Order 1 of acme becomes this, as reconciling does it."""
    tenant = lock_tenant(session, session.execute(text("select id from tenant where key = 'acme'")).scalar_one())
    session.execute(
        text("update landing_order set number = :number, term_end = :end where order_id = 1"),
        {"number": number, "end": term_end},
    )
    session.execute(text("insert into landing_due (tenant_id, order_id) values (:id, 1)"), {"id": tenant.id})
    assert reconciling.propose(session, tenant.id) == 1
    reconciling.accept(session, tenant, Why("reconcile", clock.now(session)))


def test_holds_are_told_when_they_open_and_when_they_are_decided(
    client: httpx.Client, sessions: sessionmaker[Session]
) -> None:
    opened = []
    for state in ("approved", "rejected", "superseded"):
        with sessions.begin() as session:
            session.execute(text(HOLD), {"tenant": "acme"})
            tenant_id = session.execute(text("select id from tenant where key = 'acme'")).scalar_one()
            hold = holding.open_hold(session, tenant_id)
            assert hold is not None
            holding.decide(session, hold, state, "staff:ada", None, clock.now(session))
            opened.append(hold.id)
    told = [(event["kind"], event["hold"], event["tenant"]) for event in events(client)["events"]]
    assert told == [
        (f"hold.{kind}", hold, "acme")
        for hold, state in zip(opened, ("approved", "rejected", "superseded"), strict=True)
        for kind in ("opened", state)
    ]
    assert len(events(client, kind="hold.opened")["events"]) == 3


def test_what_was_before_the_feed_told_it_is_not_told(
    client: httpx.Client, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        session.execute(text("update sales_order set first_event = null, created_at = null"))
        session.execute(text(HOLD), {"tenant": "acme"})
        session.execute(text("update hold set opened_event = null"))
    assert events(client, after=0)["events"] == []


def test_the_kinds_are_those_of_the_description() -> None:
    assert get_args(Kind) == KINDS
