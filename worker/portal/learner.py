"""A learner's pages: own courses, and the pages of one course as far as they are open."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from models import portal_learner
from models.access import Page
from models.portal_learner import Contact, LearnerCourse
from models.status import Status
from worker import clock
from worker.login.person import person_of
from worker.pages.context import in_session
from worker.pages.refusals import nothing_here
from worker.portal.rendering import page


def address(course: LearnerCourse, page: str) -> str:
    """The address of a page of a course."""
    keys = "/".join(quote(key, safe="") for key in (course.course, course.version))
    return f"/courses/{keys}/{page}"


PAGES = {
    Page.TODAY: "What comes next.",
    Page.LEARN: "All modules of the course, in their order.",
    Page.PRACTICE: "Modules you have completed, to go over again.",
    Page.APPLY: "What is left until the course is done.",
    Page.RESULTS: "What you have completed, and until when you have access.",
}


@dataclass(frozen=True, slots=True)
class Home:
    """What a learner's first page shows. `contacts` are asked for only when all courses have expired."""

    now: datetime
    courses: list[LearnerCourse]
    contacts: list[Contact]

    @property
    def live(self) -> list[LearnerCourse]:
        return [course for course in self.courses if course.standing.status is Status.ENROLLED]

    @property
    def expired(self) -> list[LearnerCourse]:
        return [course for course in self.courses if course.standing.status is Status.EXPIRED]


async def home(request: Request) -> Response:
    """The learner's courses; the expired message when there are only expired ones."""
    person = person_of(request)

    def read(session: Session) -> Home:
        now = clock.now(session)
        courses = portal_learner.courses(session, person.tenant_id, person.id, now)
        live = any(course.standing.status is Status.ENROLLED for course in courses)
        contacts = [] if live else portal_learner.contacts(session, person.tenant_id, person.id)
        return Home(now, courses, contacts)

    return page(request, "home.html", home=await in_session(request, read), address=address)


@dataclass(frozen=True, slots=True)
class CoursePage:
    """One page of one course as asked for by a learner. `contacts` are there when it is locked."""

    now: datetime
    course: LearnerCourse
    contacts: list[Contact]


async def course_page(request: Request) -> Response:
    """A page of a course: open, locked (403, with the reason), or not the learner's at all (404)."""
    current = request.path_params["page"]
    found = await in_session(request, _course_page(request))
    if found is None or current not in PAGES:
        return nothing_here(request)
    values = {"view": found, "course": found.course, "current": current, "pages": PAGES, "address": address}
    if found.course.opens(current):
        return page(request, f"course_{current}.html", **values)
    return page(request, "course_locked.html", status_code=403, **values)


def _course_page(request: Request) -> Callable[[Session], CoursePage | None]:
    person = person_of(request)
    course, version, page = (request.path_params[name] for name in ("course", "version", "page"))

    def read(session: Session) -> CoursePage | None:
        if "\0" in course + version:  # in no key, and no text of a database
            return None
        now = clock.now(session)
        found = portal_learner.course(session, person.tenant_id, person.id, course, version, now)
        if found is None:
            return None
        contacts = [] if found.opens(page) else portal_learner.contacts(session, person.tenant_id, person.id)
        return CoursePage(now, found, contacts)

    return read
