"""Sales orders as pages: by internal id, by time of change, by customer, id or number; and what was deleted.

Every page is checked against what was asked (order, bounds, progress) before it is handed on, because a page that
is silently short or repeated would later read as orders that are gone.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

from connectors.errors import OperatorMustAct, TryAgain
from connectors.netsuite import deletions, queries, suiteql
from connectors.netsuite.answers import QueryPage
from connectors.netsuite.client import NetSuiteClient
from connectors.netsuite.codes import error
from connectors.netsuite.faults import UnknownField, broken
from connectors.netsuite.fields import DEFAULT_END, DEFAULT_START, TermField, TermFields
from connectors.netsuite.orders import Cursor, Deletion, IdRange, OrderPage, OrderRow, RejectedRow
from connectors.netsuite.rows import RowReader, by_lower_case, only_ids

__all__ = [
    "Cursor",
    "Deletion",
    "FieldFinding",
    "IdRange",
    "OrderPage",
    "OrderRow",
    "RejectedRow",
    "SalesOrders",
    "TermFields",
]

_NAMES_NOTHING = {"netsuite-query-refused", "netsuite-unexpected-error"}
"""What NetSuite says of a query it cannot answer, without saying of what part."""

Key = tuple[datetime, int]
P = TypeVar("P")


class _Rows(NamedTuple):
    """The rows of one answer, and whether they are the last."""

    orders: list[OrderRow]
    rejected: list[RejectedRow]
    last: bool
    read_at: datetime

    def page(self, low: int | None = None, high: int | None = None, cursor: Cursor | None = None) -> OrderPage:
        return OrderPage(self.orders, self.rejected, low, high, cursor, self.last, self.read_at)

    def ids(self) -> list[int]:
        return [row.order_id for row in self._all() if row.order_id is not None]

    def keys(self) -> list[Key]:
        rows = [(row.modified_at, row.order_id) for row in self._all()]
        return [(moment, row_id) for moment, row_id in rows if moment is not None and row_id is not None]

    def _all(self) -> list[OrderRow | RejectedRow]:
        return [*self.orders, *self.rejected]


class FieldFinding(NamedTuple):
    """One mapped field: in how many of the orders looked at it holds a date, or why it cannot be read."""

    setting: str
    field: str
    looked_at: int = 0
    filled: int = 0
    problem: str | None = None


class SalesOrders:
    """Reads one account's sales orders with one mapping of term fields; safe to share between threads.

    All reads may raise TryAgain, OperatorMustAct and NotFound (of the address); `netsuite-unknown-field` names the
    setting to correct. Pages are fetched as they are asked for, never more than one is held.
    """

    def __init__(
        self,
        client: NetSuiteClient,
        term_start: TermFields = DEFAULT_START,
        term_end: TermFields = DEFAULT_END,
        page_size: int = 1000,
    ) -> None:
        self._client = client
        self._mapping = (term_start, term_end)
        self._page_size = page_size
        self._queries = queries.OrderQueries(term_start, term_end)
        self._reader = RowReader(self._queries.expressions, term_start, term_end)

    @property
    def requests_sent(self) -> int:
        """Requests this reader's client has sent, retries among them."""
        return self._client.calls

    def now(self) -> datetime:
        """NetSuite's own clock, aware UTC: the upper bound of a window is measured by it, never by ours."""
        return self._client.server_time()

    def id_ranges(self, page_size: int | None = None) -> list[IdRange]:
        """All ids, cut into adjoining ranges of `page_size` present orders; the first from 0, the last open.

        One call for every million orders. An account that refuses the window function gets one open range.
        """
        try:
            edges = self._page_edges(page_size or self._page_size)
        except (OperatorMustAct, TryAgain) as problem:
            if problem.code not in _NAMES_NOTHING:
                raise
            edges = []
        return [IdRange(low, high) for low, high in zip([0, *edges], [*edges, None], strict=True)]

    def in_range(self, ids: IdRange) -> Iterator[OrderPage]:
        """Every order with an id in the range, by id; the pages' (low, high] adjoin and cover it."""
        low, last = ids.low, False
        while not last:
            query = self._queries.in_range(IdRange(low, ids.high))
            rows, reached = self._ask(query, partial(_highest_id, low=low, high=ids.high))
            last = rows.last
            yield rows.page(low, ids.high if last else reached)
            low = reached

    def changed(self, since: datetime, until: datetime, after: Cursor | None = None) -> Iterator[OrderPage]:
        """Orders modified in [since, until), header or mapped lines, by (modified, id), behind `after`."""
        last = False
        while not last:
            query = self._queries.changed(since, until, after)
            rows, after = self._ask(query, partial(_latest, after=after, since=since, until=until))
            last = rows.last
            yield rows.page(cursor=after if rows.orders or rows.rejected else None)

    def of_customers(self, customers: Iterable[int]) -> Iterator[OrderPage]:
        """Every order of these customers."""
        return self._in_chunks(customers, self._queries.of_customers)

    def by_ids(self, ids: Iterable[int]) -> Iterator[OrderPage]:
        """These orders; an id that is gone or not a sales order just does not come."""
        return self._in_chunks(ids, self._queries.by_ids)

    def by_number(self, number: str) -> Iterator[OrderPage]:
        """Orders with exactly this number (there may be several). RecordRejected `text-not-queryable`."""
        return self._by_id(partial(self._queries.by_number, number))

    def existing_ids(self, ids: Iterable[int]) -> set[int]:
        """Which of these transactions the role can still see. Asks for nothing else, so no field can hide one."""
        return {
            found
            for chunk in suiteql.chunks(ids)
            for found in self._client.query(queries.existing(chunk), _all_ids)
        }

    def deleted(self, since: datetime) -> Iterator[list[Deletion]]:
        """Sales orders NetSuite says were deleted at or after `since`.

        Raises OperatorMustAct `netsuite-deletions-not-readable` where the role may not read that list.
        """
        return deletions.read(self._client, since)

    def check_fields(self) -> None:
        """One query for no rows; raises `netsuite-unknown-field` naming the field and its setting.

        Some accounts answer an unknown field with an internal error, and any a field that is no date with one that
        names nothing: then every field is tried by itself.
        """
        try:
            self._ask(self._queries.probe(None), _no_rows)
        except (OperatorMustAct, TryAgain) as problem:
            if problem.code not in _NAMES_NOTHING:
                raise
            for mapping in self._mapping:
                for field in mapping.candidates:
                    self._check_one(field, mapping.setting)
            raise

    def examine_fields(self, sample: int = 100) -> list[FieldFinding]:
        """Each mapped field asked for by itself, one call each: whether NetSuite knows it, and in how many of the
        `sample` newest orders it holds a date. A field that cannot be asked for has the error in its finding.
        """
        return [
            self._examine(field, mapping.setting, sample)
            for mapping in self._mapping
            for field in mapping.candidates
        ]

    def _examine(self, field: TermField, setting: str, sample: int) -> FieldFinding:
        query = self._queries.sample(field)
        try:
            values = self._client.query(query, _probed, limit=sample)
        except (OperatorMustAct, TryAgain) as problem:
            if problem.code not in {*_NAMES_NOTHING, "netsuite-unknown-field"}:
                raise
            return FieldFinding(setting, str(field), problem=problem.message)
        return FieldFinding(setting, str(field), len(values), sum(value is not None for value in values))

    def _check_one(self, field: TermField, setting: str) -> None:
        try:
            self._ask(self._queries.probe(field), _no_rows)
        except (OperatorMustAct, TryAgain) as problem:
            if problem.code not in _NAMES_NOTHING:
                raise
            message = f"NetSuite cannot answer for {field} of {setting}"
            raise error(OperatorMustAct, "netsuite-unknown-field", message) from problem

    def _in_chunks(self, ids: Iterable[int], query: Callable[[Sequence[int], int], str]) -> Iterator[OrderPage]:
        chunks = suiteql.chunks(ids)
        for position, chunk in enumerate(chunks, 1):
            for page in self._by_id(partial(query, chunk)):
                yield page._replace(last=page.last and position == len(chunks))

    def _by_id(self, query: Callable[[int], str]) -> Iterator[OrderPage]:
        after, last = 0, False
        while not last:
            rows, after = self._ask(query(after), partial(_highest_id, low=after, high=None))
            last = rows.last
            yield rows.page()

    def _page_edges(self, page_size: int) -> list[int]:
        edges: list[int] = []
        last = False
        while not last:
            after = edges[-1] if edges else 0
            query = queries.page_edges(page_size, after)
            found, last = self._client.query(query, partial(_more_ids, after=after))
            edges += found
        return edges

    def _ask(self, query: str, position: Callable[[_Rows], P]) -> tuple[_Rows, P]:
        """The rows, and where the read stands after them; `position` raises TryAgain when they do not fit."""
        read_at = datetime.now(UTC)

        def read(page: QueryPage) -> tuple[_Rows, P]:
            orders, rejected = self._reader.read(page.items)
            rows = _Rows(orders, rejected, page.last, read_at)
            return rows, position(rows)

        try:
            return self._client.query(query, read, self._page_size)
        except UnknownField as problem:
            raise self._with_setting(problem) from None

    def _with_setting(self, problem: UnknownField) -> OperatorMustAct:
        settings = [mapping.setting for mapping in self._mapping if mapping.has(problem.field)]
        if not settings:
            return problem
        return UnknownField(problem.field, f"{problem.message} It is named in {' and '.join(settings)}.")


def _no_rows(rows: _Rows) -> None:
    _must(not rows.orders and not rows.rejected, "rows came where none can be")


def _probed(page: QueryPage) -> list[object]:
    """The values of the one computed column; some accounts ignore its alias."""
    rows = [by_lower_case(bytes(item)) for item in page.items]
    return [row.get("probe", row.get("expr1")) for row in rows]


def _all_ids(page: QueryPage) -> list[int]:
    _must(page.last, "more ids are announced than were asked for")
    return only_ids(page.items)


def _more_ids(page: QueryPage, after: int) -> tuple[list[int], bool]:
    """Ids behind `after`, each once, and whether they are the last."""
    found = list(dict.fromkeys(only_ids(page.items)))
    _must(_ascending([after, *found]) and after not in found, "page edges are not in the asked order")
    _must(page.last or bool(found), "more page edges are announced, none given")
    return found, page.last


def _highest_id(rows: _Rows, low: int, high: int | None) -> int:
    """The id the next page starts behind; TryAgain when the page does not answer the question."""
    ids = rows.ids()
    _must(all(low < row_id and (high is None or row_id <= high) for row_id in ids), "rows outside the asked ids")
    _must(_ascending([row.order_id for row in rows.orders]), "rows are not in the asked order")
    _must(rows.last or bool(ids), "more rows are announced, none given")
    return max(ids, default=low)


def _latest(rows: _Rows, after: Cursor | None, since: datetime, until: datetime) -> Cursor | None:
    keys = rows.keys()
    start = after or Cursor(since.replace(microsecond=0), 0)
    _must(all(start < key and key[0] < until for key in keys), "rows outside the asked time")
    _must(_ascending([(row.modified_at, row.order_id) for row in rows.orders]), "rows are not in the asked order")
    _must(rows.last or bool(keys), "more rows are announced, none given")
    return Cursor(*max(keys)) if keys else after


def _ascending(values: list[Any]) -> bool:
    """In order, leaving aside rows that come a second time."""
    return all(a < b for a, b in pairwise(dict.fromkeys(values)))


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise broken(f"contradicts the query: {otherwise}")
