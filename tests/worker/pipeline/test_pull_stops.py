"""Pulls that are stopped, interrupted or given up: what stays, and who goes on."""

import pytest
from pulls import Pulls
from scripted_orders import ScriptedOrders, order
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from connectors.errors import OperatorMustAct, TryAgain
from models.runs import LOST_STARTS
from worker import clock
from worker.pipeline import runs
from worker.pipeline.pull import MOST_FAILED_STARTS


@pytest.fixture
def pulls(sessions: sessionmaker[Session]) -> Pulls:
    """Ten orders, four pages; nothing pulled yet."""
    orders = ScriptedOrders()
    orders.put(*[order(n) for n in range(1, 11)])
    return Pulls(sessions, orders)


def landed(pulls: Pulls) -> int:
    count: int = pulls.query("select count(*) from landing_order")[0][0]
    return count


def at_once(pulls: Pulls) -> None:
    """Let the pause after a failure be over."""
    with pulls.sessions.begin() as session:
        session.execute(text("update sync_run set not_before = null"))


def test_a_process_that_ends_gives_the_run_back_at_the_page_edge(pulls: Pulls) -> None:
    run_id = pulls.ask("full")
    edges = []
    for _ in range(4):
        assert pulls.perform(run_id, stop=lambda: True) == "queued"
        edges.append(landed(pulls))
    assert edges == [3, 6, 9, 10]
    assert pulls.watermark() is None
    assert pulls.perform(run_id, stop=lambda: True) == "done"
    assert pulls.row(run_id).counts["read"] == 10


def test_a_run_that_is_asked_to_stop_ends_at_the_page_edge_and_keeps_what_it_has(pulls: Pulls) -> None:
    run_id = pulls.ask("full")

    def somebody_presses_stop(page: int) -> None:
        if page == 2:
            with pulls.sessions.begin() as session:
                assert runs.request_stop(session, run_id, clock.now(session))

    pulls.orders.before_page = somebody_presses_stop
    assert pulls.perform(run_id) == "stopped"
    assert 3 <= landed(pulls) <= 6
    assert pulls.watermark() is None
    run = pulls.row(run_id)
    assert (run.state, run.outcome) == ("stopped", None)
    assert run.finished_at is not None
    assert pulls.claim(run_id) is None
    assert pulls.ask("full") != run_id


def test_asking_while_a_run_goes_on_joins_it(pulls: Pulls) -> None:
    run_id = pulls.ask("full")
    joined = []
    pulls.orders.before_page = lambda _: joined.append(pulls.ask("full"))
    assert pulls.perform(run_id) == "done"
    assert set(joined) == {run_id}
    assert pulls.query("select count(*) from sync_run") == [(1,)]


def test_a_wait_that_was_stopped_gives_the_run_back(pulls: Pulls) -> None:
    """The connector says TryAgain when its waiting is cut short; that is nobody's failure."""

    def stopped(page: int) -> None:
        raise TryAgain("stopped", "Asked to stop.", "Start it again.")

    pulls.orders.before_page = stopped
    run_id = pulls.ask("incremental")
    assert pulls.perform(run_id, stop=lambda: True) == "queued"
    pulls.orders.before_page = lambda _: None
    assert pulls.perform(run_id) == "done"


def test_netsuite_that_fails_again_and_again_ends_a_full_run_in_the_end(pulls: Pulls) -> None:
    def fail(_: int) -> None:
        raise TryAgain("netsuite-unavailable", "NetSuite does not answer.", "Wait.")

    pulls.orders.before_page = fail
    run_id = pulls.ask("full")
    for _ in range(MOST_FAILED_STARTS):
        assert pulls.perform(run_id) == "queued"
        assert pulls.claim(run_id) is None  # a pause first
        at_once(pulls)
    with pytest.raises(TryAgain):
        pulls.perform(run_id)
    run = pulls.row(run_id)
    assert (run.state, run.error_code) == ("failed", "netsuite-unavailable")


def test_what_an_operator_must_do_fails_at_once(pulls: Pulls) -> None:
    def refuse(_: int) -> None:
        raise OperatorMustAct("netsuite-unknown-field", "There is no custbody_x.", "Correct NETSUITE_TERM_END.")

    pulls.orders.before_page = refuse
    run_id = pulls.ask("full")
    with pytest.raises(OperatorMustAct):
        pulls.perform(run_id)
    run = pulls.row(run_id)
    assert (run.state, run.error_code) == ("failed", "netsuite-unknown-field")
    assert "custbody_x" in (run.error_detail or "")


def test_a_run_that_kills_every_worker_before_its_first_page_is_set_aside(pulls: Pulls) -> None:
    class Dead(BaseException):
        pass

    def die() -> None:
        raise Dead

    pulls.orders.now = die  # type: ignore[method-assign,assignment]
    run_id = pulls.ask("full")
    for _ in range(LOST_STARTS):
        with pytest.raises(Dead):
            pulls.perform(run_id)
    assert pulls.claim(run_id) is None
    assert pulls.row(run_id).state == "quarantined"
