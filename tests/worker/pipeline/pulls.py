"""Pulls from beginning to end: asked for, claimed and performed as a worker does it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from school import School, rows
from scripted_orders import ScriptedOrders
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from models.enrollment_changes import Why
from models.runs import ClaimedRun
from models.sync_run import SyncRun
from worker import clock
from worker.pipeline import pull, runs, tenants
from worker.pipeline.reading import PullOptions
from worker.pipeline.scope import Scope

ACCOUNT = "1234567"
OPTIONS = PullOptions(ACCOUNT, slots=1)


@dataclass
class Pulls:
    """A database, a scripted account, and one worker between them."""

    sessions: sessionmaker[Session]
    orders: ScriptedOrders
    options: PullOptions = OPTIONS
    worker_id: UUID = field(default_factory=uuid4)

    def ask(self, scope: str, dry_run: bool = False) -> int:
        with self.sessions.begin() as session:
            run_id, _ = runs.request_pull(session, Scope.parse(scope), "test", dry_run=dry_run)
            return run_id

    def claim(self, run_id: int) -> ClaimedRun | None:
        with self.sessions.begin() as session:
            return runs.claim(session, run_id, self.worker_id, clock.now(session))

    def perform(self, run_id: int, stop: Callable[[], bool] = lambda: False) -> str:
        claimed = self.claim(run_id)
        assert claimed is not None
        return pull.perform(self.sessions, self.orders, claimed, self.options, stop)

    def do(self, scope: str, dry_run: bool = False) -> SyncRun:
        """Ask for a run and perform it. Returns its row as it ended."""
        run_id = self.ask(scope, dry_run)
        self.perform(run_id)
        return self.row(run_id)

    def row(self, run_id: int) -> SyncRun:
        with self.sessions() as session:
            return session.get_one(SyncRun, run_id)

    def query(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        with self.sessions() as session:
            return rows(session, query, **parameters)

    def flags(self) -> dict[int, str]:
        return dict(self.query("select id, flag from sales_order where flag is not null"))

    def watermark(self) -> Any:
        found = self.query("select watermark from sync_state where stream = 'orders'")
        return found[0][0] if found else None


def map_customers(school: School, customers: dict[int, str]) -> None:
    """Map NetSuite customers to tenants by key, as staff would."""
    with school.session_maker.begin() as session:
        for customer, key in customers.items():
            why = Why("staff", clock.now(session))
            tenants.map_customer(session, school.tenant_ids[key], customer, why)


def day(sessions: sessionmaker[Session], offset: int) -> date:
    """The date so many days from now, far enough from midnight not to matter for |offset| > 1."""
    with sessions() as session:
        return clock.now(session).date() + timedelta(days=offset)


def grow_cold(sessions: sessionmaker[Session]) -> None:
    """Let every worker process have been silent for an hour."""
    with sessions.begin() as session:
        session.execute(text("update worker_process set heartbeat_at = now() - interval '1 hour'"))
