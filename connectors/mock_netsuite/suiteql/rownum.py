"""ROWNUM in WHERE: a limit on how many rows pass, counted before ORDER BY."""

from __future__ import annotations

from sqlglot import exp

from connectors.mock_netsuite import problems
from connectors.mock_netsuite.suiteql.conditions import conjuncts

_FLIPPED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
    exp.EQ: exp.EQ,
}


def split(condition: exp.Expr) -> tuple[exp.Expr | None, int | None]:
    """The condition without its ROWNUM terms, and how many rows those let through (None: all).

    ROWNUM is understood where it stands beside other terms joined by AND, and refused elsewhere.
    """
    kept: list[exp.Expr] = []
    cap: int | None = None
    for term in conjuncts(condition):
        if not any(_is_rownum(column) for column in _own_columns(term)):
            kept.append(term)
            continue
        allowed = _allowed(term)
        cap = allowed if cap is None or (allowed is not None and allowed < cap) else cap
    rest: exp.Expr | None = kept[0] if kept else None
    for term in kept[1:]:
        rest = exp.And(this=rest, expression=term)
    return rest, cap


def _own_columns(term: exp.Expr) -> list[exp.Column]:
    """Columns of a term, those of queries inside it left out."""
    return [
        node
        for node in term.walk(prune=lambda inner: isinstance(inner, exp.Query))
        if isinstance(node, exp.Column)
    ]


def _is_rownum(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column) and node.name.upper() == "ROWNUM" and not node.table


def _allowed(term: exp.Expr) -> int | None:
    """Rows let through by one term: ROWNUM starts at 1 and grows only when a row passes."""
    while isinstance(term, exp.Paren):
        term = term.this
    if isinstance(term, exp.Between) and _is_rownum(term.this):
        return _number(term.args["high"]) if _number(term.args["low"]) <= 1 else 0
    comparison, number = _comparison(term)
    if comparison is exp.LTE:
        return max(0, number)
    if comparison is exp.LT:
        return max(0, number - 1)
    if comparison is exp.EQ:
        return 1 if number == 1 else 0
    passes = number < 1 if comparison is exp.GT else number <= 1
    return None if passes else 0


def _comparison(term: exp.Expr) -> tuple[type[exp.Expr], int]:
    kind = type(term)
    if kind not in _FLIPPED:
        raise problems.unsupported_search()
    left, right = term.this, term.args["expression"]
    return (kind, _number(right)) if _is_rownum(left) else (_FLIPPED[kind], _number(left))


def _number(node: exp.Expr) -> int:
    if not isinstance(node, exp.Literal) or not node.name.isdigit():
        raise problems.unsupported_search()
    return int(node.name)
