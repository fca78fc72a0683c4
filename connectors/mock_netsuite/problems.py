"""NetSuite's own error bodies (`nsError`), as recorded or documented.

Every function returns an exception to raise; the HTTP layer turns it into the response. Guessed texts are
listed in `assumptions.py`.
"""

from __future__ import annotations

import secrets
import string
from typing import Any

ERROR_TYPE = "application/vnd.oracle.resource+json; type=error"

_W3 = "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"
_RFC = "https://www.rfc-editor.org/rfc/rfc9110.html#section-"
_KINDS = {
    400: (_RFC + "15.5.1", "Bad Request"),
    401: (_W3, "Unauthorized"),
    403: (_W3, "Forbidden"),
    404: (_W3, "Not Found"),
    405: (_W3, "Method Not Allowed"),
    413: (_W3, "Payload Too Large"),
    429: (_W3, "Bad Request"),  # the documented title of the 429 really is "Bad Request"
    500: (_RFC + "15.6.1", "Internal Server Error"),
}


class Problem(Exception):
    """A request NetSuite refuses, with the body it answers.

    `where` is the locator NetSuite adds: `o:errorQueryParam`, `o:errorHeader`, `o:errorPath` or `o:errorUrl`.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        where: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        extra: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.where, self.headers, self.extra = where or {}, headers or {}, extra or {}

    def body(self) -> dict[str, Any]:
        kind, title = _KINDS[self.status]
        error = {"detail": self.detail, **self.where, "o:errorCode": self.code}
        return {"type": kind, "title": title, "status": self.status, **self.extra, "o:errorDetails": [error]}


# SuiteQL


def invalid_query(text: str) -> Problem:
    """400 of a refused query; `text` follows NetSuite's fixed prefix."""
    return Problem(
        400,
        "INVALID_PARAMETER",
        f"Invalid search query. Detailed unprocessed description follows. {text}",
        where={"o:errorQueryParam": "q"},
    )


def unsupported_search() -> Problem:
    return invalid_query("Search error occurred: Invalid or unsupported search.")


def unknown_table(table: str) -> Problem:
    return invalid_query(f"Invalid search type: {table}.")


def record_not_found(table: str) -> Problem:
    """The table exists but the role or the account's features hide it."""
    return invalid_query(f"Search error occurred: Record '{table}' was not found.")


def field_not_found(table: str, column: str) -> Problem:
    """The column exists but the role may not see it."""
    return invalid_query(
        f"Search error occurred: Field '{column}' for record '{table}' was not found. "
        "Reason: NOT_EXPOSED - Not available channel SEARCH."
    )


def unknown_identifier(column: str, available: dict[str, str]) -> Problem:
    names = ", ".join(f"{alias}={table}" for alias, table in available.items())
    return invalid_query(
        f"Search error occurred: Unknown identifier '{column}'. Available identifiers are: {{{names}}}."
    )


def unreadable_date(text: str, java_format: str, zone: str) -> Problem:
    return invalid_query(
        f'Search error occurred: Parse of date/time "{text}" failed with date format "{java_format}" '
        f"in time zone {zone}"
    )


def invalid_parameter(name: str, detail: str) -> Problem:
    return Problem(400, "INVALID_PARAMETER", detail, where={"o:errorQueryParam": name})


def invalid_header(name: str, detail: str) -> Problem:
    return Problem(400, "INVALID_HEADER", detail, where={"o:errorHeader": name})


# records


def invalid_content(detail: str = "Invalid content in the request body.", path: str | None = None) -> Problem:
    return Problem(400, "INVALID_CONTENT", detail, where={"o:errorPath": path} if path else None)


def user_error(detail: str) -> Problem:
    return Problem(400, "USER_ERROR", f"Error while accessing a resource. {detail}")


def no_such_record() -> Problem:
    detail = "The record instance does not exist. Provide a valid record instance ID."
    return Problem(404, "NONEXISTENT_ID", detail)


def no_such_type(record_type: str) -> Problem:
    return Problem(404, "NONEXISTENT_RECORD_TYPE", f"Record type '{record_type}' does not exist.")


def invalid_url(path: str) -> Problem:
    return Problem(404, "INVALID_URL", f"Invalid URL '{path}'.", where={"o:errorUrl": path})


def method_not_allowed(method: str) -> Problem:
    return Problem(405, "METHOD_NOT_ALLOWED", f"Method {method} is not allowed for this resource.")


def insufficient_permission() -> Problem:
    return Problem(403, "INSUFFICIENT_PERMISSION", "Permission Violation: your role may not do this.")


def body_too_large() -> Problem:
    return Problem(413, "INVALID_CONTENT", "The request body is too large.")


# login and governance


def invalid_login(challenge: str) -> Problem:
    """401 of every refused login; `challenge` is the WWW-Authenticate header."""
    detail = (
        "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI at "
        "Setup > Users/Roles > User Management > View Login Audit Trail."
    )
    return Problem(401, "INVALID_LOGIN", detail, headers={"WWW-Authenticate": challenge})


def too_many_requests(retry_after: float | None = None) -> Problem:
    return Problem(
        429,
        "CONCURRENCY_LIMIT_EXCEEDED",
        "Concurrent request limit exceeded. Request blocked.",
        extra={"o:errorCode": "USER_ERROR"},
        headers={} if retry_after is None else {"Retry-After": f"{retry_after:g}"},
    )


def request_limit() -> Problem:
    return Problem(400, "SSS_REQUEST_LIMIT_EXCEEDED", "Request Limit Exceeded.")


def unexpected_error() -> Problem:
    identifier = "".join(secrets.choice(string.ascii_lowercase) for _ in range(20))
    return Problem(500, "UNEXPECTED_ERROR", f"An unexpected error occurred. Error ID: {identifier}")
