"""The console: starlette-admin's shell around our lists and pages, behind our login and guard."""

import secrets
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates
from starlette_admin import CustomView, TablerSettings, flash
from starlette_admin import DefaultTheme as Theme
from starlette_admin.auth.base import AdminUser, BaseAuthProvider
from starlette_admin.base import BaseAdmin

from worker.console import templating
from worker.console.exporting import export_list
from worker.console.flashes import FlashMiddleware
from worker.console.health import strip
from worker.console.registry import index_view, views
from worker.errors import TermsyncError
from worker.login.guard import needs
from worker.login.person import person_of
from worker.login.rights import Right
from worker.pages import refusals
from worker.pages.forms import csrf_field
from worker.pages.words import add_words

# The routes of starlette-admin that are in use. The others (detail, edit, actions, import …) name no right, so the
# guard lets nobody in.
RIGHTS = {"list": Right.SEE_CONSOLE}
UNKNOWN = HTTPException(500)


class SignedInAlready(BaseAuthProvider):
    """The guard has let only staff in: starlette-admin is told who it is, for the corner of the page."""

    async def authenticate(self, request: Request) -> AdminUser | None:
        if request.state.person is None:  # a file of the program: see worker.web.app
            return None
        await strip.prepare(request)
        return AdminUser(username=person_of(request).name)


class Console(BaseAdmin):
    """starlette-admin with our login, CSRF protection and rights instead of its own."""

    def __init__(self) -> None:
        super().__init__(
            title="termsync",
            base_url="/console",
            route_name="console",
            logo_url="/static/mark.svg",
            favicon_url="/static/mark.svg",
            templates_dir="",
            additional_loaders=templating.loaders(),
            index_view=index_view(),
            theme=Theme(TablerSettings(base="slate", primary="blue", radius=1)),
            auth_provider=SignedInAlready(),
            secret_key=secrets.token_hex(),  # nothing is signed with it: see FlashMiddleware and worker.login.csrf
            timezone_config=None,
        )
        environment = self.templates.env
        environment.globals["csrf_field"] = csrf_field
        add_words(environment)
        for view in views():
            self.add_view(view)
        self.routes.append(
            Route("/export/{key}/{form}", needs(Right.SEE_CONSOLE, export_list(self)), name="export")
        )

    def _init_csrf(self) -> None:
        """Forms of the console are protected with all others."""

    def _init_flash(self) -> None:
        self.middlewares.append(Middleware(FlashMiddleware))

    def _collect_core_routes(self) -> list[Route]:
        return [_with_right(route) for route in super()._collect_core_routes()]

    def _wrap_extra_route(
        self, custom_view: CustomView, handler: Callable[..., Any], templates: Jinja2Templates
    ) -> Callable[..., Any]:
        inner = super()._wrap_extra_route(custom_view, handler, templates)

        async def endpoint(request: Request) -> Response:
            try:
                return await inner(request)
            except TermsyncError as error:
                return self.said(request, error)

        right: Right | None = getattr(handler, "right", None)
        return endpoint if right is None else needs(right, endpoint)

    def said(self, request: Request, error: TermsyncError) -> Response:
        """An error that a person can meet: a message on the page they came from, or a page of its own."""
        if request.method == "POST":
            flash(request, f"{error.message} {error.remedy}", "error")
            return RedirectResponse(_came_from(request), 303)
        return self.error_page(request, refusals.status_of(error), error.message, error.remedy)

    def error_page(self, request: Request, status: int, message: str, remedy: str) -> Response:
        values = {"message": message, "remedy": remedy, "title": "termsync"}
        return self._template_response(request, "error.html", values, status)

    async def _render_error(self, request: Request, exc: Exception = UNKNOWN) -> Response:
        assert isinstance(exc, HTTPException)
        if request.state.person is None:  # a file of the program that is not there: nobody was asked who they are
            return refusals.nothing_here(request)
        if exc.status_code == 404:
            return self.error_page(request, 404, "There is no such page.", "Look for it in the menu.")
        return self.error_page(request, exc.status_code, str(exc.detail), "Go back and try again.")

    async def _render_termsync_error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, TermsyncError)
        return self.said(request, error)


def _with_right(route: Route) -> Route:
    right = RIGHTS.get(route.name)
    if right is None:
        return route
    theirs = route.endpoint

    async def endpoint(request: Request) -> Response:
        answer: Response = await theirs(request)
        return answer

    return Route(route.path, needs(right, endpoint), methods=list(route.methods or ()), name=route.name)


def _came_from(request: Request) -> str:
    """The page a form was sent from, if it is one of the console's; else its first page."""
    referer = request.headers.get("referer", "")
    here = str(request.base_url)
    return referer if referer.startswith(here) else "/console/"


def mount(app: FastAPI) -> None:
    """Puts the console at /console/."""
    console = Console()
    console.mount_to(app)
    console.app.add_exception_handler(TermsyncError, console._render_termsync_error)
    console.app.add_exception_handler(DataError, refusals.impossible)
    console.app.add_exception_handler(Exception, refusals.broken)
