"""Conditions: comparisons, IN, LIKE, EXISTS and what joins them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlglot import exp

from connectors.mock_netsuite import problems
from connectors.mock_netsuite.columns import Kind
from connectors.mock_netsuite.suiteql.values import Trait, Value, alike, derived, to_text

if TYPE_CHECKING:
    from connectors.mock_netsuite.suiteql.expressions import Expressions

_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
}

_JOINED_FROM = 64  # items of a list from which a join on them is faster than comparing with each


def unwrapped(node: exp.Expr) -> exp.Expr:
    """The expression inside parentheses."""
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def conjuncts(node: exp.Expr) -> list[exp.Expr]:
    """The terms of a chain of ANDs."""
    node = unwrapped(node)
    if isinstance(node, exp.And):
        return [*conjuncts(node.this), *conjuncts(node.args["expression"])]
    return [node]


def _logical(x: Expressions, node: exp.Expr) -> Value:
    keyset = _keyset(x, node) if isinstance(node, exp.Or) else None
    if keyset is not None:
        return keyset
    word = "AND" if isinstance(node, exp.And) else "OR"
    left, right = x.condition(node.this), x.condition(node.args["expression"])
    return derived(f"({left.sql} {word} {right.sql})", Kind.CONDITION, left, right)


def _keyset(x: Expressions, node: exp.Or) -> Value | None:
    """`x > a OR (x = a AND rest)`, said as `x >= a AND NOT (x = a AND NOT rest)`.

    It means the same, and the engine can then skip what lies before a, as an index on x would.
    """
    after, same = unwrapped(node.this), conjuncts(node.args["expression"])
    first = same[0]
    if not isinstance(after, exp.GT | exp.LT) or not isinstance(first, exp.EQ) or len(same) < 2:
        return None
    if after.this != first.this or after.args["expression"] != first.args["expression"]:
        return None
    values = [x.operand(first.this), x.operand(first.args["expression"])]
    (left, right), _ = alike(values, x.session)
    rest = [x.condition(term) for term in same[1:]]
    word = ">=" if isinstance(after, exp.GT) else "<="
    beyond = " AND ".join(term.sql for term in rest)
    sql = f"({left.sql} {word} {right.sql} AND NOT ({left.sql} = {right.sql} AND NOT ({beyond})))"
    return derived(sql, Kind.CONDITION, left, right, *rest)


def _not(x: Expressions, node: exp.Expr) -> Value:
    inner = x.condition(node.this)
    return derived(f"(NOT {inner.sql})", Kind.CONDITION, inner)


def _compare(x: Expressions, node: exp.Expr) -> Value:
    if isinstance(node.this, exp.Tuple):
        raise problems.unsupported_search()
    values = [x.operand(node.this), x.operand(node.args["expression"])]
    (left, right), _ = alike(values, x.session)
    return derived(f"({left.sql} {_COMPARISONS[type(node)]} {right.sql})", Kind.CONDITION, left, right)


def _between(x: Expressions, node: exp.Expr) -> Value:
    values = [x.operand(node.this), x.operand(node.args["low"]), x.operand(node.args["high"])]
    (value, low, high), _ = alike(values, x.session)
    return derived(f"({value.sql} BETWEEN {low.sql} AND {high.sql})", Kind.CONDITION, value, low, high)


def _in(x: Expressions, node: exp.Expr) -> Value:
    query = node.args.get("query")
    if isinstance(node.this, exp.Tuple):
        return _row_in(x, node)
    if query is not None:
        return _in_query(x, node)
    if not node.expressions:
        raise problems.unsupported_search()
    values = [x.operand(node.this), *map(x.operand, node.expressions)]
    (value, *items), _ = alike(values, x.session)
    listed = ", ".join(item.sql for item in items)
    if len(items) >= _JOINED_FROM:
        listed = f"SELECT unnest([{listed}])"
    return derived(f"({value.sql} IN ({listed}))", Kind.CONDITION, value, *items)


def _in_query(x: Expressions, node: exp.Expr) -> Value:
    select = x.query(node.args["query"])
    if len(select.outputs) != 1:
        raise problems.unsupported_search()
    value = x.operand(node.this)
    (value, other), _ = alike([value, select.outputs[0].value], x.session)
    if other.kind is not select.outputs[0].value.kind:
        raise problems.unsupported_search()
    traits = Trait.SUBQUERY
    return derived(f"({value.sql} IN ({select.raw_sql()}))", Kind.CONDITION, value, other, traits=traits)


def _row_in(x: Expressions, node: exp.Expr) -> Value:
    """`(a, b) IN ((1, 2), …)`, as a chain of comparisons."""
    left = [x.operand(part) for part in node.this.expressions]
    if node.args.get("query") is not None:
        return _row_in_query(x, node, left)
    rows = []
    parts = list(left)
    for row in node.expressions:
        items = [x.operand(part) for part in row.expressions]
        if len(items) != len(left):
            raise problems.unsupported_search()
        pairs = [alike(pair, x.session)[0] for pair in zip(left, items, strict=True)]
        rows.append("(" + " AND ".join(f"{a.sql} = {b.sql}" for a, b in pairs) + ")")
        parts += items
    if not rows:
        raise problems.unsupported_search()
    return derived(f"({' OR '.join(rows)})", Kind.CONDITION, *parts)


def _row_in_query(x: Expressions, node: exp.Expr, left: list[Value]) -> Value:
    """`(a, b) IN (SELECT x, y …)`, for columns of the same kinds."""
    select = x.query(node.args["query"])
    right = [output.value for output in select.outputs]
    if [value.kind for value in left] != [value.kind for value in right]:
        raise problems.unsupported_search()
    listed = ", ".join(value.sql for value in left)
    sql = f"(({listed}) IN ({select.raw_sql()}))"
    return derived(sql, Kind.CONDITION, *left, *right, traits=Trait.SUBQUERY)


def _is(x: Expressions, node: exp.Expr) -> Value:
    if not isinstance(node.args["expression"], exp.Null):
        raise problems.unsupported_search()
    value = x.operand(node.this)
    word = "IS NOT NULL" if node.args.get("negate") else "IS NULL"
    return derived(f"({value.sql} {word})", Kind.CONDITION, value)


def _like(x: Expressions, node: exp.Expr, escape: str = "") -> Value:
    value, pattern = x.operand(node.this), x.operand(node.args["expression"])
    value, pattern = to_text(value, x.session), to_text(pattern, x.session)
    word = "NOT LIKE" if node.args.get("negate") else "LIKE"
    return derived(f"({value.sql} {word} {pattern.sql}{escape})", Kind.CONDITION, value, pattern)


def _escape(x: Expressions, node: exp.Expr) -> Value:
    mark = x.operand(node.args["expression"])
    if not isinstance(node.this, exp.Like) or mark.literal is None or len(mark.literal) != 1:
        raise problems.unsupported_search()
    return _like(x, node.this, f" ESCAPE {mark.sql}")


def _exists(x: Expressions, node: exp.Expr) -> Value:
    select = x.query(node.this)
    return Value(f"(EXISTS ({select.raw_sql()}))", Kind.CONDITION, traits=Trait.SUBQUERY)


HANDLERS: dict[type[exp.Expr], Callable[[Expressions, exp.Expr], Value]] = {
    exp.And: _logical,
    exp.Or: _logical,
    exp.Not: _not,
    **dict.fromkeys(_COMPARISONS, _compare),
    exp.Between: _between,
    exp.In: _in,
    exp.Is: _is,
    exp.Like: _like,
    exp.Escape: _escape,
    exp.Exists: _exists,
}
