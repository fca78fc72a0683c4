"""The mocked account: its rows, its clock, who may see what, and the parts that answer requests."""

from __future__ import annotations

import heapq
import random
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count

from connectors.mock_netsuite.catalogue import Catalogue, catalogue
from connectors.mock_netsuite.chaos import Chaos, Fault
from connectors.mock_netsuite.clock import Clock
from connectors.mock_netsuite.columns import Kind
from connectors.mock_netsuite.config import Endpoint, MockConfig
from connectors.mock_netsuite.data import FIRST_ORDER_ID, STRIDE, DataBuilder
from connectors.mock_netsuite.governance import Governance
from connectors.mock_netsuite.login import Login
from connectors.mock_netsuite.messages import Request
from connectors.mock_netsuite.records.changes import Change, Numbers
from connectors.mock_netsuite.records.types import record_types
from connectors.mock_netsuite.store import Store
from connectors.mock_netsuite.suiteql import engine, masks
from connectors.mock_netsuite.suiteql.values import Session


@dataclass(frozen=True)
class View:
    """The account as one request sees it, faults included."""

    catalogue: Catalogue
    zone: str
    date_format: str
    shuffle: int | None = None
    commit_delay: float = 0.0  # seconds until a write is seen


class Account:
    """One account, shared by all requests. Safe to use from several threads."""

    def __init__(self, config: MockConfig) -> None:
        self.config = config
        self.clock = Clock(config.clock_offset)
        self.chaos = Chaos(config.faults)
        self.governance = Governance(
            config.concurrency, config.over_limit, config.queue_seconds, config.retry_after
        )
        self.login: Login = Login(config, self.clock)
        self.latency: Mapping[Endpoint, float] = config.latency
        self.line_edits_bump_header = config.line_edits_bump_header
        custom = [(field.scriptid, Kind(field.kind)) for field in config.custom_fields]
        features = {"one_world": config.one_world, "suite_billing": config.suite_billing}
        self.catalogue = catalogue(features, custom, config.hidden_tables, config.hidden_columns)
        self.record_types = record_types(self.catalogue.tables)
        self.store = Store(self.catalogue.tables, config.memory_limit, config.query_seconds)
        engine.prepare(self.store)
        self._builder = DataBuilder(self.store, config, config.today or self.clock.now().date())
        self._builder.build(self.catalogue.tables)
        self.numbers = Numbers(self.store)
        self._shuffles = count(1)
        self._late = threading.Lock()
        self._pending: list[tuple[float, int, Change]] = []
        self._pending_numbers = count(1)

    def close(self) -> None:
        self.store.close()

    def url(self, request: Request, path: str) -> str:
        """An absolute URL on the host the client spoke to."""
        return f"{self.config.scheme}://{request.host}{path}"

    # what a request sees

    def view(self, faults: Iterable[Fault] = ()) -> View:
        """The account under the faults that hit one request."""
        view = View(self.catalogue, self.config.time_zone, masks.from_preference(self.config.date_format))
        for fault in faults:
            view = self._under(view, fault)
        return view

    def _under(self, view: View, fault: Fault) -> View:
        seen = view.catalogue
        match fault.kind:
            case "empty":
                seen = _filtered(seen, ("transaction",), "false")
            case "half":
                seen = _filtered(seen, ("transaction",), "hash({t}.id) % 2 = 0")
            case "hidden-subsidiary":
                tables = ("transaction", "transactionline", "customer")
                seen = _filtered(seen, tables, f"{{t}}.subsidiary IS DISTINCT FROM {fault.subsidiary:d}")
            case "past-terms":
                last = self.clock.now().date().replace(day=1)
                seen = replace(seen, latest_term=last.replace(year=last.year - 1).isoformat())
            case "hidden-table":
                seen = replace(seen, hidden_tables=seen.hidden_tables | {fault.table})
            case "hidden-column":
                seen = replace(seen, hidden_columns=seen.hidden_columns | {fault.column})
            case "shuffled":
                return replace(view, shuffle=next(self._shuffles))
            case "late-commit":
                return replace(view, commit_delay=fault.seconds)
        return replace(view, catalogue=seen)

    def session(self, view: View) -> Session:
        return Session(
            view.catalogue,
            view.zone,
            view.date_format,
            self.clock.now().replace(tzinfo=None),
            self.config.unknown_column_status,
            view.shuffle,
        )

    # changes

    def commit(self, change: Change, delay: float = 0.0) -> None:
        """Applies a change, now or `delay` seconds from now by the account's clock."""
        if not delay:
            change.apply(self.store)
            return
        with self._late:
            due = self.clock.seconds() + delay
            heapq.heappush(self._pending, (due, next(self._pending_numbers), change))

    def settle(self, everything: bool = False) -> int:
        """Applies late commits that are due, or all of them; returns how many."""
        applied = 0
        with self._late:
            while self._pending and (everything or self._pending[0][0] <= self.clock.seconds()):
                heapq.heappop(self._pending)[2].apply(self.store)
                applied += 1
        return applied

    @property
    def pending(self) -> int:
        return len(self._pending)

    def churn(self, amount: int, seed: int) -> list[int]:
        """Changes so many orders, as other users do while a client reads; returns their ids."""
        rows = self.store.rows(
            "SELECT id FROM \"transaction\" WHERE type = 'SalesOrd' ORDER BY hash(id, ?) LIMIT ?", [seed, amount]
        )
        change = Change(0)
        for (order_id,) in rows:
            values = {"memo": f"Changed while read, {seed}", "lastmodifieddate": self.clock.modified()}
            change.update("transaction", values, "id = ?", [order_id])
        change.apply(self.store)
        return [int(row[0]) for row in rows]

    def churn_by_chance(self, amount: int) -> None:
        self.churn(amount, random.getrandbits(31))

    def seed_orders(self, amount: int, modified: datetime | None = None) -> tuple[int, int]:
        """Adds orders in bulk, changed at `modified` (aware; now when unset); returns the range of their ids."""
        slot = max(0, (self.numbers.last("transaction") - FIRST_ORDER_ID) // STRIDE + 1)
        moment = (
            modified.astimezone(UTC).replace(tzinfo=None, microsecond=0) if modified else self.clock.modified()
        )
        self._builder.more_orders(amount, slot, moment)
        self.numbers.restart()
        low = FIRST_ORDER_ID + slot * STRIDE
        return low, low + amount * STRIDE - 1


def _filtered(seen: Catalogue, tables: Iterable[str], condition: str) -> Catalogue:
    """The catalogue with one more condition on the rows of some tables."""
    filters = dict(seen.row_filters)
    for table in tables:
        filters[table] = f"{filters[table]} AND {condition}" if table in filters else condition
    return replace(seen, row_filters=filters)
