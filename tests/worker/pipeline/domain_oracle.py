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
HORIZON, WINDOW = timedelta(days=2), timedelta(hours=1)


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

    # accepting

    def proposals(self, key: str) -> dict[int, Terms]:
        found = {order: self._proposal(key, order, landed) for order, landed in self.landed.items()}
        return self._without_rejected(key, {order: terms for order, terms in found.items() if terms is not None})

    def _without_rejected(self, key: str, proposals: dict[int, Terms]) -> dict[int, Terms]:
        """Rejected ends and flags are as if NetSuite said what is accepted."""
        left, rejected = {}, self.clients[key].rejected
        for order, terms in proposals.items():
            old = self.accepted.get((key, order))
            if old and (order, terms.end) in rejected:
                terms = terms._replace(start=old.start, end=old.end)
            if old and (order, terms.flag) in rejected and terms.flag:
                terms = terms._replace(flag=old.flag)
            if terms != old:
                left[order] = terms
        return left

    def _forget_settled(self, key: str) -> None:
        """NetSuite says what is accepted: what was rejected before is over."""
        for order, landed in self.landed.items():
            old, found = self.accepted.get((key, order)), self._proposal(key, order, landed)
            if old is None or found is None:
                continue
            speaks = not landed.said.bad and self.customers.get(landed.said.customer) == key
            if speaks and landed.said.end == old.end:
                self._forget(key, order, ends=True)
            if found.flag == old.flag:
                self._forget(key, order, ends=False)

    def _forget(self, key: str, order: int, *, ends: bool) -> None:
        client = self.clients[key]
        client.rejected = {
            (number, what) for number, what in client.rejected if number != order or isinstance(what, str) == ends
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
        self._forget_settled(key)
        proposals, client = self.proposals(key), self.clients[key]
        if proposals and self._guarded(key, proposals):
            if proposals != client.hold:
                self._hold(key, proposals)
        else:
            self._note_cuts(key, proposals)
            client.hold = None
            self._accept(key, proposals)

    def _recent_cuts(self, key: str) -> dict[int, tuple[int, bool]]:
        """Of what was cut short unasked a short while ago, what stands: how many people, if it was current."""
        client = self.clients[key]
        before = client.held_since if client.hold is not None and client.held_since else self.now
        return {
            order: (people, current)
            for order, (at, end, people, current) in client.cuts.items()
            if at > before - WINDOW and self.accepted[key, order].end == end
        }

    def _note_cuts(self, key: str, proposals: dict[int, Terms]) -> None:
        recent, weights = self._recent_cuts(key), self._weights(key, proposals)
        for order in proposals:
            short = self._cuts_current_short(key, order, proposals)
            end = proposals[order].end
            if end and (weights[order] or short):
                people, current = recent.get(order, (0, False))
                self.clients[key].cuts[order] = (self.now, end, max(weights[order], people), short or current)

    def _cuts_current_short(self, key: str, order: int, proposals: dict[int, Terms]) -> bool:
        client, old = self.clients[key], self.accepted.get((key, order))
        since = client.held_since if client.hold is not None else None
        return (
            bool(old) and self._is_current(client, old, since) and self._cuts_short(key, order, proposals[order])
        )

    def _hold(self, key: str, proposals: dict[int, Terms]) -> None:
        client = self.clients[key]
        enrolled = len(self._enrolled(key))
        weights = self._weights(key, proposals)
        if client.hold is None:
            client.held_since, client.held_of = self.now, enrolled
        client.held_of = min(client.held_of or 0, enrolled)
        client.hold, client.weights = proposals, weights

    def _weights(self, key: str, proposals: dict[int, Terms]) -> dict[int, int]:
        """How many people each change would expire; what is held weighs no less than when it was first held."""
        client, weights = self.clients[key], dict.fromkeys(proposals, 0)
        for person in self.would_expire(key, proposals):
            assert person.order is not None
            weights[person.order] += 1
        for order in proposals.keys() & (client.hold or {}).keys():
            if self._cuts_short(key, order, proposals[order]):
                weights[order] = max(weights[order], client.weights[order])
        return weights

    def _accept(self, key: str, proposals: dict[int, Terms]) -> None:
        before = {id(person): (person.state(), self.boundary(person)) for person in self.of(key)}
        moved = {
            order
            for order, terms in proposals.items()
            if (key, order) in self.accepted and self.accepted[key, order].end != terms.end
        }
        before_terms = {order: self.accepted.get((key, order)) for order in proposals}
        self.accepted |= {(key, order): terms for order, terms in proposals.items()}
        for order, terms in proposals.items():
            old = before_terms.get(order)
            if old is None or old.end != terms.end:
                self._forget(key, order, ends=True)
            if old is None or old.flag != terms.flag:
                self._forget(key, order, ends=False)
        for person in self.of(key):
            if person.order in moved and person.typed is None:
                self._settle(person, *before[id(person)], "order_ended_early")

    def _guarded(self, key: str, proposals: dict[int, Terms]) -> bool:
        client, enrolled = self.clients[key], len(self._enrolled(key))
        if client.hold is not None:
            enrolled = min(enrolled, client.held_of or 0)
        weights = self._weights(key, proposals)
        ended = {order for order in proposals if self._cuts_current_short(key, order, proposals)}
        people_before = orders_before = 0
        for order, (people, was_current) in self._recent_cuts(key).items():
            new_end = proposals[order].end if order in proposals else self.accepted[key, order].end
            if (
                new_end
                and new_end <= (self.accepted[key, order].end or new_end)
                and (any(weights.values()) or ended)
            ):
                people_before += max(people - weights.get(order, 0), 0)
                orders_before += was_current and order not in ended
        expiring = sum(weights.values())
        enrolled += people_before
        if expiring and expiring + people_before > max(Decimal(PEOPLE), PEOPLE_SHARE * enrolled):
            return True
        old = {order: terms for (owner, order), terms in self.accepted.items() if owner == key}
        since = client.held_since if client.hold is not None else None
        current = {order for order, terms in old.items() if self._is_current(client, terms, since)}
        orders, all_current = len(ended) + orders_before, len(current) + orders_before
        if ended and orders >= ORDERS and orders > ORDERS_SHARE * all_current:
            return True
        gone = any(proposals[o].flag in ("deleted", "missing", "moved") for o in current & proposals.keys())
        return gone and not self._current_left(key, proposals)

    def _current_left(self, key: str, proposals: dict[int, Terms]) -> bool:
        client = self.clients[key]
        old = {order: terms for (owner, order), terms in self.accepted.items() if owner == key}
        return any(self._is_current(client, terms) for terms in (old | proposals).values())

    def _enrolled(self, key: str) -> list[Person]:
        return [
            person
            for person in self.of(key)
            if person.status == "E" and ((over := self.boundary(person)) is None or over > self.now)
        ]

    def _cuts_short(self, key: str, order: int, terms: Terms) -> bool:
        """Whether the order would end earlier than accepted, and within the horizon."""
        old = self.accepted.get((key, order))
        earlier = old is not None and terms.end is not None and (old.end is None or terms.end < old.end)
        return earlier and self._has_ended(self.clients[key], terms, self.now + HORIZON)

    def would_expire(self, key: str, proposals: dict[int, Terms]) -> list[Person]:
        client = self.clients[key]
        found = []
        for person in self.of(key):
            if person.status == "E" and person.typed is None and person.order in proposals:
                old, new = self.boundary(person), self._term_over(client, proposals[person.order].end)
                soon = new is not None and new <= self.now + HORIZON
                if new is not None and soon and (old is None or old > max(new, self.now)):
                    found.append(person)
        return found

    def _has_ended(self, client: Client, terms: Terms, at: datetime) -> bool:
        today = at.astimezone(ZoneInfo(client.zone)).date()
        return terms.end is not None and terms.end + timedelta(days=client.grace) < today

    def _is_current(self, client: Client, terms: Terms, at: datetime | None = None) -> bool:
        return terms.flag is None and not self._has_ended(client, terms, at or self.now)

    def approve(self, key: str) -> None:
        hold = self._list(key)
        self.clients[key].hold = None
        self._accept(key, hold)

    def _list(self, key: str) -> dict[int, Terms]:
        """What the open hold lists, but for orders that would be new and are another's by now."""
        hold = self.clients[key].hold
        assert hold is not None
        return {
            order: terms
            for order, terms in hold.items()
            if (key, order) in self.accepted or self.customers.get(self.landed[order].said.customer) == key
        }

    def reject(self, key: str) -> None:
        """Earlier ends are dropped for good, also that all orders are gone; the rest is accepted."""
        client = self.clients[key]
        hold = self._list(key)
        for order, terms in hold.items():
            old = self.accepted.get((key, order))
            if old and terms.end and (old.end is None or terms.end < old.end):
                client.rejected.add((order, terms.end))
        left = self._without_rejected(key, hold)
        had_current = any(
            self._is_current(client, terms, client.held_since)
            for (owner, _), terms in self.accepted.items()
            if owner == key
        )
        if had_current and not self._current_left(key, left):
            for order, terms in left.items():
                old = self.accepted.get((key, order))
                if old and terms.flag in ("deleted", "missing", "moved") and terms.flag != old.flag:
                    client.rejected.add((order, terms.flag))
        client.hold = None
        self._accept(key, self._without_rejected(key, hold))

    def at(self, now: datetime) -> "Oracle":
        """The same world with nothing happening until `now`."""
        later = replace(
            self,
            clients={key: replace(client) for key, client in self.clients.items()},
            people={number: replace(person) for number, person in self.people.items()},
        )
        later.pass_time(now)
        return later
