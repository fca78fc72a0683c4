"""Whole histories of a small world, played to the engine and to the oracle: they must agree after every step.

NetSuite's orders come, change and go; pages are read, and land late, repeated, in pieces and in any order; staff
edit; time passes; sweeps and reconciling happen at any time or never, by either of two workers.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from domain_oracle import ORDERS, ORDERS_SHARE, PEOPLE, PEOPLE_SHARE, Client, Oracle, Person, Said
from effort import effort
from engine_checks import check_all, check_at_rest, must_equal
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from school import School, checksums, land, wipe
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from models import holding, landing
from models.enrollment_changes import Why
from models.terms import today
from worker.database import make_engine, make_sessions
from worker.pipeline import expire, holds, reconcile, tenants
from worker.pipeline.guard import Thresholds

BEGIN = datetime(2026, 3, 5, 17, tzinfo=UTC)  # three days before New York's clocks change
ZONES = ["America/New_York", "Europe/Berlin", "Pacific/Auckland", "UTC"]
KEYS = ["acme", "beta"]
CUSTOMERS = [1, 2, 3]
MOST_ORDERS, MOST_PEOPLE = 8, 12
THRESHOLDS = Thresholds(PEOPLE, PEOPLE_SHARE, ORDERS, ORDERS_SHARE)  # type: ignore[arg-type]

keys = st.sampled_from(KEYS)
picks = st.integers(0, 10_000)
days = st.integers(-5, 8)
workers = st.sampled_from([0, 1])


class Histories(RuleBasedStateMachine):
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

    @initialize(start=st.lists(st.tuples(picks, days), min_size=2, max_size=4), people=st.integers(2, 8))
    def begin(self, start: list[tuple[int, int]], people: int) -> None:
        self.map_customer(0, 0, 0)
        self.map_customer(1, 1, 0)
        for pick, end in start:
            self.order_created(pick, abs(end), "B")
        self.read_page(0, 100)
        self.land_page(0, 0, 100, 0)
        self.reconcile(0)
        for n in range(people):
            self.enroll(KEYS[n % 2], n, None, 0)

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

    # people

    @rule(customer=picks, key=picks, worker=workers)
    def map_customer(self, customer: int, key: int, worker: int) -> None:
        self.tick()
        number, name = CUSTOMERS[customer % 3], KEYS[key % 2]
        owner = self.oracle.customers.get(number)
        with self.workers[worker].begin() as session:
            if owner is None:
                tenants.map_customer(session, self.school.tenant_ids[name], number, self.why())
            else:
                tenants.unmap_customer(session, self.school.tenant_ids[owner], number, self.why())
        self.oracle.map_customer(number, name if owner is None else None)

    @precondition(lambda self: len(self.oracle.people) < MOST_PEOPLE)
    @rule(key=keys, order=picks, typed=st.none() | days, modules=st.integers(0, 9))
    def enroll(self, key: str, order: int, typed: int | None, modules: int) -> None:
        self.tick()
        number, date_typed = self._order_of(key, order), None if typed is None else self.day(typed)
        found = self.school.enroll(key, self.now, number, date_typed, modules)
        self.oracle.enroll(found, Person(key, number, date_typed, modules))

    @precondition(lambda self: self.oracle.people)
    @rule(picked=st.lists(picks, min_size=1, max_size=3), typed=st.none() | days)
    def date_typed_or_cleared(self, picked: list[int], typed: int | None) -> None:
        self._edit(picked, lambda person: (person.order, None if typed is None else self.day(typed), None))

    @precondition(lambda self: self.oracle.people)
    @rule(picked=st.lists(picks, min_size=1, max_size=4), order=picks, keep=st.booleans())
    def order_assigned(self, picked: list[int], order: int, keep: bool) -> None:
        self._edit(picked, lambda p: (self._order_of(p.client, order), p.typed if keep else None, None))

    @precondition(lambda self: self.oracle.people)
    @rule(picked=st.lists(picks, min_size=1, max_size=3), ask=st.sampled_from("EUX"))
    def status_asked_for(self, picked: list[int], ask: str) -> None:
        self._edit(picked, lambda person: (person.order, person.typed, ask))

    def _edit(self, picked: list[int], wish: Any) -> None:
        self.tick()
        everybody = sorted(self.oracle.people)
        chosen = {everybody[pick % len(everybody)] for pick in picked}
        for key in KEYS:
            some = {n: self.oracle.people[n] for n in sorted(chosen) if self.oracle.people[n].client == key}
            wishes = {n: wish(person) for n, person in some.items()}
            self.school.edit(key, self.now, [(n, *wishes[n]) for n in some])
            for n, person in some.items():
                self.oracle.edit(person, *wishes[n])

    def _order_of(self, key: str, pick: int) -> int | None:
        orders = [None, *sorted(order for owner, order in self.oracle.accepted if owner == key)]
        return orders[pick % len(orders)] if pick else orders[-1]

    # ops

    @rule(hours=st.integers(1, 40), sweep=st.booleans())
    def time_passes(self, hours: int, sweep: bool) -> None:
        self.tick(timedelta(hours=hours))
        if sweep:
            self.sweep(0)

    @rule(key=keys, seconds=st.integers(-1, 1))
    def a_day_ends(self, key: str, seconds: int) -> None:
        """To the second at which somebody's access ends, or one beside it."""
        coming = [self.oracle.boundary(person) for person in self.oracle.of(key)]
        later = [at for at in coming if at is not None and at > self.now + timedelta(seconds=1)]
        if later:
            self.tick(min(later) + timedelta(seconds=seconds) - self.now)

    @rule(worker=workers)
    def sweep(self, worker: int) -> None:
        while True:
            with self.workers[worker].begin() as session:
                if expire.sweep_batch(session, self.why("sweep")) is None:
                    return

    @rule(key=keys, hours=st.none() | st.integers(1, 60))
    def pause(self, key: str, hours: int | None) -> None:
        self.tick()
        until = None if hours is None else self.now + timedelta(hours=hours)
        with self.workers[0].begin() as session:
            tenants.pause(session, self.school.tenant_ids[key], self.why(), "test", until)
        self.oracle.pause(key, until)

    @rule(key=keys)
    def resume(self, key: str) -> None:
        self.tick()
        with self.workers[1].begin() as session:
            tenants.resume(session, self.school.tenant_ids[key], self.why())
        self.oracle.resume(key)

    @rule(key=keys, zone=st.sampled_from(ZONES), grace=st.sampled_from([0, 0, 1, 3]))
    def zone_or_grace_changed(self, key: str, zone: str, grace: int) -> None:
        self.tick()
        with self.workers[1].begin() as session:
            tenant_id = self.school.tenant_ids[key]
            tenants.change(session, tenant_id, self.why(), time_zone=zone, grace_days=grace)
        self.oracle.change_client(key, zone, grace)

    @precondition(lambda self: any(client.hold for client in self.oracle.clients.values()))
    @rule(approve=st.booleans(), worker=workers)
    def hold_decided(self, approve: bool, worker: int) -> None:
        self.tick()
        key = next(key for key, client in self.oracle.clients.items() if client.hold)
        with self.workers[worker].begin() as session:
            hold = holding.open_hold(session, self.school.tenant_ids[key])
            assert hold is not None
            (holds.approve if approve else holds.reject)(session, hold.id, self.why("ops"))
        (self.oracle.approve if approve else self.oracle.reject)(key)

    # what must hold

    @rule(worker=workers)
    def doing_it_again_changes_nothing(self, worker: int) -> None:
        self.reconcile(worker)
        self.sweep(worker)
        with self.workers[worker]() as session:
            before = checksums(session)
        self._reconcile(1 - worker)
        self.sweep(1 - worker)
        for read_at, said in self.pages[-3:]:
            with self.workers[1 - worker].begin() as session:
                if all(self.oracle.landed.get(s.order) for s in said):
                    self._land_known(session, said, read_at)
        with self.workers[worker]() as session:
            after = checksums(session)
        must_equal(after, before)

    def _land_known(self, session: Session, said: list[Said], read_at: datetime) -> None:
        """Land again only rows that have landed just so."""
        known = [s for s in said if self.oracle.landed[s.order].said == s and not self.oracle.landed[s.order].gone]
        land(session, known, read_at, self.now)

    @invariant()
    def engine_and_oracle_agree(self) -> None:
        with self.workers[0]() as session:
            check_all(session, self.oracle, self.school.tenant_ids)

    def teardown(self) -> None:
        self.sweep(0)
        self.reconcile(1)
        with self.workers[0]() as session:
            check_all(session, self.oracle, self.school.tenant_ids)
            check_at_rest(session, self.oracle)


def test_every_history_ends_as_the_domain_says(database_url: str) -> None:
    engines = (make_engine(database_url, pool_size=1), make_engine(database_url, pool_size=1))

    class Machine(Histories):
        pass

    Machine.engines = engines
    try:
        run_state_machine_as_test(Machine, settings=effort(40, stateful_step_count=35))
    finally:
        for engine in engines:
            engine.dispose()


def test_the_oracle_knows_days(database: Engine) -> None:
    assert today(BEGIN, "America/New_York") == date(2026, 3, 5)
    with pytest.raises(KeyError):
        Oracle(BEGIN).boundary(Person("nobody", None, date(2026, 3, 5), 0))
