"""Expressions: one method per kind of syntax node, each giving a typed Value.

A node without a method is syntax SuiteQL does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from sqlglot import exp

from connectors.mock_netsuite import problems
from connectors.mock_netsuite.catalogue import Kind
from connectors.mock_netsuite.suiteql import functions, moments
from connectors.mock_netsuite.suiteql.scope import Scope
from connectors.mock_netsuite.suiteql.values import (
    Session,
    Trait,
    Value,
    alike,
    derived,
    number,
    text,
    to_instant,
    to_local,
    to_text,
)

if TYPE_CHECKING:
    from connectors.mock_netsuite.suiteql.queries import Select

type_names = {
    exp.DType.VARCHAR: Kind.TEXT,
    exp.DType.NVARCHAR: Kind.TEXT,
    exp.DType.CHAR: Kind.TEXT,
    exp.DType.INT: Kind.NUMBER,
    exp.DType.DECIMAL: Kind.NUMBER,
    exp.DType.DOUBLE: Kind.NUMBER,
    exp.DType.FLOAT: Kind.NUMBER,
    exp.DType.DATE: Kind.LOCAL,
    exp.DType.TIMESTAMP: Kind.LOCAL,
}
_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
}
_ARITHMETIC: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
_DAY_MICROSECONDS = 86_400_000_000

CompileQuery = Callable[[exp.Query, Session, Scope | None], "Select"]


class Expressions:
    """Translates expressions in one scope; `compile_query` translates the queries inside them."""

    def __init__(self, scope: Scope, session: Session, compile_query: CompileQuery) -> None:
        self.scope, self.session, self._compile_query = scope, session, compile_query

    def value(self, node: exp.Expr | None) -> Value:
        """Any expression."""
        handler = _HANDLERS.get(type(node)) if node is not None else None
        if handler is None or node is None:
            raise problems.unsupported_search()
        return handler(self, node)

    def condition(self, node: exp.Expr) -> Value:
        """An expression that must be true or false."""
        value = self.value(node)
        if value.kind is not Kind.CONDITION:
            raise problems.unsupported_search()
        return value

    def operand(self, node: exp.Expr | None) -> Value:
        """An expression that must be a value."""
        value = self.value(node)
        if value.kind is Kind.CONDITION:
            raise problems.unsupported_search()
        return value

    # leaves

    def _column(self, node: exp.Expr) -> Value:
        column = cast(exp.Column, node)
        if isinstance(column.this, exp.Star):
            raise problems.unsupported_search()
        return self.scope.column(column.name, column.table)

    def _literal(self, node: exp.Expr) -> Value:
        content = str(node.this)
        return text(content) if cast(exp.Literal, node).is_string else Value(content, Kind.NUMBER, content)

    def _null(self, node: exp.Expr) -> Value:
        return Value("NULL", Kind.NULL)

    def _paren(self, node: exp.Expr) -> Value:
        inner = self.value(node.this)
        return derived(f"({inner.sql})", inner.kind, inner)

    # conditions

    def _logical(self, node: exp.Expr) -> Value:
        keyset = self._keyset(node) if isinstance(node, exp.Or) else None
        if keyset is not None:
            return keyset
        word = "AND" if isinstance(node, exp.And) else "OR"
        left, right = self.condition(node.this), self.condition(node.args["expression"])
        return derived(f"({left.sql} {word} {right.sql})", Kind.CONDITION, left, right)

    def _keyset(self, node: exp.Or) -> Value | None:
        """`x > a OR (x = a AND rest)`, said as `x >= a AND NOT (x = a AND NOT rest)`.

        It means the same, and the engine can then skip what lies before a, as an index on x would.
        """
        after, same = _unwrapped(node.this), _conjuncts(node.args["expression"])
        first = same[0]
        if not isinstance(after, exp.GT | exp.LT) or not isinstance(first, exp.EQ) or len(same) < 2:
            return None
        if after.this != first.this or after.args["expression"] != first.args["expression"]:
            return None
        values = [self.operand(first.this), self.operand(first.args["expression"])]
        (left, right), _ = alike(values, self.session)
        rest = [self.condition(term) for term in same[1:]]
        word = ">=" if isinstance(after, exp.GT) else "<="
        beyond = " AND ".join(term.sql for term in rest)
        sql = f"({left.sql} {word} {right.sql} AND NOT ({left.sql} = {right.sql} AND NOT ({beyond})))"
        return derived(sql, Kind.CONDITION, left, right, *rest)

    def _not(self, node: exp.Expr) -> Value:
        inner = self.condition(node.this)
        return derived(f"(NOT {inner.sql})", Kind.CONDITION, inner)

    def _compare(self, node: exp.Expr) -> Value:
        if isinstance(node.this, exp.Tuple):
            raise problems.unsupported_search()
        values = [self.operand(node.this), self.operand(node.args["expression"])]
        (left, right), _ = alike(values, self.session)
        return derived(f"({left.sql} {_COMPARISONS[type(node)]} {right.sql})", Kind.CONDITION, left, right)

    def _between(self, node: exp.Expr) -> Value:
        values = [self.operand(node.this), self.operand(node.args["low"]), self.operand(node.args["high"])]
        (value, low, high), _ = alike(values, self.session)
        return derived(f"({value.sql} BETWEEN {low.sql} AND {high.sql})", Kind.CONDITION, value, low, high)

    def _in(self, node: exp.Expr) -> Value:
        query = node.args.get("query")
        if isinstance(node.this, exp.Tuple):
            return self._row_in(node)
        if query is not None:
            return self._in_query(node)
        if not node.expressions:
            raise problems.unsupported_search()
        values = [self.operand(node.this), *map(self.operand, node.expressions)]
        (value, *items), _ = alike(values, self.session)
        listed = ", ".join(item.sql for item in items)
        return derived(f"({value.sql} IN ({listed}))", Kind.CONDITION, value, *items)

    def _in_query(self, node: exp.Expr) -> Value:
        select = self._inner(node.args["query"])
        if len(select.outputs) != 1:
            raise problems.unsupported_search()
        value = self.operand(node.this)
        (value, other), _ = alike([value, select.outputs[0].value], self.session)
        if other.kind is not select.outputs[0].value.kind:
            raise problems.unsupported_search()
        traits = Trait.SUBQUERY
        return derived(f"({value.sql} IN ({select.raw_sql()}))", Kind.CONDITION, value, other, traits=traits)

    def _row_in(self, node: exp.Expr) -> Value:
        """`(a, b) IN ((1, 2), …)`, as a chain of comparisons."""
        left = [self.operand(part) for part in node.this.expressions]
        rows = []
        parts = list(left)
        for row in node.expressions:
            items = [self.operand(part) for part in row.expressions]
            if len(items) != len(left):
                raise problems.unsupported_search()
            pairs = [alike(pair, self.session)[0] for pair in zip(left, items, strict=True)]
            rows.append("(" + " AND ".join(f"{a.sql} = {b.sql}" for a, b in pairs) + ")")
            parts += items
        if not rows:
            raise problems.unsupported_search()
        return derived(f"({' OR '.join(rows)})", Kind.CONDITION, *parts)

    def _is(self, node: exp.Expr) -> Value:
        if not isinstance(node.args["expression"], exp.Null):
            raise problems.unsupported_search()
        value = self.operand(node.this)
        return derived(f"({value.sql} IS NULL)", Kind.CONDITION, value)

    def _like(self, node: exp.Expr, escape: str = "") -> Value:
        value, pattern = self.operand(node.this), self.operand(node.args["expression"])
        value, pattern = to_text(value, self.session), to_text(pattern, self.session)
        return derived(f"({value.sql} LIKE {pattern.sql}{escape})", Kind.CONDITION, value, pattern)

    def _escape(self, node: exp.Expr) -> Value:
        mark = self.operand(node.args["expression"])
        if not isinstance(node.this, exp.Like) or mark.literal is None or len(mark.literal) != 1:
            raise problems.unsupported_search()
        return self._like(node.this, f" ESCAPE {mark.sql}")

    def _exists(self, node: exp.Expr) -> Value:
        select = self._inner(node.this)
        return Value(f"(EXISTS ({select.raw_sql()}))", Kind.CONDITION, traits=Trait.SUBQUERY)

    # computed values

    def _inner(self, node: exp.Expr) -> Select:
        query = node.this if isinstance(node, exp.Subquery) else node
        if not isinstance(query, exp.Query):
            raise problems.unsupported_search()
        return self._compile_query(query, self.session, self.scope)

    def _subquery(self, node: exp.Expr) -> Value:
        select = self._inner(node)
        if len(select.outputs) != 1:
            raise problems.unsupported_search()
        inner = select.outputs[0].value
        return Value(f"({select.raw_sql()})", inner.kind, reads=inner.reads, traits=Trait.SUBQUERY)

    def _arithmetic(self, node: exp.Expr) -> Value:
        left, right = self.operand(node.this), self.operand(node.args["expression"])
        moments = (Kind.DATE, Kind.LOCAL, Kind.INSTANT)
        if left.kind in moments or right.kind in moments:
            return self._date_arithmetic(node, left, right)
        left, right = number(left), number(right)
        return derived(f"({left.sql} {_ARITHMETIC[type(node)]} {right.sql})", Kind.NUMBER, left, right)

    def _date_arithmetic(self, node: exp.Expr, left: Value, right: Value) -> Value:
        """A date plus or minus days; a date minus a date, in days."""
        moments = (Kind.DATE, Kind.LOCAL, Kind.INSTANT)
        if isinstance(node, exp.Sub) and right.kind in moments and left.kind in moments:
            (left, right), _ = alike(
                [to_instant(left, self.session), to_instant(right, self.session)], self.session
            )
            span = f"date_diff('microsecond', {right.sql}, {left.sql})"
            return derived(f"({span} / {_DAY_MICROSECONDS}.0)", Kind.NUMBER, left, right)
        if isinstance(node, exp.Add) and right.kind in moments:
            left, right = right, left
        if not isinstance(node, exp.Add | exp.Sub) or left.kind not in moments or right.kind in moments:
            raise problems.unsupported_search()
        days = number(right)
        span = f"to_microseconds(CAST(round({days.sql} * {_DAY_MICROSECONDS}) AS BIGINT))"
        kind = Kind.INSTANT if left.kind is Kind.INSTANT else Kind.LOCAL
        return derived(f"({left.sql} {_ARITHMETIC[type(node)]} {span})", kind, left, days)

    def _negative(self, node: exp.Expr) -> Value:
        value = number(self.operand(node.this))
        return derived(f"(-{value.sql})", Kind.NUMBER, value)

    def _concat(self, node: exp.Expr) -> Value:
        """Oracle's `||`: NULL counts as the empty string."""
        values = [self.operand(node.this), self.operand(node.args["expression"])]
        left, right = (to_text(value, self.session) for value in values)
        return derived(f"nullif(concat({left.sql}, {right.sql}), '')", Kind.TEXT, left, right)

    def _case(self, node: exp.Expr) -> Value:
        subject = node.this
        conditions, results = [], []
        for branch in node.args["ifs"]:
            test = exp.EQ(this=subject.copy(), expression=branch.this) if subject is not None else branch.this
            conditions.append(self.condition(test))
            results.append(self.operand(branch.args["true"]))
        default = node.args.get("default")
        results.append(self.operand(default) if default is not None else Value("NULL", Kind.NULL))
        (*results, otherwise), kind = alike(results, self.session)
        whens = " ".join(
            f"WHEN {test.sql} THEN {then.sql}" for test, then in zip(conditions, results, strict=True)
        )
        parts = (*conditions, *results, otherwise)
        return derived(f"(CASE {whens} ELSE {otherwise.sql} END)", kind, *parts)

    def _cast(self, node: exp.Expr) -> Value:
        kind = type_names.get(cast(exp.Cast, node).to.this)
        value = self.operand(node.this)
        match kind:
            case Kind.TEXT:
                return to_text(value, self.session)
            case Kind.NUMBER:
                whole = cast(exp.Cast, node).to.this is exp.DType.INT
                return derived(
                    f"CAST({value.sql} AS {'BIGINT' if whole else 'DOUBLE'})", Kind.NUMBER, number(value)
                )
            case Kind.LOCAL:
                return to_local(value, self.session)
        raise problems.unsupported_search()

    # functions

    def _function(self, node: exp.Expr) -> Value:
        name = str(node.this).upper()
        if name in functions.AGGREGATES:
            return self._aggregate(name, node.expressions)
        return functions.call(name, [self.operand(argument) for argument in node.expressions], self.session)

    def _builtin(self, node: exp.Expr) -> Value:
        call = node.args["expression"]
        if node.this.name.upper() != "BUILTIN" or not isinstance(call, exp.Anonymous):
            raise problems.unsupported_search()
        arguments = call.expressions
        if str(call.this).upper() == "DF" and len(arguments) == 1 and isinstance(arguments[0], exp.Column):
            return self.scope.display(arguments[0].name, arguments[0].table)
        values = [self.operand(argument) for argument in arguments]
        return functions.call(f"BUILTIN.{str(call.this).upper()}", values, self.session)

    def _aggregate(self, name: str, arguments: Sequence[exp.Expr]) -> Value:
        if len(arguments) != 1:
            raise problems.unsupported_search()
        argument, distinct = arguments[0], ""
        if isinstance(argument, exp.Star):
            if name != "COUNT":
                raise problems.unsupported_search()
            return Value("count(*)", Kind.NUMBER, traits=Trait.AGGREGATE)
        if isinstance(argument, exp.Distinct):
            argument, distinct = argument.expressions[0], "DISTINCT "
        value = self.operand(argument)
        if name in ("SUM", "AVG"):
            value = number(value)
        kind = value.kind if name in ("MIN", "MAX") else Kind.NUMBER
        return derived(f"{name.lower()}({distinct}{value.sql})", kind, value, traits=Trait.AGGREGATE)

    def _window(self, node: exp.Expr) -> Value:
        call = node.this
        if node.args.get("spec") is not None or not isinstance(call, exp.Anonymous):
            raise problems.unsupported_search()
        name = str(call.this).upper()
        if name in functions.RANKINGS and not call.expressions:
            inner = Value(f"{name.lower()}()", Kind.NUMBER)
        elif name in functions.AGGREGATES:
            inner = self._aggregate(name, call.expressions)
        else:
            raise problems.unsupported_search()
        partition = [self.operand(part) for part in node.args.get("partition_by") or ()]
        order = self._window_order(node)
        clauses = [f"PARTITION BY {', '.join(part.sql for part in partition)}"] if partition else []
        clauses += [f"ORDER BY {', '.join(sql for _, sql in order)}"] if order else []
        parts = (*partition, *(value for value, _ in order))
        reads = frozenset().union(inner.reads, *(part.reads for part in parts))
        return Value(f"{inner.sql} OVER ({' '.join(clauses)})", inner.kind, reads=reads, traits=Trait.WINDOW)

    def _window_order(self, node: exp.Expr) -> list[tuple[Value, str]]:
        order = node.args.get("order")
        terms = order.expressions if order is not None else ()
        values = [self.operand(term.this) for term in terms]
        return [(value, value.sql + direction(term)) for value, term in zip(values, terms, strict=True)]

    # dates

    def _clock(self, node: exp.Expr) -> Value:
        names = {
            exp.CurrentTimestamp: "SYSDATE",
            exp.Localtimestamp: "LOCALTIMESTAMP",
            exp.Systimestamp: "SYSTIMESTAMP",
        }
        return moments.clock(names[type(node)], self.session)

    def _at_zone(self, node: exp.Expr) -> Value:
        zone = self.operand(node.args["zone"])
        if zone.literal is None:
            raise problems.unsupported_search()
        instant = to_instant(self.operand(node.this), self.session)
        name = moments.zone_name(zone.literal, self.session)
        return derived(f"timezone('{name}', timezone('UTC', {instant.sql}))", Kind.LOCAL, instant)

    def _extract(self, node: exp.Expr) -> Value:
        part = str(node.this.name).lower()
        if part not in ("year", "month", "day", "hour", "minute", "second"):
            raise problems.unsupported_search()
        local = to_local(self.operand(node.args["expression"]), self.session)
        return derived(f"{part}({local.sql})", Kind.NUMBER, local)

    def _trim(self, node: exp.Expr) -> Value:
        if node.args.get("expression") is not None or node.args.get("position"):
            raise problems.unsupported_search()
        return functions.call("TRIM", [self.operand(node.this)], self.session)


def _unwrapped(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def _conjuncts(node: exp.Expr) -> list[exp.Expr]:
    """The terms of a chain of ANDs."""
    node = _unwrapped(node)
    if isinstance(node, exp.And):
        return [*_conjuncts(node.this), *_conjuncts(node.args["expression"])]
    return [node]


def direction(term: exp.Expr) -> str:
    """ASC or DESC with Oracle's place for NULLs: last when ascending, first when descending."""
    nulls_first = term.args.get("nulls_first")
    word = " DESC" if term.args.get("desc") else ""
    if nulls_first is None:
        nulls_first = bool(term.args.get("desc"))
    return f"{word} NULLS {'FIRST' if nulls_first else 'LAST'}"


_HANDLERS: dict[type[exp.Expr], Callable[[Expressions, exp.Expr], Value]] = {
    exp.Column: Expressions._column,
    exp.Literal: Expressions._literal,
    exp.Null: Expressions._null,
    exp.Paren: Expressions._paren,
    exp.And: Expressions._logical,
    exp.Or: Expressions._logical,
    exp.Not: Expressions._not,
    **dict.fromkeys(_COMPARISONS, Expressions._compare),
    exp.Between: Expressions._between,
    exp.In: Expressions._in,
    exp.Is: Expressions._is,
    exp.Like: Expressions._like,
    exp.Escape: Expressions._escape,
    exp.Exists: Expressions._exists,
    exp.Subquery: Expressions._subquery,
    **dict.fromkeys(_ARITHMETIC, Expressions._arithmetic),
    exp.Neg: Expressions._negative,
    exp.DPipe: Expressions._concat,
    exp.Case: Expressions._case,
    exp.Cast: Expressions._cast,
    exp.Anonymous: Expressions._function,
    exp.Dot: Expressions._builtin,
    exp.Window: Expressions._window,
    exp.CurrentTimestamp: Expressions._clock,
    exp.Localtimestamp: Expressions._clock,
    exp.Systimestamp: Expressions._clock,
    exp.AtTimeZone: Expressions._at_zone,
    exp.Extract: Expressions._extract,
    exp.Trim: Expressions._trim,
}
