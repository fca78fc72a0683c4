"""Deleted sales orders, from NetSuite's `deletedrecord` table."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from connectors.errors import OperatorMustAct, RecordRejected, TryAgain
from connectors.netsuite import queries, suiteql
from connectors.netsuite.answers import QueryPage
from connectors.netsuite.client import NetSuiteClient
from connectors.netsuite.codes import error
from connectors.netsuite.dates import utc_instant
from connectors.netsuite.faults import broken
from connectors.netsuite.orders import Deletion
from connectors.netsuite.rows import by_lower_case, record_id

# What accounts answer where the role or the account has no such table; some have only their general errors for it.
_NOT_READABLE = {
    "netsuite-record-not-readable",
    "netsuite-permission-missing",
    "netsuite-unknown-field",
    "netsuite-query-refused",
    "netsuite-unexpected-error",
}


def read(client: NetSuiteClient, since: datetime) -> Iterator[list[Deletion]]:
    """Pages of sales orders deleted at or after `since`, oldest first.

    Raises OperatorMustAct `netsuite-deletions-not-readable` where the role may not read the table.
    """
    after: queries.DeletionKey | None = None
    last = False
    while not last:
        try:
            keys, last = client.query(queries.deleted(since, after), partial(_more_keys, after=after))
        except (OperatorMustAct, TryAgain) as problem:
            if problem.code in _NOT_READABLE:
                raise error(OperatorMustAct, "netsuite-deletions-not-readable", problem.message) from problem
            raise
        yield [Deletion(key.record_id, key.deleted_at) for key in keys if _is_sales_order(key.kind)]
        after = max(keys, default=after)


def _more_keys(page: QueryPage, after: queries.DeletionKey | None) -> tuple[list[queries.DeletionKey], bool]:
    keys = [key for item in page.items if (key := _key(bytes(item)))]
    if after is not None and any(key <= after for key in keys):
        raise broken("has deleted records that were read before")
    if not keys and not page.last:
        raise broken("announces more deleted records and has none")
    return keys, page.last


def _key(data: bytes) -> queries.DeletionKey | None:
    """None for a record that cannot be read or read behind: the full pull finds such a deletion."""
    try:
        row = by_lower_case(data)
        deleted_at = utc_instant(str(row.get("deleted", row.get("expr1"))))
        record = record_id(row.get("recordid"), "order-id-missing", "recordid")
        suiteql.text(kind := str(row.get("type", "")))
    except RecordRejected:
        return None
    return queries.DeletionKey(deleted_at, record, kind)


def _is_sales_order(kind: str) -> bool:
    """The kind's spelling is not documented: Sales Order, salesorder and SalesOrd are all taken."""
    return kind.replace(" ", "").lower() in {"salesorder", "salesord"}
