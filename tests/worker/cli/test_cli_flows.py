"""The command at its work: sync, tenants, holds, expiry, runs, rejects, staff, status."""

import signal
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from commands import Termsync
from processes import PATIENCE
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from connectors.mock_netsuite import Mock, MockConfig, serve
from worker.demo.account import Login, RecordApi

pytest_plugins = ("configured_command",)

CURRENT_ORDERS = text("""
select number from sales_order
where flag is null and status <> 'A' and term_end > :today and term_start < cast(:today as date) - 30 order by id
""")
ORDERS = 120
CUSTOMERS = [str(customer) for customer in range(101, 107)]
TODAY = datetime.now(UTC).date()


def _set_up(termsync: Termsync) -> Termsync:
    """After the first pull, with the tenant `acme` that has all customers."""
    assert termsync("sync", "--full", "--wait").code == 0
    assert termsync("tenant", "add", "acme", "--name", "Acme", "--zone", "Europe/Berlin").code == 0
    assert termsync("tenant", "map-customer", "acme", *CUSTOMERS).code == 0
    return termsync


@pytest.fixture
def synced(termsync: Termsync) -> Termsync:
    return _set_up(termsync)


def _enroll(termsync: Termsync, sessions: sessionmaker[Session], people: int) -> None:
    """People of acme in one course, spread over its current orders."""
    with sessions() as session:
        numbers = session.execute(CURRENT_ORDERS, {"today": TODAY}).scalars().all()
    lines = ["tenant,user,name,email,course,version,sales_order"]
    lines += [f"acme,u{n},U {n},u{n}@x.example,safety,1,{numbers[n % len(numbers)]}" for n in range(people)]
    (termsync.folder / "roster.csv").write_text("\n".join(lines))
    assert termsync("roster", "import", "roster.csv").code == 0


def _shorten(account: Mock, share: int) -> int:
    """In NetSuite, every `share`th order that is current ends last month now. Returns how many do."""
    api = RecordApi(account.port, Login())
    orders = api.orders(tuple(int(customer) for customer in CUSTOMERS))
    ends = (TODAY - timedelta(days=30)).isoformat()
    current = [order for order in orders if order["ends"] > TODAY.isoformat() and order["starts"] < ends][::share]
    for order in current:
        api.change(int(order["id"]), {"endDate": ends})
    _let_the_second_end()
    return len(current)


def _let_the_second_end() -> None:
    """NetSuite's times have whole seconds, and a pull reads what changed before the one that is running."""
    time.sleep(1 - time.time() % 1)


def test_a_first_sync_in_this_process(termsync: Termsync, account: Mock) -> None:
    """No worker is up: --wait does the run itself and says what came of it."""
    done = termsync("sync", "--full", "--wait", "--json")
    run = done.document["run"]
    assert (done.code, run["state"], run["scope"]) == (0, "done", "full")
    assert run["counts"]["landed_new"] == account.stats()["orders"]
    again = termsync("sync", "--full", "--wait")
    assert "120 orders read." in again.out
    listed = termsync("run", "list", "--json").document["runs"]
    assert [row["state"] for row in listed] == ["done", "done"]


def test_asking_twice_joins(termsync: Termsync) -> None:
    first = termsync("sync", "--full", "--json").document
    second = termsync("sync", "--full", "--json").document
    assert (first["joined"], second["joined"]) == (False, True)
    assert first["run"] == second["run"]
    stopped = termsync("run", "stop", str(first["run"]))
    assert stopped.code == 0
    assert termsync("run", "stop", str(first["run"])).code == 1
    retried = termsync("run", "retry", str(first["run"]), "--json").document
    assert retried["run"] != first["run"]
    assert termsync("run", "show", "999").code == 1


def test_mapping_brings_the_orders_in_and_unmatched_says_who_waits(synced: Termsync, session: Session) -> None:
    assert synced("tenant", "unmatched", "--json").document == {"customers": []}
    [tenant] = synced("tenant", "list", "--json").document["tenants"]
    assert tenant["customers"] == [int(customer) for customer in CUSTOMERS]
    assert tenant["orders"] == session.execute(text("select count(*) from sales_order")).scalar_one() > 100
    taken = synced("tenant", "unmap-customer", "acme", "101", "--json").document
    assert taken["orders_changed"] == taken["orders_due"] > 0
    waiting = synced("tenant", "unmatched", "--json").document["customers"]
    assert [row["customer"] for row in waiting] == [101]
    elsewhere = synced("tenant", "map-customer", "acme", "102")
    assert (elsewhere.code, "0 orders new" in elsewhere.out) == (0, True)


def test_a_dry_run_lists_what_the_run_then_does(
    own: Termsync, own_account: Mock, sessions: sessionmaker[Session]
) -> None:
    synced = _set_up(own)
    _enroll(synced, sessions, people=40)
    shortened = _shorten(own_account, share=12)
    before = synced("tenant", "list", "--json").document["tenants"][0]
    dry = synced("sync", "--dry-run", "--json")
    diff: dict[str, list[dict[str, Any]]] = dry.document["run"]["progress"]["diff"]
    assert synced("tenant", "list", "--json").document["tenants"][0] == before
    assert dry.document["run"]["dry_run"] is True
    real = synced("sync", "--wait", "--json").document["run"]
    with sessions() as session:
        expired = session.execute(
            text("select u.key from enrollment e join users u on u.id = e.user_id where e.status = 'X'")
        ).scalars()
        assert {row["user"] for row in diff["enrollments"] if row["status_after"] == "X"} == set(expired)
    assert len(diff["changed_orders"]) == real["counts"]["accepted_changed"] == shortened


def test_a_hold_is_shown_and_approved(own: Termsync, own_account: Mock, sessions: sessionmaker[Session]) -> None:
    synced = _set_up(own)
    _enroll(synced, sessions, people=80)
    _shorten(own_account, share=1)
    held = synced("sync", "--wait")
    assert held.code == 4
    assert "termsync hold list" in held.err
    [hold] = synced("hold", "list", "--json").document["holds"]
    assert (hold["tenant"], hold["would_expire"]) == ("acme", 80)
    shown = synced("hold", "show", str(hold["id"]), "--json").document
    assert sum(item["would_expire"] for item in shown["items"]) == 80
    unasked = synced("hold", "approve", str(hold["id"]))
    assert (unasked.code, "Error confirmation-needed" in unasked.err) == (2, True)
    status = synced("status", "--json")
    assert (status.code, status.document["open_holds"]) == (1, 1)
    approved = synced("hold", "approve", str(hold["id"]), "--yes", "--reason", "confirmed", "--json").document
    assert (approved["state"], approved["expired"]) == ("approved", 80)
    assert synced("hold", "reject", str(hold["id"]), "--yes").code == 1
    [decided] = synced("hold", "list", "--all", "--json").document["holds"]
    assert (decided["decision_reason"], decided["state"]) == ("confirmed", "approved")


def test_expiry_previews_pauses_and_sweeps(synced: Termsync, sessions: sessionmaker[Session]) -> None:
    _enroll(synced, sessions, people=5)
    far = (TODAY + timedelta(days=4000)).isoformat()
    preview = synced("expire", "--dry-run", "--as-of", far, "--json").document
    assert preview["would_expire"] == len(preview["enrollments"]) == 5
    assert synced("tenant", "pause", "acme", "--reason", "the client asked").code == 0
    with sessions.begin() as session:  # as if their terms had ended since
        session.execute(text("update enrollment set boundary = now() - interval '1 hour'"))
        session.execute(
            text("insert into due_boundary (tenant_id, at) select distinct tenant_id, boundary from enrollment")
        )
    paused = synced("expire", "--dry-run")
    assert (paused.code, "acme is paused (the client asked)" in paused.err) == (5, True)
    assert synced("expire").code == 5
    resumed = synced("tenant", "resume", "acme", "--json").document
    assert resumed["expired"] == 5
    assert synced("expire", "--dry-run", "--json").document["would_expire"] == 0


def test_the_preview_of_now_is_the_sweep(synced: Termsync, sessions: sessionmaker[Session]) -> None:
    _enroll(synced, sessions, people=4)
    with sessions.begin() as session:
        session.execute(text("update enrollment set boundary = now() - interval '1 hour' where id % 2 = 0"))
        session.execute(
            text(
                "insert into due_boundary (tenant_id, at) select distinct tenant_id, boundary from enrollment"
                " on conflict do nothing"
            )
        )
    preview = synced("expire", "--dry-run", "--json").document
    assert synced("expire", "--json").document["expired"] == preview["would_expire"] == 2
    with sessions() as session:
        expired = session.execute(
            text(
                "select u.key, e.expired_at from enrollment e join users u on u.id = e.user_id where status = 'X'"
            )
        ).all()
    assert {(row["user"], row["expired_at"]) for row in preview["enrollments"]} == {
        (key, at.isoformat()) for key, at in expired
    }


def test_a_new_zone_dates_anew(synced: Termsync, sessions: sessionmaker[Session]) -> None:
    _enroll(synced, sessions, people=3)
    changed = synced("tenant", "set", "acme", "--zone", "Asia/Tokyo", "--grace", "3", "--json").document
    assert changed["changed"] == 3
    unknown = synced("tenant", "set", "acme", "--zone", "Mars/Base")
    assert (unknown.code, "Error time-zone-unknown" in unknown.err) == (1, True)


def test_rejected_rows_make_the_run_end_with_errors(own: Termsync, own_account: Mock) -> None:
    api = RecordApi(own_account.port, Login())
    order = api.orders((101,))[0]
    api.change(int(order["id"]), {"endDate": "2001-01-01"})  # before its start
    _let_the_second_end()
    ended = own("sync", "--full", "--wait")
    assert ended.code == 3
    assert "finished with errors" in ended.out
    listed = own("rejects", "list", "--json").document
    assert listed["codes"] == [{"code": "term-end-before-start", "rows": 1}]
    assert [row["order_id"] for row in listed["rejects"]] == [int(order["id"])]
    api.change(int(order["id"]), {"endDate": order["ends"]})
    _let_the_second_end()
    assert own("sync", "--wait").code == 0
    assert own("rejects", "list", "--json").document["rejects"] == []


def test_staff(termsync: Termsync) -> None:
    added = termsync("staff", "add", "Ops@Example.com", "--name", "Olu", "--role", "ops", "--json").document
    password = added.pop("first_password")
    assert added == {"email": "ops@example.com", "name": "Olu", "role": "ops", "created": True}
    assert len(password) > 20
    again = termsync("staff", "add", "ops@example.com", "--name", "Olu", "--role", "admin", "--json").document
    assert (again["created"], again["role"]) == (False, "admin")
    assert termsync("staff", "add", "ops@example.com", "--name", "Olu", "--role", "boss").code == 1


def test_config_says_where_values_come_from_and_shows_no_secret(termsync: Termsync) -> None:
    (termsync.folder / "settings.env").write_text("TERMSYNC_SLOTS=7\n")
    listed = termsync("config", TERMSYNC_ENV_FILE="settings.env")
    rows = {line.split("\t")[0]: line.split("\t") for line in listed.out.splitlines()}
    assert rows["TERMSYNC_SLOTS"][1:3] == ["7", "file settings.env"]
    assert rows["NETSUITE_ACCOUNT"][2] == "environment"
    assert "demo-consumer-secret" not in listed.out


def test_interrupted_waiting_gives_the_run_back(termsync: Termsync, sessions: sessionmaker[Session]) -> None:
    """SIGINT while the run is done here: it goes back to the queue, and the next --wait ends it."""
    with serve(MockConfig(orders=ORDERS, customers=6, latency={"suiteql": 0.3})) as slow:
        slowly = {"NETSUITE_BASE_URL": slow.base_url, "TERMSYNC_PAGE_SIZE": "10", "TERMSYNC_SLOTS": "1"}
        with termsync.start("sync", "--full", "--wait", **slowly) as process:
            _wait_until_landed(sessions)
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "Run 1 is back in the queue" in said
    done = termsync("sync", "--full", "--wait", "--json")
    assert done.code == 0, done
    run = done.document["run"]
    assert (run["id"], run["state"], run["counts"]["landed_new"]) == (1, "done", ORDERS)


def _wait_until_landed(sessions: sessionmaker[Session]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with sessions() as session:
            if session.execute(text("select exists (select from landing_order)")).scalar_one():
                return
        time.sleep(0.05)
    raise AssertionError("nothing has landed")
