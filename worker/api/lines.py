"""Bodies of roster requests, and as the lines that `models.roster_import` takes."""

from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StrictInt

from models.roster_import import Line
from worker.api.values import Body, Day, Email, Key, Text

_NOTHING: dict[str, Any] = {
    "name": None,
    "email": None,
    "active": None,
    "manager": None,
    "manager_given": False,
    "groups": None,
    "course": None,
    "version": None,
    "title": None,
    "modules": None,
    "sales_order": None,
    "order_given": False,
    "expiration_date": None,
    "date_given": False,
    "completed_modules": None,
    "status": None,
}


class CourseBody(Body):
    """A course version: exactly these modules, in this order, afterwards."""

    title: Text
    modules: Annotated[list[Text], Field(max_length=1000, default_factory=list)]


class UserBody(Body):
    """A user. What is left out stays as it is; a new user is active."""

    name: Text
    email: Email
    active: StrictBool | None = None
    manager: Key | None = Field(None, description="Key of a user of the tenant; null for none.")
    groups: Annotated[list[Text], Field(max_length=1000)] | None = Field(
        None, description="Exactly these groups afterwards."
    )


class EnrollmentBody(Body):
    """An enrollment. What is left out stays as it is."""

    sales_order: Text | None = Field(None, description="Number of an order of the tenant; null for none.")
    expiration_date: Day | None = Field(None, description="Last day instead of the order's; null for none.")
    completed_modules: Annotated[StrictInt, Field(ge=0, le=32_767)] | None = None
    status: Literal["E", "U", "X"] | None = Field(None, description="E enrolls again, U unenrolls, X expires now.")


class CourseLine(CourseBody):
    """A line of many courses."""

    course: Key
    version: Key


class UserLine(UserBody):
    """A line of many users."""

    user: Key


class EnrollmentLine(EnrollmentBody):
    """A line of many enrollments."""

    user: Key
    course: Key
    version: Key


def of_course(number: int, course: str, version: str, body: CourseBody) -> Line:
    """The line of a course version; it is of no tenant and no user."""
    said = {"course": course, "version": version, "title": body.title, "modules": body.modules}
    return Line(**{**_NOTHING, "line": number, "tenant": "", "user": "", **said})


def of_user(number: int, tenant: str, user: str, body: UserBody) -> Line:
    """The line of a user."""
    said = {
        "name": body.name,
        "email": body.email,
        "active": body.active,
        "manager": body.manager,
        "manager_given": body.says("manager"),
        "groups": body.groups,
    }
    return Line(**{**_NOTHING, "line": number, "tenant": tenant, "user": user, **said})


def of_enrollment(number: int, tenant: str, user: str, course: str, version: str, body: EnrollmentBody) -> Line:
    """The line of an enrollment."""
    said = {
        "course": course,
        "version": version,
        "sales_order": body.sales_order,
        "order_given": body.says("sales_order"),
        "expiration_date": body.expiration_date,
        "date_given": body.says("expiration_date"),
        "completed_modules": body.completed_modules,
        "status": body.status,
    }
    return Line(**{**_NOTHING, "line": number, "tenant": tenant, "user": user, **said})
