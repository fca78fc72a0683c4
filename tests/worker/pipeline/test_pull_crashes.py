"""Killed anywhere, a pull that is started again ends as if nothing had happened."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import pytest
from busy_world import OPTIONS, World, build, content
from effort import DEEP
from engine_checks import check_events, check_findable, must_equal
from pulls import Pulls
from sqlalchemy import URL, Engine, event
from sqlalchemy.orm import Session, sessionmaker
from worlds import copy_of

# Killed before a commit leaves what the commit before it left, as does any statement between the two: of those
# only each n-th is tried.
EVERY = 1 if DEEP else 60
SCOPES = ["full", "incremental", "order:SO13", *(["tenant:acme", "customer:5"] if DEEP else [])]


class Killed(BaseException):
    """The process is gone at this point."""


@contextmanager
def at_each_write(engine: Engine, do: Callable[[str], None]) -> Iterator[None]:
    """Call `do` before each statement and each commit of the engine."""

    def statement(*_: Any) -> None:
        do("statement")

    def commit(*_: Any) -> None:
        do("commit")

    event.listen(engine, "before_cursor_execute", statement)
    event.listen(engine, "commit", commit)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", statement)
        event.remove(engine, "commit", commit)


class Steps:
    """Counts steps; kills at one of them if told so."""

    def __init__(self, kill_at: int | None = None) -> None:
        self.names: list[str] = []
        self.kill_at = kill_at

    def __call__(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) == self.kill_at:
            raise Killed

    def worth_killing(self) -> list[int]:
        """Every commit, and some of the statements between them."""
        steps = enumerate(self.names, start=1)
        return [n for n, name in steps if name == "commit" or n % EVERY == 0]


@pytest.fixture
def world(database: Engine, sessions: sessionmaker[Session]) -> World:
    built = build(sessions)
    database.dispose()
    return built


@pytest.mark.parametrize("scope", SCOPES)
def test_killed_at_any_step_and_started_again(scope: str, world: World, database: Engine) -> None:
    steps, undisturbed = run_once(database.url, world, scope)
    for kill_at in steps.worth_killing():
        with copy_of(database.url) as (engine, sessions):
            pulls = Pulls(sessions, deepcopy(world.orders), OPTIONS)
            run_id = pulls.ask(scope)
            killed_then_performed(engine, pulls, run_id, kill_at)
            assert pulls.row(run_id).state == "done"
            must_equal(content(sessions), undisturbed)
            with sessions() as session:
                check_events(session)
                check_findable(session)


def run_once(source: URL, world: World, scope: str) -> tuple[Steps, dict[str, list[tuple[Any, ...]]]]:
    steps = Steps()
    with copy_of(source) as (engine, sessions):
        pulls = Pulls(sessions, deepcopy(world.orders), OPTIONS)
        run_id = pulls.ask(scope)
        with at_each_write(engine, steps):
            assert pulls.perform(run_id) == "done"
        return steps, content(sessions)


def killed_then_performed(engine: Engine, pulls: Pulls, run_id: int, kill_at: int) -> None:
    """The first worker dies, leaving the run as it is; a second one takes it up."""
    with at_each_write(engine, Steps(kill_at)), pytest.raises(Killed):
        pulls.perform(run_id)
    assert pulls.row(run_id).state in {"queued", "running"}
    assert pulls.perform(run_id) == "done"


def test_killed_twice_in_a_row(world: World, database: Engine) -> None:
    steps, undisturbed = run_once(database.url, world, "full")
    for kill_at in range(10, len(steps.names), 80):
        with copy_of(database.url) as (engine, sessions):
            pulls = Pulls(sessions, deepcopy(world.orders), OPTIONS)
            run_id = pulls.ask("full")
            for step in (kill_at, 8):
                with at_each_write(engine, Steps(step)), pytest.raises(Killed):
                    pulls.perform(run_id)
            assert pulls.perform(run_id) == "done"
            must_equal(content(sessions), undisturbed)
