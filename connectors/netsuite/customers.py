"""Names of customers. Orders bring an id alone; the names take a query of their own, one for a thousand."""

# ruff: noqa: S608  NetSuite takes a query as one string; literals come from suiteql.py only

from collections.abc import Iterable, Iterator

from connectors.errors import OperatorMustAct, RecordRejected, TryAgain
from connectors.netsuite import suiteql
from connectors.netsuite.answers import QueryPage
from connectors.netsuite.client import NetSuiteClient
from connectors.netsuite.codes import error
from connectors.netsuite.rows import by_lower_case, record_id

NAME_LIMIT = 300
"""Characters. NetSuite's own limit is 83."""

# What accounts answer where the role may not read a table; some have only their general errors for it.
_NOT_READABLE = {
    "netsuite-record-not-readable",
    "netsuite-permission-missing",
    "netsuite-unknown-field",
    "netsuite-query-refused",
    "netsuite-unexpected-error",
}


class CustomerNames:
    """Reads what people call the customers of one account; safe to share between threads."""

    def __init__(self, client: NetSuiteClient) -> None:
        self._client = client

    def of(self, ids: Iterable[int]) -> dict[int, str]:
        """Names by customer id; one that NetSuite does not tell is left out.

        From the customer records, or, where the role may not read those, as orders show their customers. Raises
        TryAgain, OperatorMustAct, and `netsuite-customers-not-readable` when neither can be read.
        """
        return dict(pair for chunk in suiteql.chunks(ids) for pair in self._read(chunk))

    def _read(self, ids: list[int]) -> list[tuple[int, str]]:
        try:
            return self._client.query(_records(ids), _names)
        except (OperatorMustAct, TryAgain) as problem:
            if problem.code not in _NOT_READABLE:
                raise
        try:
            return self._client.query(_as_shown(ids), _names)
        except (OperatorMustAct, TryAgain) as problem:
            if problem.code not in _NOT_READABLE:
                raise
            raise error(OperatorMustAct, "netsuite-customers-not-readable", problem.message) from problem


def _records(ids: list[int]) -> str:
    columns = "c.id, c.entityid, c.companyname, c.firstname, c.lastname"
    return f"SELECT {columns} FROM customer c WHERE c.id IN {suiteql.integers(ids)} ORDER BY c.id"


def _as_shown(ids: list[int]) -> str:
    return (
        "SELECT DISTINCT BUILTIN.DF(t.entity) AS shown, t.entity AS id FROM transaction t"
        f" WHERE t.type = 'SalesOrd' AND t.entity IN {suiteql.integers(ids)} ORDER BY t.entity"
    )


def _names(page: QueryPage) -> list[tuple[int, str]]:
    return [pair for item in page.items for pair in _name(bytes(item))]


def _name(data: bytes) -> Iterator[tuple[int, str]]:
    """None for a row that tells no id or no name: nothing depends on it."""
    try:
        row = by_lower_case(data)
        customer_id = record_id(row.get("id"), "customer-missing", "customer")
    except RecordRejected:
        return
    person = " ".join(_text(row.get(part)) for part in ("firstname", "lastname")).strip()
    shown = row.get("shown", row.get("expr1"))
    name = _text(row.get("companyname")) or person or _text(row.get("entityid")) or _text(shown)
    if name:
        yield customer_id, name[:NAME_LIMIT]


def _text(value: object) -> str:
    """One line of text that a database can hold."""
    if not isinstance(value, str):
        return ""
    return " ".join(value.replace("\0", "").encode(errors="replace").decode().split())
