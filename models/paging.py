"""Pages of lists: counts up to a bound, and orderings from names."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.elements import ColumnElement

BOUND = 10_000
Rows = Select[*tuple[Any, ...]]


def bounded_count(session: Session, statement: Rows) -> int:
    """How many rows `statement` has, counted up to BOUND + 1: a long list costs no more than a short one."""
    some = (
        statement.with_only_columns(literal(1), maintain_column_froms=True)
        .order_by(None)
        .limit(BOUND + 1)
        .subquery()
    )
    found: int = session.execute(select(func.count()).select_from(some)).scalar_one()
    return found


def ordered(
    statement: Rows,
    sorts: Sequence[tuple[str, bool]],
    columns: Mapping[str, Any],
    last: ColumnElement[Any] | InstrumentedAttribute[Any],
) -> Rows:
    """`statement` ordered by `sorts` ((name, descending), names of `columns`), then by `last`, which is unique."""
    order = [
        columns[name].desc() if descending else columns[name] for name, descending in sorts if name in columns
    ]
    return statement.order_by(*order, last)


def contains(column: ColumnElement[Any] | Any, words: str) -> ColumnElement[bool]:
    """Whether a text column holds these words, whatever their case; % and _ mean themselves."""
    found: ColumnElement[bool] = column.icontains(words, autoescape=True)
    return found
