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
from worker.login.person import Person
from worker.pages.context import in_session

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)


class SessionMiddleware:
    """Puts the person of the session cookie beside each request: `request.state.person`, None for nobody.

    Requests below `quiet` paths are not people at work and do not keep a session alive.
    """

    def __init__(self, app: ASGIApp, quiet: tuple[str, ...], skipped: tuple[str, ...]) -> None:
        self._app = app
        self._quiet = quiet
        self._skipped = skipped

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = HTTPConnection(scope)
            path = scope["path"]
            nobody = path.startswith(self._skipped)
            request.state.person = None if nobody else await find(request, touch=not path.startswith(self._quiet))
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


def start(session: Session, kind: Kind, person_id: int) -> str:
    """A new session, never one the browser brought along; returns its token for the cookie."""
    token = cookies.new_token()
    now = clock.now(session)
    signing_in.forget_ended_sessions(session, now, IDLE, ABSOLUTE)
    signing_in.start_session(session, cookies.hashed(token), kind, person_id, now)
    return token


def give(request: Request, response: Response, token: str) -> Response:
    """Hands the browser its session; what it remembered for signing in goes."""
    cookies.write(request, response, cookies.SESSION, token)
    cookies.write(request, response, cookies.VISITOR, None)
    cookies.write(request, response, cookies.STEP, None)
    return response
