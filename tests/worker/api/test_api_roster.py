"""PUTs and bulk lines: idempotent, with reasons that name the field; nothing is made by being referred to."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from operations import perform
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from worker.pipeline.edit import AT_ONCE

pytest_plugins = ("api_world",)

NEXT_YEAR = datetime.now(UTC).date() + timedelta(days=365)
USER = {"name": "Ann", "email": "ann@acme.example", "groups": ["Night", "Day"]}


def put(client: httpx.Client, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
    return client.put(path, json=body or {})


def events(sessions: sessionmaker[Session]) -> int:
    with sessions() as session:
        count: int = session.execute(text("select count(*) from enrollment_event")).scalar_one()
        return count


def test_a_tenant_with_its_customer(client: httpx.Client, sessions: sessionmaker[Session]) -> None:
    made = put(client, "/tenants/new", {"name": "New", "time_zone": "Europe/Berlin"})
    assert (made.status_code, made.json()["time_zone"]) == (201, "Europe/Berlin")
    again = put(client, "/tenants/new", {"name": "Newer", "grace_days": 3})
    assert again.status_code == 200
    assert again.json() == {
        "tenant": "new",
        "name": "Newer",
        "time_zone": "Europe/Berlin",
        "grace_days": 3,
        "paused": False,
        "run": None,
    }
    with sessions.begin() as session:
        session.execute(text("insert into customer (id) values (99)"))
    for _ in range(2):
        assert put(client, "/tenants/new/customers/99").json()["tenant"] == "new"
    taken = put(client, "/tenants/acme/customers/99")
    assert (taken.status_code, taken.json()["code"]) == (409, "customer-mapped-elsewhere")
    assert put(client, "/tenants/nobody/customers/99").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body.name"),
        ({"name": ""}, "body.name"),
        ({"name": "a\0b"}, "body.name"),
        ({"name": "N", "grace_days": 1000}, "body.grace_days"),
        ({"name": "N", "grace_days": "1"}, "body.grace_days"),
        ({"name": "N", "colour": "red"}, "body.colour"),
    ],
)
def test_what_is_wrong_is_named(client: httpx.Client, body: dict[str, Any], field: str) -> None:
    answer = put(client, "/tenants/new", body)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]
    assert answer.headers["content-type"] == "application/problem+json"


def test_zones_there_are_not(client: httpx.Client) -> None:
    answer = put(client, "/tenants/new", {"name": "N", "time_zone": "Mars/Base"})
    assert (answer.status_code, answer.json()["code"]) == (422, "time-zone-unknown")
    assert [each["field"] for each in answer.json()["errors"]] == ["body.time_zone"]


def test_a_user_keeps_what_is_left_out(client: httpx.Client) -> None:
    made = put(client, "/tenants/acme/users/ann", {**USER, "manager": "user-0"})
    assert made.status_code == 201
    assert made.json() == {**USER, "user": "ann", "active": True, "manager": "user-0", "groups": ["Day", "Night"]}
    changed = put(client, "/tenants/acme/users/ann", {"name": "Anna", "email": USER["email"], "active": False})
    assert changed.status_code == 200
    assert changed.json() == {**made.json(), "name": "Anna", "active": False}
    again = put(client, "/tenants/acme/users/ann", {"name": "Anna", "email": USER["email"], "active": False})
    assert again.json() == changed.json()
    alone = put(client, "/tenants/acme/users/ann", {**USER, "manager": None, "groups": []})
    assert (alone.json()["manager"], alone.json()["groups"]) == (None, [])


def test_a_user_whose_manager_is_not_there_is_not_taken(client: httpx.Client) -> None:
    for manager, code in (("nobody", "manager-unknown"), ("ann", "manager-is-self")):
        answer = put(client, "/tenants/acme/users/ann", {**USER, "manager": manager})
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert answer.json()["errors"][0]["field"] == "body.manager"
        (line, _) = bulk(
            client, "/tenants/acme/users/bulk", [{**USER, "user": "bo", "manager": manager.replace("ann", "bo")}]
        )
        assert (line["ok"], line["errors"][0]["field"], line["errors"][0]["code"]) == (False, "manager", code)
    assert client.get("/tenants/acme/users/ann/access").status_code == 404


def test_a_course_gets_exactly_these_modules(client: httpx.Client) -> None:
    made = put(client, "/courses/fire/versions/2", {"title": "Fire", "modules": ["One", "Two"]})
    assert (made.status_code, made.json()["modules"]) == (201, ["One", "Two"])
    changed = put(client, "/courses/fire/versions/2", {"title": "Fire!", "modules": ["Two"]})
    assert changed.status_code == 200
    assert changed.json() == {"course": "fire", "version": "2", "title": "Fire!", "modules": ["Two"]}


def test_an_enrollment_is_made_changed_and_left_alone(
    client: httpx.Client, sessions: sessionmaker[Session]
) -> None:
    path = "/tenants/acme/enrollments/user-4/safety/v1"
    made = put(client, path, {"sales_order": "SO1"})
    assert (made.status_code, made.json()["status"], made.json()["sales_order"]) == (201, "E", "SO1")
    count = events(sessions)
    assert put(client, path, {"sales_order": "SO1"}).status_code == 200
    assert put(client, path).json() == made.json()
    assert events(sessions) == count
    dated = put(client, path, {"expiration_date": NEXT_YEAR.isoformat()}).json()
    assert (dated["last_day"], dated["past_order_end"]) == (NEXT_YEAR.isoformat(), True)
    assert put(client, path, {"sales_order": "SO2"}).json()["expiration_date"] is None
    assert put(client, path, {"status": "U"}).json()["status"] == "U"
    assert put(client, path, {"status": "E"}).json()["status"] == "E"
    assert events(sessions) == count + 4


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("nobody/safety/v1", {}, 404, "user-unknown"),
        ("user-4/safety/v9", {}, 404, "course-version-unknown"),
        ("user-4/safety/v1", {"sales_order": "SO5"}, 422, "order-not-of-tenant"),
        ("user-4/safety/v1", {"sales_order": "SO3"}, 422, "order-not-selectable"),
        ("user-4/safety/v1", {"sales_order": "SO4"}, 422, "order-not-selectable"),
        ("user-4/safety/v1", {"expiration_date": "2026-02-30"}, 422, "request-invalid"),
        ("user-4/safety/v1", {"expiration_date": "1999-01-01"}, 422, "request-invalid"),
    ],
)
def test_enrollments_that_cannot_be(
    client: httpx.Client, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    answer = put(client, f"/tenants/acme/enrollments/{path}", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert client.get("/tenants/acme/enrollments", params={"user": "user-4"}).json()["items"] == []


def bulk(client: httpx.Client, path: str, lines: Sequence[Any]) -> list[dict[str, Any]]:
    body = b"\n".join(each if isinstance(each, bytes) else json.dumps(each).encode() for each in lines)
    answer = client.post(path, content=body, headers={"content-type": "application/x-ndjson"}, timeout=120)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def test_ten_thousand_of_each_at_once(client: httpx.Client, sessions: sessionmaker[Session]) -> None:
    everybody = range(10_000)
    users = [{"user": f"n{n}", "name": f"N {n}", "email": f"n{n}@acme.example"} for n in everybody]
    assert bulk(client, "/tenants/acme/users/bulk", users)[-1]["counts"]["users_new"] == 10_000
    people = [{"user": f"n{n}", "course": "safety", "version": "v1", "sales_order": "SO1"} for n in everybody]
    told = bulk(client, "/tenants/acme/enrollments/bulk", people)
    assert told[-1]["counts"]["enrolled"] == 10_000
    assert told[:2] == [{"line": n, "ok": True, "result": "created"} for n in (1, 2)]
    count = events(sessions)
    assert bulk(client, "/tenants/acme/enrollments/bulk", people)[-1]["counts"]["unchanged"] == 10_000
    assert events(sessions) == count
    too_many = client.post("/tenants/acme/users/bulk", content=b"{}\n" * 10_001)
    assert (too_many.status_code, too_many.json()["code"]) == (413, "request-too-large")


def test_each_line_has_its_own_answer(client: httpx.Client) -> None:
    told = bulk(
        client,
        "/tenants/acme/enrollments/bulk",
        [
            {"user": "user-4", "course": "safety", "version": "v1", "sales_order": "SO1"},
            {"user": "nobody", "course": "safety", "version": "v1"},
            b"{not json",
            b"",
            {"user": "user-3", "course": "safety", "version": "v1", "sales_order": "SO5"},
            {"user": "user-4", "course": "safety", "version": "v1"},
            {"user": "user-3", "course": "safety", "version": "v7"},
        ],
    )
    codes = [line.get("errors", [{}])[0].get("code") for line in told[:-1]]
    assert [line["ok"] for line in told[:-1]] == [True, *[False] * 6]
    assert codes == [
        None,
        "user-unknown",
        None,
        None,
        "order-not-of-tenant",
        "enrollment-repeated",
        "course-version-unknown",
    ]
    assert (told[-1]["refused"], told[-1]["counts"]["enrolled"]) == (6, 1)


def test_courses_in_bulk(client: httpx.Client) -> None:
    lines = [{"course": f"c{n}", "version": "1", "title": "T", "modules": ["A", "B"]} for n in range(3)]
    assert bulk(client, "/courses/bulk", lines)[-1]["counts"]["courses_new"] == 3
    assert bulk(client, "/courses/bulk", lines)[-1]["counts"]["courses_changed"] == 0


def results(told: Sequence[dict[str, Any]]) -> list[str]:
    return [line["result"] for line in told[:-1]]


def test_each_line_says_what_it_came_to(client: httpx.Client) -> None:
    known = {"user": "user-0", "name": "Person 0 of acme", "email": "person-0@acme.example"}
    new = {"user": "ann", "name": "Ann", "email": "ann@acme.example", "groups": ["Day"]}
    path = "/tenants/acme/users/bulk"
    assert results(bulk(client, path, [known, new, {**known, "user": "user-1"}])) == [
        "unchanged",
        "created",
        "changed",
    ]
    assert results(bulk(client, path, [known, new])) == ["unchanged", "unchanged"]
    told = bulk(client, path, [{**known, "manager": "ann"}, {**new, "groups": ["Night"]}])
    assert results(told) == ["changed", "changed"]
    course = {"course": "fire", "version": "1", "title": "Fire", "modules": ["A"]}
    assert results(bulk(client, "/courses/bulk", [course])) == ["created"]
    again = [course, {"course": "safety", "version": "v1", "title": "Other"}]
    assert results(bulk(client, "/courses/bulk", again)) == ["unchanged", "changed"]
    lines = [{"user": name, "course": "safety", "version": "v1"} for name in ("user-0", "user-4")]
    path = "/tenants/acme/enrollments/bulk"
    assert results(bulk(client, path, lines)) == ["unchanged", "created"]
    assert results(bulk(client, path, [{**lines[0], "status": "U"}, lines[1]])) == ["changed", "unchanged"]


@pytest.mark.parametrize("key", ["a/b", ".", "..", "/"])
def test_keys_that_are_no_part_of_an_address_are_refused(client: httpx.Client, key: str) -> None:
    user = {"user": key, "name": "Ann", "email": "ann@acme.example"}
    (line, _) = bulk(client, "/tenants/acme/users/bulk", [user])
    assert "parts of addresses" in line["errors"][0]["detail"]
    encoded = key.replace("/", "%2F").replace(".", "%2E")
    answer = client.put(f"{client.base_url}tenants/acme/users/{encoded}", json=USER)
    assert answer.status_code in {404, 405, 422}


def test_an_order_is_found_whatever_its_number(client: httpx.Client, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        session.execute(text("update sales_order set number = 'SO/2026/1 #2?' where id = 1"))
    for written in ("SO%2F2026%2F1%20%232%3F", "SO/2026/1%20%232%3F"):
        found = client.get(f"/tenants/acme/sales-orders/{written}")
        assert (found.status_code, found.json().get("number")) == (200, "SO/2026/1 #2?")


def many_enrollments(client: httpx.Client) -> None:
    users = [{"user": f"n{n}", "name": f"N {n}", "email": f"n{n}@acme.example"} for n in range(AT_ONCE)]
    bulk(client, "/tenants/acme/users/bulk", users)
    people = [{"user": user["user"], "course": "safety", "version": "v1"} for user in users]
    bulk(client, "/tenants/acme/enrollments/bulk", people)


def test_a_change_that_waits_is_not_undone_nor_does_it_undo_a_later_one(
    client: httpx.Client, sessions: sessionmaker[Session]
) -> None:
    many_enrollments(client)
    grace = {"name": "Acme", "grace_days": 30}
    perform(sessions, put(client, "/tenants/acme", grace).json()["run"])
    less = put(client, "/tenants/acme", {"name": "Acme", "grace_days": 0})
    for other in (grace, {"name": "Acme", "time_zone": "Europe/Berlin"}):
        refused = put(client, "/tenants/acme", other)
        assert (refused.status_code, refused.json()["code"]) == (409, "tenant-changing")
    named = put(client, "/tenants/acme", {"name": "Acme, renamed"})
    assert (named.status_code, named.json()["name"]) == (202, "Acme, renamed"), "what is left out is left to it"
    assert named.json()["run"] == less.json()["run"]
    perform(sessions, less.json()["run"])
    done = put(client, "/tenants/acme", {"name": "Acme"}).json()
    assert (done["grace_days"], done["run"]) == (0, None)


def test_a_zone_of_many_enrollments_changes_in_the_background(
    client: httpx.Client, sessions: sessionmaker[Session]
) -> None:
    many_enrollments(client)
    wanted = {"name": "Acme, renamed", "time_zone": "Europe/Berlin"}
    answer = put(client, "/tenants/acme", wanted)
    assert (answer.status_code, answer.json()["name"]) == (202, "Acme, renamed")
    assert answer.json()["time_zone"] != "Europe/Berlin"
    run_id = answer.json()["run"]
    assert put(client, "/tenants/acme", wanted).json()["run"] == run_id, "sent again, it is the same change"
    perform(sessions, run_id)
    done = put(client, "/tenants/acme", wanted)
    assert (done.status_code, done.json()["time_zone"], done.json()["run"]) == (200, "Europe/Berlin", None)
    for bad in ({"time_zone": "Mars/Base"}, {"grace_days": 999}):
        assert put(client, "/tenants/acme", {"name": "N", **bad}).status_code == 422


def test_a_token_of_one_tenant_changes_nothing_that_others_share(
    clients: Callable[..., httpx.Client],
) -> None:
    own = clients(tenant="acme")
    for answer in (
        put(own, "/tenants/acme", {"name": "N"}),
        put(own, "/tenants/acme/customers/7"),
        put(own, "/courses/fire/versions/1", {"title": "T"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "token-of-one-tenant")
    assert put(own, "/tenants/acme/users/ann", USER).status_code == 201
    assert put(own, "/tenants/other/users/ann", USER).status_code == 404
