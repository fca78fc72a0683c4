"""Accounts of staff: the list, adding somebody, role, first passwords, deactivating."""

from collections.abc import Callable, Iterable
from typing import Any

from markupsafe import Markup
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from models import staff_listing
from models.enrollment_changes import Why
from models.staff import Staff
from worker import clock
from worker.console.listing import Cell, Choice, Instant, ListView, Query
from worker.console.pages import ConsolePage, console_page, done
from worker.errors import NotFound
from worker.login.credentials import give_first_password
from worker.login.person import person_of
from worker.login.rights import NAMES, STAFF, Right, Role
from worker.pages.context import in_session
from worker.pipeline import staff

ROLES = [(role.value, NAMES[role]) for role in Role if role in STAFF]


class Accounts(ListView):
    """Who works here, in which role."""

    key = "accounts"
    menu_label = "Staff accounts"
    icon = "fa fa-user-shield"
    search_hint = "Name or e-mail"
    empty_words = "Nobody matches. Add somebody with the button above."
    fields = (
        Cell(
            "name",
            "Name",
            show=lambda row: Markup('<a href="/console/accounts/{}">{}</a>').format(row.id, row.name),
            export=lambda row: row.name,
        ),
        Cell("email", "E-mail"),
        Cell("role", "Role", show=lambda row: NAMES[Role(row.role)], export=lambda row: NAMES[Role(row.role)]),
        Cell("active", "State", show=lambda row: "Active" if row.active else "Deactivated"),
        Instant("created_at", "Added"),
    )
    sortable_fields = ("name", "email", "created_at")
    fields_default_sort = (("name", False),)

    def rows(self, session: Session, query: Query) -> Iterable[Any]:
        return staff_listing.rows(
            session,
            search=query.search,
            role=query.chosen.get("role"),
            sorts=query.sorts,
            skip=query.skip,
            limit=query.limit,
        )

    def total(self, session: Session, query: Query) -> int:
        return staff_listing.count(session, search=query.search, role=query.chosen.get("role"))

    def choices(self, session: Session) -> list[Choice]:
        return [Choice("role", "Role", ROLES)]

    def buttons(self, request: Request) -> Markup:
        if not person_of(request).may(Right.MANAGE_TENANTS):
            return Markup("")
        return Markup('<a class="btn btn-primary" href="/console/accounts/new">Add somebody</a>')


class NewAccount(ConsolePage):
    """Adding a person."""

    menu_label = "Add somebody"
    path = "/accounts/new"
    add_to_menu = False

    @console_page("", Right.MANAGE_TENANTS)
    async def index(self, request: Request) -> Response:
        return self.show(request, "accounts/new.html", roles=ROLES)

    @console_page("", Right.MANAGE_TENANTS, ["POST"])
    async def add(self, request: Request) -> Response:
        form, actor = await request.form(), person_of(request).actor
        email, name, role = (str(form.get(part, "")).strip()[:200] for part in ("email", "name", "role"))

        def add(session: Session) -> tuple[Staff, str | None]:
            why = Why(actor, clock.now(session))
            person, new = staff.add(session, email, name or email, role, why)
            return person, give_first_password(session, person, why) if new and form.get("password") else None

        person, password = await in_session(request, add)
        if password is None:
            return done(request, f"{person.name} may sign in as {NAMES[Role(role)]}.", _address(person.id))
        return self.show(request, "accounts/password.html", title=person.name, person=person, password=password)


class AccountPage(ConsolePage):
    """One person of staff."""

    menu_label = "Account"
    path = "/accounts/{staff_id:int}"
    add_to_menu = False

    @console_page()
    async def index(self, request: Request) -> Response:
        person = await in_session(request, lambda session: _find(session, request))
        may_manage = person_of(request).may(Right.MANAGE_TENANTS)
        return self.show(
            request, "accounts/account.html", title=person.name, person=person, roles=ROLES, may_manage=may_manage
        )

    @console_page("/role", Right.MANAGE_TENANTS, ["POST"])
    async def change(self, request: Request) -> Response:
        """Name and role; whoever was deactivated may sign in again."""
        form = await request.form()
        name, role = (str(form.get(part, "")).strip()[:200] for part in ("name", "role"))

        def change(session: Session, person: Staff, why: Why) -> str:
            changed, _ = staff.add(session, person.email, name or person.name, role, why)
            return f"{changed.name} is {NAMES[Role(changed.role)]}."

        return done(request, await _do(request, change), _address(request.path_params["staff_id"]))

    @console_page("/deactivate", Right.MANAGE_TENANTS, ["POST"])
    async def deactivate(self, request: Request) -> Response:
        def deactivate(session: Session, person: Staff, why: Why) -> str:
            return f"{staff.deactivate(session, person.email, why).name} is deactivated and signed out."

        return done(request, await _do(request, deactivate), _address(request.path_params["staff_id"]))

    @console_page("/password", Right.MANAGE_TENANTS, ["POST"])
    async def password(self, request: Request) -> Response:
        """A new first password, shown this once."""
        password = await _do(request, give_first_password)
        person = await in_session(request, lambda session: _find(session, request))
        return self.show(request, "accounts/password.html", title=person.name, person=person, password=password)


async def _do(request: Request, act: Callable[[Session, Staff, Why], str]) -> str:
    actor = person_of(request).actor

    def do(session: Session) -> str:
        return act(session, _find(session, request), Why(actor, clock.now(session)))

    return await in_session(request, do)


def _find(session: Session, request: Request) -> Staff:
    person = session.get(Staff, request.path_params["staff_id"])
    if person is None:
        raise NotFound("staff-unknown", "There is no such account.", "Look for the person in the list.")
    return person


def _address(staff_id: int) -> str:
    return f"/console/accounts/{staff_id}"
