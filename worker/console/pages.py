"""Pages of the console that are no list: forms, previews, details."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette_admin import CustomView, flash, route

from worker.login.rights import Right

Handler = TypeVar("Handler", bound=Callable[..., Awaitable[Response]])


def console_page(
    path: str = "", right: Right = Right.SEE_CONSOLE, methods: Sequence[str] = ("GET",)
) -> Callable[[Handler], Handler]:
    """A method of a `ConsolePage` that answers `path` below the page's own; who has not `right` is refused."""

    def named(handler: Handler) -> Handler:
        setattr(handler, "right", right)  # noqa: B010  (found by `Console._wrap_extra_route`)
        route(path, methods=list(methods))(handler)
        return handler

    return named


class ConsolePage(CustomView):
    """A page of its own: `path`, `menu_label`, `icon`, and methods with `@console_page`.

    A TermsyncError raised while a form is handled becomes a message on the page it was sent from.
    """

    async def index(self, request: Request) -> Response:
        """The page at `path`."""
        raise NotImplementedError

    def show(self, request: Request, template: str, *, title: str | None = None, **values: Any) -> Response:
        """A template that extends `console.html`."""
        assert self._admin is not None, "the console has this page"
        context = {"title": title or self.title(request), "view": self, **values}
        return self._admin._template_response(request, template, context)

    def fragment(self, request: Request, template: str, **values: Any) -> Response:
        """A part of a page, for `data-fragment`."""
        assert self.templates is not None, "the console has this page"
        return self.templates.TemplateResponse(request, template, values)

    def is_active(self, request: Request) -> bool:
        here = request.scope["path"].removeprefix(request.scope["root_path"])
        return bool(here == self.path or here.startswith(self.path.rstrip("/") + "/"))


def done(request: Request, message: str, to: str, kind: str = "success") -> Response:
    """After a form: `message` on the page `to`. `kind`: success, info, warning or error."""
    flash(request, message, kind)
    return RedirectResponse(to, 303)
