"""Users of a tenant with what they are in every course, and enrolling some or all of them."""

from typing import Any

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from models import courses, selectable, user_search
from models.order_listing import tenant_names
from worker import clock
from worker.console.enrollments import wording
from worker.console.enrollments.asked import Asked
from worker.console.enrollments.courses import MOST_ORDERS
from worker.console.enrollments.reading import ask, foresee, tenant_named, version_named
from worker.console.pages import ConsolePage, console_page
from worker.errors import NotFound, TermsyncError
from worker.login.person import person_of
from worker.login.rights import Right
from worker.pages.context import in_session
from worker.pipeline import tenants
from worker.pipeline.edit_requests import EnrollUsers

Row = dict[str, Any]


class Users(ConsolePage):
    """The users panel of a tenant."""

    menu_label = "Users"
    icon = "fa fa-users"
    path = "/users"

    @console_page()
    async def index(self, request: Request) -> Response:
        asked = Asked.of(request.query_params)
        values = await in_session(request, lambda session: _read_users(session, request, asked))
        may_edit = person_of(request).may(Right.EDIT_ENROLLMENTS)
        return self.show(request, "enrollments/users.html", title="Users", may_edit=may_edit, **values)

    @console_page("/{tenant}/enroll", Right.EDIT_ENROLLMENTS)
    async def enroll_form(self, request: Request) -> Response:
        return await self._form(request, Asked.of(request.query_params))

    @console_page("/{tenant}/preview", Right.EDIT_ENROLLMENTS)
    async def preview(self, request: Request) -> Response:
        asked = Asked.of(request.query_params)
        try:
            values = await in_session(request, lambda session: _foresee(session, request, asked))
        except TermsyncError as error:
            return await self._form(request, asked, error)
        return self.show(request, "enrollments/preview.html", title="Is this what you want?", **values)

    @console_page("/{tenant}/enroll", Right.EDIT_ENROLLMENTS, ["POST"])
    async def enroll(self, request: Request) -> Response:
        return await ask(request, _request)

    async def _form(self, request: Request, asked: Asked, error: TermsyncError | None = None) -> Response:
        values = await in_session(request, lambda session: _read_form(session, request, asked))
        return self.show(request, "enrollments/enroll.html", title="Enroll users", error=error, **values)


def _read_users(session: Session, request: Request, asked: Asked) -> Row:
    key = request.query_params.get("tenant", "")
    values: Row = {"asked": asked, "tenants": tenant_names(session), "tenant": None, "wording": wording}
    if not key:
        return values
    tenant, now = tenants.find(session, key), clock.now(session)
    wanted = asked.users(tenant.id)
    page = user_search.page(session, tenant, wanted, now, asked.after)
    last_too = asked.after is None and page.next is None
    return values | {
        "tenant": tenant,
        "page": page,
        "total": len(page.rows) if last_too else user_search.count(session, tenant, wanted),
        "groups": user_search.groups(session, tenant),
    }


def _read_form(session: Session, request: Request, asked: Asked) -> Row:
    now, tenant = clock.now(session), tenant_named(session, request)
    return {
        "asked": asked,
        "tenant": tenant,
        "number": user_search.count(session, tenant, asked.selected_users(tenant.id), bound=None),
        "versions": courses.all_versions(session),
        "orders": selectable.selectable_orders(session, tenant, now, asked.filled.get("find", ""), MOST_ORDERS),
        "most_orders": MOST_ORDERS,
        "address": _address(request),
        "wording": wording,
    }


def _foresee(session: Session, request: Request, asked: Asked) -> Row:
    wanted, tenant = _request(session, request, asked), tenant_named(session, request)
    version = version_named(session, wanted.course_version_id)
    return {"asked": asked, "address": _address(request), **foresee(session, wanted, tenant, version)}


def _request(session: Session, request: Request, asked: Asked) -> EnrollUsers:
    tenant, version_id = tenant_named(session, request), asked.number("version")
    if version_id is None:
        raise NotFound(
            "course-version-unknown", "No course version was chosen.", "Choose the course to enroll into."
        )
    version_named(session, version_id)
    return EnrollUsers(asked.selected_users(tenant.id), version_id, asked.wish())


def _address(request: Request) -> str:
    return f"/console/users/{request.path_params['tenant']}"
