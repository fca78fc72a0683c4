"""From the syntax tree of a query to a Select."""

# ruff: noqa: S608  SQL is composed of the catalogue's own names; values are bound or quoted.

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from sqlglot import exp

from connectors.mock_netsuite import problems
from connectors.mock_netsuite.columns import Kind
from connectors.mock_netsuite.suiteql import rownum
from connectors.mock_netsuite.suiteql.calls import direction
from connectors.mock_netsuite.suiteql.expressions import Expressions
from connectors.mock_netsuite.suiteql.moments import CLOCKS
from connectors.mock_netsuite.suiteql.scope import Scope, Source, derived_source, table_source
from connectors.mock_netsuite.suiteql.select import Output, Select, Term
from connectors.mock_netsuite.suiteql.values import Session, Trait, Value, alike

_WHOLE = Trait.AGGREGATE | Trait.WINDOW  # what needs all rows before the first is known
_SET_WORDS: dict[type[exp.Expr], str] = {exp.Union: "UNION", exp.Intersect: "INTERSECT", exp.Except: "EXCEPT"}
_JOIN_WORDS = {
    ("", ""): "INNER JOIN",
    ("", "INNER"): "INNER JOIN",
    ("LEFT", ""): "LEFT JOIN",
    ("", "LEFT"): "LEFT JOIN",  # what an Oracle (+) became
    ("LEFT", "OUTER"): "LEFT JOIN",
    ("RIGHT", ""): "RIGHT JOIN",
    ("RIGHT", "OUTER"): "RIGHT JOIN",
    ("FULL", ""): "FULL JOIN",
    ("FULL", "OUTER"): "FULL JOIN",
    ("", "CROSS"): "CROSS JOIN",
}


def compile_query(node: exp.Query, session: Session, parent: Scope | None = None) -> Select:
    """Checks and translates a query. Raises Problem."""
    if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Query):
        return compile_query(node.this, session, parent)
    if isinstance(node, exp.SetOperation):
        return _set_operation(node, session, parent)
    if isinstance(node, exp.Select):
        return _SelectCompiler(node, session, parent).compile()
    raise problems.unsupported_search()


def _set_operation(node: exp.SetOperation, session: Session, parent: Scope | None) -> Select:
    if not isinstance(node.this, exp.Query) or not isinstance(node.expression, exp.Query):
        raise problems.unsupported_search()
    left = compile_query(node.this, session, parent)
    right = compile_query(node.expression, session, parent)
    if len(left.visible) != len(right.visible):
        raise problems.unsupported_search()
    outputs = []
    for mine, other in zip(left.visible, right.visible, strict=True):
        both = [mine.value, other.value]
        _, kind = alike(both, session)
        if any(value.kind not in (kind, Kind.NULL) for value in both):
            raise problems.unsupported_search()
        outputs.append(Output(mine.name, Value(mine.label, kind, reads=mine.value.reads | other.value.reads)))
    word = _SET_WORDS[type(node)] + ("" if node.args.get("distinct") else " ALL")
    select = Select(tuple(outputs), body=f"({left.raw_sql()}) {word} ({right.raw_sql()})")
    return _windowed(replace(select, order=tuple(_positions(node, outputs))), node)


def _positions(node: exp.Query, outputs: list[Output]) -> Iterator[Term]:
    """ORDER BY of a set operation: only columns of the answer, by name or number."""
    for term in _order_terms(node):
        output = _named_output(term.this, outputs)
        if output is None:
            raise problems.unsupported_search()
        yield Term(output.value, output, direction(term))


def _order_terms(node: exp.Query) -> list[exp.Expr]:
    order = node.args.get("order")
    return list(order.expressions) if order is not None else []


def _named_output(node: exp.Expr, outputs: list[Output]) -> Output | None:
    """The output that ORDER BY means by a number or an alias."""
    if isinstance(node, exp.Literal) and not node.is_string:
        position = int(node.name) if node.name.isdigit() else 0
        if not 1 <= position <= len(outputs):
            raise problems.unsupported_search()
        return outputs[position - 1]
    if isinstance(node, exp.Column) and not node.table:
        return next((output for output in outputs if output.name == node.name.lower()), None)
    return None


def _windowed(select: Select, node: exp.Query) -> Select:
    """Adds OFFSET, FETCH FIRST and TOP."""
    limit, offset = node.args.get("limit"), node.args.get("offset")
    fetch = None
    if isinstance(limit, exp.Fetch):
        options = limit.args.get("limit_options")
        if options is not None and (options.args.get("percent") or options.args.get("with_ties")):
            raise problems.unsupported_search()
        fetch = _whole(limit.args.get("count")) if limit.args.get("count") is not None else 1
    elif limit is not None:
        fetch = _whole(limit.expression)
    return replace(select, fetch=fetch, skip=_whole(offset.expression) if offset is not None else 0)


def _whole(node: exp.Expr | None) -> int:
    if node is None or not node.name.isdigit():
        raise problems.unsupported_search()
    return int(node.name)


class _SelectCompiler:
    """One SELECT. FROM first, since it gives the names; then WHERE, the outputs, ORDER BY."""

    def __init__(self, node: exp.Select, session: Session, parent: Scope | None) -> None:
        self._node, self._session, self._parent = node, session, parent
        self._sources: list[Source] = []

    def compile(self) -> Select:
        from_sql = self._from()
        scope = Scope(tuple(self._sources), self._session, self._parent)
        self._expressions = Expressions(scope, self._session, compile_query)
        where, cap = self._where()
        tail = self._grouping()
        outputs = self._outputs()
        distinct = bool(self._node.args.get("distinct"))
        compound = bool(tail) or any(output.value.traits & _WHOLE for output in outputs)
        if cap is not None:
            from_sql, where, tail = self._capped(from_sql, where, tail, cap, compound)
        order = tuple(self._order(outputs, distinct, compound or bool(tail)))
        hidden = [term.output for term in order if term.output is not None and term.output.hidden]
        select = Select((*outputs, *hidden), tuple(self._sources), from_sql, where, tail, distinct, order=order)
        return _windowed(select, self._node)

    # FROM

    def _from(self) -> str:
        pieces = [self._source(self._node.args["from_"].this)]
        for join in self._node.args.get("joins") or ():
            pieces.append(self._join(join))
        return " ".join(pieces)

    def _source(self, node: exp.Expr) -> str:
        alias = node.alias.lower() if node.alias else ""
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Query):
            inner = compile_query(node.this, self._session, self._parent)
            values = {output.name: output.value for output in inner.visible}
            source = derived_source(alias or f"subquery{len(self._sources)}", inner.raw_sql(), values)
        elif isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            name = node.name.lower()
            source = table_source(name, alias or name, self._session)
        else:
            raise problems.unsupported_search()
        if any(other.alias == source.alias for other in self._sources):
            raise problems.unsupported_search()
        self._sources.append(source)
        return f"{source.sql} {source.quoted_alias}"

    def _join(self, join: exp.Join) -> str:
        word = _JOIN_WORDS.get((join.side, join.kind))
        if word is None:
            raise problems.unsupported_search()
        source = self._source(join.this)
        on = join.args.get("on")
        if on is None:
            if word not in ("INNER JOIN", "CROSS JOIN") or join.kind == "INNER":
                raise problems.unsupported_search()
            return f"CROSS JOIN {source}"
        scope = Scope(tuple(self._sources), self._session, self._parent)
        return f"{word} {source} ON {Expressions(scope, self._session, compile_query).condition(on).sql}"

    # WHERE, GROUP BY, HAVING

    def _where(self) -> tuple[str | None, int | None]:
        """The condition without ROWNUM, and the number of rows ROWNUM lets through."""
        node = self._node.args.get("where")
        if node is None:
            return None, None
        condition, cap = rownum.split(node.this)
        return (self._expressions.condition(condition).sql if condition is not None else None), cap

    def _capped(
        self, from_sql: str, where: str | None, tail: str, cap: int, compound: bool
    ) -> tuple[str, str | None, str]:
        """ROWNUM counts rows as WHERE lets them through, before they are grouped or sorted."""
        if len(self._sources) == 1:
            alias = self._sources[0].quoted_alias
            condition = f" WHERE {where}" if where else ""
            return f"(SELECT {alias}.* FROM {from_sql}{condition} LIMIT {cap}) {alias}", None, tail
        if compound:
            raise problems.unsupported_search()
        return from_sql, where, f" QUALIFY row_number() OVER () <= {cap}"

    def _grouping(self) -> str:
        group, having = self._node.args.get("group"), self._node.args.get("having")
        tail = ""
        if group is not None:
            terms = [self._expressions.operand(term) for term in group.expressions]
            if any(isinstance(term, exp.Literal) for term in group.expressions):
                raise problems.unsupported_search()
            tail = f" GROUP BY {', '.join(term.sql for term in terms)}"
        if having is not None:
            tail += f" HAVING {self._expressions.condition(having.this).sql}"
        return tail

    # SELECT list

    def _outputs(self) -> list[Output]:
        taken: Counter[str] = Counter()
        outputs = []
        unnamed = 0
        for node in self._node.expressions:
            for name, value in self._columns(node):
                if name is None:
                    unnamed += 1
                    name = f"expr{unnamed}"
                suffix = f"_{taken[name] - 1}" if taken[name] else ""
                taken[name] += 1
                outputs.append(Output(name + suffix, value))
        return outputs

    def _columns(self, node: exp.Expr) -> Iterator[tuple[str | None, Value]]:
        """(name, value) of one entry of the select list; a star is many."""
        if isinstance(node, exp.Star) or (isinstance(node, exp.Column) and isinstance(node.this, exp.Star)):
            yield from self._star(node.table.lower() if isinstance(node, exp.Column) else "")
        elif isinstance(node, exp.Alias):
            yield node.alias.lower(), self._expressions.operand(node.this)
        elif isinstance(node, exp.Column):
            yield (None if _is_clock(node) else node.name.lower()), self._expressions.operand(node)
        else:
            yield None, self._expressions.operand(node)

    def _star(self, alias: str) -> Iterator[tuple[str, Value]]:
        sources = [source for source in self._sources if alias in ("", source.alias)]
        if not sources:
            raise problems.unsupported_search()
        for source in sources:
            for name, read in source.columns.items():
                yield name, read()

    # ORDER BY

    def _order(self, outputs: list[Output], distinct: bool, compound: bool) -> Iterator[Term]:
        terms = _order_terms(self._node)
        named = [_named_output(term.this, outputs) for term in terms]
        values = [
            output.value if output is not None else self._expressions.operand(term.this)
            for output, term in zip(named, terms, strict=True)
        ]
        whole = distinct or compound or any(value.traits & _WHOLE for value in values)
        for number, (term, output, value) in enumerate(zip(terms, named, values, strict=True)):
            if output is None and whole:
                output = self._carrier(value, outputs, number, distinct)
            yield Term(value, output, direction(term))

    def _carrier(self, value: Value, outputs: list[Output], number: int, distinct: bool) -> Output:
        """The output that carries a sort value: one that equals it, else a hidden one."""
        same = next((output for output in outputs if output.value.sql == value.sql), None)
        if same is None and distinct:
            raise problems.unsupported_search()
        return same or Output(f"order by {number}", value, hidden=True)


def _is_clock(column: exp.Column) -> bool:
    """SYSDATE and its like, which are read like columns but are expressions."""
    return not column.table and column.name.upper() in CLOCKS
