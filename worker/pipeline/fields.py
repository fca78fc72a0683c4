"""The check of the field mapping: every mapped field asked for in NetSuite, as a run whose result stays."""

from typing import Protocol

from sqlalchemy.orm import Session, sessionmaker

from connectors.netsuite import FieldFinding
from models import runs
from models.runs import ClaimedRun
from worker import clock
from worker.pipeline.runs import note_asked

FIELDS = "fields"


class Fields(Protocol):
    """What the check needs of the connector: `connectors.netsuite.SalesOrders`."""

    @property
    def requests_sent(self) -> int: ...

    def examine_fields(self) -> list[FieldFinding]: ...


def request(session: Session, asked_by: str) -> tuple[int, bool]:
    """Ask for a check. Joins an open one. Returns (run id, whether it is new)."""
    run_id, new = runs.request(session, FIELDS, FIELDS, asked_by)
    if new:
        note_asked(session, run_id, "check of the fields", asked_by)
    return run_id, new


def perform(sessions: sessionmaker[Session], orders: Fields, run: ClaimedRun) -> str:
    """Do a claimed check; what was found is kept on the run. Returns the state the run is in then."""
    findings = [finding._asdict() for finding in orders.examine_fields()]
    bad = sum(finding["problem"] is not None for finding in findings)
    counts = {"api_calls": orders.requests_sent, "fields": len(findings), "fields_bad": bad}
    with sessions.begin() as session:
        runs.save_progress(session, run, {"findings": findings}, counts)
        outcome = "errors" if bad else "ok"
        runs.finish(session, run, "done", clock.now(session), outcome=outcome, counts=counts)
    return "done"
