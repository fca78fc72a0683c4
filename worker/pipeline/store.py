"""Where the pages of a pull go: into the database page by page, or, for a dry run, aside until the end."""

import pickle
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from connectors.netsuite.sales_orders import OrderPage, RejectedRow
from models import differences, landing, pulling, runs
from models.enrollment_changes import Why
from models.landing import Landed
from models.runs import ClaimedRun
from worker import clock
from worker.database import in_transaction
from worker.pipeline import reconcile
from worker.pipeline.guard import Thresholds
from worker.pipeline.tally import Tally

Also = Callable[[Session], None]
# Where a run's progress counts the starts that NetSuite failed since the last page.
FAILED_STARTS = "failed_starts"


class StopAsked(Exception):
    """Somebody asked this run to stop; the page at hand is committed."""


class LiveStore:
    """Lands each page in a transaction of its own, together with how far the run is."""

    def __init__(
        self, sessions: sessionmaker[Session], run: ClaimedRun, tally: Tally, thresholds: Thresholds
    ) -> None:
        self.sessions = sessions
        self.run = run
        self.tally = tally
        self.thresholds = thresholds
        self.progress: dict[str, Any] = dict(run.progress)

    @cached_property
    def _first_load(self) -> list[int]:
        """Tenants without an order when the first page came: what is new to them is accepted as it lands."""
        with self.sessions() as session:
            return landing.first_loads(session)

    def anything_read(self) -> bool:
        """Whether any row came, in this start of the run or an earlier one."""
        return self.tally.read > 0

    def page(self, page: OrderPage, also: Also | None = None) -> None:
        """Keep one page; `also` runs in the same transaction."""
        counted = replace(self.tally)
        first_load = self._first_load if page.low is not None else []

        def work(session: Session) -> None:
            self.tally = replace(counted)
            keep(session, page, self.run.id, self.tally, first_load)
            if page.low is not None:
                landing.note_unseen(session, self.run.id, page.low, page.high)
            self._save(session, also)

        self.progress.pop(FAILED_STARTS, None)
        in_transaction(self.sessions, work)

    def not_met(self) -> list[int]:
        """Landed orders inside intervals the pages covered whole that no page named."""
        with self.sessions() as session:
            return pulling.not_met(session, self.run.id)

    def gone(self, order_ids: list[int], gone: str, also: Also | None = None) -> None:
        """Note orders as `deleted` or `missing`."""
        with self.sessions.begin() as session:
            note_gone(session, order_ids, gone, self.tally)
            self._save(session, also)

    def conclude(self, also: Also | None = None) -> None:
        """Everything is read: reconcile the tenants that are due."""
        with self.sessions.begin() as session:
            pulling.forget(session, self.run.id)
            self._save(session, also)
        self.tally.add_reconciled(reconcile.reconcile_all(self.sessions, self.thresholds, self.run.id))

    def _save(self, session: Session, also: Also | None) -> None:
        if also is not None:
            also(session)
        if runs.save_progress(session, self.run, self.progress, self.tally.counts()):
            session.commit()
            raise StopAsked


class DryStore:
    """For LiveStore in a dry run: does in one transaction all that a real run would, then takes it back.

    The pages wait in a temporary file: no transaction is open while NetSuite is asked.
    """

    def __init__(
        self, sessions: sessionmaker[Session], run: ClaimedRun, tally: Tally, thresholds: Thresholds
    ) -> None:
        self.sessions = sessions
        self.run = run
        self.tally = tally
        self.thresholds = thresholds
        self.progress: dict[str, Any] = {}
        self.diff: dict[str, list[dict[str, Any]]] = {}
        self._pages = tempfile.TemporaryFile(prefix="termsync-dry-run-")  # noqa: SIM115  (closed in conclude)
        self._rows = 0
        self._unseen: list[int] = []
        self._gone: list[tuple[list[int], str]] = []

    def anything_read(self) -> bool:
        return self._rows > 0

    def page(self, page: OrderPage, also: Also | None = None) -> None:
        pickle.dump(page, self._pages)
        self._rows += len(page.orders) + len(page.rejected)
        if page.low is not None:
            with self.sessions() as session:
                self._unseen += landing.unseen(session, ids_of(page), page.low, page.high)

    def not_met(self) -> list[int]:
        return sorted(self._unseen)

    def gone(self, order_ids: list[int], gone: str, also: Also | None = None) -> None:
        self._gone.append((order_ids, gone))

    def conclude(self, also: Also | None = None) -> None:
        with self.sessions() as session, self._pages:
            for page in self._read_back():
                keep(session, page, self.run.id, self.tally)
            for order_ids, gone in self._gone:
                note_gone(session, order_ids, gone, self.tally)
            for tenant_id in reconcile.due_tenants(session):
                why = Why(reconcile.ACTOR, clock.now(session), self.run.id)
                self.tally.add_reconciled(reconcile.reconcile_tenant(session, tenant_id, self.thresholds, why))
            self.diff = differences.of_run(session, self.run.id)
            session.rollback()

    def _read_back(self) -> Iterator[OrderPage]:
        self._pages.seek(0)
        while True:
            try:
                yield pickle.load(self._pages)  # noqa: S301  (written by this process a moment ago)
            except EOFError:
                return


def ids_of(page: OrderPage) -> list[int]:
    """Ids of all orders the page names, rejected rows included."""
    rejected = [row.order_id for row in page.rejected if row.order_id is not None]
    return [row.order_id for row in page.orders] + rejected


def keep(
    session: Session, page: OrderPage, run_id: int | None, tally: Tally, first_load: Sequence[int] = ()
) -> None:
    """Land a page of a run, or of no run: rows that name an order become landing rows, the others are parked."""
    now: datetime = clock.now(session)
    nameless = [row for row in page.rejected if row.order_id is None]
    named = [row for row in page.rejected if row.order_id is not None]
    # How long ago the page was asked for, told in the database's time: this host's clock may be wrong.
    read_at = now - (datetime.now(UTC) - page.read_at)
    landed = landing.land(session, _rows(page, named), read_at, now, first_load)
    landing.park(session, [(row.code, row.detail, row.payload) for row in nameless], run_id, now)
    tally.add_page(landed, len(named), len(nameless))


def note_gone(session: Session, order_ids: list[int], gone: str, tally: Tally) -> None:
    """Note orders as gone and count those that were not known to be."""
    noted = landing.mark_gone(session, order_ids, gone, clock.now(session))
    if gone == "deleted":
        tally.deleted += noted
    else:
        tally.missing += noted


def _rows(page: OrderPage, rejected: list[RejectedRow]) -> Iterator[Landed]:
    for row in page.orders:
        yield Landed(
            row.order_id,
            row.customer_id,
            row.number,
            row.status,
            row.term_start,
            row.term_end,
            row.modified_at,
            row.payload,
        )
    for bad in rejected:
        assert bad.order_id is not None
        yield Landed(
            bad.order_id,
            bad.customer_id,
            None,
            None,
            None,
            None,
            bad.modified_at,
            bad.payload,
            bad.code,
            bad.detail,
        )
