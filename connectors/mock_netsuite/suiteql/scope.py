"""Which names an expression can use: the tables of its FROM, then those of the queries around it."""

# ruff: noqa: S608  SQL is composed of the catalogue's own names; values are bound or quoted.

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from connectors.mock_netsuite import problems
from connectors.mock_netsuite.catalogue import is_term_date
from connectors.mock_netsuite.columns import Kind, Table
from connectors.mock_netsuite.suiteql import moments
from connectors.mock_netsuite.suiteql.values import Session, Trait, Value, derived, to_text

ROWNUM = Value("row_number() OVER ()", Kind.NUMBER, traits=Trait.WINDOW | Trait.ROWNUM)


@dataclass(frozen=True)
class Source:
    """One entry of FROM: its alias, what error messages call it, the SQL to read, and its columns.

    `key` is the set of columns that identify a row, when that is known.
    """

    alias: str
    label: str
    sql: str
    columns: Mapping[str, Callable[[], Value]]
    displays: Mapping[str, Callable[[], Value]]
    key: frozenset[str] | None
    refused: Mapping[str, Callable[[], problems.Problem]]

    @property
    def quoted_alias(self) -> str:
        return '"' + self.alias.replace('"', '""') + '"'


def table_source(name: str, alias: str, session: Session) -> Source:
    """A record type, as the role sees it."""
    catalogue = session.catalogue
    table = catalogue.tables.get(name)
    if table is None:
        raise problems.unknown_table(name)
    if name in catalogue.hidden_tables:
        raise problems.record_not_found(name)
    hidden = {column for column in table.columns if f"{name}.{column}" in catalogue.hidden_columns}
    absent = {column for column in table.columns if f"{name}.{column}" in catalogue.absent_columns}
    quoted_alias = '"' + alias.replace('"', '""') + '"'
    visible = [column for column in table.columns if column not in hidden | absent]
    return Source(
        alias,
        name,
        _readable_rows(table, session),
        {column: _reader(table, column, quoted_alias, session) for column in visible},
        {column: _displayer(table, column, quoted_alias, session) for column in visible},
        frozenset(table.key),
        {column: _refusal(name, column) for column in hidden},
    )


def _readable_rows(table: Table, session: Session) -> str:
    condition = session.catalogue.row_filters.get(table.name)
    if condition is None:
        return f'"{table.name}"'
    return f'(SELECT f.* FROM "{table.name}" f WHERE {condition.format(t="f")})'


def _reader(table: Table, name: str, alias: str, session: Session) -> Callable[[], Value]:
    def read() -> Value:
        column = table.columns[name]
        sql = column.read(alias)
        latest = session.catalogue.latest_term
        if latest is not None and is_term_date(table.name, column):
            sql = f"least({sql}, CASE WHEN {sql} IS NOT NULL THEN DATE '{latest}' END)"
        return Value(sql, column.kind, reads=frozenset({f"{table.name}.{name}"}))

    return read


def _displayer(table: Table, name: str, alias: str, session: Session) -> Callable[[], Value]:
    """BUILTIN.DF: the name behind an id, Yes and No for T and F, otherwise the value as text."""

    def display() -> Value:
        column = table.columns[name]
        value = _reader(table, name, alias, session)()
        if column.display is not None:
            return derived(column.display.format(t=alias), Kind.TEXT, value, traits=Trait.SUBQUERY)
        if column.kind is Kind.TEXT and name.startswith(("is", "mainline", "taxline", "void", "posting")):
            return derived(f"CASE {value.sql} WHEN 'T' THEN 'Yes' WHEN 'F' THEN 'No' END", Kind.TEXT, value)
        return to_text(value, session)

    return display


def _refusal(table: str, column: str) -> Callable[[], problems.Problem]:
    return lambda: problems.field_not_found(table, column)


@dataclass(frozen=True)
class Scope:
    """The sources of one query and the scope around it."""

    sources: tuple[Source, ...]
    session: Session
    parent: Scope | None = None

    def column(self, name: str, qualifier: str = "") -> Value:
        """Raises Problem for a name nobody has, one the role may not see, and an ambiguous one."""
        return self._find(name, qualifier, lambda source: source.columns)

    def display(self, name: str, qualifier: str = "") -> Value:
        return self._find(name, qualifier, lambda source: source.displays)

    def _find(
        self, name: str, qualifier: str, members: Callable[[Source], Mapping[str, Callable[[], Value]]]
    ) -> Value:
        wanted = name.lower()
        if wanted == "rownum" and not qualifier:
            return ROWNUM
        for sources in self._levels(qualifier.lower()):
            found = [members(source)[wanted] for source in sources if wanted in members(source)]
            if len(found) > 1:
                raise problems.unsupported_search()
            if found:
                return found[0]()
            self._refuse_hidden(sources, wanted)
        if not qualifier and wanted.upper() in moments.CLOCKS:
            return moments.clock(wanted.upper(), self.session)
        raise self._unknown(f"{qualifier}.{name}" if qualifier else name)

    def _levels(self, qualifier: str) -> Iterator[list[Source]]:
        """Candidates from the innermost query outwards."""
        scope: Scope | None = self
        while scope is not None:
            yield [source for source in scope.sources if qualifier in ("", source.alias)]
            scope = scope.parent

    def _refuse_hidden(self, sources: list[Source], name: str) -> None:
        for source in sources:
            if name in source.refused:
                raise source.refused[name]()

    def _unknown(self, name: str) -> problems.Problem:
        if self.session.unknown_column_status == 500:
            return problems.unexpected_error()
        return problems.unknown_identifier(name, {source.alias: source.label for source in self.sources})


def derived_source(alias: str, sql: str, outputs: Mapping[str, Value]) -> Source:
    """A query in FROM: its output columns are its names."""
    quoted_alias = '"' + alias.replace('"', '""') + '"'

    def reader(name: str, value: Value) -> Callable[[], Value]:
        column = quoted_alias + '."' + name.replace('"', '""') + '"'
        return lambda: Value(column, value.kind, reads=value.reads)

    columns = {name: reader(name, value) for name, value in outputs.items()}
    return Source(alias, alias or "subquery", f"({sql})", columns, columns, None, {})
