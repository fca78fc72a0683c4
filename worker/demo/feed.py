"""What the demo shows: numbers as they are now, and what happened since the last look, as sentences."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy.orm import Session, sessionmaker

from models import happenings, listings
from worker import clock
from worker import status as report
from worker.settings import Settings
from worker.status import Status

Row = dict[str, Any]
RUNS_SHOWN = 7
CAUSES = {
    "term_ended": "the term ended",
    "manual_date": "its own date passed",
    "expired_by_staff": "by staff",
    "order_ended_early": "the order was shortened",
    "term_changed": "the term changed",
}


class Told(NamedTuple):
    """One line of the demo. `kind` is a key of `worker.demo.view.STYLES`."""

    at: datetime
    tenant: str
    kind: str
    text: str


@dataclass(frozen=True)
class Picture:
    """Everything the demo shows at one time."""

    status: Status | None = None
    tenants: list[Row] = field(default_factory=list)
    runs: list[Row] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)


class Feed:
    """Looks at the database now and then; each happening is told once."""

    def __init__(self, sessions: sessionmaker[Session], redis_url: str, settings: Settings) -> None:
        self._sessions = sessions
        self._redis_url = redis_url
        self._settings = settings
        self._event = self._order_event = 0
        self._accepted = datetime(2000, 1, 1, tzinfo=UTC)
        self._holds: dict[int, str] = {}
        self._runs: set[int] = set()
        self.counts = {"expired": 0, "reinstated": 0, "orders": 0, "holds": 0}

    def look(self) -> Picture:
        with self._sessions() as session:
            told = [
                *self._new_orders(session),
                *self._changed_orders(session),
                *self._enrollments(session),
                *self._of_holds(session),
            ]
            tenants = listings.tenants(session, clock.now(session))
            runs = [row for row in listings.runs(session, limit=200) if _is_telling(row)]
        told += self._of_runs(runs)
        status = report.read(self._sessions, self._redis_url, self._settings)
        return Picture(status, tenants, runs[:RUNS_SHOWN], sorted(told, key=lambda line: line.at))

    def _new_orders(self, session: Session) -> list[Told]:
        rows = happenings.new_orders(session, self._accepted)
        self._accepted = max([row["at"] for row in rows], default=self._accepted)
        self.counts["orders"] += sum(row["orders"] for row in rows)
        return [Told(row["at"], row["tenant"], "order", _arrived(row)) for row in rows]

    def _changed_orders(self, session: Session) -> list[Told]:
        rows = happenings.changed_orders(session, self._order_event)
        self._order_event = max([row["id"] for row in rows], default=self._order_event)
        self.counts["orders"] += len(rows)
        return [Told(row["at"], row["tenant"], "order", _changed(row)) for row in rows]

    def _enrollments(self, session: Session) -> list[Told]:
        rows = happenings.of_enrollments(session, self._event)
        self._event = max([row["id"] for row in rows], default=self._event)
        enrolled: dict[str, Row] = {}
        told = []
        for row in rows:
            if row["is_new"]:
                known = enrolled.setdefault(row["tenant"], {**row, "people": 0})
                known["people"] += row["people"]
                continue
            kind, text = self._what(row)
            told.append(Told(row["at"], row["tenant"], kind, text))
        arrived = [Told(row["at"], key, "people", f"{row['people']} enrolled") for key, row in enrolled.items()]
        return [*arrived, *told]

    def _what(self, row: Row) -> tuple[str, str]:
        who = row["person"] if row["people"] == 1 else f"{row['people']} people"
        by = row["actor"] if row["run_id"] is None else f"{row['actor']}, run {row['run_id']}"
        order = f" ({row['sales_order']})" if row["sales_order"] else ""
        cause = CAUSES.get(row["cause"], row["cause"])
        if row["status"] == "X" and row["status_before"]:
            self.counts["expired"] += row["people"]
            return "expired", f"{who} expired: {cause}{order} [{by}]"
        if row["status_before"] == "X":
            self.counts["reinstated"] += row["people"]
            return "reinstated", f"{who} reinstated: {cause}{order} [{by}]"
        if row["status"] == "U" and row["status_before"]:
            return "people", f"{who} unenrolled [{by}]"
        return "people", f"{who}: new last moment, {cause}{order} [{by}]"

    def _of_holds(self, session: Session) -> list[Told]:
        told = []
        for row in reversed(listings.holds(session, decided=True, limit=20)):
            if self._holds.get(row["id"]) == row["state"]:
                continue
            self._holds[row["id"]] = row["state"]
            at = row["decided_at"] or row["opened_at"]
            told.append(Told(at, row["tenant"], "hold", self._hold(row)))
        return told

    def _hold(self, row: Row) -> str:
        if row["state"] == "open":
            self.counts["holds"] += 1
            return f"HOLD {row['id']}: {row['changes']} orders kept back. {row['reason']}"
        by = f" by {row['decided_by']}" if row["decided_by"] else ""
        return f"hold {row['id']} {row['state']}{by}: {row['decision_reason'] or ''}"

    def _of_runs(self, runs: list[Row]) -> list[Told]:
        ended = [row for row in reversed(runs) if row["finished_at"] and row["id"] not in self._runs]
        self._runs.update(row["id"] for row in ended)
        telling = [row for row in ended if row["scope"] != "incremental" or row["state"] != "done"]
        return [Told(row["finished_at"], "", "run", _run(row)) for row in telling]


def _is_telling(row: Row) -> bool:
    """Not the many looks that find nothing."""
    counts = row["counts"]
    taken = ("landed_new", "landed_changed", "accepted_changed", "rejected", "deleted", "missing")
    return row["state"] != "done" or any(counts.get(name) for name in taken)


def _run(row: Row) -> str:
    counts = row["counts"]
    end = row["outcome"] if row["state"] == "done" else f"{row['state']} {row['error_code'] or ''}"
    return (
        f"run {row['id']} ({row['scope']}) {end}: {counts.get('read', 0)} read, {counts.get('landed_new', 0)} new,"
        f" {counts.get('landed_changed', 0)} changed, {counts.get('rejected', 0)} rejected"
    )


def _arrived(row: Row) -> str:
    if row["orders"] == 1:
        return f"order {row['number']} arrived, until {row['term_end'] or 'no end'}"
    return f"{row['orders']} orders arrived"


def _changed(row: Row) -> str:
    if row["flag_after"] != row["flag_before"]:
        flag = row["flag_after"] or f"no longer {row['flag_before']}"
        return f"order {row['number']} is {flag}: nobody expires by it"
    if row["term_end_after"] != row["term_end_before"]:
        return f"order {row['number']}: {row['term_end_before']} → {row['term_end_after']}"
    return f"order {row['number']}: status {row['status_before']} → {row['status_after']}"
