"""Full pulls: everything is read by id, and nothing is concluded from absence."""

from dataclasses import replace
from datetime import timedelta

import pytest
from pulls import OPTIONS, Pulls, day, map_customers
from school import School, checksums
from scripted_orders import MORNING, ScriptedOrders, bad, fails_at, order
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from connectors.errors import OperatorMustAct, TryAgain
from worker import clock
from worker.errors import TermsyncError
from worker.pipeline.reading import MOST_MISSING


@pytest.fixture
def pulls(sessions: sessionmaker[Session]) -> Pulls:
    """Ten orders of one mapped customer; nothing pulled yet."""
    school = School(sessions)
    with sessions() as session:
        school.open(["acme"], clock.now(session))
    map_customers(school, {1: "acme"})
    orders = ScriptedOrders()
    orders.put(*[order(n, 1, day(sessions, 30)) for n in range(1, 11)])
    return Pulls(sessions, orders)


def test_every_order_arrives(pulls: Pulls) -> None:
    run = pulls.do("full")
    assert (run.state, run.outcome) == ("done", "ok")
    assert pulls.query("select id from sales_order order by id") == [(n,) for n in range(1, 11)]
    assert run.counts["landed_new"] == run.counts["accepted_new"] == 10


def test_a_first_load_is_accepted_as_it_lands_and_like_any_other(pulls: Pulls) -> None:
    """By page what is new, in one go what came before: the same orders in the end, cancelled ones flagged."""
    pulls.orders.put(order(11, 1, day(pulls.sessions, 30), status="C"), order(12, 1, None), order(13, 2, None))
    pulls.orders.before_page = fails_at(3)
    run_id = pulls.ask("full")
    assert pulls.perform(run_id) == "queued"
    assert pulls.query("select count(*) from sales_order") == [(6,)]
    assert pulls.query("select count(*) from landing_due") == [(0,)]
    pulls.orders.later(5)
    force_claimable(pulls)
    assert pulls.perform(run_id) == "done"
    assert pulls.query("select id, flag from sales_order order by id") == [
        *((n, None) for n in range(1, 11)),
        (11, "cancelled"),
        (12, None),
    ]
    assert pulls.row(run_id).counts["accepted_new"] == 12
    assert pulls.query("select count(*) from landing_due") == [(0,)]


def test_what_is_new_to_a_tenant_that_has_orders_waits_for_the_whole_read(pulls: Pulls) -> None:
    pulls.do("full")
    pulls.orders.put(*[order(n, 1, day(pulls.sessions, 30)) for n in range(11, 16)])
    pulls.orders.before_page = fails_at(9)
    pulls.perform(pulls.ask("full"))
    assert pulls.query("select order_id from landing_due order by 1") == [(11,), (12,)]
    assert pulls.query("select count(*) from sales_order") == [(10,)]


def test_a_second_one_changes_nothing(pulls: Pulls) -> None:
    pulls.do("full")
    with pulls.sessions() as session:
        before = checksums(session)
    run = pulls.do("full")
    with pulls.sessions() as session:
        after = checksums(session)
    assert run.counts["read"] == 10
    assert {name: run.counts[name] for name in ("landed_new", "landed_changed", "accepted_changed")} == {
        "landed_new": 0,
        "landed_changed": 0,
        "accepted_changed": 0,
    }
    assert {table for table in before if before[table] != after[table]} <= {"sync_state"}


def test_the_watermark_is_where_the_read_began(pulls: Pulls) -> None:
    began = pulls.orders.clock

    def time_goes_by(_: int) -> None:
        pulls.orders.later()

    pulls.orders.before_page = time_goes_by
    pulls.do("full")
    assert pulls.watermark() == began - OPTIONS.safety


@pytest.mark.parametrize("page", [1, 2, 3, 4])
def test_a_run_that_breaks_off_leaves_the_watermark_and_goes_on_where_it_was(pulls: Pulls, page: int) -> None:
    began = pulls.orders.clock
    pulls.orders.before_page = fails_at(page)
    run_id = pulls.ask("full")
    assert pulls.perform(run_id) == "queued"
    assert pulls.watermark() is None
    assert pulls.query("select count(*) from landing_order") == [((page - 1) * 3,)]
    pulls.orders.later(5)
    asked = pulls.orders.calls["pages"]
    force_claimable(pulls)
    assert pulls.perform(run_id) == "done"
    assert pulls.orders.calls["pages"] - asked == 4 - (page - 1)  # only what was not read yet
    assert pulls.watermark() == began - OPTIONS.safety


def force_claimable(pulls: Pulls) -> None:
    """Let the pause after a failure be over."""
    with pulls.sessions.begin() as session:
        session.execute(text("update sync_run set not_before = null"))


def test_one_that_fails_before_its_first_page_is_failed(pulls: Pulls) -> None:
    def refuse() -> list[object]:
        raise TryAgain("netsuite-unavailable", "NetSuite does not answer.", "Wait.")

    pulls.orders.now = refuse  # type: ignore[method-assign,assignment]
    run_id = pulls.ask("full")
    with pytest.raises(TryAgain):
        pulls.perform(run_id)
    run = pulls.row(run_id)
    assert (run.state, run.error_code) == ("failed", "netsuite-unavailable")


def test_an_empty_answer_deletes_nothing_and_fails(pulls: Pulls) -> None:
    pulls.do("full")
    before = pulls.watermark()
    pulls.orders.later()
    pulls.orders.visible = lambda _: False
    run_id = pulls.ask("full")
    with pytest.raises(OperatorMustAct) as caught:
        pulls.perform(run_id)
    assert caught.value.code == "netsuite-answer-empty"
    assert pulls.flags() == {}
    assert pulls.query("select count(*) from landing_order where gone is not null") == [(0,)]
    assert pulls.watermark() == before


def test_an_empty_account_is_fine_when_it_always_was(pulls: Pulls) -> None:
    pulls.orders.rows.clear()
    assert pulls.do("full").outcome == "ok"


def test_an_order_that_stopped_coming_is_flagged_missing_and_comes_back(pulls: Pulls) -> None:
    pulls.do("full")
    kept = pulls.orders.rows.pop(4)
    run = pulls.do("full")
    assert (run.counts["missing"], run.outcome) == (1, "ok")
    assert pulls.flags() == {4: "missing"}
    pulls.orders.put(kept)
    pulls.do("full")
    assert pulls.flags() == {}


def test_an_order_that_is_only_left_out_of_a_page_is_not_missing(pulls: Pulls) -> None:
    """NetSuite, asked for it by id, has it."""
    pulls.do("full")
    hidden = iter([False] * 3)
    pulls.orders.visible = lambda order_id: order_id != 4 or next(hidden, True)
    pulls.do("full")
    assert pulls.flags() == {}


def test_too_many_missing_are_a_broken_answer(pulls: Pulls) -> None:
    """More than a clean-up could explain: nothing is flagged, the watermark stays, the run says so."""
    many = MOST_MISSING + 10
    pulls.orders.put(*[order(n, 1, day(pulls.sessions, 30)) for n in range(100, 100 + many)])
    pulls.do("full")
    before = pulls.watermark()
    pulls.orders.later()
    pulls.orders.visible = lambda order_id: order_id < 100
    run = pulls.do("full")
    assert (run.outcome, run.counts["unexplained"], run.counts["missing"]) == ("errors", many, 0)
    assert pulls.flags() == {}
    assert pulls.watermark() == before


def test_a_deletion_is_believed(pulls: Pulls) -> None:
    pulls.do("full")
    pulls.orders.later()
    pulls.orders.delete(4)
    pulls.orders.later()
    run = pulls.do("full")
    assert (run.counts["deleted"], run.counts["missing"]) == (1, 0)
    assert pulls.flags() == {4: "deleted"}


def test_where_deletions_may_not_be_read_the_full_read_finds_them(pulls: Pulls) -> None:
    pulls.do("full")
    pulls.orders.deletions_readable = False
    pulls.orders.delete(4)
    run = pulls.do("full")
    assert (run.counts["deleted"], run.counts["missing"]) == (0, 1)
    assert pulls.flags() == {4: "missing"}


def test_bad_rows_are_kept_and_stop_nobody(pulls: Pulls) -> None:
    pulls.orders.put(bad(5))
    pulls.orders.nameless = [bad(None)]
    run = pulls.do("full")
    assert (run.state, run.outcome) == ("done", "errors")
    assert pulls.query("select order_id, reject_code from landing_order where reject_code is not null") == [
        (5, "date-unreadable")
    ]
    assert pulls.query("select code from parked_row") == [("date-unreadable",)]
    assert pulls.query("select count(*) from sales_order") == [(9,)]


def test_a_bad_row_leaves_the_accepted_term_in_force(pulls: Pulls) -> None:
    pulls.do("full")
    term = pulls.query("select term_end from sales_order where id = 5")
    pulls.orders.put(bad(5, 1, pulls.orders.later()))
    pulls.do("full")
    assert pulls.query("select term_end from sales_order where id = 5") == term
    assert pulls.flags() == {}


def test_pages_of_several_ranges_may_arrive_in_any_order(pulls: Pulls) -> None:
    many = replace(pulls, options=replace(OPTIONS, slots=4))
    many.orders.page_size = 1
    assert many.do("full").counts["landed_new"] == 10


def test_another_account_is_refused(pulls: Pulls) -> None:
    pulls.do("full")
    elsewhere = replace(pulls, options=replace(OPTIONS, account="7654321_SB1"))
    run_id = elsewhere.ask("full")
    asked = dict(pulls.orders.calls)
    with pytest.raises(TermsyncError) as caught:
        elsewhere.perform(run_id)
    assert caught.value.code == "account-differs"
    assert "1234567" in caught.value.message
    assert "7654321_SB1" in caught.value.message
    assert pulls.orders.calls == asked
    assert pulls.row(run_id).state == "failed"


def test_a_dry_run_binds_no_account(pulls: Pulls) -> None:
    pulls.do("full", dry_run=True)
    assert pulls.query("select * from account") == []


def test_nothing_is_read_twice_when_the_plan_is_known(pulls: Pulls) -> None:
    pulls.do("full")
    assert pulls.orders.calls["pages"] == 4
    assert pulls.orders.calls["id_ranges"] == 1
    assert pulls.orders.clock - MORNING == timedelta(hours=1)
