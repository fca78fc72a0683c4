"""Reading what a scope asks for from NetSuite, and keeping it page by page.

Nothing is concluded from absence: an order that did not come is only noted after NetSuite, asked for it by id, did
not have it either, and even then it ends nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.orm import Session, sessionmaker

from connectors.errors import OperatorMustAct
from connectors.netsuite.sales_orders import Cursor, Deletion, IdRange, OrderPage
from models import pulling, runs, watermarks
from models.runs import ClaimedRun
from worker import clock
from worker.errors import NotFound, TermsyncError
from worker.pipeline import tenants
from worker.pipeline.fetching import Key, Reads, beside, prefetched
from worker.pipeline.guard import Thresholds
from worker.pipeline.scope import Scope, ScopeKind, format_instant, parse_instant
from worker.pipeline.store import DryStore, LiveStore, ids_of

ORDERS, DELETIONS = "orders", "deletions"
# More orders than this not met is a broken answer or a lost permission, not a clean-up: they are only counted.
MOST_MISSING_SHARE = 0.2
MOST_MISSING = 50


class Orders(Protocol):
    """What a pull needs of the connector: `connectors.netsuite.sales_orders.SalesOrders`."""

    @property
    def requests_sent(self) -> int: ...

    def now(self) -> datetime: ...
    def id_ranges(self) -> list[IdRange]: ...
    def in_range(self, ids: IdRange) -> Iterator[OrderPage]: ...
    def changed(self, since: datetime, until: datetime, after: Cursor | None = None) -> Iterator[OrderPage]: ...
    def of_customers(self, customers: list[int]) -> Iterator[OrderPage]: ...
    def by_ids(self, ids: list[int]) -> Iterator[OrderPage]: ...
    def by_number(self, number: str) -> Iterator[OrderPage]: ...
    def existing_ids(self, ids: list[int]) -> set[int]: ...
    def deleted(self, since: datetime) -> Iterator[list[Deletion]]: ...


@dataclass(frozen=True, slots=True)
class PullOptions:
    """How to pull: whose account, how many requests at once, how much to read again, when to hold."""

    account: str
    slots: int = 4
    safety: timedelta = timedelta(minutes=2)
    overlap: timedelta = timedelta(minutes=10)
    thresholds: Thresholds = Thresholds()  # noqa: RUF009  (immutable)


class Interrupted(Exception):
    """This process is asked to end."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One scope, read to its end: what comes goes to `store`, page by page."""

    sessions: sessionmaker[Session]
    orders: Orders
    run: ClaimedRun
    options: PullOptions
    store: "LiveStore | DryStore"
    stop: Callable[[], bool]

    def read(self) -> None:
        """Read what the scope asks for, then conclude."""
        try:
            self._read()
        finally:
            self._count_calls()

    def _count_calls(self) -> None:
        self.store.tally.api_calls = self.run.counts.get("api_calls", 0) + self.orders.requests_sent

    def _read(self) -> None:
        self._check_account()
        scope = Scope.parse(self.run.scope)
        with self.sessions() as session:
            watermark = watermarks.watermark(session, ORDERS)
        match scope.kind:
            case ScopeKind.FULL:
                self._read_all()
            case ScopeKind.INCREMENTAL if watermark is None:
                self._read_all()
            case ScopeKind.INCREMENTAL:
                assert watermark is not None
                self._read_changed(watermark - self.options.overlap, watermark)
            case ScopeKind.SINCE:
                self._read_changed(scope.since, watermark)
            case _:
                self._read_named(scope)

    def _check_account(self) -> None:
        with self.sessions.begin() as session:
            bound = pulling.bound_account(session)
            if bound is None and not self.run.dry_run:
                bound = pulling.bind_account(session, self.options.account)
        if bound not in (None, self.options.account):
            raise TermsyncError(
                "account-differs",
                f"This database belongs to NetSuite account {bound}, the settings name {self.options.account}.",
                "Point DATABASE_URL at the database of that account, or NETSUITE_ACCOUNT back to this one.",
            )

    # everything, by id

    def _read_all(self) -> None:
        started = self._plan()
        # Begun one by one and then forgotten: each read keeps its last page for as long as it lives.
        reads = ((low, self.orders.in_range(IdRange(read_to, high))) for low, read_to, high in self._unread())
        with beside(lambda: self._deletions_since(started - self.options.overlap)) as deleted:
            self._keep_all(reads, self._range_read)
            self._refuse_empty_answer()
            self._note_deletions(deleted(), started)
        self._note_missing(self.store.not_met())
        # Orders that did not come and cannot be explained were not read: the watermark stays before them.
        explained = not self.store.tally.unexplained
        self.store.conclude((lambda session: self._move(session, ORDERS, started)) if explained else None)

    def _plan(self) -> datetime:
        """NetSuite's time at the start of this read. Planned once; a run taken up again goes on with its plan."""
        if "started" in self.store.progress:
            return parse_instant(self.store.progress["started"])
        started = self.orders.now()
        if self.run.dry_run:
            return started
        ranges = self.orders.id_ranges()
        self.store.progress = {"started": format_instant(started), "ranges": len(ranges)}
        with self.sessions.begin() as session:
            pulling.plan(session, self.run.id, ranges)
            runs.save_progress(session, self.run, self.store.progress, self.store.tally.counts())
        return started

    def _unread(self) -> list[tuple[int, int, int | None]]:
        """(low, read to, high) of the ranges that this run has still to read."""
        if self.run.dry_run:
            return [(ids.low, ids.low, ids.high) for ids in self.orders.id_ranges()]
        with self.sessions() as session:
            return pulling.unread(session, self.run.id)

    def _range_read(self, low: int, page: OrderPage) -> Callable[[Session], None]:
        return lambda session: pulling.read_to(session, self.run.id, low, page.high, page.last)

    def _refuse_empty_answer(self) -> None:
        """No order at all, where there were some: a lost permission looks just like this. Conclude nothing."""
        if self.store.anything_read():
            return
        with self.sessions() as session:
            if not pulling.anything_landed(session):
                return
        raise OperatorMustAct(
            "netsuite-answer-empty",
            "NetSuite answered a full read with no sales order at all; nothing was changed.",
            "Check that the integration's role may still see sales orders of every subsidiary.",
        )

    # what changed, by time

    def _read_changed(self, since: datetime, watermark: datetime | None) -> None:
        progress = self.store.progress
        if "until" in progress:
            since, until = parse_instant(progress["since"]), parse_instant(progress["until"])
        else:
            until = self.orders.now()
            progress.update(since=format_instant(since), until=format_instant(until))
        after = Cursor(parse_instant(progress["after"][0]), progress["after"][1]) if "after" in progress else None
        # Without a gap to the last watermark only: a read that begins later must not claim what lies between.
        closes_gap = watermark is not None and since <= watermark

        def also(_: None, page: OrderPage) -> Callable[[Session], None]:
            if page.cursor is not None:
                progress["after"] = [format_instant(page.cursor.modified_at), page.cursor.order_id]
            if page.last and closes_gap:
                return lambda session: self._move(session, ORDERS, until)
            return lambda session: None

        reads: list[Reads[None]] = [(None, self.orders.changed(since, until, after))]
        with beside(lambda: self._deletions_since(since)) as deleted:
            self._keep_all(iter(reads), also)
            self._note_deletions(deleted(), until)
        self.store.conclude()

    def _move(self, session: Session, stream: str, until: datetime) -> None:
        to = until - self.options.safety
        watermarks.move(session, stream, to, self.run.id, clock.now(session))

    # what is named

    def _read_named(self, scope: Scope) -> None:
        pages, expected = self._named(scope)
        met: set[int] = set()

        def also(_: None, page: OrderPage) -> Callable[[Session], None]:
            met.update(ids_of(page))
            return lambda session: None

        reads: list[Reads[None]] = [(None, pages)]
        self._keep_all(iter(reads), also)
        # An earlier start of this run may have met it, and with it its new number.
        if scope.kind is ScopeKind.ORDER and not expected and not self.store.anything_read():
            raise NotFound(
                "order-unknown",
                f"NetSuite has no sales order with the number {scope.value!r}.",
                "Check the number as it is printed in NetSuite; letters and leading zeros count.",
            )
        self._note_missing(sorted(expected - met))
        self.store.conclude()

    def _named(self, scope: Scope) -> tuple[Iterator[OrderPage], set[int]]:
        """The pages of a named scope, and the ids of landed orders that should be among them."""
        with self.sessions() as session:
            if scope.kind is ScopeKind.ORDER:
                expected = pulling.with_number(session, scope.value)
                return self._by_number(scope.value, expected), expected
            if scope.kind is ScopeKind.CUSTOMER:
                customers = [scope.customer_id]
            else:
                tenants.find(session, scope.value)
                customers = pulling.customers_of(session, scope.value)
            return self.orders.of_customers(customers), pulling.landed_of_customers(session, customers)

    def _by_number(self, number: str, expected: set[int]) -> Iterator[OrderPage]:
        """By number, and by id those that had the number before: it may have been renamed."""
        met: set[int] = set()
        for page in self.orders.by_number(number):
            met.update(ids_of(page))
            yield page._replace(last=False)
        for page in self.orders.by_ids(sorted(expected - met)):
            yield page._replace(last=False)

    # what is gone

    def _deletions_since(self, since: datetime) -> list[int] | None:
        """Ids of the orders deleted since then, or since the last look; None where the role may not see them."""
        with self.sessions() as session:
            watermark = watermarks.watermark(session, DELETIONS)
        since = min(since, watermark - self.options.overlap) if watermark is not None else since
        try:
            return [deletion.order_id for deletions in self.orders.deleted(since) for deletion in deletions]
        except OperatorMustAct as error:
            if error.code != "netsuite-deletions-not-readable":
                raise
            return None

    def _note_deletions(self, deleted: list[int] | None, until: datetime) -> None:
        if deleted is None:  # the full read finds what is gone
            self.store.progress["deletions"] = "not readable"
        else:
            self.store.gone(deleted, "deleted", lambda session: self._move(session, DELETIONS, until))

    def _note_missing(self, not_met: list[int]) -> None:
        if not not_met:
            return
        missing = sorted(set(not_met) - self.orders.existing_ids(not_met))
        if not missing:
            return
        with self.sessions() as session:
            landed = pulling.count_landed(session)
        if len(missing) > max(MOST_MISSING, MOST_MISSING_SHARE * landed):
            self.store.tally.unexplained = len(missing)
            return
        self.store.gone(missing, "missing")

    # pages

    def _keep_all(
        self,
        reads: Iterator[Reads[Key]],
        also: Callable[[Key, OrderPage], Callable[[Session], None]],
    ) -> None:
        with prefetched(reads, self.options.slots) as pages:
            for key, page in pages:
                self._count_calls()
                self.store.page(page, also(key, page))
                if self.stop():
                    raise Interrupted
