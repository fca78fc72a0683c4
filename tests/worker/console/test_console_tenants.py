"""Tenants in the console, over HTTP: the list and its numbers, and what may be changed about one."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from course_school import confirmed
from operations import SignIn, perform, run_at, said, statuses, words
from order_world import DAY, OrderWorld
from page_statements import statements
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker
from web_running import send

from models.enrollment_changes import Why
from models.sync_run import SyncRun
from worker import clock
from worker.errors import TermsyncError
from worker.pipeline import holds

pytest_plugins = ("operations_site",)

NOW = datetime.now(UTC)
TODAY = NOW.astimezone(ZoneInfo("America/New_York")).date()
ACME = "/console/tenants/acme"


def column(session: Session, name: str) -> Any:
    session.rollback()
    return session.execute(text(f"select {name} from tenant where key = 'acme'")).scalar_one()


def press(client: httpx.Client, form: str, **fields: str) -> httpx.Response:
    """Opens the page of acme, fills a form in and sends it."""
    return confirmed(client, client.get(ACME), f"{ACME}/{form}", **fields)


def test_the_list_counts_what_readers_see(signed_in: SignIn, world: OrderWorld) -> None:
    """Past the last day reads as expired, whether or not it is written down."""
    world.order(1, "acme", 7, TODAY + 9 * DAY)
    for user, end in enumerate([TODAY + 9 * DAY, TODAY + 9 * DAY, TODAY - DAY]):
        world.enroll(1, "acme", user, end)
    world.enroll(1, "acme", 3, None, "U")
    world.session.commit()
    client = signed_in()
    page = words(client.get("/console/tenants"))
    assert "Acme acme America/New_York 1 2 1 1 not read yet On" in page
    assert page.index("Acme") < page.index("Bolt")
    export = client.get("/console/tenants.csv").text.splitlines()
    assert export[1].startswith("acme,Acme,America/New_York,0,1,2,1,1,")
    assert "Bolt" not in words(client.get("/console/tenants?q=ACM"))
    assert "Acme acme" not in words(client.get("/console/tenants?state=unmapped"))


def test_data_are_as_old_as_what_waits(signed_in: SignIn, world: OrderWorld) -> None:
    now = clock.now(world.session)
    world.session.execute(
        text("insert into sync_state (stream, watermark) values ('orders', :at)"),
        {"at": now - timedelta(minutes=30)},
    )
    world.order(1, "acme", 7, TODAY)
    world.session.execute(text("update landing_order set read_at = :at"), {"at": now - timedelta(hours=50)})
    world.session.execute(
        text("insert into landing_due (tenant_id, order_id) values (:id, 1)"),
        {"id": world.rosters["acme"].tenant_id},
    )
    world.session.commit()
    page = words(signed_in().get("/console/tenants"))
    assert "2 d 2 h Changes wait" in page
    assert "30 min" in page, "the other tenant's"
    assert "Bolt" not in words(signed_in().get("/console/tenants?state=behind"))


def test_statements_do_not_grow_with_the_tenants(signed_in: SignIn, world: OrderWorld) -> None:
    client = signed_in()
    few = statements(world.session, client, "/console/tenants"), statements(world.session, client, ACME)
    world.session.execute(
        text("insert into tenant (key, name) select 't' || n, 't' from generate_series(1, 60) n")
    )
    for number in range(100, 140):
        world.customer(number, f"Customer {number}", "acme")
    world.session.commit()
    assert few == (statements(world.session, client, "/console/tenants"), statements(world.session, client, ACME))
    assert "page 2 of 5" in words(client.get("/console/tenants?page=2"))


def test_adding(signed_in: SignIn, world: OrderWorld) -> None:
    client = signed_in("admin")
    answer = send(
        client, "/console/tenants", "/console/tenants", key="new.one", name="New", time_zone="Asia/Tokyo"
    )
    page = said(client, answer)
    assert "New is added" in page
    assert "No customer is mapped" in page
    for fields, message in (
        ({"key": "acme"}, "There is a tenant"),
        ({"key": "no spaces"}, "cannot be the key"),
        ({"key": "x", "time_zone": "Mars/Crater"}, "is not a time zone"),
    ):
        assert message in said(client, send(client, "/console/tenants", "/console/tenants", **fields))
    assert client.get("/console/tenants/nope").status_code == 404


def test_the_guard_of_a_tenant(signed_in: SignIn, world: OrderWorld) -> None:
    client = signed_in("admin")
    limits = {"people": "10", "people_share": "12.5", "orders": "", "orders_share": ""}
    assert "goes by these limits" in said(client, press(client, "guard", **limits))
    assert (column(world.session, "guard_min"), float(column(world.session, "guard_share"))) == (10, 0.125)
    page = client.get(ACME).text
    assert 'value="12.5"' in page
    assert 'placeholder="25" value=""' in page, "the installation's own stays in sight"
    assert "Nothing was changed" in said(client, press(client, "guard", **limits))
    for wrong, message in (
        ({"people": "many"}, "not a whole number"),
        ({"people_share": "101"}, "limit of the guard"),
    ):
        assert message in said(client, press(client, "guard", **wrong))
    said(client, press(client, "guard"))
    assert column(world.session, "guard_min") is None
    actions = world.session.execute(text("select count(*) from staff_action where action = 'guard changed'"))
    assert actions.scalar_one() == 2


def test_pause_and_resume(signed_in: SignIn, world: OrderWorld) -> None:
    world.order(1, "acme", 7, TODAY + 9 * DAY)
    world.enroll(1, "acme", 0, TODAY + 9 * DAY)
    world.session.commit()
    client = signed_in()
    assert "needs a reason" in said(client, press(client, "pause", reason=" "))
    past = press(client, "pause", reason="audit", until="2026-01-31T12:00")
    assert "has passed" in said(client, past)
    assert "is not a date and time" in said(client, press(client, "pause", reason="a", until="soon"))
    until = (NOW + 30 * DAY).astimezone(ZoneInfo("America/New_York")).replace(tzinfo=None, second=0, microsecond=0)
    page = said(client, press(client, "pause", reason="audit", until=until.isoformat()))
    assert "Paused since" in page
    assert (
        column(world.session, "pause_until").astimezone(ZoneInfo("America/New_York")).replace(tzinfo=None) == until
    )
    assert column(world.session, "paused_by") == "staff:ops@staff.example"
    assert "audit" in words(client.get("/console/tenants?state=paused"))
    world.session.execute(text("update enrollment set boundary = now() - interval '1 minute'"))
    world.session.execute(text("update due_boundary set at = (select boundary from enrollment)"))
    world.session.commit()
    assert "1 enrollment expired just now" in said(client, press(client, "resume"))
    assert statuses(world.session, world.rosters["acme"].tenant_id) == "X"


def test_a_new_zone_shows_who_changes_status_before_it_is_applied(
    signed_in: SignIn, world: OrderWorld, sessions: sessionmaker[Session]
) -> None:
    """Yesterday's last day: over in New York, not yet over with a day of grace more."""
    world.order(1, "acme", 7, TODAY - DAY)
    world.enroll(1, "acme", 0, TODAY - DAY)
    world.enroll(1, "acme", 1, TODAY - DAY)
    world.session.commit()
    acme = world.rosters["acme"].tenant_id
    admin, ops = signed_in("admin"), signed_in("ops")
    dates = {"time_zone": "America/New_York", "grace_days": "30"}
    dry = run_at(press(admin, "dates", **dates))
    perform(sessions, dry)
    page = words(admin.get(f"/console/runs/{dry}"))
    assert "Person 0 of acme" in page
    assert "Expired → becomes Enrolled" in page
    assert column(world.session, "grace_days") == 0, "a dry run writes nothing"
    at = f"/console/runs/{dry}"
    assert "Do it for real" not in words(ops.get(at))
    refused = send(ops, "/console/runs/new", f"{at}/again", real="yes")
    assert "may not manage tenants" in said(ops, refused)
    real = run_at(send(admin, at, f"{at}/again", real="yes"))
    perform(sessions, real)
    assert column(world.session, "grace_days") == 30
    assert statuses(world.session, acme) == "EE"
    dry_row, real_row = (world.session.get_one(SyncRun, run_id) for run_id in (dry, real))
    assert dry_row.counts == real_row.counts
    assert (real_row.asked_by, real_row.counts["reinstated"]) == ("staff:admin@staff.example", 2)
    assert "has this time zone and this grace already" in said(admin, press(admin, "dates", **dates))


def test_a_dry_run_of_another_day_is_not_done_for_real(
    signed_in: SignIn, world: OrderWorld, sessions: sessionmaker[Session]
) -> None:
    """One more order ends after the dry run: whom it would bring back was not on its list."""
    for order_id in (1, 2):
        world.order(order_id, "acme", 7, TODAY - DAY)
    world.enroll(1, "acme", 0, TODAY - DAY)
    world.session.commit()
    admin = signed_in("admin")
    dry = run_at(press(admin, "dates", time_zone="America/New_York", grace_days="30"))
    perform(sessions, dry)
    world.enroll(2, "acme", 1, TODAY - DAY)
    world.session.commit()
    at = f"/console/runs/{dry}"
    real = run_at(send(admin, at, f"{at}/again", real="yes"))
    with pytest.raises(TermsyncError, match="counted 1 to expire and 1 to be reinstated; now it would be 2 and 2"):
        perform(sessions, real)
    assert column(world.session, "grace_days") == 0
    assert statuses(world.session, world.rosters["acme"].tenant_id) == "EE", "as stored: no sweep came by"


def test_wrong_zones_and_days_are_told(signed_in: SignIn, world: OrderWorld) -> None:
    client = signed_in("admin")
    for fields, message in (
        ({"time_zone": "Mars/Crater", "grace_days": "1"}, "is not a time zone"),
        ({"time_zone": "Asia/Tokyo", "grace_days": "367"}, "out of range"),
        ({"time_zone": "Asia/Tokyo", "grace_days": "-1"}, "not a whole number"),
    ):
        assert message in said(client, press(client, "dates", **fields))


def test_customers_and_the_name(signed_in: SignIn, world: OrderWorld) -> None:
    client = signed_in("admin")
    assert "Customer 101 is mapped" in said(client, send(client, ACME, f"{ACME}/map", customer="101"))
    elsewhere = send(client, ACME, "/console/tenants/bolt/map", customer="101")
    assert "is mapped to tenant 'acme' already" in said(client, elsewhere)
    assert "no longer mapped" in said(client, send(client, ACME, f"{ACME}/unmap", customer="101"))
    assert "It is not said which customer" in said(client, send(client, ACME, f"{ACME}/map"))
    assert "is not a whole number" in client.get(f"{ACME}/map?customer=x").text
    preview = client.get(f"{ACME}/map?customer=4711")
    assert "No order of this customer was read so far" in words(preview)
    assert f'method="post" action="{ACME}/map"' in preview.text
    page = said(client, press(client, "name", name="<i>Acme</i>"))
    assert "<i>Acme</i>" not in client.get(ACME).text
    assert "customer unmapped" in page, "what people did is on the page"


def test_who_did_not_see_what_somebody_else_changed_changes_nothing(signed_in: SignIn, world: OrderWorld) -> None:
    client, other = signed_in("admin"), signed_in("admin")
    said(other, press(other, "pause", reason="first"))
    old = client.get(ACME)
    said(other, press(other, "resume"))
    said(other, press(other, "pause", reason="second, of somebody else"))
    said(other, press(other, "name", name="Renamed"))
    said(other, press(other, "guard", people="3"))
    world.session.execute(text("update tenant set grace_days = 4"))
    world.session.commit()
    for form, fields in (
        ("resume", {}),
        ("pause", {"reason": "mine"}),
        ("name", {"name": "Mine"}),
        ("guard", {"people": "1000"}),
        ("dates", {"time_zone": "Asia/Tokyo", "grace_days": "0"}),
    ):
        answer = confirmed(client, old, f"{ACME}/{form}", **fields)
        assert "changed since the page was opened; nothing was done" in said(client, answer), form
    told = words(client.get(ACME))
    assert "second, of somebody else" in told
    assert column(world.session, "name") == "Renamed"
    assert column(world.session, "guard_min") == 3
    assert world.session.execute(text("select count(*) from sync_run")).scalar_one() == 0


def test_pressed_twice_it_is_no_change_of_somebody_else(signed_in: SignIn, world: OrderWorld) -> None:
    client = signed_in("admin")
    for form, fields, message in (
        ("name", {"name": "Twice"}, "is called Twice"),
        ("guard", {"people": "7"}, "Nothing was changed"),
        ("pause", {"reason": "audit", "until": "2099-01-31T12:00"}, "Expiry is paused"),
        ("resume", {}, "Expiry goes on"),
    ):
        page = client.get(ACME)
        if form == "resume":
            assert 'name="until" value="2099-01-31T12:00"' in page.text, "a changed reason keeps the end"
        for _ in range(2):
            answer = confirmed(client, page, f"{ACME}/{form}", **fields)
        assert message in said(client, answer)


def test_a_message_about_a_long_name_fits_into_its_cookie_and_ends_as_it_should(
    signed_in: SignIn, world: OrderWorld
) -> None:
    client = signed_in("admin")
    for letter in ("x", "ß", "\U0001f393", "<"):
        answer = press(client, "name", name=letter * 1000)
        [cookie] = [each for each in answer.headers.get_list("set-cookie") if "flash" in each]
        assert len(cookie.encode()) <= 4096
        page = said(client, answer)
        assert "The tenant is called" in page
        assert f"{letter * 20} now." in page
    errors = press(client, "dates", time_zone="\U0001f393" * 1000, grace_days="1")
    assert "Use a name of the tz database" in said(client, errors)


def test_an_approved_hold_is_undone_from_its_page(signed_in: SignIn, world: OrderWorld) -> None:
    world.session.execute(
        text("""insert into hold (tenant_id, rule, reason, would_expire, enrolled, orders)
            values (:id, 'people', 'too many', 1, 1, 1)"""),
        {"id": world.rosters["acme"].tenant_id},
    )
    [hold_id] = world.session.execute(text("select id from hold")).scalars()
    holds.approve(world.session, hold_id, Why("staff:ops@staff.example", clock.now(world.session)))
    world.session.commit()
    client = signed_in()
    at = f"/console/attention/holds/{hold_id}"
    assert "Undo the approval" in words(client.get(at))
    answer = send(client, at, f"/console/undo/hold/{hold_id}", reason="wrong")
    assert "changed no term and no enrollment" in said(client, answer)
