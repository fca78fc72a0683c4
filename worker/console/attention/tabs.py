"""The heading all pages of Attention share: what waits, kind by kind, and the pages of a list."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.orm import Session
from starlette.requests import Request

from models import attention, rejects
from models.attention import Waiting
from worker.errors import TermsyncError
from worker.pages.live import said

PAGE = 25
# Lists are paged through up to here; whoever looks for more searches.
DEEPEST = 10_000
EXPORTED = 10_000

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tab:
    """One kind of thing that waits, and how much of it (None: not counted)."""

    name: str
    words: str
    waiting: int | None


def heading(session: Session) -> Row:
    """What every page of Attention shows first: the tabs, and what the topic said when it was made."""
    waiting = attention.waiting(session)
    return {"tabs": _tabs(waiting), "seen": said(_document(session, waiting))}


def tabs(session: Session) -> list[Tab]:
    """The kinds, in the order in which they matter."""
    return _tabs(attention.waiting(session))


def _tabs(waiting: Waiting) -> list[Tab]:
    return [
        Tab("holds", "Holds", waiting.holds),
        Tab("unmatched", "Unmatched customers", waiting.unmatched),
        Tab("rejected", "Rejected rows", waiting.rejected),
        Tab("flagged", "Flagged orders", waiting.flagged),
        Tab("ending", "Ending soon", None),
    ]


def topic(session: Session) -> dict[str, Any]:
    """Changes when something begins to wait, or no longer does, and when rejected rows were asked for again."""
    return _document(session, attention.waiting(session))


def _document(session: Session, waiting: Waiting) -> dict[str, Any]:
    return {**asdict(waiting), "retried": rejects.last_retried(session)}


@dataclass(frozen=True, slots=True)
class Slice:
    """A page of a list: its rows, and how its neighbours are asked for."""

    rows: list[Row]
    number: int
    has_next: bool
    filled: Mapping[str, str]

    def address(self, **changes: object) -> str:
        """The part of an address behind `?` with some parts changed; None leaves one out."""
        parts = {**self.filled, **changes}
        return urlencode({name: value for name, value in parts.items() if value})


def page_number(request: Request) -> int:
    """The page that is asked for, from 1. Raises `filter-invalid` for one that no list has."""
    asked = request.query_params.get("page", "1")
    if asked.isascii() and asked.isdigit() and 1 <= int(asked[:9]) <= DEEPEST // PAGE:
        return int(asked)
    raise TermsyncError(
        "filter-invalid", f"There is no page {asked[:20]!r} of this list.", "Go to its first page."
    )


def sliced(rows: list[Row], number: int, filled: Mapping[str, str]) -> Slice:
    """The page `number` of a list that was read one row further than it shows."""
    return Slice(rows[:PAGE], number, len(rows) > PAGE and number < DEEPEST // PAGE, filled)


def filled(request: Request, *names: str) -> dict[str, str]:
    """The parts of the address that are filled in."""
    found = {name: request.query_params.get(name, "").replace("\0", "").strip()[:200] for name in names}
    return {name: value for name, value in found.items() if value}
