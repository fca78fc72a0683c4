"""Accounts on the command line: first passwords, deactivation, client admins."""

import httpx
import pytest
from commands import Termsync
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker
from web_running import browsing, send, serving, sign_in

pytest_plugins = ("configured_command",)

ANA = ("staff", "add", "ana@staff.example", "--name", "Ana", "--role", "admin")
OWN = "three green boats at noon"


def sign_in_and_choose(client: httpx.Client, email: str, first: str) -> None:
    """A first sign-in: the first password opens only the page that changes it."""
    assert sign_in(client, email, first).status_code == 303
    assert client.get("/").headers["location"] == "/password"
    assert send(client, "/password", "/password", password=first, new=OWN, again=OWN).status_code == 303


def test_a_first_password_is_printed_once_and_changed(
    termsync: Termsync, database: Engine, session: Session
) -> None:
    first = termsync(*ANA, "--json").document["first_password"]
    assert "first_password" not in termsync(*ANA, "--json").document  # there already: keeps her password
    with serving(database) as url, browsing(url) as client:
        sign_in_and_choose(client, "ana@staff.example", first)
        assert client.get("/console/").status_code == 200
    assert first not in session.execute(text("select string_agg(t::text, '') from staff_action t")).scalar_one()


def test_a_new_first_password_ends_lock_out_and_sessions(termsync: Termsync, database: Engine) -> None:
    termsync(*ANA, "--password-stdin", typed=f"{OWN}\n")
    with serving(database) as url, browsing(url) as client, browsing(url) as signed_in:
        assert sign_in(signed_in, "ana@staff.example", OWN).status_code == 303
        for _ in range(6):
            sign_in(client, "ana@staff.example", "wrong")
        again = termsync("staff", "password", "Ana@staff.example")
        assert again.code == 0
        first = again.out.partition("First password: ")[2].split()[0]
        assert signed_in.get("/password").status_code == 303
        sign_in_and_choose(client, "ana@staff.example", first)


def test_chosen_passwords_are_not_echoed_and_not_weak(termsync: Termsync) -> None:
    given = termsync(*ANA, "--password-stdin", typed=f"{OWN}\n")
    assert given.code == 0
    assert OWN not in given.out + given.err
    weak = termsync("staff", "password", "ana@staff.example", "--password-stdin", typed="short\n")
    assert (weak.code, "Error password-too-short" in weak.err) == (1, True)


def test_deactivated_staff_are_out_and_an_admin_always_stays(
    termsync: Termsync, sessions: sessionmaker[Session]
) -> None:
    termsync(*ANA)
    for alone in (
        ("deactivate", "ana@staff.example"),
        ("add", "ana@staff.example", "--name", "A", "--role", "ops"),
    ):
        refused = termsync("staff", *alone)
        assert (refused.code, "Error staff-last-admin" in refused.err) == (1, True)
    termsync("staff", "add", "olu@staff.example", "--name", "Olu", "--role", "admin", "--no-password")
    assert termsync("staff", "deactivate", "ana@staff.example").code == 0
    listed = termsync("staff", "list", "--json").document["staff"]
    assert [(row["email"], row["active"]) for row in listed] == [
        ("ana@staff.example", False),
        ("olu@staff.example", True),
    ]
    assert "password_hash" not in listed[0]
    assert termsync("staff", "password", "ana@staff.example").code == 1
    assert termsync("staff", "deactivate", "nobody@staff.example").code == 1
    with sessions() as session:
        without = text("select count(*) from staff where password_hash is null")
        assert session.execute(without).scalar_one() == 1


@pytest.fixture
def acme(termsync: Termsync) -> Termsync:
    """With the tenant `acme` and its user `leo`."""
    assert termsync("tenant", "add", "acme").code == 0
    (termsync.folder / "roster.csv").write_text("tenant,user,name,email\nacme,leo,Leo,leo@acme.example\n")
    assert termsync("roster", "import", "roster.csv").code == 0
    return termsync


def test_a_client_admin_is_made_and_unmade(acme: Termsync, database: Engine) -> None:
    made = acme("user", "admin", "acme", "leo", "--json").document
    assert (made["email"], made["client_admin"]) == ("leo@acme.example", True)
    with serving(database) as url, browsing(url) as client:
        sign_in_and_choose(client, "leo@acme.example", made["first_password"])
        assert client.get("/dashboard").status_code == 200
        assert "first_password" not in acme("user", "admin", "acme", "leo", "--json").document
        assert acme("user", "admin", "acme", "leo", "--remove").code == 0
        assert client.get("/dashboard").status_code == 404
        assert client.get("/").status_code == 200
        again = acme("user", "password", "acme", "leo", "--json").document["first_password"]
        assert client.get("/").status_code == 303
        sign_in_and_choose(client, "leo@acme.example", again)


def test_people_who_are_not_there(acme: Termsync) -> None:
    for words in (("acme", "nobody"), ("nowhere", "leo")):
        for command in ("admin", "password"):
            answer = acme("user", command, *words)
            assert (answer.code, "Error " in answer.err) == (1, True)
