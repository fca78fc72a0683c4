"""Pages that say no: what is wrong, and what to do next. Programs get problem+json."""

from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from worker.errors import DependencyUnreachable, NotFound, TermsyncError
from worker.pages.templates import Templates

templates = Templates("worker.pages")

TITLES = {
    400: "That did not work",
    403: "Not for this account",
    404: "Nothing is here",
    405: "Nothing is here",
    408: "Too slow",
    413: "Too much at once",
    422: "That did not work",
    500: "Something went wrong here",
    503: "Not available right now",
}


def refusal(request: Request, status: int, message: str, remedy: str) -> Response:
    """A page with this HTTP status, or the same as JSON for scripts."""
    title = TITLES.get(status, TITLES[400])
    if "text/html" not in request.headers.get("accept", "text/html"):
        problem = {"title": title, "status": status, "detail": message, "remedy": remedy}
        return JSONResponse(problem, status, media_type="application/problem+json")
    values = {"title": title, "message": message, "remedy": remedy}
    return templates.page(request, "refusal.html", status_code=status, **values)


def nothing_here(request: Request) -> Response:
    """What is not there, and what is another tenant's: the same answer to the letter."""
    return refusal(request, 404, "There is no such page.", "Check the address, or go back to the first page.")


def of_error(request: Request, error: TermsyncError) -> Response:
    """The page of an error that a person can meet."""
    return refusal(request, status_of(error), error.message, error.remedy)


async def impossible(request: Request, error: Exception) -> Response:
    """What no row can have, such as a number with thirty digits or a character that no text has: a 404."""
    return nothing_here(request)


async def broken(request: Request, error: Exception) -> Response:
    """The page of an error that nobody foresaw; the log has it. A database that is away comes back."""
    if isinstance(error, (OperationalError, InterfaceError, TimeoutError)):
        return refusal(request, 503, "The database does not answer right now.", "Try again in a minute.")
    return refusal(
        request, 500, "It is not your fault, and it is in the log.", "Try again; if it stays, tell ops."
    )


def status_of(error: TermsyncError) -> int:
    if isinstance(error, NotFound):
        return 404
    return 503 if isinstance(error, DependencyUnreachable) else 400
