"""The JSON API, version 1: an application of its own, with locks of its own, beside the pages."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import FastAPI, Security
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.errors import ConnectorError
from worker.api import problems
from worker.api.admission import Admission, hash_of
from worker.api.call import Api, Call
from worker.api.deciding import Decider
from worker.api.feed import Feed
from worker.api.limits import Limits
from worker.api.operations import OPERATIONS, Operation
from worker.api.problems import Problem, Refusal, refuse_unknown
from worker.database import make_sessions
from worker.errors import TermsyncError
from worker.pages.bodies import up_to
from worker.settings import Settings

PREFIX = "/api/v1"
REFUSALS = (401, 403, 404, 408, 409, 413, 414, 422, 429, 431, 500, 503)
REFUSED: dict[int | str, dict[str, Any]] = {
    status: {
        "description": problems.TITLES[status],
        "model": Problem,
        "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status in REFUSALS
}
HEADERS = {"x-content-type-options": "nosniff", "cache-control": "no-store"}
DESCRIPTION = """What a learning platform asks and tells termsync.

Every request bears a token (`Authorization: Bearer TOKEN`, made with `termsync token add`). Refusals are
problem+json (RFC 9457) with a `code` that `termsync explain` knows. What belongs to another tenant than the
token's is not there: 404."""


class ApiRoute(APIRoute):
    """A route that asks for the token before it reads anything else of the request."""

    def __init__(self, path: str, operation: Operation, **more: Any) -> None:
        self.operation = operation
        responses = {**more.pop("responses"), **operation.more.get("responses", {})}
        super().__init__(path, operation.endpoint, **{**more, **operation.more, "responses": responses})
        self.asked = frozenset(field.alias for field in self.dependant.query_params)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        operation = self.operation
        handle = super().get_route_handler()

        async def admitted(request: Request) -> Response:
            api: Api = request.app.state.api
            bearer = await api.admission.bearer(request, operation.needs)
            request.state.call = Call(api, bearer, hash_of(request))
            refuse_unknown(request, self.asked)
            return await handle(Request(request.scope, up_to(operation.most_bytes, request)))

        async def raw(request: Request) -> Response:
            request.state.needs = operation.needs
            answer: Response = await operation.endpoint(request)
            return answer

        return raw if operation.raw else admitted


def make_api(engine: Engine, settings: Settings, redis_url: str | None) -> FastAPI:
    """The API on one database. Opens nothing by itself; `redis_url` None: limits count per process."""
    sessions = make_sessions(engine)
    app = FastAPI(
        title="termsync",
        version="1",
        description=DESCRIPTION,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=[Middleware(_Headers)],
    )
    app.state.api = Api(
        settings, sessions, redis_url, Admission(sessions, Limits(redis_url)), Decider(engine), Feed(sessions)
    )
    app.router.routes.extend(_route(name, operation) for name, operation in OPERATIONS.items())
    app.add_exception_handler(Refusal, problems.of_refusal)
    app.add_exception_handler(TermsyncError, problems.of_termsync_error)
    app.add_exception_handler(ConnectorError, problems.of_netsuite)
    app.add_exception_handler(RequestValidationError, problems.of_validation)
    app.add_exception_handler(HTTPException, problems.of_http)
    for of_the_database in (OperationalError, InterfaceError, TimeoutError):
        app.add_exception_handler(of_the_database, problems.of_the_database)
    app.add_exception_handler(Exception, problems.of_anything)
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]
    return app


def _described(app: FastAPI) -> dict[str, Any]:
    """The description, made once. FastAPI gives refusals the media type of answers beside their own."""
    if app.openapi_schema is None:
        app.openapi_schema = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        for operation in (each for path in app.openapi_schema["paths"].values() for each in path.values()):
            for status, response in operation["responses"].items():
                if int(status) in REFUSALS:
                    response["content"] = {problems.MEDIA_TYPE: response["content"][problems.MEDIA_TYPE]}
    return app.openapi_schema


def _route(name: str, operation: Operation) -> ApiRoute:
    method, path = name.split(" ")
    bearer = Security(HTTPBearer(auto_error=False, description="Made with `termsync token add`."))
    return ApiRoute(
        PREFIX + path,
        operation,
        methods=[method],
        responses=REFUSED,
        dependencies=[bearer],
        operation_id=f"{operation.endpoint.__module__.rsplit('.', 1)[-1]}_{operation.endpoint.__name__}",
        tags=[operation.endpoint.__module__.rsplit(".", 1)[-1]],
        response_model_exclude_none=False,
    )


class _Headers:
    """No answer is to be guessed at by browsers, nor kept by anybody unless it says so itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, sent)


class BesideMiddleware:
    """Hands requests below `/api/` to the API; everything else goes on to the pages."""

    def __init__(self, app: ASGIApp, api: ASGIApp) -> None:
        self._app = app
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_api = scope["type"] == "http" and scope["path"].startswith("/api/")
        await (self._api if is_api else self._app)(scope, receive, send)
