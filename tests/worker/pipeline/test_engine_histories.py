"""Whole histories of a small world, played to the engine and to the oracle: they must agree after every step.

NetSuite's orders come, change and go; pages are read, and land late, repeated, in pieces and in any order; staff
edit; time passes; sweeps and reconciling happen at any time or never, by either of two workers.
"""

from datetime import datetime, timedelta
from typing import Any

from domain_oracle import Person, Said
from effort import effort
from engine_checks import check_all, check_at_rest, must_equal
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule, run_state_machine_as_test
from netsuite_histories import CUSTOMERS, KEYS, NetSuiteHistories, days, picks, workers
from school import checksums, land
from sqlalchemy.orm import Session

from models import boundaries, holding, locks
from models.enrollment_changes import NOTHING
from models.redating import redate_tenant
from worker.database import make_engine
from worker.pipeline import expire, holds, tenants

ZONES = ["America/New_York", "Europe/Berlin", "Pacific/Auckland", "UTC"]
MOST_PEOPLE = 12

keys = st.sampled_from(KEYS)


class Histories(NetSuiteHistories):
    """With people, staff and ops, and what must hold after each step."""

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

    @rule(customer=picks, key=picks)
    def customer_goes_to_another_tenant(self, customer: int, key: int) -> None:
        self.map_customer(customer, key, 0)
        if self.oracle.customers[CUSTOMERS[customer % 3]] is None:
            self.map_customer(customer, key, 1)

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

    @precondition(lambda self: self.account)
    @rule(key=keys, end=st.integers(-3, 1), typed=st.booleans(), worker=workers)
    def orders_cut_in_a_pause(self, key: str, end: int, typed: bool, worker: int) -> None:
        """What is cut into the past before the pause ends has another cause than what then simply ends."""
        self.pause(key, None)
        for n, said in enumerate(list(self.account.values())):
            if self.oracle.customers.get(said.customer) == key:
                self.order_redated(n, end)
                self.everything_is_read_and_reconciled(worker)
        if typed and self.oracle.people:
            self.date_typed_or_cleared([0], None)
        self.tick(timedelta(days=1))
        self.resume(key)

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
        key = self._held()
        with self.workers[worker].begin() as session:
            hold = holding.open_hold(session, self.school.tenant_ids[key])
            assert hold is not None
            (holds.approve if approve else holds.reject)(session, hold.id, self.why("ops"))
        (self.oracle.approve if approve else self.oracle.reject)(key)

    def _held(self) -> str:
        return next(key for key, client in self.oracle.clients.items() if client.hold)

    @precondition(lambda self: self.account and any(client.hold for client in self.oracle.clients.values()))
    @rule(days=st.sampled_from([0, 0, 3]), worker=workers)
    def held_people_leave_and_something_lands(self, days: int, worker: int) -> None:
        """Most people of the held orders are unenrolled, or their time comes: the list is judged once more."""
        key = self._held()
        hold = self.oracle.clients[key].hold or {}
        people = [n for n, person in self.oracle.people.items() if person.client == key and person.order in hold]
        for n in people[1:] if not days else []:
            self.status_asked_for([sorted(self.oracle.people).index(n)], "U")
        self.tick(timedelta(days=days))
        for n, said in enumerate(list(self.account.values())):
            if said.order in hold:
                self.order_touched(n)
        self.everything_is_read_and_reconciled(worker)

    @precondition(lambda self: self.account and any(client.hold for client in self.oracle.clients.values()))
    @rule(status=st.sampled_from("BCGH"), worker=workers)
    def rejected_and_then_paperwork(self, status: str, worker: int) -> None:
        """Each order of a rejected list gets a status of its own: alone it would be below the limits."""
        hold = self.oracle.clients[self._held()].hold or {}
        self.hold_decided(False, worker)
        for n, said in enumerate(list(self.account.values())):
            if said.order in hold:
                self.order_gets_status(n, status)
                self.everything_is_read_and_reconciled(worker)

    # what must hold

    @rule(worker=workers)
    def doing_it_again_changes_nothing(self, worker: int) -> None:
        self.reconcile(worker)
        self.sweep(worker)
        with self.workers[worker]() as session:
            before = checksums(session)
        self._reconcile(1 - worker)
        self.sweep(1 - worker)
        self.everything_is_worked_out_anew(worker)
        for read_at, said in self.pages[-3:]:
            with self.workers[1 - worker].begin() as session:
                if all(self.oracle.landed.get(s.order) for s in said):
                    self._land_known(session, said, read_at)
        with self.workers[worker]() as session:
            after = checksums(session)
        must_equal(after, before)

    def everything_is_worked_out_anew(self, worker: int) -> None:
        """As the nightly check does it."""
        for tenant_id in self.school.tenant_ids.values():
            with self.workers[worker].begin() as session:
                assert redate_tenant(session, locks.lock_tenant(session, tenant_id), self.why()) == NOTHING
                assert boundaries.reopen(session, tenant_id) == 0

    def _land_known(self, session: Session, said: list[Said], read_at: datetime) -> None:
        """Land again only rows that have landed just so."""
        known = [s for s in said if self.oracle.landed[s.order].said == s and not self.oracle.landed[s.order].gone]
        land(session, known, read_at, self.now)

    @invariant()
    def engine_and_oracle_agree(self) -> None:
        with self.workers[0]() as session:
            check_all(session, self.oracle, self.school.tenant_ids)

    def teardown(self) -> None:
        self.reconcile(1)
        self.sweep(0)
        with self.workers[0]() as session:
            check_all(session, self.oracle, self.school.tenant_ids)
            check_at_rest(session, self.oracle)


def test_every_history_ends_as_the_domain_says(database_url: str) -> None:
    two_workers = (make_engine(database_url, pool_size=1), make_engine(database_url, pool_size=1))

    class Machine(Histories):
        engines = two_workers

    try:
        run_state_machine_as_test(Machine, settings=effort(30, stateful_step_count=35))
    finally:
        for engine in two_workers:
            engine.dispose()
