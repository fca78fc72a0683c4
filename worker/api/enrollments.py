"""The list of a tenant's enrollments."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal, Self

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from models import api_roster, enrollment_search
from models.enrollment_search import EnrollmentFilter, EnrollmentRow
from models.status import Status
from models.tenant import Tenant
from worker import clock
from worker.api import cursors
from worker.api.call import Asked
from worker.api.problems import Refusal
from worker.api.values import Body, Cursor, Key, Limit, PathKey, QueryText, Text

MOST_DAYS = enrollment_search.MOST_DAYS


class EnrollmentDocument(BaseModel):
    """One enrollment as it reads now. `id` is for edits."""

    id: int
    user: str
    name: str
    email: str
    active: bool = Field(description="Whether the user is.")
    course: str
    version: str
    title: str
    status: Literal["E", "U", "X"]
    cause: str | None = Field(description="Why it is X.")
    sales_order: str | None
    expiration_date: date | None = Field(description="The date typed for this person, instead of the order's.")
    last_day: date | None = Field(
        description="Last day of access, inclusive, in the tenant's time zone: the expiration date, else the end"
        " of the order's term and the tenant's grace days after it."
    )
    boundary: datetime | None = Field(description="First instant after the last day.")
    past_order_end: bool
    completed_modules: int
    modules: int

    @classmethod
    def of(cls, row: EnrollmentRow) -> Self:
        values = {name: getattr(row, name) for name in cls.model_fields if name not in {"user", "name"}}
        return cls(user=row.user_key, name=row.user_name, **values)


class EnrollmentList(BaseModel):
    """A part of the list, by names of users."""

    items: Sequence[EnrollmentDocument]
    next: str | None = Field(description="`cursor` of the part behind this one; null on the last.")


class Select(Body):
    """Which enrollments: all that is given must hold. `course` goes with `version`."""

    user: Annotated[Text, Field(description="A part of a key, a name or an e-mail address.")] | None = None
    course: Key | None = None
    version: Key | None = None
    group: Text | None = None
    status: Literal["E", "U", "X"] | None = None
    sales_order: Text | None = None
    ends_within: Annotated[int, Field(ge=0, le=MOST_DAYS)] | None = None
    no_order: bool = False
    no_end_date: bool = False
    past_order_end: bool = False


def as_filter(session: Session, tenant: Tenant, select: Select) -> EnrollmentFilter | None:
    """The filter of a selection; None for a course version there is not. Raises Refusal for half of one."""
    version_id = None
    if select.course is not None or select.version is not None:
        if select.course is None or select.version is None:
            missing = "course" if select.course is None else "version"
            detail = f"{missing}: a course version is named by course and version."
            raise Refusal(422, "request-invalid", detail, f"Give the {missing} too, or neither.")
        found = api_roster.course_version(session, select.course, select.version)
        if found is None:
            return None
        version_id = found.id
    return EnrollmentFilter(
        tenant.id,
        version_id,
        select.user or "",
        select.group or "",
        None if select.status is None else Status(select.status),
        select.sales_order or "",
        select.ends_within,
        select.no_order,
        select.no_end_date,
        select.past_order_end,
    )


def list_enrollments(
    call: Asked,
    tenant: PathKey,
    user: QueryText = "",
    course: QueryText = "",
    version: QueryText = "",
    group: QueryText = "",
    status: Literal["E", "U", "X"] | None = None,
    sales_order: QueryText = "",
    ends_within: Annotated[int | None, Query(ge=0, le=MOST_DAYS, description="Days from today.")] = None,
    no_order: bool = False,
    no_end_date: bool = False,
    past_order_end: bool = False,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> EnrollmentList:
    """Enrollments that match all that is given, by names of users; `user` is a part of a key, name or address."""
    select = Select.model_construct(
        user=user,
        course=course or None,
        version=version or None,
        group=group,
        status=status,
        sales_order=sales_order,
        ends_within=ends_within,
        no_order=no_order,
        no_end_date=no_end_date,
        past_order_end=past_order_end,
    )
    listed = ("enrollments", tenant, select.model_dump())
    after = cursors.place(call, listed, cursor)

    def read(session: Session) -> EnrollmentList:
        found = call.tenant(session, tenant)
        wanted = as_filter(session, found, select)
        if wanted is None:
            return EnrollmentList(items=[], next=None)
        page = enrollment_search.page(session, found, wanted, clock.now(session), after, limit)
        following = None if page.next is None else cursors.seal(call, listed, page.next)
        return EnrollmentList(items=[EnrollmentDocument.of(row) for row in page.rows], next=following)

    return call.do(read)
