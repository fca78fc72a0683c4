"""Messages that wait for the next page, in a cookie signed with a key made of the session's token."""

import hashlib

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_admin.cookies import SignedCookie

from worker.login import cookies

NAME = "starlette_admin_flash"  # starlette-admin reads it under this name
KEPT_SECONDS = 300


class FlashMiddleware:
    """In place of starlette-admin's, whose one key every web process would have to be given."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        token = cookies.read(request, cookies.SESSION) or ""
        key = hashlib.sha256(b"flash:" + token.encode()).hexdigest()
        request.state.admin_flash_cookie = signed = SignedCookie(key, "flash", timed=True, max_age=KEPT_SECONDS)
        request.state.admin_flash_pending, request.state.admin_flash_consumed = [], False

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                tls, cookie = cookies.behind_tls(request), Response()
                if request.state.admin_flash_pending:
                    value = signed.dumps(request.state.admin_flash_pending)
                    cookie.set_cookie(NAME, value, max_age=KEPT_SECONDS, httponly=True, samesite="lax", secure=tls)
                elif request.state.admin_flash_consumed and NAME in request.cookies:
                    cookie.delete_cookie(NAME, httponly=True, samesite="lax", secure=tls)
                if "set-cookie" in cookie.headers:
                    MutableHeaders(scope=message).append("set-cookie", cookie.headers["set-cookie"])
            await send(message)

        await self._app(scope, receive, sent)
