"""The sales-order queries: one call a page, in a total order, continued by key and never by offset.

Offsets move when rows do and end at 100,000; a key does neither.
"""

# ruff: noqa: S608  NetSuite takes a query as one string; names and literals come from suiteql.py only

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from connectors.netsuite import suiteql
from connectors.netsuite.fields import TermField, TermFields
from connectors.netsuite.orders import Cursor, IdRange

MODIFIED = "modified"

_SALES_ORDERS = "t.type = 'SalesOrd'"
_LINES_OF_ORDER = "FROM transactionline l WHERE l.transaction = t.id AND l.mainline = 'F' AND l.taxline = 'F'"
_ZONE_MARGIN = timedelta(days=1)


class OrderQueries:
    """SQL for one mapping. `expressions` are the aliases of computed columns, in the order they are selected.

    They come first in the list: some accounts ignore aliases and name computed columns expr1, expr2, …, which is
    then the same whether they count computed columns or all of them.
    """

    def __init__(self, term_start: TermFields, term_end: TermFields) -> None:
        self.has_lines = term_start.on_lines or term_end.on_lines
        columns = {MODIFIED: _modified(self.has_lines)}
        columns |= {f"start_{n}": _term(field, "MIN") for n, field in enumerate(term_start.candidates, 1)}
        columns |= {f"end_{n}": _term(field, "MAX") for n, field in enumerate(term_end.candidates, 1)}
        self.expressions = tuple(columns)
        selected = [f"{expression} AS {alias}" for alias, expression in columns.items()]
        self._columns = ", ".join([*selected, "t.id", "t.tranid", "t.entity", "t.status"])
        self._names = (*self.expressions, "id", "tranid", "entity", "status")

    def in_range(self, ids: IdRange) -> str:
        end = "" if ids.high is None else f" AND t.id <= {suiteql.integer(ids.high)}"
        return self._by_id(f"t.id > {suiteql.integer(ids.low)}{end}")

    def by_ids(self, ids: Sequence[int], after: int) -> str:
        return self._by_id(f"t.id IN {suiteql.integers(ids)} AND t.id > {suiteql.integer(after)}")

    def of_customers(self, customers: Sequence[int], after: int) -> str:
        return self._by_id(f"t.entity IN {suiteql.integers(customers)} AND t.id > {suiteql.integer(after)}")

    def by_number(self, number: str, after: int) -> str:
        return self._by_id(f"t.tranid = {suiteql.text(number)} AND t.id > {suiteql.integer(after)}")

    def changed(self, since: datetime, until: datetime, after: Cursor | None) -> str:
        """Orders modified in [since, until), by (modified, id).

        The bare comparison of the stored column is there for its index, a day early because its zone is the
        session's; the exact one is on the UTC text. What lies behind the cursor has been read and is left out.
        """
        touched = self._touched(after.modified_at if after else since)
        rows = f"SELECT {self._columns} FROM transaction t WHERE {_SALES_ORDERS} AND {touched}"
        window = f"o.{MODIFIED} >= {suiteql.utc_second(since)} AND o.{MODIFIED} < {suiteql.utc_second(until)}"
        names = ", ".join(f"o.{name}" for name in self._names)
        key = (f"o.{MODIFIED}", "o.id")
        position = "" if after is None else f" AND {_beyond(key, after)}"
        return f"SELECT {names} FROM ({rows}) o WHERE {window}{position} ORDER BY {', '.join(key)}"

    def probe(self, field: TermField | None) -> str:
        """A query for no rows that NetSuite can only answer if it knows the columns: all, or just one."""
        columns = self._columns if field is None else f"{_term(field, 'MIN')} AS probe"
        return f"SELECT {columns} FROM transaction t WHERE {_SALES_ORDERS} AND t.id = 0"

    def sample(self, field: TermField) -> str:
        """One field of the newest orders."""
        selected = f"{_term(field, 'MIN')} AS probe, t.id"
        return f"SELECT {selected} FROM transaction t WHERE {_SALES_ORDERS} ORDER BY t.id DESC"

    def _by_id(self, condition: str) -> str:
        return f"SELECT {self._columns} FROM transaction t WHERE {_SALES_ORDERS} AND {condition} ORDER BY t.id"

    def _touched(self, since: datetime) -> str:
        bound = suiteql.local_second(since - _ZONE_MARGIN)
        if not self.has_lines:
            return f"t.lastmodifieddate >= {bound}"
        # A line can change without its order; UNION lets each side use its own index, where OR would use none.
        return (
            f"t.id IN (SELECT h.id FROM transaction h WHERE h.type = 'SalesOrd' AND h.lastmodifieddate >= {bound}"
            f" UNION SELECT l.transaction FROM transactionline l WHERE l.linelastmodifieddate >= {bound})"
        )


def page_edges(page_size: int, after: int) -> str:
    """Every `page_size`-th sales-order id above `after`, in order."""
    numbered = (
        "SELECT t.id AS id, ROW_NUMBER() OVER (ORDER BY t.id) AS position"
        f" FROM transaction t WHERE {_SALES_ORDERS}"
    )
    return (
        f"SELECT e.id FROM ({numbered}) e WHERE MOD(e.position, {suiteql.integer(page_size)}) = 0"
        f" AND e.id > {suiteql.integer(after)} ORDER BY e.id"
    )


def existing(ids: Sequence[int]) -> str:
    """Which of these ids are visible at all, whatever else can be read of them."""
    return f"SELECT t.id FROM transaction t WHERE t.id IN {suiteql.integers(ids)} ORDER BY t.id"


class DeletionKey(NamedTuple):
    """Where a read of deleted records stands; ids are unique within a kind only."""

    deleted_at: datetime
    record_id: int
    kind: str


def deleted(since: datetime, after: DeletionKey | None) -> str:
    """Deleted records of every kind since then, by (time, id, kind)."""
    moment = suiteql.utc_text("d.deleteddate")
    position = "" if after is None else f" AND {_beyond_deletion(moment, after)}"
    return (
        f"SELECT {moment} AS deleted, d.recordid, d.type FROM deletedrecord d"
        f" WHERE d.deleteddate >= {suiteql.local_second(since - _ZONE_MARGIN)}"
        f" AND {moment} >= {suiteql.utc_second(since)}{position} ORDER BY {moment}, d.recordid, d.type"
    )


def _beyond(key: tuple[str, str], after: Cursor) -> str:
    moment, row_id = key
    text = suiteql.utc_second(after.modified_at)
    return f"({moment} > {text} OR ({moment} = {text} AND {row_id} > {suiteql.integer(after.order_id)}))"


def _beyond_deletion(moment: str, after: DeletionKey) -> str:
    text, number = suiteql.utc_second(after.deleted_at), suiteql.integer(after.record_id)
    same_record = f"d.recordid = {number} AND d.type > {suiteql.text(after.kind)}"
    return f"({moment} > {text} OR ({moment} = {text} AND (d.recordid > {number} OR ({same_record}))))"


def _modified(with_lines: bool) -> str:
    header = suiteql.utc_text("t.lastmodifieddate")
    if not with_lines:
        return header
    newest_line = f"(SELECT MAX({suiteql.utc_text('l.linelastmodifieddate')}) {_LINES_OF_ORDER})"
    return f"GREATEST({header}, NVL({newest_line}, {header}))"


def _term(field: TermField, pick: str) -> str:
    """MIN or MAX: of several lines the earliest start and the latest end count."""
    name = suiteql.identifier(field.name)
    if field.place == "header":
        return suiteql.day_text(f"t.{name}")
    picked = suiteql.day_text(f"{pick}(l.{name})")
    return f"(SELECT {picked} {_LINES_OF_ORDER})"
