"""Messages that wait for the next page, in a cookie signed with a key made of the session's token."""

import hashlib
from collections.abc import Sequence

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_admin.cookies import SignedCookie

from worker.login import cookies

NAME = "starlette_admin_flash"  # starlette-admin reads it under this name
KEPT_SECONDS = 300


# Browsers drop a cookie of more than 4,096 bytes, name and attributes included.
MOST = 3800  # bytes of the value
LONGEST = 1200  # characters of a message


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
                    value = sealed(signed, request.state.admin_flash_pending)
                    cookie.set_cookie(NAME, value, max_age=KEPT_SECONDS, httponly=True, samesite="lax", secure=tls)
                elif request.state.admin_flash_consumed and NAME in request.cookies:
                    cookie.delete_cookie(NAME, httponly=True, samesite="lax", secure=tls)
                if "set-cookie" in cookie.headers:
                    MutableHeaders(scope=message).append("set-cookie", cookie.headers["set-cookie"])
            await send(message)

        await self._app(scope, receive, sent)


def sealed(signed: SignedCookie, messages: Sequence[dict[str, str]]) -> str:
    """The messages as the value of a cookie that browsers keep, shortened as far as it takes."""
    longest = LONGEST
    while True:
        value = signed.dumps([{**each, "message": shortened(each["message"], longest)} for each in messages])
        if len(value) <= MOST or longest < 2:
            return value
        longest //= 2


def shortened(words: str, longest: int) -> str:
    """At most so many characters, cut out of the middle: what to do next stands at the end."""
    if len(words) <= longest:
        return words
    end = longest // 2
    return f"{words[: longest - end - 1]}…{words[len(words) - end :]}"
