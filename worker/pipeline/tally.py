"""What a pull did, in numbers: shown while it runs, kept on its row."""

from dataclasses import asdict, dataclass, fields

from models.landing import LandingCounts
from worker.pipeline.reconcile import Reconciled


@dataclass(slots=True)
class Tally:
    """Orders read, landed and accepted, and what followed for enrollments.

    `unexplained` are orders that did not come although a full read should have met them, too many to believe.
    """

    pages: int = 0
    api_calls: int = 0
    read: int = 0
    landed_new: int = 0
    landed_changed: int = 0
    rejected: int = 0
    parked: int = 0
    deleted: int = 0
    missing: int = 0
    unexplained: int = 0
    accepted_new: int = 0
    accepted_changed: int = 0
    enrollments_changed: int = 0
    expired: int = 0
    reinstated: int = 0
    holds: int = 0

    @staticmethod
    def of(counts: dict[str, int]) -> "Tally":
        """The tally kept on a run's row, to go on from."""
        known = {field.name for field in fields(Tally)}
        return Tally(**{name: value for name, value in counts.items() if name in known})

    def counts(self) -> dict[str, int]:
        return asdict(self)

    def add_page(self, landed: LandingCounts, rejected: int, parked: int) -> None:
        self.pages += 1
        self.read += landed.read + parked
        self.landed_new += landed.new
        self.landed_changed += landed.changed
        self.rejected += rejected
        self.parked += parked
        self.accepted_new += landed.accepted

    def add_reconciled(self, reconciled: Reconciled) -> None:
        accepted = reconciled.accepted
        self.accepted_new += accepted.new
        self.accepted_changed += accepted.changed
        self.enrollments_changed += accepted.enrollments.changed
        self.expired += accepted.enrollments.expired
        self.reinstated += accepted.enrollments.reinstated
        self.holds += len(reconciled.holds)

    @property
    def outcome(self) -> str:
        """How a finished pull is called: `held` before `errors` before `ok`."""
        if self.holds:
            return "held"
        return "errors" if self.rejected or self.parked or self.unexplained else "ok"
