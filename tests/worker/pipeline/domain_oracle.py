"""The domain in plain Python: dicts, loops and the rules word for word. Shares no code with the program.

Time is continuous here: whoever runs out of term expires at that very instant, so that what the program shows must
not depend on when its sweeps ran. Rows of NetSuite carry a version; a higher version is what NetSuite said later.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from calendar_oracle import first_instant_after

# Thresholds small enough that generated tenants often trip them.
PEOPLE, PEOPLE_SHARE, ORDERS, ORDERS_SHARE = 1, Decimal("0.34"), 2, Decimal("0.5")


class Said(NamedTuple):
    """What NetSuite says about one order at one time."""

    order: int
    version: int
    modified: datetime
    customer: int
    number: str
    status: str
    start: date | None
    end: date | None
    bad: bool = False


class Terms(NamedTuple):
    """An accepted order as learners feel it."""

    customer: int
    number: str
    status: str
    start: date | None
    end: date | None
    flag: str | None


@dataclass
class Landed:
    """The landing row of an order."""

    said: Said
    gone: str | None = None
    gone_at: datetime | None = None


@dataclass
class Client:
    """A tenant."""

    zone: str
    grace: int
    paused: bool = False
    until: datetime | None = None
    hold: dict[int, Terms] | None = None
    declined: dict[int, list[Terms]] = field(default_factory=dict)


@dataclass
class Person:
    """An enrollment. `changes` counts the events it must have."""

    client: str
    order: int | None
    typed: date | None
    modules: int
    status: str = "E"
    cause: str | None = None
    expired_at: datetime | None = None
    changes: int = 1

    def state(self) -> tuple[object, ...]:
        return (self.order, self.typed, self.status, self.cause, self.expired_at)


@dataclass
class Oracle:
    """What everything must look like."""

    now: datetime
    clients: dict[str, Client] = field(default_factory=dict)
    customers: dict[int, str | None] = field(default_factory=dict)
    landed: dict[int, Landed] = field(default_factory=dict)
    accepted: dict[tuple[str, int], Terms] = field(default_factory=dict)
    people: dict[int, Person] = field(default_factory=dict)

    # time

    def pass_time(self, now: datetime) -> None:
        self.now = now
        for key, client in self.clients.items():
            if client.paused and client.until is not None and client.until <= now:
                released, client.paused, client.until = client.until, False, None
                self._expire(key, released)
            self._expire(key)

    def _expire(self, key: str, released: datetime | None = None) -> None:
        if self.clients[key].paused:
            return
        for person in self.of(key):
            over = self.boundary(person)
            if person.status == "E" and over is not None and over <= self.now:
                person.status, person.changes = "X", person.changes + 1
                person.cause = "manual_date" if person.typed else "term_ended"
                person.expired_at = max(over, released or over)

    def boundary(self, person: Person) -> datetime | None:
        client = self.clients[person.client]
        if person.typed is not None:
            return first_instant_after(person.typed, client.zone)
        if person.order is None:
            return None
        return self._term_over(client, self.accepted[person.client, person.order].end)

    def _term_over(self, client: Client, end: date | None) -> datetime | None:
        return None if end is None else first_instant_after(end + timedelta(days=client.grace), client.zone)

    def of(self, key: str) -> list[Person]:
        return [person for person in self.people.values() if person.client == key]

    def pause(self, key: str, until: datetime | None) -> None:
        self.clients[key].paused, self.clients[key].until = True, until

    def resume(self, key: str) -> None:
        client = self.clients[key]
        released = self.now if client.paused else None
        client.paused, client.until = False, None
        self._expire(key, released)

    def change_client(self, key: str, zone: str, grace: int) -> None:
        client = self.clients[key]
        before = {id(person): self.boundary(person) for person in self.of(key)}
        client.zone, client.grace = zone, grace
        for person in self.of(key):
            self._settle(person, person.state(), before[id(person)], "term_ended")

    # what people do

    def edit(self, person: Person, order: int | None, typed: date | None, ask: str | None) -> None:
        before, over = person.state(), self.boundary(person)
        person.order, person.typed = order, typed
        self._settle(person, before, over, "term_ended", ask)

    def enroll(self, number: int, person: Person) -> None:
        self.people[number] = person
        over = self.boundary(person)
        if over is not None and over <= self.now and not self.clients[person.client].paused:
            person.status, person.expired_at = "X", self.now
            person.cause = "manual_date" if person.typed else "term_ended"

    def _settle(
        self,
        person: Person,
        before: tuple[object, ...],
        boundary_before: datetime | None,
        order_cause: str,
        ask: str | None = None,
    ) -> None:
        """What a change of order, date, zone or term, or a wish of staff, makes of the status."""
        was = person.status
        person.status = self._status_after(person, ask)
        if person.status != "X":
            person.cause = person.expired_at = None
        else:
            if ask == "X":
                person.cause = "expired_by_staff"
            elif was != "X" or (ask == "E" and person.cause == "expired_by_staff"):
                person.cause = "manual_date" if person.typed else order_cause
            if was != "X":
                person.expired_at = self.now
        person.changes += (person.state(), self.boundary(person)) != (before, boundary_before)

    def _status_after(self, person: Person, ask: str | None) -> str:
        over = self.boundary(person)
        passed = over is not None and over <= self.now
        if ask in ("U", "X"):
            return ask
        if ask is None and person.status == "U":
            return "U"
        if ask is None and person.status == "X" and (person.cause == "expired_by_staff" or passed):
            return "X"
        return "X" if passed and not self.clients[person.client].paused else "E"

    # what NetSuite says

    def land(self, rows: Iterable[Said], read_at: datetime) -> None:
        for said in rows:
            self.customers.setdefault(said.customer, None)
            landed = self.landed.setdefault(said.order, Landed(said))
            if said.version > landed.said.version:
                landed.said = said
            if landed.gone_at is not None and read_at > landed.gone_at:
                landed.gone, landed.gone_at = None, None

    def lose(self, order: int, gone: str) -> None:
        landed = self.landed.get(order)
        if landed is not None and landed.gone not in (gone, "deleted"):
            landed.gone, landed.gone_at = gone, self.now

    def map_customer(self, customer: int, key: str | None) -> None:
        self.customers[customer] = key

    # accepting

    def proposals(self, key: str) -> dict[int, Terms]:
        found = {order: self._proposal(key, order, landed) for order, landed in self.landed.items()}
        return {
            order: terms
            for order, terms in found.items()
            if terms is not None
            and terms != self.accepted.get((key, order))
            # A new number alone does not make it other data than what was declined.
            and terms._replace(number="") not in self.clients[key].declined.get(order, [])
        }

    def _proposal(self, key: str, order: int, landed: Landed) -> Terms | None:
        said, old = landed.said, self.accepted.get((key, order))
        ours = self.customers.get(said.customer) == key
        if old is None and (said.bad or landed.gone or not ours):
            return None
        flag = landed.gone or (None if ours else "moved")
        if ours and not said.bad:
            terms = Terms(said.customer, said.number, said.status, said.start, said.end, flag)
        else:
            assert old is not None
            terms = old._replace(flag=flag)
        return terms._replace(flag=flag or ("cancelled" if terms.status == "C" else None))

    def reconcile(self, key: str) -> None:
        proposals = self.proposals(key)
        if proposals and self._guarded(key, proposals):
            self.clients[key].hold = proposals
        else:
            self.clients[key].hold = None
            self._accept(key, proposals)

    def _accept(self, key: str, proposals: dict[int, Terms]) -> None:
        before = {id(person): (person.state(), self.boundary(person)) for person in self.of(key)}
        moved = {
            order
            for order, terms in proposals.items()
            if (key, order) in self.accepted and self.accepted[key, order].end != terms.end
        }
        self.accepted |= {(key, order): terms for order, terms in proposals.items()}
        for order in proposals:
            self.clients[key].declined.pop(order, None)
        for person in self.of(key):
            if person.order in moved and person.typed is None:
                self._settle(person, *before[id(person)], "order_ended_early")

    def _guarded(self, key: str, proposals: dict[int, Terms]) -> bool:
        expiring = len(self.would_expire(key, proposals))
        enrolled = [
            person
            for person in self.of(key)
            if person.status == "E" and ((over := self.boundary(person)) is None or over > self.now)
        ]
        if expiring > max(Decimal(PEOPLE), PEOPLE_SHARE * len(enrolled)):
            return True
        client = self.clients[key]
        old = {order: terms for (owner, order), terms in self.accepted.items() if owner == key}
        current = {order for order, terms in old.items() if self._is_current(client, terms)}
        ended = {o for o in current & proposals.keys() if self._has_ended(client, proposals[o])}
        if len(ended) >= ORDERS and len(ended) > ORDERS_SHARE * len(current):
            return True
        gone = any(proposals[o].flag in ("deleted", "missing", "moved") for o in current & proposals.keys())
        left = [terms for terms in (old | proposals).values() if self._is_current(client, terms)]
        return gone and not left

    def would_expire(self, key: str, proposals: dict[int, Terms]) -> list[Person]:
        client = self.clients[key]
        found = []
        for person in self.of(key):
            if person.status == "E" and person.typed is None and person.order in proposals:
                old, new = self.boundary(person), self._term_over(client, proposals[person.order].end)
                if new is not None and new <= self.now and (old is None or old > self.now):
                    found.append(person)
        return found

    def _has_ended(self, client: Client, terms: Terms) -> bool:
        today = self.now.astimezone(ZoneInfo(client.zone)).date()
        return terms.end is not None and terms.end + timedelta(days=client.grace) < today

    def _is_current(self, client: Client, terms: Terms) -> bool:
        return terms.flag is None and not self._has_ended(client, terms)

    def approve(self, key: str) -> None:
        hold, self.clients[key].hold = self.clients[key].hold, None
        assert hold is not None
        self._accept(key, hold)

    def reject(self, key: str) -> None:
        hold, self.clients[key].hold = self.clients[key].hold, None
        assert hold is not None
        for order, terms in hold.items():
            self.clients[key].declined.setdefault(order, []).append(terms._replace(number=""))

    def at(self, now: datetime) -> "Oracle":
        """The same world with nothing happening until `now`."""
        later = replace(
            self,
            clients={key: replace(client) for key, client in self.clients.items()},
            people={number: replace(person) for number, person in self.people.items()},
        )
        later.pass_time(now)
        return later
