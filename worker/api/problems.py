"""What the API says when it refuses: problem+json (RFC 9457) with a code, the field, its value and a remedy."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Self

from fastapi.exceptions import RequestValidationError
from psycopg.errors import LockNotAvailable, QueryCanceled
from pydantic import BaseModel, Field
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from connectors.errors import ConnectorError
from worker.errors import DependencyUnreachable, NotFound, SettingInvalid, TermsyncError
from worker.logs import get_logger

log = get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
SHOWN = 200  # characters of a value that is shown back
MOST_ERRORS = 20  # of one request, or one line: a small one may have as many mistakes as it has bytes
TITLES = {
    400: "Not understood",
    401: "No valid token",
    403: "Not allowed",
    404: "Not there",
    405: "Method not allowed",
    408: "Too slow",
    409: "In the way of another change",
    413: "Too large",
    414: "Too large",
    422: "Not as it must be",
    429: "Too many requests",
    431: "Too large",
    500: "Our fault",
    503: "Not available right now",
}
# Errors about the state of things rather than about what was sent.
CONFLICTS = frozenset(
    {
        "customer-mapped-elsewhere",
        "edit-date-passed",
        "edit-effect-differs",
        "edit-key-reused",
        "edit-not-ended",
        "edit-not-stopped",
        "edit-rows-differ",
        "edit-undone",
        "hold-decided",
        "idempotency-key-reused",
        "tenant-changing",
    }
)
# Which part of the request an error of the worker is about: those that 422 is answered to.
FIELDS = {
    "edit-date-in-past": "body.set.expiration_date",
    "edit-date-out-of-range": "body.set.expiration_date",
    "edit-nobody-selected": "body.select",
    "edit-nothing-chosen": "body.set",
    "instant-invalid": "body.scope",
    "notification-course-missing": "body.course",
    "notification-kind-invalid": "body.kind",
    "order-not-selectable": "body.set.sales_order",
    "scope-invalid": "body.scope",
    "tenant-key-invalid": "path.tenant",
    "tenant-without-customers": "body.scope",
    "time-zone-unknown": "body.time_zone",
    "user-unknown": "body.user",
    "course-version-unknown": "body.course",
}


class FieldProblem(BaseModel):
    """One part of the request that cannot be taken."""

    field: str = Field(description="Where it is, for example body.email.")
    value: str = Field(description="What was sent, shortened; nothing where the detail has it.")
    detail: str = Field(description="What is wrong with it.")
    remedy: str = Field(description="What to do about it.")
    code: str | None = Field(default=None, description="Code of the error, if it has one of its own.")


class Problem(BaseModel):
    """A refusal. `termsync explain CODE` tells more about its code."""

    type: str = Field(description="URN of the code.")
    title: str
    status: int
    code: str
    detail: str
    remedy: str
    errors: list[FieldProblem] = Field(default=[], description=f"What is wrong: the first {MOST_ERRORS}.")


class Refusal(Exception):
    """An answer that is a problem, with headers of its own."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        remedy: str,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[FieldProblem] = (),
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.remedy = status, code, detail, remedy
        self.headers, self.errors = dict(headers or {}), errors

    @classmethod
    def of_field(cls, field: str, value: object, code: str, detail: str, remedy: str) -> Self:
        """A 422 because of one part of the request, for example body.email."""
        shown = "" if value is None else printable(value)
        problem = FieldProblem(field=field, value=shown, detail=detail.rstrip("."), remedy=remedy, code=code)
        return cls(422, code, f"{field}: {detail}", remedy, errors=[problem])


def problem(
    status: int,
    code: str,
    detail: str,
    remedy: str,
    errors: Sequence[FieldProblem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer of a refusal."""
    body = Problem(
        type=f"urn:termsync:{code}",
        title=TITLES.get(status, TITLES[400]),
        status=status,
        code=code,
        detail=printable(detail),
        remedy=remedy,
        errors=list(errors),
    )
    return JSONResponse(body.model_dump(exclude_none=True), status, dict(headers or {}), MEDIA_TYPE)


def printable(value: object) -> str:
    """A value as text that any JSON reader takes, at most `SHOWN` characters of it."""
    words = value if isinstance(value, str) else repr(value)
    shown = words[: SHOWN * 2].encode("utf-8", "replace").decode()
    return shown if len(shown) <= SHOWN * 2 - 1 else f"{shown[:SHOWN]}…"


def status_of(error: TermsyncError) -> int:
    """The HTTP status of an error that a person can meet."""
    if isinstance(error, NotFound):
        return 404
    if isinstance(error, DependencyUnreachable | SettingInvalid):
        return 503
    return 409 if error.code in CONFLICTS else 422


def refuse_unknown(request: Request, known: Collection[str]) -> None:
    """Raises Refusal for a parameter that is not `known`: a filter with a slip in its name would not filter."""
    for name in request.query_params:
        if name not in known:
            remedy = f"It takes {', '.join(sorted(known))}." if known else "It takes none."
            raise Refusal.of_field(
                f"query.{printable(name)}",
                request.query_params[name],
                "parameter-unknown",
                "there is no such parameter.",
                remedy,
            )


async def of_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return problem(error.status, error.code, error.detail, error.remedy, error.errors, error.headers)


async def of_termsync_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, TermsyncError)
    status, errors = status_of(error), []
    if status == 422 and error.code in FIELDS:
        about = {"field": FIELDS[error.code], "value": "", "detail": printable(error.message.rstrip("."))}
        errors = [FieldProblem(**about, remedy=error.remedy, code=error.code)]
    return problem(status, error.code, error.message, error.remedy, errors)


async def of_netsuite(request: Request, error: Exception) -> Response:
    """The account is not configured, or not as it must be."""
    assert isinstance(error, ConnectorError)
    return problem(503, error.code, error.message, error.remedy)


async def of_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = field_problems(error.errors())
    first = errors[0]
    return problem(
        422, "request-invalid", f"{first.field}: {first.detail}.", "Correct the fields listed in errors.", errors
    )


def field_problems(errors: Sequence[Mapping[str, Any]]) -> list[FieldProblem]:
    """What pydantic found wrong, as it is told."""
    return [_field_problem(each) for each in errors[:MOST_ERRORS]]


def _field_problem(error: Mapping[str, Any]) -> FieldProblem:
    return FieldProblem(
        field=printable(".".join(str(part) for part in error["loc"])),
        value="" if error["type"] == "missing" else printable(error.get("input")),
        detail=printable(error["msg"]),
        remedy="Compare it with /api/v1/openapi.json.",
    )


async def of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    match error.status_code:
        case 404:
            return nothing_here()
        case 405:
            detail, remedy = f"{request.method} is not taken here.", "Use a method that the header Allow names."
            return problem(405, "method-not-allowed", detail, remedy, headers=error.headers)
        case 400:
            return problem(422, "request-invalid", "body: it cannot be read.", "Send JSON in UTF-8, not too deep.")
        case 408:
            detail, remedy = "The body did not come in time.", "Send it again, without pauses."
            return problem(408, "request-too-slow", detail, remedy, headers=error.headers)
        case 413:
            return problem(413, "request-too-large", "The body is too large.", "Send less at once.")
    return problem(error.status_code, "request-invalid", str(error.detail), "Compare it with the description.")


def nothing_here() -> Response:
    """An address the API does not have."""
    return problem(
        404, "address-unknown", "There is nothing at this address.", "Compare it with /api/v1/openapi.json."
    )


async def of_the_database(request: Request, error: Exception) -> Response:
    """It is away, or another change holds the same rows: nothing was done, and the same request works later."""
    log.warning("api-not-answered", path=request.url.path, exc_info=error)
    if isinstance(error, OperationalError) and isinstance(error.orig, LockNotAvailable | QueryCanceled):
        code, detail = "database-busy", "Another change held the same rows for too long."
    else:
        code, detail = "database-unreachable", "The database does not answer."
    return problem(503, code, detail, "Ask again in a moment.")


async def of_anything(request: Request, error: Exception) -> Response:
    """What nobody foresaw; the log has it."""
    log.error("api-failed", path=request.url.path, exc_info=error)
    return problem(
        500, "not-expected", "That is our fault, and is in the log.", "Try again; if it stays, tell ops."
    )
