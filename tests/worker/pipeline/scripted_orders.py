"""A NetSuite account in memory that does what a test tells it: the pull's `Orders` without any network."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from connectors.errors import OperatorMustAct, TryAgain
from connectors.netsuite.sales_orders import Cursor, Deletion, IdRange, OrderPage, OrderRow, RejectedRow

MORNING = datetime(2026, 3, 2, 8, tzinfo=UTC)
Row = OrderRow | RejectedRow


def order(
    order_id: int,
    customer_id: int = 1,
    end: date | None = None,
    *,
    start: date | None = None,
    status: str = "B",
    number: str | None = None,
    modified_at: datetime = MORNING,
) -> OrderRow:
    """An order as the connector would hand it over; the payload differs whenever a value does."""
    number = number or f"SO{order_id}"
    values = [order_id, customer_id, number, status, str(start), str(end), modified_at.isoformat()]
    return OrderRow(order_id, number, customer_id, status, start, end, modified_at, json.dumps(values))


def bad(order_id: int | None, customer_id: int | None = 1, modified_at: datetime | None = MORNING) -> RejectedRow:
    """A row with a date nobody can read."""
    detail = "term end: '31.02.2026' is not a date"
    return RejectedRow(
        order_id, customer_id, modified_at, "date-unreadable", detail, f"[{order_id}, {modified_at}]"
    )


@dataclass
class ScriptedOrders:
    """`rows` is the account; `visible` what the role may see of it. `calls` counts questions by their name."""

    rows: dict[int, Row] = field(default_factory=dict)
    deletions: list[Deletion] = field(default_factory=list)
    clock: datetime = MORNING + timedelta(hours=1)
    page_size: int = 3
    visible: Callable[[int], bool] = lambda order_id: True
    deletions_readable: bool = True
    # Called before each page, with its number from 1 on: may raise, wait, or change the account.
    before_page: Callable[[int], None] = lambda number: None
    nameless: list[RejectedRow] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)

    @property
    def requests_sent(self) -> int:
        return sum(self.calls.values())

    def put(self, *rows: Row) -> None:
        for row in rows:
            assert row.order_id is not None
            self.rows[row.order_id] = row

    def later(self, hours: float = 1) -> datetime:
        """Let time pass in NetSuite. Returns its new present."""
        self.clock += timedelta(hours=hours)
        return self.clock

    def delete(self, order_id: int) -> None:
        del self.rows[order_id]
        self.deletions.append(Deletion(order_id, self.clock))

    # what a pull asks

    def now(self) -> datetime:
        self._count("now")
        return self.clock

    def id_ranges(self) -> list[IdRange]:
        self._count("id_ranges")
        ids = sorted(self._seen())
        edges = [0, *ids[self.page_size - 1 :: self.page_size]]
        highs: list[int | None] = [*edges[1:], None]
        return [IdRange(low, high) for low, high in zip(edges, highs, strict=True)]

    def in_range(self, ids: IdRange) -> Iterator[OrderPage]:
        low, last = ids.low, False
        while not last:
            self._page()
            inside = [n for n in sorted(self._seen()) if n > low and (ids.high is None or n <= ids.high)]
            chunk, last = inside[: self.page_size], len(inside) <= self.page_size
            high = ids.high if last else chunk[-1]
            yield self._answer([self.rows[n] for n in chunk], last, low=low, high=high)
            low = chunk[-1] if chunk else low

    def changed(self, since: datetime, until: datetime, after: Cursor | None = None) -> Iterator[OrderPage]:
        last = False
        while not last:
            self._page()
            found = [
                ((row.modified_at, number), row)
                for number, row in self._seen().items()
                if row.modified_at is not None and since <= row.modified_at < until
            ]
            found = sorted((key, row) for key, row in found if after is None or key > tuple(after))
            chunk, last = found[: self.page_size], len(found) <= self.page_size
            after = Cursor(*chunk[-1][0]) if chunk else after
            yield self._answer([row for _, row in chunk], last, cursor=after if chunk else None)

    def of_customers(self, customers: Iterable[int]) -> Iterator[OrderPage]:
        wanted = set(customers)
        return self._all(lambda row: row.customer_id in wanted)

    def by_ids(self, ids: Iterable[int]) -> Iterator[OrderPage]:
        wanted = set(ids)
        return self._all(lambda row: row.order_id in wanted)

    def by_number(self, number: str) -> Iterator[OrderPage]:
        return self._all(lambda row: isinstance(row, OrderRow) and row.number == number)

    def existing_ids(self, ids: Iterable[int]) -> set[int]:
        self._count("existing_ids")
        return set(ids) & self._seen().keys()

    def deleted(self, since: datetime) -> Iterator[list[Deletion]]:
        self._count("deleted")
        if not self.deletions_readable:
            raise OperatorMustAct("netsuite-deletions-not-readable", "The role may not.", "Ask for it.")
        yield [deletion for deletion in self.deletions if deletion.deleted_at >= since]

    # inside

    def _seen(self) -> dict[int, Row]:
        return {number: row for number, row in self.rows.items() if self.visible(number)}

    def _all(self, wanted: Callable[[Row], bool]) -> Iterator[OrderPage]:
        found = [row for _, row in sorted(self._seen().items()) if wanted(row)]
        while found:
            self._page()
            chunk, found = found[: self.page_size], found[self.page_size :]
            yield self._answer(chunk, not found)

    def _page(self) -> None:
        self._count("pages")
        self.before_page(self.calls["pages"])

    def _count(self, name: str) -> None:
        self.calls[name] = self.calls.get(name, 0) + 1

    def _answer(self, rows: list[Row], last: bool, **bounds: Any) -> OrderPage:
        orders = [row for row in rows if isinstance(row, OrderRow)]
        rejected = [row for row in rows if isinstance(row, RejectedRow)] + self.nameless
        place = {"low": None, "high": None, "cursor": None, **bounds}
        return OrderPage(orders, rejected, last=last, read_at=datetime.now(UTC), **place)


def fails_at(page: int) -> Callable[[int], None]:
    """For `before_page`: NetSuite breaks off at that page."""

    def fail(number: int) -> None:
        if number == page:
            raise TryAgain("netsuite-unavailable", "NetSuite does not answer.", "Wait.")

    return fail
