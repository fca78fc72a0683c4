"""Headers that tell browsers what our pages never do: run others' scripts, be framed, leak addresses."""

import secrets

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}';"
    # starlette-admin's templates size some boxes with a style attribute.
    " style-src-attr 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"
)
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
A_YEAR = 31_536_000


class HeadersMiddleware:
    """Sets the headers and a fresh nonce, `request.state.csp_nonce`. Browsers may keep `static`, no page."""

    def __init__(self, app: ASGIApp, static: tuple[str, ...], tls: bool) -> None:
        self._app = app
        self._static = static
        self._tls = tls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})["csp_nonce"] = nonce

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update({**HEADERS, "content-security-policy": POLICY.format(nonce=nonce)})
                if self._tls:
                    headers["strict-transport-security"] = f"max-age={A_YEAR}"
                headers.setdefault("cache-control", self._keep(scope["path"]))
            await send(message)

        await self._app(scope, receive, sent)

    def _keep(self, path: str) -> str:
        # Kept, but asked for again: a new version is there with the next page.
        return "no-cache" if path.startswith(self._static) else "no-store"
