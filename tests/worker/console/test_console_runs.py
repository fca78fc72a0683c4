"""Runs in the console, over HTTP: the list, asking for a pull, one run, stop, again, undo."""

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from operations import SignIn, add_run, perform, pull, run_at, said, statuses, words
from order_world import DAY, OrderWorld
from page_statements import statements
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker
from web_running import send

from models.landing import Landed
from models.run_listing import LOOKED_THROUGH
from models.sync_run import SyncRun
from worker import clock

pytest_plugins = ("operations_site",)

TODAY = datetime.now(UTC).date()
IDLE = {"pages": 1, "read": 4, "api_calls": 3, "landed_new": 0}


def run_of(session: Session, run_id: int) -> SyncRun:
    session.rollback()
    return session.get_one(SyncRun, run_id, populate_existing=True)


# the list


def test_the_list_says_what_who_and_how_it_went(signed_in: SignIn, world: OrderWorld) -> None:
    session = world.session
    add_run(session, "order:SO1001", asked_by="staff:ops@staff.example", counts={"read": 1200, "landed_new": 1100})
    add_run(session, "full", state="failed", outcome=None, error_code="netsuite-login-refused")
    add_run(session, "incremental", counts=IDLE)
    page = words(signed_in().get("/console/runs"))
    for told in ("Order SO1001", "ops@staff.example", "1,200", "1,100", "100", "Failed", "netsuite-login-refused"):
        assert told in page
    assert "What changed" not in page, "a pull that found nothing is not shown unless asked for"
    assert "What changed" in words(signed_in().get("/console/runs?idle=yes"))


def test_an_empty_list_says_what_to_do(signed_in: SignIn, world: OrderWorld) -> None:
    assert "Start a resync" in words(signed_in().get("/console/runs"))
    assert "search for less" in words(signed_in().get("/console/runs?state=failed"))


def test_filters_are_in_the_address(signed_in: SignIn, world: OrderWorld) -> None:
    for scope in ("order:SO1", "order:SO2"):
        add_run(world.session, scope)
    add_run(world.session, "run:1", kind="undo", state="stopped", outcome=None)
    client = signed_in()
    assert "Order SO2" not in words(client.get("/console/runs?q=so1"))
    only = words(client.get("/console/runs/rows?kind=undo"))
    assert "Undo of run 1" in only
    assert "Order" not in only
    assert "Order SO1" not in words(client.get("/console/runs?state=stopped"))
    assert client.get("/console/runs?since=nonsense").status_code == 400


def test_older_runs_are_a_page_on(signed_in: SignIn, world: OrderWorld) -> None:
    for number in range(30):
        add_run(world.session, f"order:N{number:02}")
    client = signed_in()
    first = client.get("/console/runs")
    assert "Order N29" in words(first)
    assert "Order N04" not in words(first)
    before = first.text.split("before=")[1].split('"')[0]
    assert "Order N04" in words(client.get(f"/console/runs?before={before}"))
    assert client.get("/console/runs?before=x").status_code == 400


def test_statements_do_not_grow_with_the_rows(signed_in: SignIn, world: OrderWorld) -> None:
    client = signed_in()
    few = [statements(world.session, client, address) for address in ("/console/runs", "/console/runs/new")]
    for number in range(40):
        add_run(world.session, f"order:N{number}")
    many = [statements(world.session, client, address) for address in ("/console/runs", "/console/runs/new")]
    assert many == few


def test_downloads(signed_in: SignIn, world: OrderWorld) -> None:
    add_run(world.session, "order:=HYPERLINK()", counts={"read": 5, "landed_new": 2, "expired": 1})
    idle = """insert into sync_run (kind, scope, asked_by, state, outcome, counts, finished_at)
        select 'pull', 'incremental', 'schedule', 'done', 'ok', '{"read": 1}', now()
        from generate_series(1, :many)"""
    world.session.execute(text(idle), {"many": LOOKED_THROUGH + 10})
    world.session.commit()
    client = signed_in()
    [row] = csv.DictReader(io.StringIO(client.get("/console/runs/export/csv").text.lstrip("\ufeff")))
    assert (row["Scope"], row["Unchanged"], row["Enrollments expired"]) == ("order:=HYPERLINK()", "3", "1")
    [run] = client.get("/console/runs/export/json").json()["runs"]
    assert (run["state"], run["counts"]["read"]) == ("done", 5)


# asking for one

SCOPES = [
    ("incremental", {}, "incremental"),
    ("full", {}, "full"),
    ("since", {"since": "2026-01-31"}, "since:2026-01-31T00:00:00Z"),
    ("tenant", {"tenant": "acme"}, "tenant:acme"),
    ("customer", {"customer": "0101"}, "customer:101"),
    ("order", {"order": "SO1001"}, "order:SO1001"),
]


def test_a_resync_is_dry_unless_said_otherwise(signed_in: SignIn, world: OrderWorld) -> None:
    world.customer(7, "Customer 7", "acme")
    world.session.commit()
    client = signed_in()
    for kind, values, scope in SCOPES:
        for how, dry in (("dry", True), ("real", False)):
            asked = send(client, "/console/runs/new", "/console/runs/new/ask", kind=kind, how=how, **values)
            run = run_of(world.session, run_at(asked))
            assert (run.scope, run.dry_run, run.asked_by) == (scope, dry, "staff:ops@staff.example")


def test_pressing_twice_joins(signed_in: SignIn, world: OrderWorld) -> None:
    client = signed_in()
    asked = [send(client, "/console/runs/new", "/console/runs/new/ask", kind="full", how="real") for _ in "ab"]
    assert run_at(asked[0]) == run_at(asked[1])
    assert "you joined it" in said(client, asked[1])
    told = words(client.get("/console/history?q=resync"))
    assert told.count("resync asked") == 1
    assert "scope full" in told


REFUSED = [
    ({"kind": "order", "order": " "}, "It is not said what is to be synced."),
    ({"kind": "since", "since": "yesterday"}, "is not a date or an instant"),
    ({"kind": "tenant", "tenant": "nope"}, "There is no tenant"),
    ({"kind": "tenant", "tenant": "bolt"}, "No NetSuite customer is mapped"),
    ({"kind": "customer", "customer": "x"}, "is not something that can be synced"),
]


def test_what_cannot_be_asked_for_is_told(signed_in: SignIn, world: OrderWorld) -> None:
    client = signed_in()
    for values, message in REFUSED:
        answer = send(client, "/console/runs/new", "/console/runs/new/ask", **values)
        assert message in said(client, answer)
    assert world.session.execute(text("select count(*) from sync_run")).scalar_one() == 0


def test_an_address_fills_the_form_in(signed_in: SignIn, world: OrderWorld) -> None:
    page = signed_in().get("/console/runs/new?scope=order:SO7").text
    assert 'value="order" checked' in page
    assert 'name="order" value="SO7"' in page


# one run


def test_a_running_pull_shows_how_far_it_is(signed_in: SignIn, world: OrderWorld) -> None:
    started = clock.now(world.session) - timedelta(seconds=60)
    run_id = add_run(
        world.session,
        state="running",
        started_at=started,
        counts={"pages": 25, "read": 25_000},
        progress={"ranges": 100},
    )
    client = signed_in()
    page = client.get(f"/console/runs/{run_id}")
    assert 'value="25"' in page.text
    assert "25 of 100 parts, 25 %" in words(page)
    assert "about 3 min left" in words(page)
    assert "25,000" in words(client.get(f"/console/runs/{run_id}/now"))


def test_stopping(signed_in: SignIn, world: OrderWorld) -> None:
    running = add_run(world.session, state="running")
    client = signed_in()
    at = f"/console/runs/{running}"
    assert "Stopping" in said(client, send(client, at, f"{at}/stop"))
    assert run_of(world.session, running).stop_requested
    told = world.session.execute(
        text("select actor, action, subject from staff_action where action = 'run stopped'")
    )
    assert tuple(told.one()) == ("staff:ops@staff.example", "run stopped", f"run {running}")
    ended = add_run(world.session)
    assert "has ended already" in said(client, send(client, "/console/runs/new", f"/console/runs/{ended}/stop"))


def test_a_failed_run_says_what_to_do_and_is_tried_again(signed_in: SignIn, world: OrderWorld) -> None:
    failed = add_run(
        world.session,
        "order:SO9",
        state="failed",
        outcome=None,
        error_code="order-unknown",
        error_detail="NetSuite has no sales order with the number 'SO9'.",
    )
    client = signed_in()
    at = f"/console/runs/{failed}"
    assert "Check the number as it is printed in NetSuite" in words(client.get(at))
    again = run_of(world.session, run_at(send(client, at, f"{at}/again")))
    assert (again.scope, again.dry_run, again.state) == ("order:SO9", False, "queued")


def test_a_dry_run_shows_its_diff_and_is_then_done_for_real(signed_in: SignIn, world: OrderWorld) -> None:
    enrollment = {"tenant": "acme", "time_zone": "America/New_York", "enrollment": 5, "user": "u1"}
    enrollment |= {"name": "<b>Ana</b>", "course": "safety", "version": "v1", "cause": "order_ended_early"}
    enrollment |= {"status_before": "E", "status_after": "X"}
    enrollment |= {"boundary_before": "2027-01-01 05:00:00+00", "boundary_after": "2026-03-02 05:00:00+00"}
    order = {"tenant": "acme", "number": "SO1", "order_id": 1, "number_before": "SO1", "flag_before": None}
    order |= {"status_before": "B", "status_after": "B", "flag_after": None}
    order |= {"term_start_before": None, "term_start_after": None}
    order |= {"term_end_before": "2026-12-31", "term_end_after": "2026-03-01"}
    diff = {"new_orders": [], "changed_orders": [order], "enrollments": [enrollment]}
    dry = add_run(world.session, "incremental", dry_run=True, progress={"diff": diff})
    client = signed_in()
    at = f"/console/runs/{dry}"
    page = client.get(at)
    for told in ("Orders that would change", "31 Dec 2026", "1 Mar 2026", "Expired", "1 Jan 2027, 00:00 EST"):
        assert told in words(page)
    assert "<b>Ana</b>" not in page.text
    real = run_of(world.session, run_at(send(client, at, f"{at}/again", real="yes")))
    assert (real.scope, real.dry_run) == ("incremental", False)
    rows = list(csv.reader(io.StringIO(client.get(f"{at}/changes/csv").text)))
    assert rows[1][:2] == ["acme", "u1"]
    assert client.get(f"{at}/json").json()["changes"]["changed_orders"] == [order]


def test_nothing_would_change(signed_in: SignIn, world: OrderWorld) -> None:
    dry = add_run(world.session, dry_run=True, progress={"diff": {}})
    assert "Nothing would change." in words(signed_in().get(f"/console/runs/{dry}"))


def test_there_is_no_such_run(signed_in: SignIn, world: OrderWorld) -> None:
    assert signed_in().get("/console/runs/999").status_code == 404


def test_hostile_words_stay_words(signed_in: SignIn, world: OrderWorld) -> None:
    run_id = add_run(
        world.session, "order:<script>alert(1)</script>", error_detail="<img src=x>", error_code="x-y"
    )
    client = signed_in()
    for address in ("/console/runs", f"/console/runs/{run_id}"):
        assert "<script>alert" not in client.get(address).text
        assert "<img src=x" not in client.get(address).text


# undo


@pytest.fixture
def flipped(world: OrderWorld, sessions: sessionmaker[Session]) -> int:
    """A pull that brought a wrong end and expired two people of acme."""
    world.order(1, "acme", 7, TODAY + 50 * DAY)
    for user in (0, 1):
        world.enroll(1, "acme", user, TODAY + 50 * DAY)
    world.session.commit()
    run_id = pull(sessions, world.rosters["acme"].tenant_id, said_of(1, TODAY - 20 * DAY))
    assert statuses(world.session, world.rosters["acme"].tenant_id) == "XX"
    return run_id


def said_of(order_id: int, end: date) -> Landed:
    moment = datetime.now(UTC)
    return Landed(order_id, 7, f"SO{order_id}", "B", None, end, moment, f'{{"end": "{end}"}}')


def test_a_run_is_undone_dry_first(
    signed_in: SignIn, world: OrderWorld, sessions: sessionmaker[Session], flipped: int
) -> None:
    client, acme = signed_in(), world.rosters["acme"].tenant_id
    at = f"/console/runs/{flipped}"
    assert "Person 0 of acme" in words(client.get(at)), "the diff of a real run is read off the history"
    dry = run_at(send(client, at, f"/console/undo/run/{flipped}", reason="wrong file"))
    perform(sessions, dry)
    world.session.rollback()
    assert statuses(world.session, acme) == "XX"
    page = words(client.get(f"/console/runs/{dry}"))
    for told in ("Orders that would change", "wrong file", "Statuses as before", "Person 1 of acme"):
        assert told in page
    real = run_at(send(client, f"/console/runs/{dry}", f"/console/runs/{dry}/again", real="yes"))
    perform(sessions, real)
    world.session.rollback()
    assert statuses(world.session, acme) == "EE"
    assert "Statuses as before" in words(client.get(f"/console/runs/{real}"))


def test_an_undo_lists_whom_it_leaves(
    signed_in: SignIn, world: OrderWorld, sessions: sessionmaker[Session], flipped: int
) -> None:
    touch = "update enrollment set version = version + 1 where id = (select min(id) from enrollment)"
    world.session.execute(text(touch))
    world.session.commit()
    client = signed_in()
    at = f"/console/runs/{flipped}"
    dry = run_at(send(client, at, f"/console/undo/run/{flipped}", reason="wrong file"))
    perform(sessions, dry)
    page = words(client.get(f"/console/runs/{dry}"))
    assert "People who would be left as they are" in page
    assert "Somebody changed it since." in page


def test_an_undo_needs_a_reason_and_something_to_undo(signed_in: SignIn, world: OrderWorld, flipped: int) -> None:
    client = signed_in()
    at = f"/console/runs/{flipped}"
    assert "needs a reason" in said(client, send(client, at, f"/console/undo/run/{flipped}", reason=" "))
    nothing = add_run(world.session)
    answer = send(client, at, f"/console/undo/run/{nothing}", reason="wrong")
    assert "changed no term and no enrollment" in said(client, answer)
    answer = send(client, at, "/console/undo/hold/99", reason="wrong")
    assert "There is no hold 99" in said(client, answer)
