"""The status expression in Python and in the database, and the table of transitions."""

from datetime import UTC, datetime, timedelta

from effort import effort
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, func, literal, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.types import CHAR, DateTime

from models.status import By, Status, may_change, status_at

EPOCH = datetime(2026, 3, 8, 5, tzinfo=UTC)
# Few distinct instants, so that equal ones are common.
INSTANTS = st.integers(-3, 3).map(lambda n: EPOCH + timedelta(microseconds=n))
PAUSES = st.tuples(st.none(), st.none()) | st.tuples(INSTANTS, st.none() | INSTANTS)
CASES = st.tuples(st.sampled_from(Status), st.none() | INSTANTS, INSTANTS, PAUSES)


def reads_as(status: str, boundary: datetime | None, now: datetime, pause: tuple[object, object]) -> str:
    """Domain 2.2 and 3.8 in plain words: E past its boundary reads as X unless expiry is paused."""
    paused_at, until = pause
    if paused_at is not None and (until is None or (isinstance(until, datetime) and now < until)):
        return status
    if status == "E" and boundary is not None and now >= boundary:
        return "X"
    return status


@effort(500)
@given(CASES)
def test_status_at_follows_the_rule(
    case: tuple[Status, datetime | None, datetime, tuple[datetime, datetime]],
) -> None:
    status, boundary, now, pause = case
    assert status_at(status, boundary, now, *pause) == reads_as(status, boundary, now, pause)


@effort(25)
@given(cases=st.lists(CASES, min_size=20, max_size=60))
def test_the_database_reads_a_status_as_python_does(
    cases: list[tuple[Status, datetime | None, datetime, tuple[datetime, datetime]]], database: Engine
) -> None:
    instant = DateTime(timezone=True)
    columns = [
        func.status_at(
            sql_cast(literal(str(status)), CHAR(1)),
            sql_cast(boundary, instant),
            sql_cast(pause[0], instant),
            sql_cast(pause[1], instant),
            sql_cast(now, instant),
        )
        for status, boundary, now, pause in cases
    ]
    with database.connect() as connection:
        found = connection.execute(select(*columns)).one()
    assert list(found) == [reads_as(*case) for case in cases]


def test_every_transition_there_is() -> None:
    allowed = {
        (before, after, by)
        for before in "EUX"
        for after in "EUX"
        for by in By
        if may_change(Status(before), Status(after), by)
    }
    engine = {("E", "X"), ("X", "E")}
    people = {("E", "X"), ("X", "E"), ("E", "U"), ("X", "U"), ("U", "E"), ("U", "X")}
    assert allowed == {(a, b, By.ENGINE) for a, b in engine} | {(a, b, By.PEOPLE) for a, b in people}
