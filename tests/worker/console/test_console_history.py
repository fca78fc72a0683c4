"""History in the console, over HTTP: deeds of people, events of enrollments, the time line of one."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from operations import SignIn, pull, words
from order_world import DAY, ZONE, OrderWorld
from page_statements import statements
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from models.enrollment_changes import Why, enroll
from models.landing import Landed
from models.staff import StaffAction
from models.terms import boundary
from worker import clock
from worker.pages.words import instant
from worker.pipeline import expire, tenants

pytest_plugins = ("operations_site",)

TODAY = datetime.now(UTC).date()
HISTORY, ENROLLMENTS = "/console/history", "/console/history/enrollments"


def did(
    session: Session, action: str, subject: str, actor: str = "staff:ops@staff.example", **values: object
) -> None:
    session.add(StaffAction(actor=actor, action=action, subject=subject, **values))
    session.commit()


@pytest.fixture
def enrolled(world: OrderWorld) -> list[int]:
    """Two people of acme on order 1, by the statement that writes events. Their enrollments, user by user."""
    session, acme = world.session, world.rosters["acme"]
    end = TODAY + 50 * DAY
    world.order(1, "acme", 7, end)
    wanted = """
        select u.tenant_id, u.id as user_id, cast(:version as bigint) as course_version_id,
            cast(1 as bigint) as sales_order_id, cast(null as date) as expiration_date,
            cast(:boundary as timestamptz) as boundary, cast(0 as smallint) as completed_modules
        from users u where u.id = any(:users)
    """
    parameters = {"version": world.version_id, "users": acme.users[:2], "boundary": boundary(end, ZONE)}
    enroll(session, wanted, parameters, Why("staff:enrollment@staff.example", clock.now(session)))
    session.commit()
    return list(session.execute(text("select id from enrollment order by user_id")).scalars())


@pytest.fixture
def flipped(world: OrderWorld, enrolled: list[int], sessions: sessionmaker[Session]) -> int:
    """The run that cut the order short and expired them."""
    end = TODAY - 20 * DAY
    said = Landed(1, 7, "SO1", "B", None, end, datetime.now(UTC), f'{{"end": "{end}"}}')
    return pull(sessions, world.rosters["acme"].tenant_id, said)


# deeds of people


def test_deeds_are_told_with_who_why_and_what(signed_in: SignIn, world: OrderWorld) -> None:
    session = world.session
    why = Why("staff:admin@staff.example", clock.now(session))
    tenants.change(session, world.rosters["acme"].tenant_id, why, time_zone="Europe/Berlin")
    did(session, "hold approved", "hold 5", reason="<b>checked</b>")
    until = datetime(2027, 1, 31, 17, 5, 9, 443107, tzinfo=UTC).isoformat()
    did(session, "expiry paused", "tenant bolt", actor="cli:root", detail={"until": until})
    client = signed_in()
    page = client.get(HISTORY)
    told = words(page)
    for text_ in (
        "Admin Person (admin@staff.example)",
        "America/New_York → Europe/Berlin",
        "root on the command line",
        "until 31 Jan 2027, 17:05 UTC",
    ):
        assert text_ in told
    assert "<b>checked</b>" not in page.text
    assert 'href="/console/tenants/bolt"' in page.text
    only = words(client.get(f"{HISTORY}?actor=staff:admin@staff.example&tenant=acme"))
    assert "Europe/Berlin" in only
    assert "hold approved" not in only
    assert "Nothing matches" in words(client.get(f"{HISTORY}?until=2020-01-01"))
    assert "hold 5" in words(client.get(f"{HISTORY}?q=HOLD"))


def test_an_export_is_a_deed_too(signed_in: SignIn, world: OrderWorld) -> None:
    did(world.session, "expiry paused", "tenant acme", reason="=cmd()")
    client = signed_in()
    [paused] = [
        row
        for row in csv.DictReader(io.StringIO(client.get(f"{HISTORY}/csv?tenant=acme").text.lstrip("\ufeff")))
        if row["What"] == "expiry paused"
    ]
    assert paused["Reason"] == "'=cmd()"
    assert "history exported" in words(client.get(f"{HISTORY}?q=exported"))
    assert "rows 1, tenant acme" in words(client.get(f"{HISTORY}?q=exported"))


def test_older_deeds_are_a_page_on_and_statements_stay(signed_in: SignIn, world: OrderWorld) -> None:
    client = signed_in()
    few = statements(world.session, client, HISTORY)
    for number in range(60):
        did(world.session, "seen", f"thing {number:02}")
    assert statements(world.session, client, HISTORY) == few
    first = client.get(HISTORY)
    before = first.text.split("before=")[1].split('"')[0]
    assert "thing 59" in words(first)
    assert "thing 05" not in words(first)
    assert "thing 05" in words(client.get(f"{HISTORY}?before={before}"))


# events of enrollments


def test_events_are_found_by_user_tenant_run_and_person(
    signed_in: SignIn, world: OrderWorld, enrolled: list[int], flipped: int
) -> None:
    client = signed_in()
    told = words(client.get(ENROLLMENTS))
    assert "Status: Enrolled → becomes Expired" in told
    assert "order ended early" in told
    assert "Enrollment Person (enrollment@staff.example)" in told
    of_user = words(client.get(f"{ENROLLMENTS}?q=person-1@acme"))
    assert "Person 1 of acme" in of_user
    assert "Person 0 of acme" not in of_user
    of_run = words(client.get(f"{ENROLLMENTS}?run={flipped}"))
    assert of_run.count("order ended early") == 2
    assert "Nothing matches" in words(client.get(f"{ENROLLMENTS}?tenant=bolt"))
    of_person = words(client.get(f"{ENROLLMENTS}?actor=staff:enrollment@staff.example"))
    assert "becomes Expired" not in of_person
    assert "Nothing matches" in words(client.get(f"{ENROLLMENTS}?until=2020-01-01"))
    yesterday = datetime.now(UTC) - timedelta(days=1)
    assert "Person 0" in words(client.get(f"{ENROLLMENTS}?since={yesterday:%Y-%m-%d}"))
    assert client.get(f"{ENROLLMENTS}?run=x").status_code == 400


def test_the_time_line_tells_the_order_before_what_followed(
    signed_in: SignIn, world: OrderWorld, enrolled: list[int], flipped: int
) -> None:
    client = signed_in()
    told = words(client.get(f"{ENROLLMENTS}/{enrolled[0]}"))
    assert "Person 0 of acme in Safety" in told
    flip, order = told.index("Order ended early"), told.index("Sales order SO1 changed in NetSuite")
    start = told.rindex("enrollment@staff.example")
    assert flip < order < start, "newest first"
    assert f"run {flipped}" in told[order:]
    assert "EST" in told or "EDT" in told, "times in the tenant's zone"
    assert client.get(f"{ENROLLMENTS}/999").status_code == 404


def test_an_expiry_not_yet_written_down_is_told(signed_in: SignIn, world: OrderWorld, enrolled: list[int]) -> None:
    world.session.execute(text("update enrollment set boundary = now() - interval '1 minute'"))
    world.session.commit()
    told = words(signed_in().get(f"{ENROLLMENTS}/{enrolled[0]}"))
    assert "Expired reads so since" in told


def test_who_expired_by_a_pause_that_ended_did_so_at_its_end(
    signed_in: SignIn, world: OrderWorld, enrolled: list[int], sessions: sessionmaker[Session]
) -> None:
    """The boundary came during the pause; before and after the sweep has written it down, the same is told."""
    session = world.session
    for statement in (
        "update enrollment set boundary = now() - interval '3 hours'",
        "insert into due_boundary (tenant_id, at) select distinct tenant_id, boundary from enrollment",
        "update tenant set paused_at = now() - interval '9 hours', pause_until = now() - interval '1 hour',"
        " pause_reason = 'audit' where key = 'acme'",
    ):
        session.execute(text(statement))
    [ended] = session.execute(text("select pause_until from tenant where key = 'acme'")).scalars()
    session.commit()
    client, at = signed_in(), instant(ended, ZONE)
    assert f"Expired reads so since {at}" in words(client.get(f"{ENROLLMENTS}/{enrolled[0]}"))
    expire.sweep_all(sessions)
    assert f"Expired term ended, {at}" in words(client.get(f"{ENROLLMENTS}/{enrolled[0]}"))
    assert session.execute(text("select distinct expired_at from enrollment")).scalar_one() == ended


def test_events_page_by_page_and_in_a_file(signed_in: SignIn, world: OrderWorld, enrolled: list[int]) -> None:
    client = signed_in()
    few = statements(world.session, client, ENROLLMENTS)
    world.session.execute(
        text("""
        insert into enrollment_event (enrollment_id, version, tenant_id, at, status, cause, actor, before)
        select :id, n, :tenant, now(), 'E', 'edited', 'test', '{}' from generate_series(2, 120) n
        """),
        {"id": enrolled[0], "tenant": world.rosters["acme"].tenant_id},
    )
    world.session.commit()
    assert statements(world.session, client, ENROLLMENTS) == few
    first = client.get(ENROLLMENTS)
    assert words(first).count("edited") == 50
    before = first.text.split("before=")[1].split('"')[0]
    assert words(client.get(f"{ENROLLMENTS}?before={before}")).count("edited") == 50
    lines = list(csv.reader(io.StringIO(client.get(f"{ENROLLMENTS}/csv?q=person-0").text)))
    assert len(lines) == 121
    assert "events of enrollments" in words(client.get(f"{HISTORY}?q=exported"))


def test_what_orders_draw_of_the_numbers_hides_no_event(
    signed_in: SignIn, world: OrderWorld, enrolled: list[int]
) -> None:
    """As after a first load of a million orders, each of which has a number in the feed."""
    world.session.execute(text("select setval('enrollment_event_id_seq', 1000000)"))
    world.session.commit()
    ops = signed_in("ops")
    assert "Person 0 of acme" in words(ops.get(ENROLLMENTS))
    world.session.execute(text("update enrollment_event set at = at - interval '3 days'"))
    world.session.commit()
    assert "Person 0 of acme" in words(ops.get(ENROLLMENTS))
