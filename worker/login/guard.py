"""In front of every page: who may open it. A route that names no right is open to nobody."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from worker.login.addresses import is_among
from worker.login.person import Person
from worker.login.rights import STAFF, Right, who
from worker.pages.refusals import nothing_here, refusal

PASSWORD_PAGE = "/password"  # noqa: S105  (an address)
# A person whose first password must be changed may open nothing else.
WHILE_PASSWORD_MUST_CHANGE = (PASSWORD_PAGE, "/logout")

Endpoint = Callable[..., Any]


def needs(right: Right, endpoint: Endpoint) -> Endpoint:
    """The endpoint with its right named; the one that was given stays as it is: it may have others elsewhere."""
    named: Any = partial(endpoint)
    named.right = right
    found: Endpoint = named
    return found


def page(
    path: str, endpoint: Endpoint, right: Right, methods: Sequence[str] = ("GET",), name: str | None = None
) -> Route:
    """A route that whoever has `right` may open."""
    return Route(path, endpoint=needs(right, endpoint), methods=list(methods), name=name or endpoint.__name__)


@dataclass(frozen=True)
class Guarded:
    """One route as the guard sees it: its whole path, its methods, and its right; None: open to nobody."""

    path: str
    methods: frozenset[str]
    right: Right | None
    route: Route | Mount


def walk(routes: Iterable[BaseRoute], prefix: str = "") -> Iterator[Guarded]:
    """Every route, those of mounted applications too. Raises TypeError for what it cannot see into."""
    for route in routes:
        if isinstance(route, Mount) and route.routes:
            yield from walk(route.routes, prefix + route.path)
        elif isinstance(route, Mount):  # an application without routes, such as files
            yield Guarded(f"{prefix}{route.path}/{{path:path}}", frozenset({"GET"}), None, route)
        elif isinstance(route, Route):
            right = getattr(route.endpoint, "right", None)
            yield Guarded(prefix + route.path, frozenset(route.methods or ()), right, route)
        else:
            raise TypeError(f"{route!r} may answer to anything")


class GuardMiddleware:
    """Lets a request through when its route's right is one of the person's; `open_paths` have other locks."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute], open_paths: tuple[str, ...]) -> None:
        self._app = app
        self._routes = routes
        self._open = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_among(scope["path"], self._open):
            request = Request(scope)
            refused = _refused(request, request.state.person, right_of(self._routes, scope))
            if refused is not None:
                return await refused(scope, receive, send)
        await self._app(scope, receive, send)


def right_of(routes: Iterable[BaseRoute], scope: Scope) -> Right | None:
    """The right of the route that would answer; None when none would, or it names none."""
    for route in routes:
        try:
            match, child = route.matches(scope)
        except ValueError:  # a number of more digits than Python reads: no row has it
            return None
        if match is not Match.FULL:
            continue
        if isinstance(route, Mount) and route.routes:
            return right_of(route.routes, {**scope, **child})
        right: Right | None = getattr(child.get("endpoint"), "right", None)
        return right
    return None


def _refused(request: Request, person: Person | None, right: Right | None) -> Response | None:
    if right is Right.ANYBODY:
        return None
    if person is None:
        return _sign_in_first(request)
    if person.row.password_must_change and request.url.path not in WHILE_PASSWORD_MUST_CHANGE:
        return RedirectResponse(PASSWORD_PAGE, 303)
    if right is not None and person.may(right):
        return None
    return _not_for(request, person, right)


def _sign_in_first(request: Request) -> Response:
    """Whether the page exists is not told to who is not signed in."""
    if request.method == "GET" and "text/html" in request.headers.get("accept", "text/html"):
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse("/login" if here == "/" else f"/login?next={quote(here, safe='/')}", 303)
    return refusal(request, 401, "You are not signed in, or were signed out.", "Sign in, then try again.")


def _not_for(request: Request, person: Person, right: Right | None) -> Response:
    """Staff are told who may; to people of a client, what is not theirs is not there."""
    if right is None or not person.is_staff:
        return nothing_here(request)
    if person.roles & STAFF and right in {Right.SEE_OWN_COURSES, Right.SEE_OWN_TEAM, Right.SEE_OWN_TENANT}:
        return RedirectResponse("/console/", 303) if request.method == "GET" else nothing_here(request)
    message = f"Your role, {person.role_names}, may not {right.value}."
    return refusal(request, 403, message, f"Ask somebody of: {who(right)}.")
