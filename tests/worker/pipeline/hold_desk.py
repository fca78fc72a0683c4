"""One tenant with three orders and a guard with low limits: where holds are opened and decided."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from domain_oracle import Said
from school import School, land, rows
from sqlalchemy.orm import Session, sessionmaker

from models.enrollment_changes import Why
from worker.pipeline import reconcile, tenants
from worker.pipeline.guard import Thresholds

NOW = datetime(2026, 3, 10, 17, tzinfo=UTC)
PAST, FUTURE = date(2026, 3, 1), date(2026, 4, 30)
THRESHOLDS = Thresholds(people=2, people_share=Decimal("0.2"))


@dataclass
class Desk:
    """One tenant, three orders (1: four people, 2: one, 3: nobody), and what is done to them."""

    sessions: sessionmaker[Session]
    school: School
    version: int = 0

    def netsuite_says(self, *ends: tuple[int, date | None], customer: int = 1, **values: Any) -> None:
        """Orders land with these ends."""
        self.version += 1
        at = NOW + timedelta(seconds=self.version)
        said = [
            Said(n, self.version, at, customer, f"SO{n}", "B", None, end)._replace(**values) for n, end in ends
        ]
        with self.sessions.begin() as session:
            land(session, said, at, at)

    def reconcile(self, now: datetime = NOW) -> int | None:
        """The id of the hold that is open then, if there is one."""
        with self.sessions.begin() as session:
            for tenant_id in reconcile.due_tenants(session):
                done = reconcile.reconcile_tenant(session, tenant_id, THRESHOLDS, Why("reconcile", now))
                if done.holds:
                    return done.holds[0]
        return None

    def decide(
        self, decision: Callable[..., Any], hold: int, now: datetime = NOW, reason: str | None = None
    ) -> Any:
        with self.sessions.begin() as session:
            return decision(session, hold, Why("ops", now), reason)

    def ends(self) -> dict[int, date]:
        return dict(self.query("select id, term_end from sales_order"))

    def statuses(self) -> list[str]:
        return [row[0] for row in self.query("select status from enrollment order by id")]

    def state(self, hold: int) -> str:
        found: str = self.query(f"select state from hold where id = {hold}")[0][0]
        return found

    def query(self, query: str) -> list[tuple[Any, ...]]:
        with self.sessions() as session:
            return rows(session, query)


def open_desk(sessions: sessionmaker[Session]) -> Desk:
    """Acme with customer 1 and its orders, as they are accepted."""
    school = School(sessions)
    school.open(["acme"], NOW)
    with sessions.begin() as session:
        tenants.map_customer(session, school.tenant_ids["acme"], 1, Why("staff", NOW))
    desk = Desk(sessions, school)
    desk.netsuite_says((1, FUTURE), (2, FUTURE), (3, FUTURE))
    desk.reconcile()
    for order in (1, 1, 1, 1, 2):
        school.enroll("acme", NOW, order)
    return desk
