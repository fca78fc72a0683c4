"""Accounts of staff in the console, over HTTP: adding, roles, first passwords, deactivating."""

import re

import httpx
from operations import SignIn, said, words
from order_world import OrderWorld
from sqlalchemy import text
from web_running import send, sign_in

pytest_plugins = ("operations_site",)

ACCOUNTS = "/console/accounts"


def account(world: OrderWorld, email: str) -> int:
    world.session.rollback()
    found: int = world.session.execute(
        text("select id from staff where email = :email"), {"email": email}
    ).scalar_one()
    return found


def first_password(page: httpx.Response) -> str:
    found = re.search(r"data-first-password>([^<]+)<", page.text)
    assert found, page.text
    return found[1]


def test_a_person_is_added_and_signs_in_with_the_password_shown_once(signed_in: SignIn, world: OrderWorld) -> None:
    admin = signed_in("admin")
    fields = {"email": "Ana@Staff.Example", "name": "Ana <i>Berg</i>", "role": "enrollment", "password": "yes"}
    shown = send(admin, f"{ACCOUNTS}/new", f"{ACCOUNTS}/new", **fields)
    password = first_password(shown)
    assert "<i>Berg</i>" not in shown.text
    page = words(admin.get(f"{ACCOUNTS}/{account(world, 'ana@staff.example')}"))
    assert password not in page
    assert "with a first password that must be changed" in page
    assert "Ana" in words(admin.get(f"{ACCOUNTS}/list"))
    with httpx.Client(base_url=admin.base_url, headers={"accept": "text/html"}) as ana:
        assert sign_in(ana, "ana@staff.example", password).status_code == 303
        assert ana.get("/console/").headers["location"] == "/password"


def test_each_cell_bears_its_column_for_narrow_screens(signed_in: SignIn, world: OrderWorld) -> None:
    table = signed_in("admin").get(f"{ACCOUNTS}/list").text.partition("<tbody>")[2].partition("</tbody>")[0]
    labels = re.findall(r'<td data-label="([^"]+)">', table)
    assert labels == ["Name", "E-mail", "Role", "State", "Added"] * (len(labels) // 5)
    assert len(labels) == table.count("<td") > 0


def test_a_new_password_signs_out(signed_in: SignIn, world: OrderWorld) -> None:
    admin, ops = signed_in("admin"), signed_in("ops")
    at = f"{ACCOUNTS}/{account(world, 'ops@staff.example')}"
    assert first_password(send(admin, at, f"{at}/password"))
    assert ops.get("/console/").status_code == 303


def test_role_and_deactivation(signed_in: SignIn, world: OrderWorld) -> None:
    admin, ops = signed_in("admin"), signed_in("ops")
    at = f"{ACCOUNTS}/{account(world, 'ops@staff.example')}"
    assert "is Admin team" in said(admin, send(admin, at, f"{at}/role", name="Ola", role="admin"))
    assert "Add somebody" in words(ops.get(f"{ACCOUNTS}/list")), "the role counts from the next page on"
    assert "There is no role" in said(admin, send(admin, at, f"{at}/role", name="Ola", role="king"))
    assert "deactivated and signed out" in said(admin, send(admin, at, f"{at}/deactivate"))
    assert ops.get("/console/").status_code == 303
    own = f"{ACCOUNTS}/{account(world, 'admin@staff.example')}"
    assert "only active admin" in said(admin, send(admin, own, f"{own}/deactivate"))
    assert "staff deactivated" in words(admin.get("/console/history?q=ops@staff.example"))


def test_others_see_but_change_nothing(signed_in: SignIn, world: OrderWorld) -> None:
    ops = signed_in("ops")
    at = f"{ACCOUNTS}/{account(world, 'admin@staff.example')}"
    assert "Deactivate" not in words(ops.get(at))
    assert ops.get(f"{ACCOUNTS}/new").status_code == 403
    assert send(ops, "/console/runs/new", f"{at}/deactivate").status_code == 403
    assert ops.get(f"{ACCOUNTS}/999").status_code == 404
