"""The sales desk: people who enter, extend, shorten, cancel and mistype orders, at a bounded pace."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from worker.demo.account import RecordApi
from worker.demo.world import CLIENTS, Client

Say = Callable[[str, str], None]
MASS_EVERY = 24  # actions
MASS_SHARE = 0.6
LEAST_MASS = 6


@dataclass
class Order:
    """An order as the desk remembers it."""

    id: int
    number: str
    customer: int
    starts: date
    ends: date
    cancelled: bool = False
    usual_end: date | None = None  # what it was before it was shortened

    def is_current(self, today: date) -> bool:
        return not self.cancelled and self.starts <= today <= self.ends


class SalesDesk:
    """Does one thing at a time; the same seed does the same things. `say` is told (client, what was done)."""

    def __init__(self, api: RecordApi, today: date, seed: int, say: Say) -> None:
        self._api = api
        self._today = today
        self._dice = random.Random(seed)  # noqa: S311  (a play, not a secret)
        self._say = say
        self._actions = 0
        self._orders = {client.key: self._orders_of(client) for client in CLIENTS}

    def _orders_of(self, client: Client) -> list[Order]:
        return [
            Order(
                int(row["id"]),
                row["tranid"],
                int(row["entity"]),
                date.fromisoformat(row["starts"]),
                date.fromisoformat(row["ends"]),
                row["status"] == "C",
            )
            for row in self._api.orders(client.customers)
        ]

    def act(self, clients: Sequence[Client]) -> None:
        """One action for one of `clients`; now and then somebody shortens most of a client's orders at once."""
        if not clients:
            return
        self._actions += 1
        client = self._dice.choice(clients)
        if self._actions % MASS_EVERY == MASS_EVERY // 2:
            self._shorten_most(client)
            return
        actions = [self._enter, self._extend, self.shorten, self._lengthen_again, self._cancel, self._mistype]
        self._dice.choices(actions, weights=[5, 4, 5, 5, 1, 1])[0](client)

    def set_right(self, client_key: str) -> None:
        """After a rejected hold: the desk gives the shortened orders of a client their usual end again."""
        client = next(client for client in CLIENTS if client.key == client_key)
        for order in [order for order in self._orders[client_key] if order.usual_end]:
            self._end(order, order.usual_end or order.ends)
            order.usual_end = None
        self._say(client.key, "the orders shortened by mistake have their usual end again")

    def _enter(self, client: Client) -> None:
        customer = self._dice.choice(client.customers)
        starts = self._today - timedelta(days=self._dice.randint(0, 20))
        ends = starts + timedelta(days=self._dice.choice([90, 180, 364]))
        seats = self._dice.randint(5, 60)
        order_id = self._api.create(
            {
                "entity": {"id": str(customer)},
                "orderStatus": {"id": "B"},
                "startDate": starts.isoformat(),
                "endDate": ends.isoformat(),
                "item": {"items": [{"item": {"id": "1"}, "quantity": seats, "rate": 49}]},
            }
        )
        self._orders[client.key].append(Order(order_id, f"#{order_id}", customer, starts, ends))
        self._say(client.key, f"new order of customer {customer}: {seats} seats until {ends}")

    def _extend(self, client: Client) -> None:
        order = self._one(client, lambda order: order.is_current(self._today))
        if order:
            self._end(order, order.ends + timedelta(days=365))
            self._say(client.key, f"order {order.number} is extended to {order.ends}")

    def shorten(self, client: Client) -> None:
        """An order of the client that is current ends in the past, and its people expire."""
        order = self._one(client, lambda order: order.is_current(self._today) and not order.usual_end)
        if order:
            self._shorten_order(order)
            self._say(client.key, f"order {order.number} is shortened to {order.ends}")

    def _lengthen_again(self, client: Client) -> None:
        order = self._one(client, lambda order: order.usual_end is not None)
        if order and order.usual_end:
            self._end(order, order.usual_end)
            order.usual_end = None
            self._say(client.key, f"order {order.number} runs to {order.ends} after all")
        else:
            self.shorten(client)

    def _cancel(self, client: Client) -> None:
        order = self._one(client, lambda order: order.is_current(self._today))
        if order:
            self._api.change(order.id, {"orderStatus": {"id": "C"}})
            order.cancelled = True
            self._say(client.key, f"order {order.number} is cancelled")

    def _mistype(self, client: Client) -> None:
        """An end before the start: the row is rejected, and the term that was accepted stays."""
        order = self._one(client, lambda order: order.is_current(self._today) and not order.usual_end)
        if order:
            wrong = order.starts - timedelta(days=1)
            self._api.change(order.id, {"endDate": wrong.isoformat()})
            order.usual_end = order.ends
            self._say(client.key, f"order {order.number} is mistyped: it would end on {wrong}, before its start")

    def _shorten_most(self, client: Client) -> None:
        current = [order for order in self._orders[client.key] if order.is_current(self._today)]
        some = self._dice.sample(current, max(min(LEAST_MASS, len(current)), int(MASS_SHARE * len(current))))
        for order in some:
            self._shorten_order(order)
        self._say(client.key, f"a mass update shortens {len(some)} of {len(current)} current orders")

    def _shorten_order(self, order: Order) -> None:
        order.usual_end = order.usual_end or order.ends
        self._end(order, max(order.starts, self._today - timedelta(days=self._dice.randint(2, 30))))

    def _end(self, order: Order, ends: date) -> None:
        self._api.change(order.id, {"endDate": ends.isoformat()})
        order.ends = ends

    def _one(self, client: Client, fits: Callable[[Order], bool]) -> Order | None:
        candidates = [order for order in self._orders[client.key] if fits(order)]
        return self._dice.choice(candidates) if candidates else None
