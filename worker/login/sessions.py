"""Sessions: rows in the database, told by a random token in a cookie."""

from datetime import timedelta

from sqlalchemy.orm import Session
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from models import signing_in
from models.signing_in import Kind
from worker import clock
from worker.login import cookies
from worker.login.addresses import is_among
from worker.login.person import Person
from worker.pages.context import in_session

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
BY_ITSELF, EVENTS = "x-live", "text/event-stream"  # see live.js


class SessionMiddleware:
    """Puts the person of the session cookie beside each request: `request.state.person`, None for nobody.

    What scripts of an open page ask for by themselves (they say so in a header) keeps no session alive.
    """

    def __init__(self, app: ASGIApp, open_paths: tuple[str, ...]) -> None:
        self._app = app
        self._open = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = HTTPConnection(scope)
            by_itself = BY_ITSELF in request.headers or request.headers.get("accept") == EVENTS
            nobody = is_among(scope["path"], self._open)
            request.state.person = None if nobody else await find(request, touch=not by_itself)
        await self._app(scope, receive, send)


async def find(request: HTTPConnection, *, touch: bool) -> Person | None:
    """Who the request's cookie belongs to."""
    token = cookies.read(request, cookies.SESSION)
    if not token:
        return None
    token_hash = cookies.hashed(token)

    def read(session: Session) -> Person | None:
        now = clock.now(session)
        row = signing_in.signed_in(session, token_hash, now, idle=IDLE, absolute=ABSOLUTE, touch=touch)
        return None if row is None else Person(row, token_hash)

    return await in_session(request, read)


def start(session: Session, kind: Kind, person_id: int, *, single_sign_on: bool) -> str:
    """A new session, never one the browser brought along; returns its token for the cookie."""
    token = cookies.new_token()
    now = clock.now(session)
    signing_in.forget_ended_sessions(session, now, IDLE, ABSOLUTE)
    token_hash = cookies.hashed(token)
    signing_in.start_session(session, token_hash, kind, person_id, now, single_sign_on=single_sign_on)
    return token


def give(request: Request, response: Response, token: str) -> Response:
    """Hands the browser its session; what it remembered for signing in goes."""
    cookies.write(request, response, cookies.SESSION, token)
    cookies.write(request, response, cookies.VISITOR, None)
    cookies.write(request, response, cookies.STEP, None)
    return response
