"""Pages of the portal: their templates, with the ways that are open to the person."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from worker.login.person import person_of
from worker.login.rights import Right
from worker.pages.templates import Templates

templates = Templates("worker.portal")

WAYS = (
    ("/", "My courses", Right.SEE_OWN_COURSES),
    ("/team", "Coach", Right.SEE_OWN_TEAM),
    ("/dashboard", "Dashboard", Right.SEE_OWN_TENANT),
    ("/report", "Organization Report", Right.SEE_OWN_TENANT),
)


def page(request: Request, template: str, *, status_code: int = 200, **values: Any) -> Response:
    """The page that `template` makes of `values`."""
    person = person_of(request)
    ways = [(address, name) for address, name, right in WAYS if person.may(right)]
    return templates.page(request, template, status_code=status_code, ways=ways, **values)
