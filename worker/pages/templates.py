"""Jinja environments of the pages outside the console: the shared templates, and each room's own."""

from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader
from starlette.requests import Request
from starlette.responses import Response
from starlette.templating import Jinja2Templates

from worker.pages.forms import csrf_field
from worker.pages.words import add_words


class Templates:
    """Renders templates of `package` (its folder `templates`) and of this one; see `page.html` for the blocks."""

    def __init__(self, package: str) -> None:
        loaders = [PackageLoader(package), PackageLoader("worker.pages")]
        environment = Environment(
            loader=ChoiceLoader(loaders), autoescape=True, trim_blocks=True, lstrip_blocks=True
        )
        environment.globals["csrf_field"] = csrf_field
        add_words(environment)
        self._templates = Jinja2Templates(env=environment)

    def page(self, request: Request, name: str, *, status_code: int = 200, **values: Any) -> Response:
        """One page; `person` is who asks for it, None for nobody."""
        context = {"person": getattr(request.state, "person", None), **values}
        return self._templates.TemplateResponse(request, name, context, status_code=status_code)
