"""Values: columns, literals, arithmetic, CASE, CAST and scalar subqueries."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from sqlglot import exp

from connectors.mock_netsuite import problems
from connectors.mock_netsuite.columns import Kind
from connectors.mock_netsuite.suiteql.values import (
    Trait,
    Value,
    alike,
    derived,
    joined,
    number,
    text,
    to_instant,
    to_local,
    to_text,
)

if TYPE_CHECKING:
    from connectors.mock_netsuite.suiteql.expressions import Expressions

_CAST_KINDS: dict[exp.DType, Kind] = {
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
_MOMENTS = (Kind.DATE, Kind.LOCAL, Kind.INSTANT)
_ARITHMETIC: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
_DAY_MICROSECONDS = 86_400_000_000


def _column(x: Expressions, node: exp.Expr) -> Value:
    column = cast(exp.Column, node)
    if isinstance(column.this, exp.Star):
        raise problems.unsupported_search()
    return x.scope.column(column.name, column.table)


def _literal(x: Expressions, node: exp.Expr) -> Value:
    content = str(node.this)
    return text(content) if cast(exp.Literal, node).is_string else Value(content, Kind.NUMBER, content)


def _null(x: Expressions, node: exp.Expr) -> Value:
    return Value("NULL", Kind.NULL)


def _paren(x: Expressions, node: exp.Expr) -> Value:
    inner = x.value(node.this)
    return derived(f"({inner.sql})", inner.kind, inner)


def _subquery(x: Expressions, node: exp.Expr) -> Value:
    select = x.query(node)
    if len(select.outputs) != 1:
        raise problems.unsupported_search()
    inner = select.outputs[0].value
    return Value(f"({select.raw_sql()})", inner.kind, reads=inner.reads, traits=Trait.SUBQUERY)


def _arithmetic(x: Expressions, node: exp.Expr) -> Value:
    left, right = x.operand(node.this), x.operand(node.args["expression"])
    if left.kind in _MOMENTS or right.kind in _MOMENTS:
        return _date_arithmetic(x, node, left, right)
    left, right = number(left), number(right)
    sql = f"({left.sql} {_ARITHMETIC[type(node)]} {right.sql})"
    if isinstance(node, exp.Div):
        sql = f"(CASE WHEN {right.sql} = 0 THEN error('divisor is equal to zero') ELSE {sql} END)"
    return derived(sql, Kind.NUMBER, left, right)


def _date_arithmetic(x: Expressions, node: exp.Expr, left: Value, right: Value) -> Value:
    """A date plus or minus days; a date minus a date, in days."""
    if isinstance(node, exp.Sub) and right.kind in _MOMENTS and left.kind in _MOMENTS:
        (left, right), _ = alike([to_instant(left, x.session), to_instant(right, x.session)], x.session)
        span = f"date_diff('microsecond', {right.sql}, {left.sql})"
        return derived(f"({span} / {_DAY_MICROSECONDS}.0)", Kind.NUMBER, left, right)
    if isinstance(node, exp.Add) and right.kind in _MOMENTS:
        left, right = right, left
    if not isinstance(node, exp.Add | exp.Sub) or left.kind not in _MOMENTS or right.kind in _MOMENTS:
        raise problems.unsupported_search()
    days = number(right)
    span = f"to_microseconds(CAST(round({days.sql} * {_DAY_MICROSECONDS}) AS BIGINT))"
    kind = Kind.INSTANT if left.kind is Kind.INSTANT else Kind.LOCAL
    return derived(f"({left.sql} {_ARITHMETIC[type(node)]} {span})", kind, left, days)


def _negative(x: Expressions, node: exp.Expr) -> Value:
    value = number(x.operand(node.this))
    return derived(f"(-{value.sql})", Kind.NUMBER, value)


def _concat(x: Expressions, node: exp.Expr) -> Value:
    """Oracle's `||`: NULL counts as the empty string."""
    values = [x.operand(node.this), x.operand(node.args["expression"])]
    left, right = (to_text(value, x.session) for value in values)
    return derived(joined(left, right), Kind.TEXT, left, right)


def _case(x: Expressions, node: exp.Expr) -> Value:
    subject = node.this
    conditions, results = [], []
    for branch in node.args["ifs"]:
        test = exp.EQ(this=subject.copy(), expression=branch.this) if subject is not None else branch.this
        conditions.append(x.condition(test))
        results.append(x.operand(branch.args["true"]))
    default = node.args.get("default")
    results.append(x.operand(default) if default is not None else Value("NULL", Kind.NULL))
    (*results, otherwise), kind = alike(results, x.session)
    whens = " ".join(f"WHEN {test.sql} THEN {then.sql}" for test, then in zip(conditions, results, strict=True))
    parts = (*conditions, *results, otherwise)
    return derived(f"(CASE {whens} ELSE {otherwise.sql} END)", kind, *parts)


def _cast(x: Expressions, node: exp.Expr) -> Value:
    kind = _CAST_KINDS.get(cast(exp.Cast, node).to.this)
    value = x.operand(node.this)
    match kind:
        case Kind.TEXT:
            return to_text(value, x.session)
        case Kind.NUMBER:
            whole = cast(exp.Cast, node).to.this is exp.DType.INT
            return derived(f"CAST({value.sql} AS {'BIGINT' if whole else 'DOUBLE'})", Kind.NUMBER, number(value))
        case Kind.LOCAL:
            return to_local(value, x.session)
    raise problems.unsupported_search()


HANDLERS: dict[type[exp.Expr], Callable[[Expressions, exp.Expr], Value]] = {
    exp.Column: _column,
    exp.Literal: _literal,
    exp.Null: _null,
    exp.Paren: _paren,
    exp.Subquery: _subquery,
    **dict.fromkeys(_ARITHMETIC, _arithmetic),
    exp.Neg: _negative,
    exp.DPipe: _concat,
    exp.Case: _case,
    exp.Cast: _cast,
}
