"""SuiteQL text to a syntax tree, refusing what SuiteQL refuses.

The Oracle grammar of sqlglot, except that every function call stays as it was written: which functions there
are, and what they mean, is for `functions.py` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.oracle import Oracle
from sqlglot.errors import SqlglotError
from sqlglot.parsers.oracle import OracleParser
from sqlglot.tokenizer_core import Token, TokenType
from sqlglot.transforms import eliminate_join_marks

from connectors.mock_netsuite import problems

_MAX_IN_ITEMS = 1000
_LONGEST_QUERY = 200_000  # characters; reading more would keep the interpreter for seconds
# The parts of a syntax node that the translation knows. The grammar reads more than SuiteQL has; a part that is
# not here refuses the query instead of being passed over.
_TWO = frozenset({"this", "expression"})
_KNOWN_PARTS: dict[type[exp.Expr], frozenset[str]] = {
    exp.Select: frozenset(
        {
            "expressions",
            "from_",
            "joins",
            "where",
            "group",
            "having",
            "order",
            "limit",
            "offset",
            "distinct",
            "hint",
        }
    ),
    **dict.fromkeys(
        (exp.Union, exp.Intersect, exp.Except), _TWO | frozenset({"distinct", "order", "limit", "offset"})
    ),
    exp.Table: frozenset({"this", "alias"}),
    exp.TableAlias: frozenset({"this"}),
    exp.Subquery: frozenset({"this", "alias"}),
    exp.Join: frozenset({"this", "on", "side", "kind"}),
    exp.Group: frozenset({"expressions"}),
    exp.Distinct: frozenset({"expressions"}),
    exp.Order: frozenset({"expressions"}),
    exp.Ordered: frozenset({"this", "desc", "nulls_first"}),
    exp.Offset: frozenset({"expression"}),
    exp.Limit: frozenset({"expression"}),
    exp.Fetch: frozenset({"direction", "count", "limit_options"}),
    exp.Column: frozenset({"this", "table", "join_mark"}),
    exp.In: frozenset({"this", "expressions", "query"}),
    exp.Between: frozenset({"this", "low", "high"}),
    exp.Like: _TWO | frozenset({"negate"}),
    exp.Is: _TWO | frozenset({"negate"}),
    exp.Exists: frozenset({"this"}),
    exp.Trim: frozenset({"this"}),
    exp.Cast: frozenset({"this", "to"}),
    exp.Div: _TWO,
    exp.Window: frozenset({"this", "partition_by", "order", "over"}),
}


class _Parser(OracleParser):
    FUNCTIONS: ClassVar[dict[str, Callable[..., Any]]] = {}
    FUNCTION_PARSERS: ClassVar[dict[str, Callable[..., Any]]] = {
        name: OracleParser.FUNCTION_PARSERS[name] for name in ("CAST", "EXTRACT", "TRIM")
    }
    NO_PAREN_FUNCTIONS: ClassVar[dict[TokenType, Any]] = {
        kind: OracleParser.NO_PAREN_FUNCTIONS[kind] for kind in (TokenType.LOCALTIMESTAMP, TokenType.SYSTIMESTAMP)
    }


class SuiteQL(Oracle):
    Parser = _Parser


_SUITEQL = SuiteQL()


def parse(query: str, parameters: Sequence[object] = ()) -> exp.Query:
    """The tree of one SELECT; `parameters` fill its question marks. Raises Problem."""
    if len(query) > _LONGEST_QUERY:
        raise problems.unsupported_search()
    try:
        tokens = _fill(_SUITEQL.tokenize(query), parameters)
        trees = _SUITEQL.parser().parse(tokens, query)
    except SqlglotError as error:
        raise problems.unsupported_search() from error
    statements = [tree for tree in trees if tree is not None]
    if len(statements) != 1 or not isinstance(statements[0], exp.Select | exp.SetOperation):
        raise problems.unsupported_search()
    statement = statements[0]
    _check(statement)
    return _without_join_marks(statement)


def _fill(tokens: list[Token], parameters: Sequence[object]) -> list[Token]:
    """Question marks become literals, so that a bound value is read by the same rules as a written one."""
    if any(token.token_type is TokenType.LIMIT for token in tokens):
        raise problems.unsupported_search()
    holes = sum(token.token_type is TokenType.PLACEHOLDER for token in tokens)
    if holes != len(parameters):
        raise problems.unsupported_search()
    values = iter(parameters)
    return [_literal(next(values)) if token.token_type is TokenType.PLACEHOLDER else token for token in tokens]


def _literal(value: object) -> Token:
    match value:
        case None:
            return Token(TokenType.NULL, "NULL")
        case bool():
            return Token(TokenType.STRING, "T" if value else "F")
        case int() | float() if value >= 0:
            return Token(TokenType.NUMBER, str(value))
        case int() | float() | str():  # a negative number is compared like its text
            return Token(TokenType.STRING, str(value))
    raise problems.unsupported_search()


def _check(statement: exp.Expr) -> None:
    for node in statement.walk():
        known = _KNOWN_PARTS.get(type(node))
        if known is not None and any(value and name not in known for name, value in node.args.items()):
            raise problems.unsupported_search()
        if isinstance(node, exp.Select) and node.args.get("from_") is None:
            raise problems.unsupported_search()
        if isinstance(node, exp.In) and len(node.expressions) > _MAX_IN_ITEMS:
            raise problems.unsupported_search()


def _without_join_marks(statement: exp.Query) -> exp.Query:
    """Oracle's `(+)` becomes an outer join; with a SQL-92 JOIN beside it the query is refused."""
    if not any(column.args.get("join_mark") for column in statement.find_all(exp.Column)):
        return statement
    if any(
        join.args.get(part) for join in statement.find_all(exp.Join) for part in ("side", "kind", "on", "using")
    ):
        raise problems.unsupported_search()
    try:
        converted = eliminate_join_marks(statement)
    except (SqlglotError, AssertionError, KeyError) as error:
        raise problems.unsupported_search() from error
    if not isinstance(converted, exp.Query):
        raise problems.unsupported_search()
    return converted
