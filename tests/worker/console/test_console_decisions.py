"""Flagged orders in the console, over HTTP: people expire or the flag is reviewed, only as it was looked at."""

from datetime import UTC, datetime

import httpx
import pytest
from course_school import confirmed, message, run_of
from operations import SignIn, perform_edit, words
from order_world import DAY, OrderWorld
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker
from web_running import send

pytest_plugins = ("operations_site",)

TODAY = datetime.now(UTC).date()
ORDER = "/console/orders/acme/1"
EXPIRE = f"{ORDER}/expire"


@pytest.fixture
def flagged(world: OrderWorld) -> OrderWorld:
    """Three people of acme on a deleted order."""
    world.order(1, "acme", flag="deleted", end=TODAY + 90 * DAY)
    for user in range(3):
        world.enroll(1, "acme", user, TODAY + 90 * DAY)
    world.session.commit()
    return world


def statuses(world: OrderWorld) -> list[tuple[str, str | None]]:
    world.session.rollback()
    rows = world.session.execute(text("select status, expired_cause from enrollment order by id"))
    return [tuple(row) for row in rows]


def write(world: OrderWorld, statement: str) -> None:
    world.session.execute(text(statement))
    world.session.commit()


def test_people_of_a_flagged_order_expire_by_an_edit_that_can_be_taken_back(
    signed_in: SignIn, flagged: OrderWorld
) -> None:
    client = signed_in("enrollment")
    page = client.get(EXPIRE)
    assert "Expire 3 enrollments" in words(page)
    assert "no reason" in message(client, confirmed(client, page, reason=" "))
    assert statuses(flagged) == [("E", None)] * 3

    run_id = run_of(confirmed(client, page, reason="cancelled by the client"))
    assert statuses(flagged) == [("X", "expired_by_staff")] * 3
    job = client.get(f"/console/edits/{run_id}")
    assert "Expire whoever is Enrolled on order SO1" in words(job)
    assert f'href="{ORDER}"' in job.text
    told = words(client.get(ORDER))
    for part in ("Enrolled to Expired", "enrollment@staff.example", "cancelled by the client"):
        assert part in told
    assert "Nobody on this order is Enrolled" in words(client.get(EXPIRE))

    undo = f"/console/edits/{run_id}/undo"
    confirmed(client, client.get(undo), undo)
    assert statuses(flagged) == [("E", None)] * 3


def test_pressed_twice_they_expire_once(signed_in: SignIn, flagged: OrderWorld) -> None:
    client = signed_in("enrollment")
    page = client.get(EXPIRE)
    first, second = (confirmed(client, page, reason="cancelled") for _ in range(2))
    assert run_of(first) == run_of(second)
    [deeds] = flagged.session.execute(text("select count(*) from staff_action where subject = 'order 1'")).one()
    assert deeds == 1


def test_nobody_expires_who_was_not_on_the_page(signed_in: SignIn, flagged: OrderWorld) -> None:
    client = signed_in("enrollment")
    page = client.get(EXPIRE)
    flagged.enroll(1, "acme", 3, TODAY + 90 * DAY)
    flagged.session.commit()
    assert "4 rows match now, 3 did when you looked" in message(
        client, confirmed(client, page, reason="cancelled")
    )
    assert statuses(flagged) == [("E", None)] * 4


def test_many_expire_in_the_background(
    signed_in: SignIn, flagged: OrderWorld, sessions: sessionmaker[Session]
) -> None:
    write(
        flagged,
        """
        with added as (
            insert into users (tenant_id, key, name, email)
            select id, 'm' || n, 'Many ' || n, 'm' || n || '@acme.example'
            from tenant, generate_series(1, 200) n where key = 'acme' returning id, tenant_id
        )
        insert into enrollment (tenant_id, user_id, course_version_id, sales_order_id)
        select a.tenant_id, a.id, v.id, 1 from added a, course_version v
        """,
    )
    client = signed_in("enrollment")
    page = client.get(EXPIRE)
    assert "runs in the background" in words(page)
    run_id = run_of(confirmed(client, page, reason="cancelled"))
    assert "0 of 203 rows done" in words(client.get(f"/console/edits/{run_id}"))
    assert {status for status, _ in statuses(flagged)} == {"E"}
    assert perform_edit(sessions, run_id) == "done"
    assert {status for status, _ in statuses(flagged)} == {"X"}


RAISED_AGAIN = {
    "another": "update sales_order set flag = 'moved'",
    "anew": "update sales_order set flagged_at = flagged_at + interval '1 hour'",
    "gone": "update sales_order set flag = null, flagged_at = null",
}


@pytest.mark.parametrize("how", RAISED_AGAIN)
def test_a_flag_that_is_not_the_one_on_the_page_is_neither_acted_on_nor_reviewed(
    signed_in: SignIn, flagged: OrderWorld, how: str
) -> None:
    client = signed_in("admin")
    expire, order, listed = (client.get(at) for at in (EXPIRE, ORDER, "/console/attention/flagged"))
    write(flagged, RAISED_AGAIN[how])
    said = "which is not what you looked at"
    assert said in message(client, confirmed(client, expire, reason="cancelled"))
    assert said in message(client, confirmed(client, order, f"{ORDER}/review", reason="renewed"))
    assert said in message(client, review(client, listed))
    assert statuses(flagged) == [("E", None)] * 3
    assert flagged.session.execute(text("select reviewed_at from sales_order")).scalar_one() is None


def review(client: httpx.Client, listed: httpx.Response) -> httpx.Response:
    """Ticks the only order of the list of flagged ones, and marks it as reviewed."""
    row = listed.text.partition('name="row" value="')[2].partition('"')[0]
    return send(client, "/password", "/console/attention/flagged/review", row=row, reason="renewed")


def test_who_does_not_say_which_flag_they_saw_reviews_none(signed_in: SignIn, flagged: OrderWorld) -> None:
    client = signed_in("admin")
    for fields in ({}, {"flag": "deleted", "since": "yesterday"}, {"flag": "deleted", "since": "2026-01-01"}):
        answer = send(client, ORDER, f"{ORDER}/review", reason="renewed", **fields)
        assert "does not say which flag" in message(client, answer)
    assert flagged.session.execute(text("select reviewed_at from sales_order")).scalar_one() is None


def test_an_order_without_a_flag_expires_nobody(signed_in: SignIn, world: OrderWorld) -> None:
    world.order(1, "acme")
    world.enroll(1, "acme", 0)
    world.session.commit()
    assert "has no flag" in words(signed_in("admin").get(EXPIRE))


def test_a_reviewed_flag_stays_visible_and_says_who_and_why(signed_in: SignIn, flagged: OrderWorld) -> None:
    client = signed_in("admin")
    page = client.get(ORDER)
    told = message(client, confirmed(client, page, f"{ORDER}/review", reason="moved to SO2"))
    assert "The flag is reviewed" in told
    order = words(client.get(ORDER))
    for part in ("Deleted", "Reviewed", "admin@staff.example", "moved to SO2"):
        assert part in order
    assert "no flag that waits" in message(client, confirmed(client, page, f"{ORDER}/review", reason="again"))
