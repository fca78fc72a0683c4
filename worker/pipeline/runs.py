"""Runs as the rest of the program asks for them."""

from sqlalchemy.orm import Session

from models.runs import (
    ClaimedRun,
    RunLost,
    claim,
    due,
    finish,
    give_back,
    request_stop,
)
from models.runs import request as _request
from models.staff import StaffAction
from worker import clock
from worker.pipeline.scope import Scope

__all__ = [
    "PULL",
    "ClaimedRun",
    "RunLost",
    "claim",
    "due",
    "finish",
    "give_back",
    "note_asked",
    "request_pull",
    "request_stop",
]

PULL = "pull"


def note_asked(session: Session, run_id: int, what: str, asked_by: str, **detail: object) -> None:
    """Write down that a person asked for a run; those of the schedule are not deeds."""
    now = clock.now(session)
    session.add(
        StaffAction(at=now, actor=asked_by, action=f"{what} asked", subject=f"run {run_id}", detail=detail)
    )


def request_pull(session: Session, scope: Scope, asked_by: str, *, dry_run: bool = False) -> tuple[int, bool]:
    """Ask for a pull of `scope`. Joins the open one of the same scope. Returns (run id, whether it is new)."""
    return _request(session, PULL, str(scope), asked_by, dry_run=dry_run, moves_watermark=scope.moves_watermark)
