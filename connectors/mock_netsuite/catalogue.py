"""Which tables and columns the account has, and which of them a role sees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from connectors.mock_netsuite.columns import Column, Kind, Table
from connectors.mock_netsuite.tables import STANDARD_TABLES


@dataclass(frozen=True)
class Catalogue:
    """The account's tables as one role sees them."""

    tables: Mapping[str, Table]
    hidden_tables: frozenset[str] = frozenset()
    hidden_columns: frozenset[str] = frozenset()  # exist, but the role may not see them
    absent_columns: frozenset[str] = frozenset()  # do not exist in this account
    row_filters: Mapping[str, str] = field(default_factory=dict)  # table → condition on {t}
    latest_term: str | None = None  # ISO date: later term dates read as this one


_OTHER_DATES = frozenset({"trandate", "duedate", "shipdate", "closedate"})


def is_term_date(table: str, column: Column) -> bool:
    """Whether a term may be read from this column; custom date fields count."""
    tables = ("transaction", "transactionline", "subscription")
    return table in tables and column.kind is Kind.DATE and column.name not in _OTHER_DATES


_PREFIXES = {"custbody": "transaction", "custcol": "transactionline", "custentity": "customer"}


def catalogue(
    features: Mapping[str, bool],
    custom: Iterable[tuple[str, Kind]] = (),
    hidden_tables: frozenset[str] = frozenset(),
    hidden_columns: frozenset[str] = frozenset(),
) -> Catalogue:
    """The account's catalogue: `features` switches tables on or off, `custom` adds (scriptid, kind) fields."""
    tables = dict(STANDARD_TABLES)
    for scriptid, kind in custom:
        name = _PREFIXES[scriptid.split("_")[0]]
        tables[name] = tables[name].with_columns([Column(scriptid, kind)])
    off = {name for name, table in tables.items() if table.feature and not features.get(table.feature, True)}
    absent = frozenset() if features.get("one_world", True) else frozenset({"transactionline.subsidiary"})
    return Catalogue(tables, hidden_tables | off, hidden_columns, absent)


def custom_fields(tables: Mapping[str, Table]) -> list[Column]:
    """Every custbody_, custcol_ and custentity_ column of the account."""
    return [
        column
        for table in tables.values()
        for column in table.columns.values()
        if column.name.split("_")[0] in _PREFIXES
    ]
