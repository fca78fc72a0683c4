"""Health in the console, over HTTP: the strip, freshness, workers, the field mapping, the latest calls."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import redis
from operations import SignIn, add_run, run_at, words
from order_world import OrderWorld
from sqlalchemy import text
from sqlalchemy.orm import Session
from structlog.testing import capture_logs
from web_running import send

from connectors.netsuite import ApiCall
from models import freshness, watermarks
from models.sync_run import SyncRun, WorkerProcess
from worker import clock
from worker.queue import call_log
from worker.queue.call_log import CallLog

pytest_plugins = ("operations_site",)

HEALTH = "/console/health"
MINUTE = timedelta(minutes=1)


@contextmanager
def closed_port() -> Iterator[int]:
    """A port that is taken and on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def alive(session: Session, silent: timedelta = timedelta(0)) -> None:
    """A worker process whose last sign of life is so long ago."""
    beat = clock.now(session) - silent
    session.add(WorkerProcess(id=uuid4(), host="host-1", pid=77, queues="long,short", heartbeat_at=beat))
    session.commit()


def read_up_to(session: Session, age: timedelta) -> None:
    session.execute(text("insert into account (netsuite_account, bound_at) values ('1', '2026-01-01')"))
    watermarks.move(session, "orders", clock.now(session) - age, 1, clock.now(session))
    session.commit()


def test_the_strip_says_what_is_wrong_and_where_to_go(signed_in: SignIn, world: OrderWorld) -> None:
    client = signed_in()
    strip = client.get(f"{HEALTH}/strip")
    assert "BROKEN" in words(strip)
    assert "No worker is alive." in words(strip)
    assert 'href="/console/health"' in strip.text
    everywhere = words(client.get("/console/tenants"))
    assert "Data age not read yet" in everywhere
    assert "Oldest overdue expiry none" in everywhere


def test_all_is_well(signed_in: SignIn, world: OrderWorld) -> None:
    alive(world.session)
    read_up_to(world.session, 2 * MINUTE)
    page = words(signed_in().get(HEALTH))
    assert "OK: NetSuite is read up to 2 min ago." in page
    assert "Nothing is late or broken." in page
    assert "host-1 process 77 long, short" in page


def test_what_waits_is_counted_in_words(signed_in: SignIn, world: OrderWorld) -> None:
    alive(world.session)
    read_up_to(world.session, 2 * MINUTE)
    held = """insert into hold (tenant_id, rule, reason, would_expire, enrolled, orders)
        select id, 'people', 'Too many', 60, 90, 1 from tenant where key = any(:keys)"""
    world.session.execute(text(held), {"keys": ["acme"]})
    world.session.commit()
    assert "1 hold waits for a person." in words(signed_in().get(HEALTH))


def test_a_webhook_that_is_called_no_more_is_told_of_on_every_page(signed_in: SignIn, world: OrderWorld) -> None:
    alive(world.session)
    read_up_to(world.session, 2 * MINUTE)
    gone = """insert into webhook (name, url, salt, key_check, position, created_by, disabled_at, disabled_by,
        disabled_because) values ('lms', 'https://a.example', '', '', 0, 'test', now(), 'termsync', 'Gone.')"""
    world.session.execute(text(gone))
    world.session.commit()
    client = signed_in()
    for address in (f"{HEALTH}/strip", "/console/", HEALTH):
        page = client.get(address)
        assert "The webhook lms is disabled: Gone." in words(page), address
        assert 'href="/console/webhooks">See the webhooks</a>' in page.text, address
    assert "Try termsync webhook test lms" in words(client.get(HEALTH))


def test_silent_workers_are_marked(signed_in: SignIn, world: OrderWorld) -> None:
    alive(world.session, silent=MINUTE)
    page = words(signed_in().get(HEALTH))
    assert "60 s ago Silent" in page or "61 s ago Silent" in page
    assert "No worker is alive." in page


def test_freshness_is_spent_by_gaps(signed_in: SignIn, world: OrderWorld) -> None:
    session = world.session
    page = words(signed_in().get(HEALTH))
    assert "Nothing to measure yet" in page
    read_up_to(session, 3 * MINUTE)
    now = clock.now(session)
    session.execute(
        text("insert into freshness_gap values ('orders', :from, :to)"),
        {"from": now - timedelta(hours=3), "to": now - timedelta(hours=1)},
    )
    session.commit()
    page = words(signed_in().get(HEALTH))
    assert "Spent : late for 98 min more than the 14 min allowed" in page
    assert "Late 1 time, 1 h 52 min in all." in page, "two hours less the seven minutes that are in order"


def test_a_move_of_the_watermark_leaves_its_gap(session: Session) -> None:
    now = datetime(2026, 3, 10, 12, tzinfo=UTC)
    session.execute(text("insert into account (netsuite_account, bound_at) values ('1', '2026-01-01')"))
    for at, to in ((0, 0), (4, 2), (30, 28), (60, 28), (90, 88)):
        watermarks.move(session, "orders", now + to * MINUTE, 1, now + at * MINUTE)
    gaps = session.execute(text("select watermark, ended_at from freshness_gap order by 1")).all()
    assert [(gap.watermark - now, gap.ended_at - now) for gap in gaps] == [
        (2 * MINUTE, 30 * MINUTE),
        (28 * MINUTE, 90 * MINUTE),
    ]
    budget = freshness.budget(session, timedelta(days=1), 10 * MINUTE, now + 92 * MINUTE)
    assert budget.late == 18 * MINUTE + 52 * MINUTE
    assert budget.gaps == 2
    still_late = freshness.budget(session, timedelta(hours=1), 10 * MINUTE, now + 110 * MINUTE)
    assert still_late.late == (90 - 50) * MINUTE + (110 - 98) * MINUTE, (
        "the part of a gap within the window, and now"
    )
    assert still_late.left < timedelta(0)


def test_the_field_mapping_is_checked_by_a_run(signed_in: SignIn, world: OrderWorld) -> None:
    client = signed_in()
    page = words(client.get(HEALTH))
    assert "Last day of the term header:enddate NETSUITE_TERM_END" in page
    assert "Not checked from here yet." in page
    first, second = (run_at(send(client, HEALTH, f"{HEALTH}/fields")) for _ in "ab")
    assert first == second, "pressing twice asks once"
    row = world.session.get_one(SyncRun, first)
    assert (row.kind, row.state, row.asked_by) == ("fields", "queued", "staff:ops@staff.example")
    good = {
        "setting": "NETSUITE_TERM_END",
        "field": "header:enddate",
        "looked_at": 100,
        "filled": 97,
        "problem": None,
    }
    bad = {
        **good,
        "field": "line:custcol_x",
        "looked_at": 0,
        "filled": 0,
        "problem": "NetSuite knows no custcol_x",
    }
    checked = add_run(world.session, "fields", kind="fields", outcome="errors", progress={"findings": [good, bad]})
    for address in (HEALTH, f"/console/runs/{checked}"):
        told = words(client.get(address))
        assert "holds a date in 97 of the 100 newest orders" in told
        assert "No answer NetSuite knows no custcol_x" in told


def test_the_latest_calls(signed_in: SignIn, world: OrderWorld, redis_client: redis.Redis) -> None:
    client = signed_in()
    assert "No NetSuite call yet." in words(client.get(f"{HEALTH}/calls"))
    log = CallLog(redis_client)
    log.note(ApiCall("POST", "/services/rest/query/v1/suiteql", 200, 123.4, 0, 2), run_id=9)
    log.note(ApiCall("POST", "/services/rest/query/v1/suiteql", 429, 10, 1, 3))
    log.note(ApiCall("GET", "/services/rest/system/v1/serverTime", None, 30_000, 2, 1))
    page = client.get(f"{HEALTH}/calls")
    told = words(page)
    assert "Slots in use at the latest call: 1 of 4" in told
    assert "clock No answer 30,000 2 1" in told
    assert "query 200 123 2 9" in told
    assert 'href="/console/runs/9"' in page.text
    assert [call.status for call in call_log.latest(redis_client)] == [None, 429, 200]


def test_calls_are_forgotten_and_a_dead_redis_slows_nobody(redis_client: redis.Redis) -> None:
    log = CallLog(redis_client)
    call = ApiCall("POST", "/services/rest/query/v1/suiteql", 200, 1, 0, 1)
    for _ in range(call_log.KEPT + 300):
        log.note(call)
    assert redis_client.xlen(call_log.KEY) < call_log.KEPT + 200
    with closed_port() as port, redis.Redis(port=port, socket_timeout=1) as nobody:
        dead = CallLog(nobody)
        with capture_logs() as logged:
            for _ in range(5):
                dead.note(call)
    assert len(logged) == 1, "after one failure it keeps still for a while"
    CallLog(None).note(call)
