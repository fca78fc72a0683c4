"""The list of a tenant's enrollments."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal, Self

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from models import enrollment_search
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


SEARCH = "A part of a user's key, name or e-mail address."
VERSION = "Of `course`. Without it: all versions."


class Select(Body):
    """Which enrollments: all that is given must hold."""

    user: Annotated[Text, Field(description="A key, whole.")] | None = None
    search: Annotated[Text, Field(description=SEARCH)] | None = None
    course: Key | None = None
    version: Annotated[Key, Field(description=VERSION)] | None = None
    group: Text | None = None
    status: Literal["E", "U", "X"] | None = None
    sales_order: Text | None = None
    ends_within: Annotated[int, Field(ge=0, le=MOST_DAYS)] | None = None
    no_order: bool = False
    no_end_date: bool = False
    past_order_end: bool = False


def as_filter(tenant: Tenant, select: Select, place: str) -> EnrollmentFilter:
    """The filter of a selection at `place` of a request. Raises Refusal for a version of no course."""
    if select.version and not select.course:
        detail, remedy = "a version is one of a course.", "Give the course too, or no version."
        raise Refusal.of_field(f"{place}.version", select.version, "request-invalid", detail, remedy)
    return EnrollmentFilter(
        tenant.id,
        user=select.search or "",
        user_key=select.user or "",
        course=select.course or "",
        version=select.version or "",
        group=select.group or "",
        status=None if select.status is None else Status(select.status),
        sales_order=select.sales_order or "",
        ends_within=select.ends_within,
        no_order=select.no_order,
        no_end_date=select.no_end_date,
        past_order_end=select.past_order_end,
    )


def list_enrollments(
    call: Asked,
    tenant: PathKey,
    user: QueryText = "",
    search: Annotated[QueryText, Query(description=SEARCH)] = "",
    course: QueryText = "",
    version: Annotated[QueryText, Query(description=VERSION)] = "",
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
    """Enrollments that match all that is given, by names of users."""
    select = Select.model_construct(
        user=user,
        search=search,
        course=course,
        version=version,
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
        wanted = as_filter(found, select, "query")
        page = enrollment_search.page(session, found, wanted, clock.now(session), after, limit)
        following = None if page.next is None else cursors.seal(call, listed, page.next)
        return EnrollmentList(items=[EnrollmentDocument.of(row) for row in page.rows], next=following)

    return call.do(read)
