"""Courses of a tenant, the enrollments of a course version, and editing some or all of them."""

from typing import Any

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from models import courses, enrollment_search, selectable, user_search
from models.enrollment_search import EnrollmentFilter, EnrollmentPage
from models.order_listing import tenant_names
from models.selectable import OrderChoice
from models.tenant import Tenant
from worker import clock
from worker.console.enrollments import wording
from worker.console.enrollments.asked import Asked
from worker.console.enrollments.reading import ask, foresee, tenant_named, version_named
from worker.console.listing import EXPORT_LIMIT
from worker.console.pages import ConsolePage, console_page
from worker.errors import NotFound, TermsyncError
from worker.login.person import person_of
from worker.login.rights import Right
from worker.pages.context import in_session
from worker.pages.export import export
from worker.pages.words import CAUSES, instant, status_name
from worker.pipeline import tenants
from worker.pipeline.edit_requests import EditEnrollments

Row = dict[str, Any]

MOST_ORDERS = 200
HEADER = (
    "Name",
    "E-mail",
    "Active",
    "Status",
    "Cause",
    "Expired at",
    "Sales order",
    "Last day",
    "Access ends",
    "Typed date",
    "Past order end",
    "Completed modules",
    "Modules",
)


class Courses(ConsolePage):
    """Tenant, then course version, then its enrollments."""

    menu_label = "Courses"
    icon = "fa fa-graduation-cap"
    path = "/courses"

    @console_page()
    async def index(self, request: Request) -> Response:
        values = await in_session(request, lambda session: _read_courses(session, request))
        return self.show(request, "enrollments/courses.html", title="Courses", **values)

    @console_page("/{tenant}/{version:int}")
    async def enrollments(self, request: Request) -> Response:
        asked = Asked.of(request.query_params)
        values = await in_session(request, lambda session: _read_enrollments(session, request, asked))
        return self.show(
            request,
            "enrollments/list.html",
            title=values["version"].title,
            may_edit=person_of(request).may(Right.EDIT_ENROLLMENTS),
            **values,
        )

    @console_page("/{tenant}/{version:int}/file/{form}")
    async def file(self, request: Request) -> Response:
        form = request.path_params["form"]
        if form not in {"csv", "xlsx"}:
            raise NotFound("export-unknown", "There is no such export.", "Use the buttons above the list.")
        asked = Asked.of(request.query_params)
        zone, name, page = await in_session(request, lambda session: _read_all(session, request, asked))
        return export(name, form, HEADER, (_line(row, zone) for row in page.rows))

    @console_page("/{tenant}/{version:int}/edit", Right.EDIT_ENROLLMENTS)
    async def edit_form(self, request: Request) -> Response:
        return await self._form(request, Asked.of(request.query_params))

    @console_page("/{tenant}/{version:int}/preview", Right.EDIT_ENROLLMENTS)
    async def preview(self, request: Request) -> Response:
        asked = Asked.of(request.query_params)
        try:
            values = await in_session(request, lambda session: _foresee(session, request, asked))
        except NotFound:
            raise
        except TermsyncError as error:
            return await self._form(request, asked, error)
        return self.show(request, "enrollments/preview.html", title="Is this what you want?", **values)

    @console_page("/{tenant}/{version:int}/edit", Right.EDIT_ENROLLMENTS, ["POST"])
    async def edit(self, request: Request) -> Response:
        return await ask(request, _request)

    async def _form(self, request: Request, asked: Asked, error: TermsyncError | None = None) -> Response:
        values = await in_session(request, lambda session: _read_form(session, request, asked))
        return self.show(request, "enrollments/edit.html", title="Edit enrollments", error=error, **values)


def _read_courses(session: Session, request: Request) -> Row:
    key = request.query_params.get("tenant", "")
    tenant = tenants.find(session, key) if key else None
    found = (
        courses.all_versions(session) if tenant is None else courses.versions(session, tenant, clock.now(session))
    )
    return {"tenants": tenant_names(session), "tenant": tenant, "versions": found}


def _read_enrollments(session: Session, request: Request, asked: Asked) -> Row:
    now, tenant = clock.now(session), tenant_named(session, request)
    version = version_named(session, request.path_params["version"])
    wanted = asked.enrollments(tenant.id, version.id)
    page = enrollment_search.page(session, tenant, wanted, now, asked.after)
    return {
        "asked": asked,
        "tenant": tenant,
        "version": version,
        "page": page,
        "total": _total(session, tenant, wanted, now, page, asked),
        "groups": user_search.groups(session, tenant),
        "address": _address(request),
        "wording": wording,
    }


def _total(
    session: Session, tenant: Tenant, wanted: EnrollmentFilter, now: Any, page: EnrollmentPage, asked: Asked
) -> int:
    """How many match, to the bound; a first page that is also the last has told it already."""
    if asked.after is None and page.next is None:
        return len(page.rows)
    return enrollment_search.count(session, tenant, wanted, now)


def _read_all(session: Session, request: Request, asked: Asked) -> tuple[str, str, EnrollmentPage]:
    now, tenant = clock.now(session), tenant_named(session, request)
    version = version_named(session, request.path_params["version"])
    wanted = asked.enrollments(tenant.id, version.id)
    page = enrollment_search.page(session, tenant, wanted, now, limit=EXPORT_LIMIT)
    return tenant.time_zone, f"enrollments-{tenant.key}-{version.course}-{now:%Y-%m-%d}", page


def _line(row: enrollment_search.EnrollmentRow, zone: str) -> tuple[Any, ...]:
    return (
        row.user_name,
        row.email,
        row.active,
        status_name(row.status),
        row.cause and CAUSES.get(row.cause, row.cause),
        None if row.expired_at is None else instant(row.expired_at, zone),
        row.sales_order,
        row.last_day,
        None if row.boundary is None else instant(row.boundary, zone),
        row.expiration_date,
        row.past_order_end,
        row.completed_modules,
        row.modules,
    )


def _read_form(session: Session, request: Request, asked: Asked) -> Row:
    now, tenant = clock.now(session), tenant_named(session, request)
    version = version_named(session, request.path_params["version"])
    selected = asked.selected(tenant.id, version.id)
    return {
        "asked": asked,
        "tenant": tenant,
        "version": version,
        "number": enrollment_search.count(session, tenant, selected, now, bound=None),
        "orders": _orders(session, tenant, now, asked),
        "most_orders": MOST_ORDERS,
        "address": _address(request),
        "wording": wording,
    }


def _orders(session: Session, tenant: Tenant, now: Any, asked: Asked) -> list[OrderChoice]:
    return selectable.selectable_orders(session, tenant, now, asked.filled.get("find", ""), MOST_ORDERS)


def _foresee(session: Session, request: Request, asked: Asked) -> Row:
    wanted, tenant = _request(session, request, asked), tenant_named(session, request)
    version = version_named(session, request.path_params["version"])
    return {"asked": asked, "address": _address(request), **foresee(session, wanted, tenant, version)}


def _request(session: Session, request: Request, asked: Asked) -> EditEnrollments:
    tenant = tenant_named(session, request)
    version = version_named(session, request.path_params["version"])
    return EditEnrollments(asked.selected(tenant.id, version.id), asked.wish())


def _address(request: Request) -> str:
    """Where the enrollments of this tenant in this course version are listed."""
    return f"/console/courses/{request.path_params['tenant']}/{request.path_params['version']}"
