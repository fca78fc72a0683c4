"""Signing in with a browser: by keyboard alone, looked at wide and narrow, with nothing loaded from elsewhere."""

from browser_looks import look_at
from browser_stage import Stage, go
from playwright.sync_api import Page, expect
from processes import PATIENCE
from sqlalchemy import text
from web_running import PASSWORD, add_staff

pytest_plugins = ("browser_fixtures",)

NEW = "three green boats at noon"


def watch(page: Page, own: str) -> list[str]:
    """What the page loads from elsewhere, and what its content security policy stops, as it happens."""
    found: list[str] = []
    page.on(
        "request", lambda request: None if request.url.startswith((own, "data:")) else found.append(request.url)
    )
    page.on("console", lambda said: found.append(said.text) if "Content Security Policy" in said.text else None)
    return found


def type_in(page: Page, *words: str) -> None:
    """Types into the field that has the focus, goes to the next with Tab, and sends with Enter."""
    expect(page.locator("input:focus")).to_be_visible()
    for word in words[:-1]:
        page.keyboard.type(word)
        page.keyboard.press("Tab")
    page.keyboard.type(words[-1])
    page.keyboard.press("Enter")


def test_a_first_sign_in_by_keyboard(stage: Stage) -> None:
    with stage.sessions.begin() as session:
        email = add_staff(session, "ops", "first.day@staff.example")
        session.execute(
            text("update staff set password_must_change = true where email = :email"), {"email": email}
        )
    with stage.visit() as page:
        elsewhere = watch(page, stage.url)
        page.goto("/console/")
        expect(page.get_by_label("E-mail")).to_be_focused()
        look_at(stage, page, "login")
        type_in(page, email, "not my password")
        expect(page.get_by_role("alert")).to_contain_text("do not go together")
        expect(page.get_by_label("Password")).to_be_focused()
        look_at(stage, page, "login-refused")
        type_in(page, PASSWORD)
        expect(page.get_by_role("heading", name="Choose a password of your own")).to_be_visible()
        look_at(stage, page, "login-first-password")
        type_in(page, PASSWORD, NEW, NEW)
        expect(page.get_by_role("region", name="How termsync is")).to_be_visible()
        page.goto("/console/accounts/new")
        expect(page.get_by_text("Your role, Ops, may not")).to_be_visible()
        look_at(stage, page, "refused-role")
        page.goto("/nothing-here")
        look_at(stage, page, "nothing-here")
        page.goto("/console/")
        page.get_by_role("button", name="Ops Person").last.click()
        go(page, page.get_by_role("button", name="Sign out").last)
        expect(page.get_by_text("You are signed out.")).to_be_visible()
        page.go_back()
        page.reload()
        expect(page.get_by_label("Password")).to_be_visible()
        assert elsewhere == []


def test_somebody_of_two_organisations_chooses(stage: Stage) -> None:
    add = text(
        "insert into users (tenant_id, key, name, email, password_hash) values (:tenant, 'pat', 'Pat', :email, :h)"
    )
    with stage.sessions.begin() as session:
        email = add_staff(session, "enrollment", "pat@staff.example")
        known = text("select password_hash from staff where email = :email")
        password_hash = session.execute(known, {"email": email}).scalar_one()
    for key, name in (("two-a", "Ash Academy"), ("two-b", "Birch College")):
        tenant = stage.tenant(key, name)
        with stage.sessions.begin() as session:
            session.execute(add, {"tenant": tenant, "email": email, "h": password_hash})
    with stage.visit() as page:
        page.goto("/login")
        type_in(page, email, PASSWORD)
        expect(page.get_by_role("heading", name="Where do you want to go?")).to_be_visible()
        look_at(stage, page, "login-organisation")
        go(page, page.get_by_role("button", name="Birch College"))
        expect(page.get_by_role("link", name="Birch College")).to_be_visible()


def test_an_open_page_says_when_its_session_has_ended(stage: Stage) -> None:
    with stage.sessions.begin() as session:
        email = add_staff(session, "ops", "leaving@staff.example")
    with stage.visit(email) as page:
        page.goto("/console/")
        with stage.sessions.begin() as session:
            session.execute(text("update staff set active = false where email = :email"), {"email": email})
        expect(page.locator("html[data-signed-out]")).to_have_count(1, timeout=PATIENCE * 1000)
        page.reload()
        expect(page.get_by_label("Password")).to_be_visible()
