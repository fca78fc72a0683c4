"""What passes between the socket server and the rooms behind it: one request, one response."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from connectors.mock_netsuite import problems

RESOURCE = "application/vnd.oracle.resource+json"
COLLECTION = f"{RESOURCE}; type=collection"
SINGULAR = f"{RESOURCE}; type=singular"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as it came in; header names are lower-case."""

    method: str
    path: str  # decoded
    query: tuple[tuple[str, str], ...]
    headers: dict[str, str]
    body: bytes = b""
    raw_path: str = ""  # as it was sent, which is what is signed
    local: bool = True  # from this machine

    @property
    def host(self) -> str:
        return self.headers.get("host", "localhost")

    def parameter(self, name: str, default: str | None = None) -> str | None:
        """Last value of a query-string parameter, as NetSuite takes it."""
        return next((value for key, value in reversed(self.query) if key == name), default)

    def flag(self, name: str) -> bool:
        return (self.parameter(name) or "").lower() == "true"

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object; anything else is NetSuite's 400 INVALID_CONTENT."""
        try:
            content = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise problems.invalid_content() from error
        if not isinstance(content, dict):
            raise problems.invalid_content()
        return content


@dataclass(slots=True)
class Wire:
    """How a response is put on the socket; the defaults are an honest server."""

    seconds: float = 0.0  # the body dribbles out over this time
    keep: float = 1.0  # share of the body sent before the connection ends
    reset: bool = False  # the connection ends with RST instead of FIN


@dataclass(slots=True)
class Response:
    """One HTTP response. `encoding` is set when the body is already compressed."""

    status: int = 200
    body: bytes = b""
    content_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    encoding: str | None = None
    wire: Wire = field(default_factory=Wire)


def json_response(content: object, *, status: int = 200, content_type: str = "application/json") -> Response:
    return Response(status=status, body=msgspec.json.encode(content), content_type=content_type)


def problem_response(problem: problems.Problem) -> Response:
    """The error body of SuiteTalk REST (`nsError`) for a problem."""
    return Response(
        status=problem.status,
        body=msgspec.json.encode(problem.body()),
        content_type=problems.ERROR_TYPE,
        headers=dict(problem.headers),
    )
