"""No other site can have a browser change anything here.

A changing request must come from our own pages (its `Origin`, where the browser sends one) and carry a token. The
token is a hash of the session's cookie, or before signing in of a cookie given for that: a site that cannot read
the cookie cannot know it, and one that plants a token of its own fails.
"""

import hashlib
import hmac
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from worker.login import cookies
from worker.login.addresses import is_among
from worker.pages.bodies import up_to
from worker.pages.forms import CSRF_FIELD, CSRF_HEADER
from worker.pages.refusals import refusal

PORTS = {"http": 80, "https": 443}  # what browsers leave out
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
LARGEST_BODY = 2 * 1024 * 1024
# Where the scripts of starlette-admin look for the token; it opens nothing without the cookie it is made of.
SCRIPT_COOKIE = "starlette_admin_csrftoken"

Refused = tuple[int, str, str]
_NO_TOKEN = (403, "This form is no longer valid.", "Reload the page, then send it again.")
_NOT_TAKEN: dict[int, Refused] = {
    408: (408, "The form did not come in time.", "Send it again."),
    413: (413, "That is more than this page takes.", "Send less at once."),
}


class CsrfMiddleware:
    """Refuses changing requests that do not come from our pages; `open_paths` have other locks."""

    def __init__(self, app: ASGIApp, open_paths: tuple[str, ...]) -> None:
        self._app = app
        self._open = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_among(scope["path"], self._open):
            return await self._app(scope, receive, send)
        request = Request(scope, receive)
        secret = cookies.read(request, cookies.SESSION) or cookies.read(request, cookies.VISITOR)
        visitor = None if secret else cookies.new_token()
        request.state.csrf_token = token = _token(secret or visitor or "")
        if scope["method"] not in SAFE:
            try:
                body = await Request(scope, up_to(LARGEST_BODY, request)).body()
                refused = await _refused(Request(scope, _replayed(body, receive)), token)
                receive = _replayed(body, receive)
            except ClientDisconnect:
                return None
            except HTTPException as error:
                refused = _NOT_TAKEN[error.status_code]
            if refused is not None:
                return await refusal(request, *refused)(scope, receive, send)
        await self._app(scope, receive, _with_cookies(request, send, visitor, token))


def _token(secret: str) -> str:
    return hashlib.sha256(b"csrf:" + secret.encode()).hexdigest()


async def _refused(request: Request, token: str) -> Refused | None:
    """What to answer to a changing request that is not ours; None when it is."""
    if not _same_origin(request):
        return 403, "This request came from another site.", f"Open {request.base_url} and do it there."
    given = await _given(request)
    return None if hmac.compare_digest(given.encode(), token.encode()) else _NO_TOKEN


def _same_origin(request: Request) -> bool:
    origin = request.headers.get("origin")
    if origin is None:
        return request.headers.get("sec-fetch-site", "same-origin") in {"same-origin", "none"}
    return _place(origin) is not None and _place(origin) == _place(str(request.base_url))


def _place(address: str) -> tuple[str, str | None, int | None] | None:
    """Scheme, host and port; None for what has none of them."""
    try:
        parts = urlsplit(address)
        return parts.scheme, parts.hostname, parts.port or PORTS.get(parts.scheme)
    except ValueError:
        return None


async def _given(request: Request) -> str:
    header = request.headers.get(CSRF_HEADER)
    if header is not None:
        return header
    if not request.headers.get("content-type", "").startswith(FORMS):
        return ""
    try:
        async with request.form() as form:
            return str(form.get(CSRF_FIELD) or "")
    except HTTPException:  # what cannot be read holds no token
        return ""


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body once more for the page, then whatever comes: the end of the connection."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


def _with_cookies(request: Request, send: Send, visitor: str | None, token: str) -> Send:
    """Gives a browser that has none yet the cookie its token is made of, and scripts the token."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start" and _is_page(message):
            headers, cookie = MutableHeaders(scope=message), Response()
            if visitor is not None:
                cookies.write(request, cookie, cookies.VISITOR, visitor)
            if request.cookies.get(SCRIPT_COOKIE) != token:
                tls = cookies.behind_tls(request)
                cookie.set_cookie(SCRIPT_COOKIE, token, secure=tls, samesite="strict")
            for name, value in cookie.raw_headers:
                if name == b"set-cookie":
                    headers.append("set-cookie", value.decode("latin-1"))
        await send(message)

    return sent


def _is_page(message: Message) -> bool:
    kind = MutableHeaders(scope=message).get("content-type", "")
    return message["status"] < 300 and kind.startswith("text/html")
