"""The roster, one thing at a time: PUT brings it to what the body says, however often it is sent."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import Response
from pydantic import BaseModel, Field, StrictInt
from sqlalchemy.orm import Session

from models import api_roster, enrollment_search
from models.enrollment_search import EnrollmentFilter
from models.locks import lock_tenant
from models.roster_import import Bad
from models.tenant import Tenant
from models.terms import DEFAULT_ZONE
from worker import clock, explain
from worker.api import lines
from worker.api.call import Asked
from worker.api.enrollments import EnrollmentDocument
from worker.api.lines import CourseBody, EnrollmentBody, UserBody
from worker.api.problems import FieldProblem, Refusal, printable
from worker.api.values import Body, PathId, PathKey, Text
from worker.pipeline import roster_lines, tenant_change, tenants
from worker.pipeline.edit import AT_ONCE
from worker.pipeline.tenant_change import TenantChange
from worker.queue import doorbell

REFERRED = frozenset({"user-unknown", "course-version-unknown"})  # named in the address


class TenantBody(Body):
    """A tenant. What is left out stays as it is, or is the default of a new tenant."""

    name: Text
    time_zone: Text | None = Field(None, description=f"Name in the tz database. Default: {DEFAULT_ZONE}.")
    grace_days: Annotated[StrictInt, Field(ge=0, le=tenants.GRACE_LIMIT)] | None = None


class TenantDocument(BaseModel):
    """A tenant as it is now."""

    tenant: str
    name: str
    time_zone: str
    grace_days: int
    paused: bool = Field(description="Whether nobody of it expires at present.")
    run: int | None = Field(description="The run that is to change zone and grace; null when they are as asked.")


class CustomerDocument(BaseModel):
    """A NetSuite customer that is mapped to the tenant."""

    customer: int
    tenant: str
    orders: int = Field(description="How many of its orders are to be accepted because of this request.")


class CourseDocument(BaseModel):
    """A course version as it is now."""

    course: str
    version: str
    title: str
    modules: list[str]


class UserDocument(BaseModel):
    """A user as they are now."""

    user: str
    name: str
    email: str
    active: bool
    manager: str | None
    groups: list[str]


def put_tenant(call: Asked, tenant: PathKey, body: TenantBody, response: Response) -> TenantDocument:
    """Add a tenant, or change its name, zone or grace; zone and grace re-date every enrollment with them.

    For more than 100 enrollments a worker does that: the answer is 202, with the zone and grace of until then.
    Sent again it joins the run, and is answered with 200 when that is done. Another zone or grace is refused (409)
    until then.
    """

    def work(session: Session) -> tuple[Tenant, int, int | None]:
        why, known = call.why(session), tenants.known(session, tenant)
        if known is None:
            made, new = tenants.add(
                session, tenant, body.name, why, body.time_zone or DEFAULT_ZONE, body.grace_days or 0
            )
            return made, 201 if new else 200, None
        known = lock_tenant(session, known.id)
        change = _for_worker(session, known, body)
        if change is None:
            zone, days = body.time_zone, body.grace_days
            tenants.change(session, known.id, why, name=body.name, time_zone=zone, grace_days=days)
            return known, 200, None
        run_id, _ = tenant_change.request(session, change, call.bearer.actor, dry_run=False)
        tenants.change(session, known.id, why, name=body.name)
        return known, 202, run_id

    found, response.status_code, run_id = call.do(work)
    if run_id is not None:
        call.api.ring(doorbell.ring_run, run_id)
    return TenantDocument(
        tenant=found.key,
        name=found.name,
        time_zone=found.time_zone,
        grace_days=found.grace_days,
        paused=found.paused_at is not None,
        run=run_id,
    )


def _for_worker(session: Session, tenant: Tenant, body: TenantBody) -> TenantChange | None:
    """The zone and grace that a worker is to bring: those of a run that waits for one, or of many enrollments."""
    waiting, present = tenant_change.under_way(session, tenant), TenantChange.of(tenant)
    after = present if waiting is None else waiting[1]
    grace = after.grace_days if body.grace_days is None else body.grace_days
    wanted = TenantChange(tenant.key, body.time_zone or after.time_zone, grace)
    if waiting is not None:
        return wanted
    is_much = wanted != present and api_roster.has_more_enrollments(session, tenant.id, AT_ONCE)
    return wanted if is_much else None


def put_customer(call: Asked, tenant: PathKey, netsuite_customer_id: PathId) -> CustomerDocument:
    """Map a NetSuite customer to the tenant: all of its orders come in at once, if the guard agrees."""

    def work(session: Session) -> tuple[int, int]:
        tenant_id = call.tenant(session, tenant).id
        return tenant_id, tenants.map_customer(session, tenant_id, netsuite_customer_id, call.why(session))

    tenant_id, orders = call.do(work)
    if orders:
        call.api.ring(doorbell.ring_reconcile, tenant_id)
    return CustomerDocument(customer=netsuite_customer_id, tenant=tenant, orders=orders)


def put_course(
    call: Asked, course: PathKey, version: PathKey, body: CourseBody, response: Response
) -> CourseDocument:
    """Add a course version, or bring title and modules to these."""

    def work(session: Session) -> tuple[api_roster.VersionRow | None, bool]:
        done = roster_lines.courses(session, [lines.of_course(1, course, version, body)])
        return api_roster.course_version(session, course, version), done.counts.courses_new > 0

    found, new = call.do(work)
    assert found is not None, "it was written a moment ago"
    response.status_code = 201 if new else 200
    return CourseDocument(course=course, version=version, title=found.title, modules=found.modules)


def put_user(call: Asked, tenant: PathKey, user: PathKey, body: UserBody, response: Response) -> UserDocument:
    """Add a user, or bring them to these values; a manager or groups that are left out stay as they are."""

    def work(session: Session) -> tuple[api_roster.UserRow | None, bool]:
        found = call.tenant(session, tenant)
        done = roster_lines.users(session, found.id, [lines.of_user(1, tenant, user, body)])
        _refuse(done.bad)
        return api_roster.user(session, found.id, user), done.counts.users_new > 0

    row, new = call.do(work)
    assert row is not None, "it was written a moment ago"
    response.status_code = 201 if new else 200
    return UserDocument.model_validate(row, from_attributes=True)


def put_enrollment(
    call: Asked,
    tenant: PathKey,
    user: PathKey,
    course: PathKey,
    version: PathKey,
    body: EnrollmentBody,
    response: Response,
) -> EnrollmentDocument:
    """Enroll a user, or change order, expiration date, progress or status; what is left out stays as it is.

    Another order without a date clears the date. A user who is U stays so unless `status` says E.
    """
    line = lines.of_enrollment(1, tenant, user, course, version, body)

    def work(session: Session) -> tuple[EnrollmentDocument, bool]:
        found = call.tenant(session, tenant)
        done = roster_lines.enrollments(session, found.id, [line], call.bearer.actor)
        _refuse(done.bad)
        return _enrollment(session, found, user, course, version), done.counts.enrolled > 0

    document, new = call.do(work)
    response.status_code = 201 if new else 200
    return document


def _enrollment(session: Session, tenant: Tenant, user: str, course: str, version: str) -> EnrollmentDocument:
    enrollment_id = api_roster.enrollment_id(session, tenant.id, user, course, version)
    assert enrollment_id is not None, "it was written a moment ago"
    wanted = EnrollmentFilter(tenant.id, ids=(enrollment_id,))
    (row,) = enrollment_search.page(session, tenant, wanted, clock.now(session)).rows
    return EnrollmentDocument.of(row)


def _refuse(bad: Sequence[Bad]) -> None:
    """Raises Refusal for what was not taken: 404 for what the address names, else 422."""
    if not bad:
        return
    errors = [bad_field(each, "path." if each.code in REFERRED else "body.") for each in bad]
    status: Literal[404, 422] = 404 if bad[0].code in REFERRED else 422
    detail = f"{errors[0].field}: {errors[0].value!r} {errors[0].detail}."
    raise Refusal(status, bad[0].code, detail, errors[0].remedy, errors=errors)


def bad_field(bad: Bad, place: str = "") -> FieldProblem:
    """Why a part of a line was not taken; `place` says where in a request its fields are, as in "body."."""
    known = explain.find(bad.code)
    return FieldProblem(
        field=place + bad.field,
        value=printable(bad.value),
        detail=bad.detail,
        remedy=known.remedy if known else "Correct it.",
        code=bad.code,
    )
