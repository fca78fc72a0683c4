"""What the address of a page asks for. What makes no sense is taken for not asked, never for an error."""

from urllib.parse import quote, unquote

from starlette.requests import Request

from models.status import Status

SEARCH_LENGTH = 200
LARGEST_ID = 2**63 - 1


def text(request: Request, name: str) -> str:
    """A text as it can be searched for: without what no database text holds, and not endless."""
    return request.query_params.get(name, "").replace("\0", "").strip()[:SEARCH_LENGTH]


def status(request: Request, *among: Status) -> Status | None:
    """The status asked for, when it is one of `among`."""
    asked = request.query_params.get("status")
    return next((each for each in among if each == asked), None)


def place(request: Request) -> int | None:
    """The id of the row after which the page begins."""
    asked = request.query_params.get("after", "")
    if not (asked.isascii() and asked.isdigit() and len(asked) < 20):
        return None
    return min(int(asked), LARGEST_ID)


def course(request: Request) -> tuple[str, str] | None:
    """Keys of course and version, as `course_value` wrote them."""
    parts = text(request, "course").split("/")
    return (unquote(parts[0]), unquote(parts[1])) if len(parts) == 2 else None


def course_value(keys: tuple[str, str]) -> str:
    """Keys of course and version in one value; either may hold a slash."""
    return "/".join(quote(key, safe="") for key in keys)
