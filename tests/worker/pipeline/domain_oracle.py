"""The domain in plain Python: dicts, loops and the rules word for word. Shares no code with the program.

Time is continuous here: whoever runs out of term expires at that very instant, so that what the program shows must
not depend on when its sweeps ran. Rows of NetSuite carry a version; a higher version is what NetSuite said later.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple, Self

from calendar_oracle import first_instant_after


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
    # What each held change weighed when it was first held, when that was, and how many were E then.
    weights: dict[int, int] = field(default_factory=dict)
    held_since: datetime | None = None
    held_of: int | None = None
    # Orders cut short without asking anybody: when, to which end, how many people, whether it was current.
    cuts: dict[int, tuple[datetime, date, int, bool]] = field(default_factory=dict)
    # Ends and flags of orders that a person rejected.
    rejected: set[tuple[int, date | str | None]] = field(default_factory=set)


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
    cut: bool = False  # the boundary came with an accepted change after it had passed

    def state(self) -> tuple[object, ...]:
        return (self.order, self.typed, self.status, self.cause, self.expired_at)


@dataclass
class People:
    """What everybody must look like, and what NetSuite has said."""

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
                if released and person.cut:
                    person.cause = "order_ended_early"
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
        was, over = person.status, self.boundary(person)
        if over != boundary_before:
            person.cut = order_cause == "order_ended_early" and over is not None and over <= self.now
        person.status = self._status_after(person, ask)
        if person.status != "X":
            person.cause = person.expired_at = None
        else:
            if ask == "X":
                person.cause = "expired_by_staff"
            elif not (was == "X" and ask is None and person.cause == "expired_by_staff"):
                person.cause = self._cause_in_force(person, before, order_cause)
            if was != "X":
                person.expired_at = self.now
        person.changes += (person.state(), over) != (before, boundary_before)

    @staticmethod
    def _cause_in_force(person: Person, before: tuple[object, ...], order_cause: str) -> str:
        if person.typed:
            return "manual_date"
        same_order = before[0] == person.order
        return person.cause if same_order and person.cause in ("term_ended", "order_ended_early") else order_cause

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

    def at(self, now: datetime) -> Self:
        """The same world with nothing happening until `now`."""
        later = replace(
            self,
            clients={key: replace(client) for key, client in self.clients.items()},
            people={number: replace(person) for number, person in self.people.items()},
        )
        later.pass_time(now)
        return later
