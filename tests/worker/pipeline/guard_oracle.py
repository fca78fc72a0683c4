"""Accepting, the guard, holds and rejections in plain Python, on top of `domain_oracle`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from domain_oracle import Client, Landed, People, Person, Terms

# Thresholds small enough that generated tenants often trip them.
PEOPLE, PEOPLE_SHARE, ORDERS, ORDERS_SHARE = 1, Decimal("0.34"), 2, Decimal("0.5")
HORIZON, WINDOW = timedelta(days=2), timedelta(hours=1)


@dataclass
class Oracle(People):
    """What everything must look like."""

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
            old is not None
            and self._is_current(client, old, since)
            and self._cuts_short(key, order, proposals[order])
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
