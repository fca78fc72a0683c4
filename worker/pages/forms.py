"""Forms of pages."""

from markupsafe import Markup
from starlette.requests import Request

CSRF_FIELD = "csrftoken"
CSRF_HEADER = "x-csrftoken"


def csrf_field(request: Request) -> Markup:
    """The hidden field that every form with method POST has; without it the form is refused."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(
        CSRF_FIELD, getattr(request.state, "csrf_token", "")
    )
