"""Somebody who edits acme, and the workers who do it."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from school import rows
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from models import runs
from models.editing import Edit
from models.enrollment_changes import Why
from models.enrollment_search import EnrollmentFilter
from models.runs import ClaimedRun
from worker import clock
from worker.pipeline import edit, edit_requests
from worker.pipeline.edit_requests import EditEnrollments, Foreseen, Request

PEOPLE = 7
SIZE = 2  # rows a stretch
EXPIRE = Edit(ask="X")
CONTENT = {
    "enrollments": "select id, status, expired_cause, boundary, version from enrollment order by id",
    "events": "select enrollment_id, version, status, cause, actor, run_id from enrollment_event order by 1, 2",
    "rows": "select run_id, position, enrollment_id, version, outcome, reason from edit_row order by 1, 2",
    "boundaries": "select tenant_id, at, open from due_boundary order by 1, 2",
    "run": "select id, state, outcome, counts::text, progress::text from sync_run order by id",
}


@dataclass
class Desk:
    """Somebody who edits acme, and the workers who do it."""

    sessions: sessionmaker[Session]
    tenant_ids: dict[str, int] = field(default_factory=dict)

    def ask(self, wish: Edit = EXPIRE, key: str = "one", at_once: int = 0, tenant: str = "acme") -> edit.Asked:
        request = EditEnrollments(EnrollmentFilter(self.tenant_ids[tenant]), wish)
        return self.request(request, key, at_once=at_once)

    def request(self, request: Request, key: str = "one", **options: Any) -> edit.Asked:
        with self.sessions.begin() as session:
            return edit.ask(session, request, self.why(session), key, **options)

    def foresee(self, request: Request) -> Foreseen:
        with self.sessions() as session:
            return edit_requests.foresee(session, request, clock.now(session))

    def write(self, statement: str, **parameters: Any) -> None:
        with self.sessions.begin() as session:
            session.execute(text(statement), parameters)

    def stop(self, run_id: int) -> None:
        with self.sessions.begin() as session:
            edit.stop(session, run_id, self.why(session))

    def resume(self, run_id: int, **options: Any) -> None:
        with self.sessions.begin() as session:
            edit.resume(session, run_id, self.why(session), **options)

    def undo(self, run_id: int, at_once: int = 0, **options: Any) -> edit.Asked:
        with self.sessions.begin() as session:
            return edit.ask_undo(session, run_id, self.why(session), at_once=at_once, **options)

    def claim(self, run_id: int) -> ClaimedRun:
        with self.sessions.begin() as session:
            claimed = runs.claim(session, run_id, uuid4(), clock.now(session))
        assert claimed is not None
        return claimed

    def perform(self, run_id: int, **options: Any) -> str:
        return edit.perform(self.sessions, self.claim(run_id), size=SIZE, **options)

    def query(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        with self.sessions() as session:
            return rows(session, query, **parameters)

    def statuses(self) -> str:
        return "".join(status for (status,) in self.query("select status from enrollment order by id"))

    def outcomes(self, run_id: int) -> list[str | None]:
        query = "select coalesce(reason, outcome) from edit_row where run_id = :run order by position"
        return [outcome for (outcome,) in self.query(query, run=run_id)]

    def why(self, session: Session) -> Why:
        return Why("ann@example.test", clock.now(session))

    def content(self) -> dict[str, Any]:
        return {what: self.query(query) for what, query in CONTENT.items()}
