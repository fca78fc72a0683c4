"""Request lines and headers are taken only as long as they may be, and waited for only as long.

uvicorn bounds what is incomplete of them, by as much as it happens to read at once; neither their number nor time.
"""

from asyncio import TimerHandle, Transport

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from worker.api.problems import problem

LONGEST_ADDRESS = 8_192  # bytes of path and query
MOST_HEADERS = 100
LARGEST_HEADERS = 32_768  # bytes of all names and values
# A request has to be there this long after the connection, or after the answer to the one before.
SECONDS = 30.0


class HeadMiddleware:
    """Refuses addresses that are too long, and headers that are too many or too large."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = _refused(scope) if scope["type"] == "http" else None
        if refused is None:
            return await self._app(scope, receive, send)
        status, detail, remedy = refused
        await problem(status, "request-head-too-large", detail, remedy)(scope, receive, send)


def _refused(scope: Scope) -> tuple[int, str, str] | None:
    if len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST_ADDRESS:
        return 414, f"The address is longer than {LONGEST_ADDRESS:,} bytes.", "Ask for less at once."
    if len(scope["headers"]) > MOST_HEADERS:
        return 431, f"There are more than {MOST_HEADERS} headers.", "Send fewer."
    if sum(len(name) + len(value) for name, value in scope["headers"]) > LARGEST_HEADERS:
        return 431, f"The headers are larger than {LARGEST_HEADERS:,} bytes.", "Send less: are cookies too large?"
    return None


class PunctualProtocol(H11Protocol):
    """Hangs up on who does not get a request out in time."""

    _late: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def handle_events(self) -> None:
        super().handle_events()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._unwatch()

    def _watch(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:  # a request is being answered
            self._unwatch()
        elif self._late is None:
            self._late = self.loop.call_later(SECONDS, self.transport.close)

    def _unwatch(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
