"""Incremental pulls and those since an instant: what is read, and how far the watermark may go."""

from datetime import timedelta

import pytest
from pulls import OPTIONS, Pulls, day, map_customers
from school import School, checksums
from scripted_orders import ScriptedOrders, fails_at, order
from sqlalchemy.orm import Session, sessionmaker

from connectors.errors import TryAgain
from worker import clock
from worker.pipeline.scope import format_instant


@pytest.fixture
def pulls(sessions: sessionmaker[Session]) -> Pulls:
    """Five orders of one mapped customer, pulled whole; a day later in NetSuite."""
    school = School(sessions)
    with sessions() as session:
        school.open(["acme"], clock.now(session))
    map_customers(school, {1: "acme"})
    orders = ScriptedOrders()
    orders.put(*[order(n, 1, day(sessions, 30)) for n in range(1, 6)])
    pulls = Pulls(sessions, orders)
    pulls.do("full")
    orders.later(24)
    orders.calls.clear()
    return pulls


def change(pulls: Pulls, *ids: int, end: int = 60) -> None:
    for n in ids:
        pulls.orders.put(order(n, 1, day(pulls.sessions, end), modified_at=pulls.orders.later(0.01)))


def ends(pulls: Pulls) -> dict[int, int]:
    """Days from today to the end of each accepted order."""
    today = day(pulls.sessions, 0)
    return {n: (end - today).days for n, end in pulls.query("select id, term_end from sales_order")}


def test_the_first_one_reads_everything(sessions: sessionmaker[Session]) -> None:
    orders = ScriptedOrders()
    orders.put(order(1))
    pulls = Pulls(sessions, orders)
    pulls.do("incremental")
    assert pulls.query("select order_id from landing_order") == [(1,)]
    assert pulls.watermark() == orders.clock - OPTIONS.safety


def test_only_what_changed_is_read(pulls: Pulls) -> None:
    change(pulls, 2, 4)
    pulls.orders.later()
    run = pulls.do("incremental")
    assert (run.counts["read"], run.counts["landed_changed"]) == (2, 2)
    assert ends(pulls) == {1: 30, 2: 60, 3: 30, 4: 60, 5: 30}
    assert pulls.watermark() == pulls.orders.clock - OPTIONS.safety


def test_nothing_new_costs_three_calls_and_writes_no_domain_row(pulls: Pulls) -> None:
    with pulls.sessions() as session:
        before = checksums(session)
    pulls.do("incremental")
    with pulls.sessions() as session:
        after = checksums(session)
    assert pulls.orders.calls == {"now": 1, "pages": 1, "deleted": 1}
    assert {table for table in before if before[table] != after[table]} == {"sync_state"}


def test_a_change_that_was_committed_late_is_found_in_the_overlap(pulls: Pulls) -> None:
    pulls.do("incremental")
    late = pulls.orders.clock - OPTIONS.safety - OPTIONS.overlap + timedelta(seconds=1)
    pulls.orders.put(order(2, 1, day(pulls.sessions, 60), modified_at=late))
    pulls.orders.later()
    pulls.do("incremental")
    assert ends(pulls)[2] == 60


@pytest.mark.parametrize("page", [1, 2])
def test_one_that_breaks_off_moves_nothing_past_what_was_read(pulls: Pulls, page: int) -> None:
    change(pulls, 1, 2, 3, 4, 5)
    pulls.orders.later()
    before = pulls.watermark()
    pulls.orders.before_page = fails_at(page)
    run_id = pulls.ask("incremental")
    with pytest.raises(TryAgain):
        pulls.perform(run_id)
    assert pulls.row(run_id).state == "failed"
    assert pulls.watermark() == before
    pulls.orders.before_page = lambda _: None
    pulls.do("incremental")
    assert set(ends(pulls).values()) == {60}


def test_orders_that_change_while_pages_are_read_are_not_lost(pulls: Pulls) -> None:
    change(pulls, 1, 2, 3, 4)
    pulls.orders.later()

    def busy_desk(page: int) -> None:
        if page == 2:
            change(pulls, 1, 5, end=90)
            pulls.orders.before_page = lambda _: None

    pulls.orders.before_page = busy_desk
    pulls.do("incremental")
    pulls.orders.later()
    pulls.do("incremental")
    assert ends(pulls) == {1: 90, 2: 60, 3: 60, 4: 60, 5: 90}


def test_stop_at_a_page_edge_gives_the_run_back_and_it_goes_on_from_the_next_page(pulls: Pulls) -> None:
    change(pulls, 1, 2, 3, 4, 5)
    pulls.orders.later()
    until = pulls.orders.clock
    run_id = pulls.ask("incremental")
    assert pulls.perform(run_id, stop=lambda: True) == "queued"
    assert pulls.row(run_id).counts["read"] == 3
    pulls.orders.later()
    assert pulls.perform(run_id) == "done"
    assert pulls.row(run_id).counts["read"] == 5
    assert pulls.watermark() == until - OPTIONS.safety  # of the window as it was planned
    assert set(ends(pulls).values()) == {60}


def test_a_line_changed_without_moving_the_time_is_seen_by_a_later_read(pulls: Pulls) -> None:
    at = pulls.orders.later()
    pulls.orders.put(order(2, 1, day(pulls.sessions, 60), modified_at=at))
    pulls.orders.later()
    pulls.do("incremental")
    pulls.orders.put(order(2, 1, day(pulls.sessions, 75), modified_at=at))
    pulls.do(f"since:{format_instant(at)}")
    assert ends(pulls)[2] == 75


def test_older_rows_never_overwrite_newer_ones(pulls: Pulls) -> None:
    old = pulls.orders.rows[2]
    change(pulls, 2)
    pulls.orders.later()
    pulls.do("incremental")
    pulls.orders.put(old)  # a replica that lags behind
    pulls.do("full")
    assert ends(pulls)[2] == 60


def test_since_reads_from_there_on(pulls: Pulls) -> None:
    change(pulls, 1)
    middle = pulls.orders.later()
    change(pulls, 2)
    pulls.orders.later()
    before = pulls.watermark()
    run = pulls.do(f"since:{format_instant(middle)}")
    assert run.counts["read"] == 1
    assert pulls.watermark() == before  # it says nothing about what lies before
    pulls.do("incremental")
    assert ends(pulls)[1] == 60


def test_since_before_the_watermark_moves_it(pulls: Pulls) -> None:
    change(pulls, 1, 2)
    pulls.orders.later()
    pulls.do(f"since:{format_instant(pulls.watermark())}")
    assert pulls.watermark() == pulls.orders.clock - OPTIONS.safety


def test_a_deletion_is_seen_and_ends_nothing(pulls: Pulls) -> None:
    pulls.do("incremental")
    pulls.orders.delete(3)
    pulls.orders.later()
    run = pulls.do("incremental")
    assert run.counts["deleted"] == 1
    assert pulls.flags() == {3: "deleted"}
    assert ends(pulls)[3] == 30


def test_what_is_deleted_and_read_again_stays_deleted(pulls: Pulls) -> None:
    pulls.do("incremental")
    pulls.orders.delete(3)
    pulls.orders.later()
    pulls.do("incremental")
    pulls.do("incremental")
    pulls.do("full")
    assert pulls.flags() == {3: "deleted"}


def test_without_the_right_to_read_deletions_changes_still_arrive(pulls: Pulls) -> None:
    pulls.orders.deletions_readable = False
    change(pulls, 2)
    pulls.orders.later()
    assert pulls.do("incremental").outcome == "ok"
    assert ends(pulls)[2] == 60


def test_an_empty_answer_ends_nothing(pulls: Pulls) -> None:
    pulls.orders.visible = lambda _: False
    pulls.do("incremental")
    assert pulls.flags() == {}
    assert set(ends(pulls).values()) == {30}


def test_a_watermark_never_goes_back(pulls: Pulls) -> None:
    pulls.do("incremental")
    before = pulls.watermark()
    pulls.orders.clock -= timedelta(hours=3)
    pulls.do("incremental")
    assert pulls.watermark() == before
