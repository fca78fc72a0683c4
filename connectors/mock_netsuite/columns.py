"""What a table of the account consists of: kinds of value, columns, tables.

A column is stored under its own name, or computed by an SQL template in which `{t}` stands for the table's alias.
"""

# ruff: noqa: S608  SQL is composed of the catalogue's own names; values are bound or quoted.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum


class Kind(Enum):
    """What a value is to SuiteQL."""

    NUMBER = "number"
    TEXT = "text"
    DATE = "date"  # a calendar date
    LOCAL = "local"  # date and time without a zone
    INSTANT = "instant"  # a point in time; stored as naive UTC, shown in the session's zone
    CONDITION = "condition"
    NULL = "null"


@dataclass(frozen=True, slots=True)
class Column:
    """`sql`: template when the value is computed. `display`: template of BUILTIN.DF, when it is not the value."""

    name: str
    kind: Kind
    sql: str | None = None
    display: str | None = None

    def read(self, alias: str) -> str:
        return self.sql.format(t=alias) if self.sql else f'{alias}."{self.name}"'


@dataclass(frozen=True)
class Table:
    """One SuiteQL record type; the columns of `key` identify a row."""

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, Column]
    feature: str | None = None

    def with_columns(self, extra: Iterable[Column]) -> Table:
        return replace(self, columns={**self.columns, **{column.name: column for column in extra}})

    @property
    def stored(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns.values() if column.sql is None)


def columns_from(specification: str) -> dict[str, Column]:
    """Columns from lines of `kind: name name …`."""
    found: dict[str, Column] = {}
    for line in filter(None, map(str.strip, specification.splitlines())):
        kind, names = line.split(":")
        found |= {name: Column(name, Kind(kind)) for name in names.split()}
    return found


def computed(kind: Kind, sql: str, *names: str) -> dict[str, Column]:
    """Columns that all read as one SQL template."""
    return {name: Column(name, kind, sql) for name in names}


def with_displays(columns: dict[str, Column], **displays: str) -> dict[str, Column]:
    """The columns, some with a template of what BUILTIN.DF shows."""
    return columns | {name: replace(columns[name], display=sql) for name, sql in displays.items()}


def name_of(table: str, column: str, name: str = "name") -> str:
    """Template of the name behind an id: column `name` of the row of `table` that `column` points to."""
    return f'(SELECT any_value(d."{name}") FROM "{table}" d WHERE d.id = {{t}}."{column}")'
