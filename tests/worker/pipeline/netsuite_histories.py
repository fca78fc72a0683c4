"""Half of a generated history: what NetSuite does, and what of it is read, lands and is reconciled."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from domain_oracle import Client, Said
from guard_oracle import ORDERS, ORDERS_SHARE, PEOPLE, PEOPLE_SHARE, Oracle
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from school import School, land, wipe
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from models import landing
from models.enrollment_changes import Why
from worker.database import make_sessions
from worker.pipeline import reconcile
from worker.pipeline.guard import Thresholds

BEGIN = datetime(2026, 3, 5, 17, tzinfo=UTC)  # three days before New York's clocks change
KEYS = ["acme", "beta"]
CUSTOMERS = [1, 2, 3]
MOST_ORDERS = 8
THRESHOLDS = Thresholds(PEOPLE, PEOPLE_SHARE, ORDERS, ORDERS_SHARE)

picks = st.integers(0, 10_000)
days = st.integers(-5, 8)
workers = st.sampled_from([0, 1])


class NetSuiteHistories(RuleBasedStateMachine):
    """One history. `engines` are two workers; each step is done by one of them."""

    engines: tuple[Engine, Engine]

    def __init__(self) -> None:
        super().__init__()
        with self.engines[0].begin() as connection:
            wipe(connection)
        self.workers: list[sessionmaker[Session]] = [make_sessions(engine) for engine in self.engines]
        self.now = BEGIN
        self.version = 0
        self.account: dict[int, Said] = {}
        self.pages: list[tuple[datetime, list[Said]]] = []
        self.deleted: list[int] = []
        self.school = School(self.workers[0])
        self.school.open(KEYS, self.now)
        self.oracle = Oracle(self.now, {key: Client("America/New_York", 0) for key in KEYS})

    def tick(self, by: timedelta = timedelta(seconds=1)) -> None:
        self.now += by
        self.oracle.pass_time(self.now)

    def day(self, offset: int) -> date:
        return self.now.date() + timedelta(days=offset)

    def why(self, actor: str = "test") -> Why:
        return Why(actor, self.now)

    # NetSuite

    @precondition(lambda self: self.version < 200 and len(self.account) < MOST_ORDERS)
    @rule(customer=picks, end=st.none() | days, status=st.sampled_from("ABBBC"))
    def order_created(self, customer: int, end: int | None, status: str) -> None:
        self.tick()
        order = 100 + self.version
        term_end = None if end is None else self.day(end)
        self._say(Said(order, 0, self.now, CUSTOMERS[customer % 3], f"SO{order}", status, None, term_end))

    @precondition(lambda self: self.account)
    @rule(pick=picks, end=st.none() | days)
    def order_redated(self, pick: int, end: int | None) -> None:
        self._change(pick, end=None if end is None else self.day(end), start=None)

    @precondition(lambda self: self.account)
    @rule(end=days, customer=picks)
    def orders_of_a_customer_redated(self, end: int, customer: int) -> None:
        for n, said in enumerate(list(self.account.values())):
            if said.customer == CUSTOMERS[customer % 3]:
                self._change(n, end=self.day(end), start=None)

    @precondition(lambda self: self.account)
    @rule(pick=picks, status=st.sampled_from("ABCGH"))
    def order_gets_status(self, pick: int, status: str) -> None:
        self._change(pick, status=status)

    @precondition(lambda self: self.account)
    @rule(pick=picks)
    def order_renamed(self, pick: int) -> None:
        self._change(pick, number=f"RN{self.version}")

    @precondition(lambda self: self.account)
    @rule(pick=picks, customer=picks)
    def order_moved(self, pick: int, customer: int) -> None:
        self._change(pick, customer=CUSTOMERS[customer % 3])

    @precondition(lambda self: self.account)
    @rule(pick=picks)
    def order_touched(self, pick: int) -> None:
        self._change(pick)

    @precondition(lambda self: self.account)
    @rule(pick=picks, end=days)
    def line_changed_at_the_same_time(self, pick: int, end: int) -> None:
        self._change(pick, end=self.day(end), start=None, modified=self._pick(self.account, pick).modified)

    @precondition(lambda self: self.account)
    @rule(pick=picks)
    def order_becomes_unreadable(self, pick: int) -> None:
        self._change(pick, number="", status="", start=None, end=None, bad=True)

    @precondition(lambda self: self.account)
    @rule(pick=picks)
    def order_deleted(self, pick: int) -> None:
        self.tick()
        order = self._pick(self.account, pick).order
        del self.account[order]
        self.deleted.append(order)

    def _change(self, pick: int, **values: Any) -> None:
        self.tick()
        old = self._pick(self.account, pick)
        if old.bad and "bad" not in values:
            term = {"number": f"SO{old.order}", "status": "B", "end": self.day(3), "bad": False}
            values = {**term, **values}
        self._say(old._replace(**{"modified": self.now, **values}))

    def _say(self, said: Said) -> None:
        self.version += 1
        self.account[said.order] = said._replace(version=self.version)

    @staticmethod
    def _pick(things: Any, pick: int) -> Any:
        values = list(things.values()) if isinstance(things, dict) else things
        return values[pick % len(values)]

    # pulling

    @precondition(lambda self: self.account)
    @rule(first=picks, count=st.integers(1, 6))
    def read_page(self, first: int, count: int) -> None:
        self.tick()
        said = list(self.account.values())
        first %= len(said)
        self.pages.append((self.now, said[first : first + count]))

    @precondition(lambda self: self.pages)
    @rule(pick=picks, order=picks, chunk=st.integers(1, 4), worker=workers)
    def land_page(self, pick: int, order: int, chunk: int, worker: int) -> None:
        """A page that was read at some time, once more or for the first time, in pieces, rows in any order."""
        self.tick()
        read_at, said = self.pages[-1 - pick % min(len(self.pages), 6)]
        turned = said[order % len(said) :] + said[: order % len(said)]
        for start in range(0, len(turned), chunk):
            with self.workers[worker].begin() as session:
                land(session, turned[start : start + chunk], read_at, self.now)
        self.oracle.land(turned, read_at)

    @precondition(lambda self: self.account)
    @rule(worker=workers)
    def everything_is_read_and_reconciled(self, worker: int) -> None:
        self.read_page(0, 100)
        self.land_page(0, 0, 4, worker)
        self.reconcile(worker)

    @precondition(lambda self: self.account)
    @rule(pick=picks, end=days, worker=workers)
    def a_page_is_late(self, pick: int, end: int, worker: int) -> None:
        """An order changes and is read; before that page lands it is deleted, and the deletion is read first."""
        self.order_redated(pick, end)
        self.read_page(0, 100)
        self.order_deleted(pick)
        self.deletions_are_read(worker)
        self.land_page(0, 0, 2, worker)

    @precondition(lambda self: self.account)
    @rule(customer=picks, end=st.integers(-5, 1), worker=workers)
    def a_bad_import(self, customer: int, end: int, worker: int) -> None:
        """Somebody ends all orders of a customer in the past, or almost: what the guard is for."""
        self.orders_of_a_customer_redated(end, customer)
        self.everything_is_read_and_reconciled(worker)

    @precondition(lambda self: self.account)
    @rule(customer=picks, end=st.integers(-5, 1), worker=workers, minutes=st.sampled_from([0, 0, 25, 90]))
    def a_slow_import(self, customer: int, end: int, worker: int, minutes: int) -> None:
        """The same, order by order, with a pull after each."""
        orders = [n for n, said in self.account.items() if said.customer == CUSTOMERS[customer % 3]]
        for order in orders[:3]:
            self._change(list(self.account).index(order), end=self.day(end), start=None)
            self.tick(timedelta(minutes=minutes))
            self.everything_is_read_and_reconciled(worker)

    @precondition(lambda self: self.deleted)
    @rule(worker=workers)
    def deletions_are_read(self, worker: int) -> None:
        self.tick()
        self._lose(self.deleted, "deleted", worker)
        self.deleted = []

    @precondition(lambda self: self.oracle.landed)
    @rule(pick=picks, count=st.integers(1, 5), worker=workers)
    def orders_are_missing(self, pick: int, count: int, worker: int) -> None:
        self.tick()
        orders = sorted(self.oracle.landed)
        self._lose([orders[(pick + n) % len(orders)] for n in range(count)], "missing", worker)

    def _lose(self, orders: list[int], gone: str, worker: int) -> None:
        with self.workers[worker].begin() as session:
            landing.mark_gone(session, orders, gone, self.now)
        for order in orders:
            self.oracle.lose(order, gone)

    @rule(worker=workers)
    def reconcile(self, worker: int) -> None:
        self.tick()
        self._reconcile(worker)

    def _reconcile(self, worker: int) -> None:
        with self.workers[worker]() as session:
            due = reconcile.due_tenants(session)
        for key, tenant_id in self.school.tenant_ids.items():
            if tenant_id not in due:
                # Whatever is not due must have nothing to accept but what an open hold lists.
                assert self.oracle.proposals(key) == (self.oracle.clients[key].hold or {})
                continue
            with self.workers[worker].begin() as session:
                done = reconcile.reconcile_tenant(session, tenant_id, THRESHOLDS, self.why())
            self.oracle.reconcile(key)
            assert bool(done.holds) == (self.oracle.clients[key].hold is not None)
