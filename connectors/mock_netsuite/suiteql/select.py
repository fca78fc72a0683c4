"""A translated query, and the statements that page through it.

There are two shapes. In a *plain* query each row of the answer is one row of FROM: its page is cut on the sort
keys alone, before costly columns are computed, so that a page costs the same at any depth. Anything with
grouping, DISTINCT, window functions or set operations is *compound*: computed whole, then cut.
"""

# ruff: noqa: S608  SQL is composed of the catalogue's own names; values are bound or quoted.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from connectors.mock_netsuite.columns import Kind
from connectors.mock_netsuite.suiteql import masks
from connectors.mock_netsuite.suiteql.scope import Source
from connectors.mock_netsuite.suiteql.values import Session, Trait, Value, to_local


@dataclass(frozen=True)
class Output:
    """One column of the answer; `name` is its lower-case key. Hidden ones only sort."""

    name: str
    value: Value
    hidden: bool = False

    @property
    def label(self) -> str:
        return '"' + self.name.replace('"', '""') + '"'


@dataclass(frozen=True)
class Term:
    """One term of ORDER BY: a value, and the output that carries it in a compound query."""

    value: Value
    output: Output | None
    direction: str


@dataclass(frozen=True)
class Select:
    """A SELECT or a set operation of them. `body` is set for a set operation; then FROM and WHERE are not."""

    outputs: tuple[Output, ...]
    sources: tuple[Source, ...] = ()
    from_sql: str = ""
    where: str | None = None
    tail: str = ""  # GROUP BY, HAVING, QUALIFY
    distinct: bool = False
    body: str | None = None
    order: tuple[Term, ...] = ()
    skip: int = 0
    fetch: int | None = None

    @property
    def plain(self) -> bool:
        special = Trait.AGGREGATE | Trait.WINDOW
        values = [output.value for output in self.outputs] + [term.value for term in self.order]
        return not (self.body or self.tail or self.distinct or any(value.traits & special for value in values))

    @property
    def visible(self) -> list[Output]:
        return [output for output in self.outputs if not output.hidden]

    # as part of another query

    def raw_sql(self) -> str:
        """The query with its values unformatted, for use inside another one."""
        if self.plain:
            columns = self._named(self.visible)
            order = [term.value.sql + term.direction for term in self.order]
            return f"SELECT {columns} FROM {self.from_sql}{self._where()}{_ordered(order)}{self._own_window()}"
        order = self._compound_order()
        columns = ", ".join(output.label for output in self.visible)
        return f"SELECT {columns} FROM ({self._rows()}) q{_ordered(order)}{self._own_window()}"

    def _own_window(self) -> str:
        fetch = "" if self.fetch is None else f" LIMIT {self.fetch}"
        return fetch + (f" OFFSET {self.skip}" if self.skip else "")

    def _named(self, outputs: Sequence[Output]) -> str:
        return ", ".join(f"{output.value.sql} AS {output.label}" for output in outputs)

    def _where(self) -> str:
        return f" WHERE {self.where}" if self.where else ""

    def _rows(self) -> str:
        """All rows of a compound query, in no order."""
        if self.body is not None:
            return self.body
        word = "DISTINCT " if self.distinct else ""
        return f"SELECT {word}{self._named(self.outputs)} FROM {self.from_sql}{self._where()}{self.tail}"

    def _compound_order(self) -> list[str]:
        return [term.output.label + term.direction for term in self.order if term.output is not None]

    # as a page of an answer

    def count_sql(self) -> str:
        """Number of rows before OFFSET and FETCH."""
        rows = f"{self.from_sql}{self._where()}" if self.plain else f"({self._rows()}) q"
        return f"SELECT count(*) FROM {rows}"

    def page_sql(self, limit: int, offset: int, session: Session) -> str:
        """The rows from `offset` on, every value as SuiteQL prints it (numbers excepted)."""
        window = f" LIMIT {limit} OFFSET {offset}"
        if not self.plain:
            shown = ", ".join(_shown(replace(output.value, sql=output.label), session) for output in self.visible)
            order = _ordered(self._compound_order() + self._shuffle_compound(session))
            return f"SELECT {shown} FROM ({self._rows()}) q{order}{window}"
        shown = ", ".join(_shown(output.value, session) for output in self.visible)
        order = _ordered([term.value.sql + term.direction for term in self.order] + self._shuffle(session))
        if self._costly():
            alias = self.sources[0].quoted_alias
            rows = f"SELECT {alias}.* FROM {self.from_sql}{self._where()}{order}{window}"
            return f"SELECT {shown} FROM ({rows}) {alias}{order}"
        return f"SELECT {shown} FROM {self.from_sql}{self._where()}{order}{window}"

    def _costly(self) -> bool:
        """Whether the page must be cut before its columns are computed: a subquery would run for every row."""
        return len(self.sources) == 1 and any(output.value.traits & Trait.SUBQUERY for output in self.visible)

    def _shuffle(self, session: Session) -> list[str]:
        """A last term that changes from request to request; it moves only rows that ORDER BY leaves equal."""
        if session.shuffle is None:
            return []
        keys = [
            f'{source.quoted_alias}."{name}"' for source in self.sources for name in source.key or source.columns
        ]
        return [f"hash({', '.join(keys)}, {session.shuffle})"]

    def _shuffle_compound(self, session: Session) -> list[str]:
        if session.shuffle is None:
            return []
        return [f"hash({', '.join(output.label for output in self.visible)}, {session.shuffle})"]


def _ordered(terms: Sequence[str]) -> str:
    return f" ORDER BY {', '.join(terms)}" if terms else ""


def _shown(value: Value, session: Session) -> str:
    """A column of the answer: dates and instants in the account's date format, their time cut off."""
    if value.kind in (Kind.DATE, Kind.LOCAL, Kind.INSTANT):
        return masks.to_char(to_local(value, session).sql, session.date_format)
    return value.sql
