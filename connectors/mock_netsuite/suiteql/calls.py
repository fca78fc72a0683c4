"""Calls: functions, BUILTIN, aggregates, window functions, and the functions with a syntax of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from connectors.mock_netsuite import problems
from connectors.mock_netsuite.columns import Kind
from connectors.mock_netsuite.suiteql import functions, moments
from connectors.mock_netsuite.suiteql.values import Trait, Value, derived, number, to_instant, to_local

if TYPE_CHECKING:
    from connectors.mock_netsuite.suiteql.expressions import Expressions

_CLOCK_NODES: dict[type[exp.Expr], str] = {
    exp.CurrentTimestamp: "SYSDATE",
    exp.Localtimestamp: "LOCALTIMESTAMP",
    exp.Systimestamp: "SYSTIMESTAMP",
}


def direction(term: exp.Expr) -> str:
    """ASC or DESC with Oracle's place for NULLs: last when ascending, first when descending."""
    nulls_first = term.args.get("nulls_first")
    word = " DESC" if term.args.get("desc") else ""
    if nulls_first is None:
        nulls_first = bool(term.args.get("desc"))
    return f"{word} NULLS {'FIRST' if nulls_first else 'LAST'}"


def _function(x: Expressions, node: exp.Expr) -> Value:
    name = str(node.this).upper()
    if name in functions.AGGREGATES:
        return _aggregate(x, name, node.expressions)
    return functions.call(name, [x.operand(argument) for argument in node.expressions], x.session)


def _builtin(x: Expressions, node: exp.Expr) -> Value:
    call = node.args["expression"]
    if node.this.name.upper() != "BUILTIN" or not isinstance(call, exp.Anonymous):
        raise problems.unsupported_search()
    arguments = call.expressions
    if str(call.this).upper() == "DF" and len(arguments) == 1 and isinstance(arguments[0], exp.Column):
        return x.scope.display(arguments[0].name, arguments[0].table)
    values = [x.operand(argument) for argument in arguments]
    return functions.call(f"BUILTIN.{str(call.this).upper()}", values, x.session)


def _aggregate(x: Expressions, name: str, arguments: Sequence[exp.Expr]) -> Value:
    if len(arguments) != 1:
        raise problems.unsupported_search()
    argument, distinct = arguments[0], ""
    if isinstance(argument, exp.Star):
        if name != "COUNT":
            raise problems.unsupported_search()
        return Value("count(*)", Kind.NUMBER, traits=Trait.AGGREGATE)
    if isinstance(argument, exp.Distinct):
        argument, distinct = argument.expressions[0], "DISTINCT "
    value = x.operand(argument)
    if name in ("SUM", "AVG"):
        value = number(value)
    kind = value.kind if name in ("MIN", "MAX") else Kind.NUMBER
    return derived(f"{name.lower()}({distinct}{value.sql})", kind, value, traits=Trait.AGGREGATE)


def _window(x: Expressions, node: exp.Expr) -> Value:
    call = node.this
    if not isinstance(call, exp.Anonymous):
        raise problems.unsupported_search()
    name = str(call.this).upper()
    if name in functions.RANKINGS and not call.expressions:
        inner = Value(f"{name.lower()}()", Kind.NUMBER)
    elif name in functions.AGGREGATES:
        inner = _aggregate(x, name, call.expressions)
    else:
        raise problems.unsupported_search()
    partition = [x.operand(part) for part in node.args.get("partition_by") or ()]
    order = _window_order(x, node)
    clauses = [f"PARTITION BY {', '.join(part.sql for part in partition)}"] if partition else []
    clauses += [f"ORDER BY {', '.join(sql for _, sql in order)}"] if order else []
    parts = (*partition, *(value for value, _ in order))
    reads = frozenset().union(inner.reads, *(part.reads for part in parts))
    return Value(f"{inner.sql} OVER ({' '.join(clauses)})", inner.kind, reads=reads, traits=Trait.WINDOW)


def _window_order(x: Expressions, node: exp.Expr) -> list[tuple[Value, str]]:
    order = node.args.get("order")
    terms = order.expressions if order is not None else ()
    values = [x.operand(term.this) for term in terms]
    return [(value, value.sql + direction(term)) for value, term in zip(values, terms, strict=True)]


def _clock(x: Expressions, node: exp.Expr) -> Value:
    return moments.clock(_CLOCK_NODES[type(node)], x.session)


def _at_zone(x: Expressions, node: exp.Expr) -> Value:
    zone = x.operand(node.args["zone"])
    if zone.literal is None:
        raise problems.unsupported_search()
    instant = to_instant(x.operand(node.this), x.session)
    name = moments.zone_name(zone.literal, x.session)
    return derived(f"timezone('{name}', timezone('UTC', {instant.sql}))", Kind.LOCAL, instant)


def _extract(x: Expressions, node: exp.Expr) -> Value:
    part = str(node.this.name).lower()
    if part not in ("year", "month", "day", "hour", "minute", "second"):
        raise problems.unsupported_search()
    local = to_local(x.operand(node.args["expression"]), x.session)
    return derived(f"{part}({local.sql})", Kind.NUMBER, local)


def _trim(x: Expressions, node: exp.Expr) -> Value:
    return functions.call("TRIM", [x.operand(node.this)], x.session)


HANDLERS: dict[type[exp.Expr], Callable[[Expressions, exp.Expr], Value]] = {
    exp.Anonymous: _function,
    exp.Dot: _builtin,
    exp.Window: _window,
    exp.CurrentTimestamp: _clock,
    exp.Localtimestamp: _clock,
    exp.Systimestamp: _clock,
    exp.AtTimeZone: _at_zone,
    exp.Extract: _extract,
    exp.Trim: _trim,
}
