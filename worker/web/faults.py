"""Errors that nobody foresaw: a page that shows nothing of the inside, and the whole story in the log."""

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from worker.logs import get_logger
from worker.pages import refusals

log = get_logger(__name__)


class FaultMiddleware:
    """Logs what escapes the pages, and answers if nobody has."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = ended = False

        async def sent(message: Message) -> None:
            nonlocal begun, ended
            begun = True
            ended = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except Exception as error:
            if scope["type"] != "http" or (begun and not ended):
                raise  # the server cuts the answer off: nobody takes half of it for the whole
            log.exception("page-failed", method=scope["method"], path=scope["path"])
            if not begun:
                answer = await refusals.broken(Request(scope), error)
                await answer(scope, receive, send)
