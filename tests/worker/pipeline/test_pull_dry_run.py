"""A dry run lists exactly what the real run then does, and writes nothing."""

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

import pytest
from busy_world import OPTIONS, World, build
from pulls import Pulls
from school import DOMAIN, checksums
from sqlalchemy.orm import Session, sessionmaker

from models import differences
from worker.pipeline.tally import Tally

SCOPES = [
    "full",
    "incremental",
    "since:2026-03-02T08:30:00Z",
    "tenant:acme",
    "tenant:beta",
    "customer:5",
    "order:SO13",
]


@pytest.fixture
def world(sessions: sessionmaker[Session]) -> World:
    return build(sessions)


def plain(rows: Iterable[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return sorted(tuple(sorted((name, str(value)) for name, value in row.items())) for row in rows)


@pytest.mark.parametrize("scope", SCOPES)
def test_the_diff_is_what_the_real_run_does(scope: str, world: World, sessions: sessionmaker[Session]) -> None:
    dry = Pulls(sessions, deepcopy(world.orders), OPTIONS)
    with sessions() as session:
        before = checksums(session)
    foreseen = dry.do(scope, dry_run=True)
    with sessions() as session:
        assert checksums(session) == before
    known = set(dry.query("select tenant_id, id from sales_order"))

    real = Pulls(sessions, world.orders, OPTIONS)
    done = real.do(scope)
    diff = foreseen.progress["diff"]
    with sessions() as session:
        happened = differences.of_run(session, done.id)
    assert plain(diff["changed_orders"]) == plain(happened["changed_orders"])
    assert plain(map(timeless, diff["enrollments"])) == plain(map(timeless, happened["enrollments"]))
    new = set(real.query("select tenant_id, id from sales_order")) - known
    assert {(world.tenant_ids[row["tenant"]], row["order_id"]) for row in diff["new_orders"]} == new
    assert foreseen.outcome == done.outcome
    assert foreseen.counts == done.counts


def timeless(row: dict[str, Any]) -> dict[str, Any]:
    """Without what depends on the instant itself."""
    return {name: value for name, value in row.items() if name not in {"at", "expired_at"}}


def test_the_world_holds_something_of_everything(world: World, sessions: sessionmaker[Session]) -> None:
    """Else the comparison above would say little."""
    run = Pulls(sessions, world.orders, OPTIONS).do("full")
    nothing = {name for name, count in run.counts.items() if not count}
    assert nothing <= {"unexplained"}
    assert set(run.counts) == set(Tally().counts())
    assert run.outcome == "held"


def test_a_dry_run_that_fails_writes_nothing(world: World, sessions: sessionmaker[Session]) -> None:
    world.orders.visible, world.orders.nameless = lambda _: False, []
    pulls = Pulls(sessions, world.orders, OPTIONS)
    with sessions() as session:
        before = checksums(session)
    run_id = pulls.ask("full", dry_run=True)
    with pytest.raises(Exception, match="no sales order at all"):
        pulls.perform(run_id)
    with sessions() as session:
        assert checksums(session) == before
    assert pulls.row(run_id).state == "failed"


def test_a_dry_run_moves_no_watermark_and_does_not_join_the_run(
    world: World, sessions: sessionmaker[Session]
) -> None:
    pulls = Pulls(sessions, world.orders, OPTIONS)
    before = pulls.watermark()
    dry, real = pulls.ask("incremental", dry_run=True), pulls.ask("incremental")
    assert dry != real
    pulls.perform(dry)
    assert pulls.watermark() == before
    assert "sync_state" in DOMAIN
