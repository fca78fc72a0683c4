"""Bulk edits over the API: preview, once a key, results, undo, other tenants' ids."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

pytest_plugins = ("api_world",)

Clients = Callable[..., httpx.Client]
EDIT = "/tenants/acme/enrollments/edit"
YESTERDAY = (datetime.now(UTC) - timedelta(days=2)).date().isoformat()
EVERYBODY: dict[str, Any] = {"select": {"course": "safety", "version": "v1"}}


def statuses(client: httpx.Client) -> list[str]:
    return [item["status"] for item in client.get("/tenants/acme/enrollments").json()["items"]]


def test_preview_edit_results_and_undo(client: httpx.Client) -> None:
    body = {**EVERYBODY, "set": {"action": "X"}}
    preview = client.post(EDIT, json={**body, "preview": True}).json()["preview"]
    assert (preview["rows"], preview["changed"], preview["expired"]) == (3, 3, 3)
    assert statuses(client) == ["E", "E", "E"]
    made = client.post(EDIT, json=body, headers={"idempotency-key": "one"}).json()
    again = client.post(EDIT, json=body, headers={"idempotency-key": "one"}).json()
    assert (made["new"], again["new"], made["edit"]) == (True, False, again["edit"])
    assert statuses(client) == ["X", "X", "X"]
    job = f"/tenants/acme/edits/{made['edit']}"
    shown = client.get(job).json()
    assert (shown["state"], shown["rows"], shown["done"]) == ("done", 3, 3)
    first = client.get(f"{job}/results", params={"limit": 2}).json()
    rest = client.get(f"{job}/results", params={"limit": 2, "cursor": first["next"]}).json()
    assert [row["user"] for row in first["items"] + rest["items"]] == ["user-0", "user-1", "user-2"]
    undone = client.post(f"{job}/undo").json()
    assert client.post(f"{job}/undo").json()["edit"] == undone["edit"]
    assert statuses(client) == ["E", "E", "E"]
    assert client.post(f"{job}/resume").json()["code"] == "edit-undone"


def test_the_same_key_for_another_edit_is_refused(client: httpx.Client) -> None:
    client.post(EDIT, json={**EVERYBODY, "set": {"action": "X"}}, headers={"idempotency-key": "one"})
    other = client.post(EDIT, json={**EVERYBODY, "set": {"action": "U"}}, headers={"idempotency-key": "one"})
    assert (other.status_code, other.json()["code"]) == (409, "edit-key-reused")


def test_what_cannot_be_asked_for(client: httpx.Client) -> None:
    ids = [item["id"] for item in client.get("/tenants/acme/enrollments").json()["items"]]
    refused = [
        ({**EVERYBODY, "set": {}}, "edit-nothing-chosen"),
        ({"set": {"action": "X"}}, "request-invalid"),
        ({**EVERYBODY, "ids": ids, "set": {"action": "X"}}, "request-invalid"),
        ({**EVERYBODY, "set": {"sales_order": "SO5"}}, "order-not-of-tenant"),
        ({**EVERYBODY, "set": {"sales_order": "SO4"}}, "order-not-selectable"),
        ({**EVERYBODY, "set": {"expiration_date": YESTERDAY}}, "edit-date-in-past"),
        ({"select": {"user": "nobody at all"}, "set": {"action": "X"}}, "edit-nobody-selected"),
    ]
    for body, code in refused:
        answer = client.post(EDIT, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    dated = {**EVERYBODY, "set": {"expiration_date": YESTERDAY}, "confirm_past": True}
    assert client.post(EDIT, json=dated).status_code == 200
    assert statuses(client) == ["X", "X", "X"]


def test_ids_of_another_tenant_are_refused_row_by_row(clients: Clients) -> None:
    client = clients()
    (theirs,) = [item["id"] for item in client.get("/tenants/other/enrollments").json()["items"]]
    own = clients(tenant="acme")
    made = own.post(EDIT, json={"ids": [theirs], "set": {"action": "X"}}).json()
    (row,) = own.get(f"/tenants/acme/edits/{made['edit']}/results").json()["items"]
    assert (row["outcome"], row["reason"], row["user"]) == ("skipped", "enrollment-unknown", None)
    foreign = client.post("/tenants/other/enrollments/edit", json={"ids": [theirs], "set": {"action": "X"}}).json()
    for path in (f"/tenants/acme/edits/{foreign['edit']}", f"/tenants/acme/edits/{foreign['edit']}/results"):
        assert own.get(path).status_code == 404
    assert own.post(f"/tenants/acme/edits/{foreign['edit']}/undo").status_code == 404


def test_an_edit_that_would_do_something_else_than_its_preview_is_refused(
    client: httpx.Client, sessions: sessionmaker[Session]
) -> None:
    body = {**EVERYBODY, "set": {"expiration_date": None, "sales_order": None}}
    preview = client.post(EDIT, json={**body, "preview": True}).json()["preview"]
    with sessions.begin() as session:
        session.execute(text("update enrollment set status = 'U' where id = (select min(id) from enrollment)"))
    seen = {"expected": preview["fingerprint"]}
    refused = client.post(EDIT, json={**body, **seen})
    assert (refused.status_code, refused.json()["code"]) == (409, "edit-effect-differs")
    assert "Look at the preview again" in refused.json()["remedy"]
    again = client.post(EDIT, json={**body, **seen, "select": {"user": "user-1"}})
    assert (again.status_code, again.json()["code"]) == (409, "edit-rows-differ")
    preview = client.post(EDIT, json={**body, "preview": True}).json()["preview"]
    assert client.post(EDIT, json={**body, "expected": preview["fingerprint"]}).status_code == 200
    assert client.post(EDIT, json={**body, "expected": "12"}).status_code == 422


def test_a_date_that_has_passed_is_confirmed_before_an_edit_goes_on(
    client: httpx.Client, sessions: sessionmaker[Session]
) -> None:
    made = client.post(EDIT, json={**EVERYBODY, "set": {"action": "X"}}).json()["edit"]
    with sessions.begin() as session:
        session.execute(
            text("update edit_job set wish = :wish"), {"wish": f'{{"expiration_date": "{YESTERDAY}"}}'}
        )
        session.execute(text("update sync_run set state = 'stopped', outcome = null where kind = 'edit'"))
    resume = f"/tenants/acme/edits/{made}/resume"
    refused = client.post(resume, headers={"idempotency-key": "go-on"})
    assert (refused.status_code, refused.json()["code"]) == (409, "edit-date-passed")
    assert YESTERDAY in refused.json()["detail"]
    assert client.post(resume, json={"confirm_past": False}).status_code == 409
    assert client.post(resume, json={"confirm_past": True}).status_code == 202
