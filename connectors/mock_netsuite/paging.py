"""Limit, offset and links: the same rules for SuiteQL and for record collections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from connectors.mock_netsuite import problems
from connectors.mock_netsuite.messages import Request

MAX_LIMIT = 1000


@dataclass(frozen=True)
class Window:
    limit: int
    offset: int


def window(request: Request, row_cap: int) -> Window:
    """The page asked for. Raises Problem unless 1 ≤ limit ≤ 1000, offset is a multiple of it and below the cap."""
    limit = _number(request, "limit", MAX_LIMIT)
    offset = _number(request, "offset", 0)
    if not 1 <= limit <= MAX_LIMIT:
        raise problems.invalid_parameter("limit", f"The limit must be between 1 and {MAX_LIMIT}.")
    if offset < 0 or offset % limit:
        raise problems.invalid_parameter("offset", "The offset must be a number that is divisible by the limit.")
    if offset >= row_cap:
        raise problems.invalid_parameter("offset", f"The offset must be lower than {row_cap}.")
    return Window(limit, offset)


def _number(request: Request, name: str, default: int) -> int:
    text = request.parameter(name)
    if text is None:
        return default
    try:
        return int(text)
    except ValueError:
        raise problems.invalid_parameter(name, f"The {name} must be a whole number.") from None


def page_body(
    url: str, page: Window, items: Sequence[object], total: int, extra: Sequence[tuple[str, str]] = ()
) -> Any:
    """The collection body; `extra` are further query parameters that every link repeats."""
    more = page.offset + page.limit < total

    def link(rel: str, offset: int) -> dict[str, str]:
        query = urlencode([*extra, ("limit", page.limit), ("offset", offset)])
        return {"rel": rel, "href": f"{url}?{query}"}

    links = []
    if more:
        links.append(link("next", page.offset + page.limit))
        links.append(link("last", (total - 1) // page.limit * page.limit))
    if page.offset:
        links.append(link("first", 0))
        links.append(link("prev", page.offset - page.limit))
    links.append(link("self", page.offset))
    return {
        "links": links,
        "count": len(items),
        "hasMore": more,
        "items": items,
        "offset": page.offset,
        "totalResults": total,
    }
