"""Expressions: one handler per kind of syntax node, each giving a typed Value.

A node without a handler is syntax SuiteQL does not have.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from connectors.mock_netsuite import problems
from connectors.mock_netsuite.columns import Kind
from connectors.mock_netsuite.suiteql import calls, computed, conditions
from connectors.mock_netsuite.suiteql.scope import Scope
from connectors.mock_netsuite.suiteql.select import Select
from connectors.mock_netsuite.suiteql.values import Session, Value

CompileQuery = Callable[[exp.Query, Session, Scope | None], Select]

_HANDLERS = conditions.HANDLERS | computed.HANDLERS | calls.HANDLERS


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

    def query(self, node: exp.Expr) -> Select:
        """A query inside an expression; it may use the names around it."""
        inner = node.this if isinstance(node, exp.Subquery) else node
        if not isinstance(inner, exp.Query):
            raise problems.unsupported_search()
        return self._compile_query(inner, self.session, self.scope)
