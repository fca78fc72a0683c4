"""Access decisions: what a user may open, and whether one page is open.

Asked with every page a learner opens, so what answers is short: no models are built, no threads are changed.
"""

from datetime import date, datetime
from hashlib import blake2b
from typing import Any, Literal

import msgspec
from fastapi import Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from models.access import OPENS, Page, may_log_in, may_open
from models.api_access import CourseAccess, Question, UserAccess
from models.status import Status
from worker.api import problems
from worker.api.admission import hash_of, no_token
from worker.api.call import Api
from worker.errors import NotFound

JSON = {"content-type": "application/json", "cache-control": "private, no-cache"}
ENDED = {
    "term_ended": "ended with the term of the sales order",
    "manual_date": "ended with the expiration date set for this person",
    "expired_by_staff": "was ended by staff",
    "order_ended_early": "ended when the term of the sales order was shortened",
}


class CourseAccessDocument(BaseModel):
    """One course version of a user."""

    course: str
    version: str
    title: str
    status: Literal["E", "U", "X"] = Field(description="As it reads now: E enrolled, U unenrolled, X expired.")
    last_day: date | None = Field(description="Last day of access, inclusive, in the tenant's time zone.")
    boundary: datetime | None = Field(description="First instant after the last day.")
    cause: str | None = Field(description="Why it is X: " + ", ".join(ENDED) + ".")
    expired_at: datetime | None = Field(description="Since when it is X.")
    pages: list[Page] = Field(description="What is open now.")


class UserAccessDocument(BaseModel):
    """All that a user may open."""

    user: str
    login: bool = Field(description="Whether the user may log in at all.")
    message: str | None = Field(description="To be shown after login; there when all courses have expired.")
    time_zone: str
    courses: list[CourseAccessDocument]


class PageAccessDocument(BaseModel):
    """A page that is open."""

    allowed: Literal[True]
    status: Literal["E", "X"]
    boundary: datetime | None = Field(description="Access to this page may end here.")


def path_parameters(*names: str) -> dict[str, Any]:
    """The description of an address whose operation reads it by itself."""
    schema = {"type": "string", "minLength": 1}
    return {"parameters": [{"name": name, "in": "path", "required": True, "schema": schema} for name in names]}


async def user_access(request: Request) -> Response:
    """Login, message, and for each course status, dates and open pages, as they are at this instant.

    Answers 304 to an `If-None-Match` that names the `ETag` of the same answer.
    """
    keys = request.path_params
    user = await _ask(request, keys["tenant"], keys["user"])
    document = {
        "user": keys["user"],
        "login": may_log_in(user.active),
        "message": _message(user),
        "time_zone": user.time_zone,
        "courses": [_course(course, user.active) for course in user.courses],
    }
    return _answer(request, document)


async def page_access(request: Request) -> Response:
    """200 when the user may open the page now, 403 with the reason when not. What is not known is not open."""
    keys = request.path_params
    user = await _ask(request, keys["tenant"], keys["user"], keys["course"], keys["version"])
    course = user.courses[0] if user.courses else None
    if course is None or not may_open(keys["page"], Status(course.status), user.active):
        return _denied(user, course, keys["page"])
    return _answer(request, {"allowed": True, "status": course.status, "boundary": course.boundary})


async def _ask(
    request: Request, tenant: str, user: str, course: str | None = None, version: str | None = None
) -> UserAccess:
    """The user, once the token was checked. Raises what `Admission.bearer` raises, Refusal and NotFound."""
    api: Api = request.app.state.api
    question = Question(hash_of(request), tenant, user, course, version)
    if any("\0" in key for key in request.path_params.values()):  # in no key, and no text of a database
        await api.admission.bearer(request, request.state.needs)
        raise _no_user(user)
    answer = await api.decider.answer(question)
    if answer.bearer is None:
        raise no_token()
    await api.admission.check(answer.bearer, request.state.needs, tenant)
    problems.refuse_unknown(request, ())
    if answer.bearer.unnoted:
        await run_in_threadpool(api.admission.note, answer.bearer.id)
    if answer.user is None:
        raise _no_user(user)
    return answer.user


def _no_user(key: str) -> NotFound:
    """The same for a tenant that is not there."""
    return NotFound("user-unknown", f"The tenant has no user {key!r}.", "Check the keys of tenant and user.")


def _course(course: CourseAccess, active: bool) -> dict[str, Any]:
    return {
        "course": course.course,
        "version": course.version,
        "title": course.title,
        "status": course.status,
        "last_day": course.last_day,
        "boundary": course.boundary,
        "cause": course.cause,
        "expired_at": course.expired_at,
        "pages": [page for page in Page if may_open(page, Status(course.status), active)],
    }


def _message(user: UserAccess) -> str | None:
    """What a learner is told after login: nothing as long as there is a live course."""
    visible = [course for course in user.courses if course.status != Status.UNENROLLED]
    if not user.active or not visible or any(course.status == Status.ENROLLED for course in visible):
        return None
    ends = " ".join(f"{_ended(course, user.time_zone)} Its results are still open." for course in visible)
    return f"{ends} {_whom(user)}"


def _ended(course: CourseAccess, time_zone: str) -> str:
    day = "" if course.last_day is None else f" The last day was {course.last_day} ({time_zone})."
    return f"Your access to {course.title} {ENDED[str(course.cause)]}.{day}"


def _whom(user: UserAccess) -> str:
    administrator = "the administrator of your organisation"
    return f"Ask {f'{user.manager}, or ' if user.manager else ''}{administrator}."


def _denied(user: UserAccess, course: CourseAccess | None, page: str) -> Response:
    """The reason comes before the page: who is not enrolled is not told which pages there are."""
    if not user.active:
        return problems.problem(403, "access-user-inactive", "The user is inactive.", "Reactivate the user first.")
    if course is None or course.status == Status.UNENROLLED:
        detail = "The user is not enrolled in this course version."
        return problems.problem(403, "access-not-enrolled", detail, _whom(user))
    if page not in OPENS[Status.ENROLLED]:
        remedy = f"The pages are {', '.join(Page)}."
        return problems.problem(403, "access-page-unknown", "There is no such page.", remedy)
    return problems.problem(403, "access-expired", _ended(course, user.time_zone), _whom(user))


def _answer(request: Request, document: dict[str, Any]) -> Response:
    body = msgspec.json.encode(document)
    etag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
    known = request.headers.get("if-none-match")
    if known is not None and etag in known:
        return Response(status_code=304, headers={**JSON, "etag": etag})
    return Response(body, headers={**JSON, "etag": etag})
