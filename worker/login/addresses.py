"""Where to go after signing in: never away from here."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.requests import Request

HOME = "/"


def safe_next(value: str | None) -> str:
    """`value` when it is a path of ours, else the first page."""
    if not value or not value.startswith("/") or value[1:2] in {"/", "\\"} or not value.isprintable():
        return HOME
    parts = urlsplit(value)
    return HOME if parts.scheme or parts.netloc or parts.path.startswith(("/login", "/logout")) else value


def is_among(path: str, addresses: Iterable[str]) -> bool:
    """Whether `path` is one of these addresses, or below one that ends with a slash."""
    return any(path.startswith(each) if each.endswith("/") else path == each for each in addresses)


def came_from(request: Request) -> str:
    """The network address of the browser, for the record."""
    return request.client.host if request.client else "unknown"
