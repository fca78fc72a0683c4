"""The list of runs: filters in the address, newest first, alive while it is open."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from models import run_listing
from models.run_listing import RunSearch
from worker import clock
from worker.console.pages import ConsolePage, console_page
from worker.console.runs import wording
from worker.errors import TermsyncError
from worker.login.person import person_of
from worker.login.rights import Right
from worker.pages.context import in_session
from worker.pages.export import export
from worker.pages.live import said
from worker.pipeline.scope import parse_instant

PAGE = 25
EXPORTED = 10_000
NAMES = ("state", "kind", "q", "idle", "since", "until")
COLUMNS = (
    ("id", "Run"),
    ("kind", "Kind"),
    ("scope", "Scope"),
    ("dry_run", "Dry run"),
    ("state", "State"),
    ("outcome", "Outcome"),
    ("asked_by", "Asked by"),
    ("asked_at", "Asked"),
    ("started_at", "Started"),
    ("finished_at", "Ended"),
    ("error_code", "Error"),
)
COUNTED = ("read", "landed_new", "landed_changed", "unchanged", "rejected", "parked", "expired", "api_calls")


class Runs(ConsolePage):
    """What is and was under way."""

    menu_label = "Runs"
    icon = "fa fa-arrows-rotate"
    path = "/runs"

    @console_page()
    async def index(self, request: Request) -> Response:
        may_operate = person_of(request).may(Right.OPERATE)
        return self.show(request, "runs/list.html", may_operate=may_operate, **await _read(request))

    @console_page("/rows")
    async def rows(self, request: Request) -> Response:
        return self.fragment(request, "runs/rows.html", **await _read(request))

    @console_page("/export/{form}")
    async def download(self, request: Request) -> Response:
        search, form = asked(request.query_params), request.path_params["form"]
        runs = await in_session(request, lambda session: run_listing.latest_of(session, search, EXPORTED))
        if form == "json":
            return JSONResponse({"runs": [document(run) for run in runs]})
        header = [words for _, words in COLUMNS] + [wording.COUNTS[name] for name in COUNTED]
        return export("runs", form, header, [_line(run) for run in runs])


async def _read(request: Request) -> dict[str, Any]:
    search, before = asked(request.query_params), before_of(request.query_params)

    def read(session: Session) -> tuple[str, list[dict[str, Any]], int | None, datetime]:
        seen = said(topic(session))  # before the rows: what comes between is shown again
        return seen, *run_listing.page(session, search, before, PAGE), clock.now(session)

    seen, rows, older, now = await in_session(request, read)
    filled = {name: request.query_params[name] for name in NAMES if request.query_params.get(name)}
    return {
        "seen": seen,
        "runs": rows,
        "older": None if older is None else urlencode({**filled, "before": older}),
        "here": urlencode(filled | ({"before": str(before)} if before is not None else {})),
        "filled": filled,
        "first_page": before is None,
        "now": now,
        "wording": wording,
    }


def asked(parameters: Mapping[str, str]) -> RunSearch:
    """What the address asks for. Raises `instant-invalid`."""

    def instant(name: str) -> datetime | None:
        return parse_instant(parameters[name]) if parameters.get(name) else None

    return RunSearch(
        state=parameters.get("state", ""),
        kind=parameters.get("kind", ""),
        words=parameters.get("q", "").replace("\0", "").strip()[:200],
        idle=parameters.get("idle") == "yes",
        since=instant("since"),
        until=instant("until"),
    )


def before_of(parameters: Mapping[str, str]) -> int | None:
    """Where a page begins whose rows are older than the row `before`. Raises `page-unknown`."""
    value = parameters.get("before")
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and len(value) < 19):
        raise TermsyncError(
            "page-unknown", f"{value[:40]!r} is no page of this list.", "Go back to its first page."
        )
    return int(value)


def document(run: Mapping[str, Any]) -> dict[str, Any]:
    """A run for programs: instants in ISO 8601, UTC."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in run.items()
        if name not in {"progress", "not_before"}
    }


def _line(run: Mapping[str, Any]) -> list[Any]:
    counts = {**run["counts"], "unchanged": wording.unchanged(run["counts"])}
    return [run[name] for name, _ in COLUMNS] + [counts.get(name) for name in COUNTED]


def topic(session: Session) -> Mapping[str, Any]:
    """Changes when a run is asked for, gets on or ends."""
    return {"open": run_listing.open_runs(session), "newest": run_listing.newest(session)}
