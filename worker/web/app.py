"""The application: pages, API and health in one, behind one guard."""

from pathlib import Path

from fastapi import FastAPI
from sqlalchemy import Engine
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from worker.api import app as api
from worker.api import health
from worker.console import app as console
from worker.console import live as console_live
from worker.database import make_sessions
from worker.errors import TermsyncError
from worker.login import oidc, oidc_pages
from worker.login import pages as login
from worker.login.csrf import CsrfMiddleware
from worker.login.guard import GuardMiddleware
from worker.login.headers import HeadersMiddleware
from worker.login.sessions import SessionMiddleware
from worker.pages import refusals
from worker.pages.context import ContextMiddleware, Web
from worker.pages.live import Live
from worker.portal import routes as portal
from worker.settings import Settings
from worker.web.faults import FaultMiddleware
from worker.web.heads import HeadMiddleware

STATIC = Path(__file__).parent.parent / "pages" / "static"
# Nothing to lock away: probes, files that are part of the program.
OPEN = ("/health", "/ready", "/metrics", "/static/", "/console/static/")
KEPT = ("/static/", "/console/static/")


def make_app(engine: Engine, settings: Settings, redis_url: str | None = None) -> FastAPI:
    """The application on one database. Opens nothing by itself; `redis_url` None: nobody can be rung."""
    oidc.check(settings)
    sessions = make_sessions(engine)
    web = Web(settings, engine, sessions, redis_url, Live(sessions, console_live.TOPICS))
    app = FastAPI(title="termsync", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.engine = engine
    # Included as a router they would be out of sight of `worker.login.guard.walk`.
    app.router.routes.extend(health.router.routes)
    app.router.routes.append(Mount("/static", StaticFiles(directory=STATIC), name="static"))
    app.router.routes.extend([*login.ROUTES, *oidc_pages.ROUTES, *console_live.ROUTES, *portal.ROUTES])
    console.mount(app)
    app.add_exception_handler(TermsyncError, _termsync_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(DataError, refusals.impossible)
    _guard(app, web)
    app.add_middleware(api.BesideMiddleware, api.make_api(engine, settings, redis_url))
    app.add_middleware(HeadMiddleware)
    return app


def _guard(app: FastAPI, web: Web) -> None:
    """What every request passes on its way in; the last one added is the first."""
    for middleware in reversed(
        [
            Middleware(HeadersMiddleware, KEPT, _is_tls(web.settings)),
            Middleware(ContextMiddleware, web),
            Middleware(FaultMiddleware),
            Middleware(SessionMiddleware, OPEN),
            Middleware(CsrfMiddleware, OPEN),
            Middleware(GuardMiddleware, app.router.routes, OPEN),
        ]
    ):
        app.add_middleware(middleware.cls, *middleware.args, **middleware.kwargs)


def _is_tls(settings: Settings) -> bool:
    return bool(settings.web_url and settings.web_url.startswith("https:"))


async def _termsync_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, TermsyncError)
    return refusals.of_error(request, error)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code in {404, 405}:
        return refusals.nothing_here(request)
    return refusals.refusal(request, error.status_code, str(error.detail), "Go back and try again.")
