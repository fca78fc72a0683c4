"""Undoing a run: terms and people go back as far as nobody touched them since, and the rest is told."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from calendar_oracle import first_instant_after
from engine_checks import check_events, check_findable
from pulls import OPTIONS, Pulls, day, map_customers
from school import School, checksums, rows
from scripted_orders import ScriptedOrders, order
from sqlalchemy.orm import Session, sessionmaker

from models import differences
from models.enrollment_changes import Why
from models.sync_run import SyncRun
from worker import clock
from worker.errors import NotFound, TermsyncError
from worker.pipeline import holds, undo
from worker.pipeline.guard import Thresholds


class Desk(Pulls):
    """Two tenants with an order each that ends in 50 days, and two people on each."""

    school: School
    people: dict[str, list[int]]

    def say(self, order_id: int, end: date, customer: int | None = None, number: str | None = None) -> None:
        """What NetSuite says of an order from now on."""
        moment = self.orders.later()
        self.orders.put(order(order_id, customer or order_id, end, number=number, modified_at=moment))
        self.orders.later()

    def undo(self, what: str, number: int, dry_run: bool = False) -> SyncRun:
        with self.sessions.begin() as session:
            why = Why("ann", clock.now(session))
            run_id, _ = undo.request(session, what, number, why, "wrong file", dry_run=dry_run)
        claimed = self.claim(run_id)
        assert claimed is not None
        assert undo.perform(self.sessions, claimed) == "done"
        return self.row(run_id)

    def statuses(self, key: str = "acme") -> str:
        found = self.query(
            "select status from enrollment where tenant_id = :tenant_id order by id",
            tenant_id=self.school.tenant_ids[key],
        )
        return "".join(status for (status,) in found)

    def end(self, order_id: int) -> date:
        found: date = self.query(f"select term_end from sales_order where id = {order_id}")[0][0]
        return found

    def now(self) -> Any:
        with self.sessions() as session:
            return clock.now(session)


@pytest.fixture
def desk(sessions: sessionmaker[Session]) -> Desk:
    desk = Desk(sessions, ScriptedOrders())
    school = desk.school = School(sessions)
    school.open(["acme", "beta"], desk.now())
    map_customers(school, {1: "acme", 2: "beta"})
    for order_id in (1, 2):
        desk.orders.put(order(order_id, order_id, day(sessions, 50)))
    desk.do("full")
    now = desk.now()
    desk.people = {key: [school.enroll(key, now, n) for _ in "ab"] for n, key in ((1, "acme"), (2, "beta"))}
    return desk


@pytest.fixture
def flipped(desk: Desk) -> int:
    """A pull that brought wrong ends for both orders and expired everybody. Its id."""
    for order_id in (1, 2):
        desk.say(order_id, day(desk.sessions, -20))
    run = desk.do("incremental")
    assert (desk.statuses("acme"), desk.statuses("beta")) == ("XX", "XX")
    return run.id


def left(run: SyncRun) -> list[tuple[str, str]]:
    return [(row["tenant"], row["reason"]) for row in run.progress["left"]]


def test_terms_and_people_are_as_before(desk: Desk, flipped: int) -> None:
    run = desk.undo("run", flipped)
    assert (desk.statuses("acme"), desk.statuses("beta")) == ("EE", "EE")
    assert desk.end(1) == desk.end(2) == day(desk.sessions, 50)
    assert (run.counts["accepted_changed"], run.counts["reinstated"], run.counts["restored"]) == (2, 4, 4)
    assert (left(run), run.progress["left_orders"]) == ([], [])
    with desk.sessions() as session:
        check_events(session)
        check_findable(session)


def test_the_dry_run_lists_what_the_real_one_does(desk: Desk, flipped: int) -> None:
    with desk.sessions() as session:
        before = checksums(session)
    dry = desk.undo("run", flipped, dry_run=True)
    with desk.sessions() as session:
        assert checksums(session) == before
    real = desk.undo("run", flipped)
    assert dry.counts == real.counts
    with desk.sessions() as session:
        happened = differences.of_run(session, real.id)
    for name in ("changed_orders", "enrollments"):
        assert dry.progress["diff"][name] == happened[name]
        assert happened[name]


def test_the_same_wrong_data_does_not_come_back(desk: Desk, flipped: int) -> None:
    desk.undo("run", flipped)
    desk.say(1, day(desk.sessions, -20), number="SO1-B")  # paperwork, with the same wrong end
    desk.do("incremental")
    assert desk.statuses() == "EE"
    desk.say(1, day(desk.sessions, -30))  # other data does
    desk.do("incremental")
    assert (desk.statuses(), desk.statuses("beta")) == ("XX", "EE")


def test_whom_somebody_touched_since_is_left_and_listed(desk: Desk, flipped: int) -> None:
    touched, _ = desk.people["acme"]
    desk.school.edit("acme", desk.now(), [(touched, 1, None, "U")])
    run = desk.undo("run", flipped)
    assert desk.statuses() == "UE"
    assert left(run) == [("acme", "changed")]
    assert run.progress["left"][0]["enrollment"] == touched
    assert run.counts["left_changed"] == 1
    assert run.counts["restored"] == 3


def test_an_order_changed_again_since_is_left_and_listed(desk: Desk, flipped: int) -> None:
    desk.say(1, day(desk.sessions, -10))
    desk.do("incremental")
    run = desk.undo("run", flipped)
    assert (desk.statuses("acme"), desk.statuses("beta")) == ("XX", "EE")
    assert [row["sales_order"] for row in run.progress["left_orders"]] == ["SO1"]
    assert {reason for _, reason in left(run)} <= {"changed", "order_changed"}


def test_paperwork_since_does_not_keep_a_term_back(desk: Desk, flipped: int) -> None:
    desk.say(1, day(desk.sessions, -20), number="SO1-B")
    desk.do("incremental")
    desk.undo("run", flipped)
    assert (desk.statuses(), desk.end(1)) == ("EE", day(desk.sessions, 50))


def test_who_is_past_the_last_day_anyway_is_told_so(desk: Desk) -> None:
    """The run found somebody whose typed date had passed: no undo can give that day back."""
    typed = desk.school.enroll("acme", desk.now() - timedelta(days=40), 1, day(desk.sessions, -9))
    desk.say(1, day(desk.sessions, -20))
    run = desk.do("incremental")
    assert desk.statuses() == "XXX"
    undone = desk.undo("run", run.id)
    assert desk.statuses() == "EEX"
    assert left(undone) == [("acme", "past")]
    assert undone.progress["left"][0]["enrollment"] == typed
    assert undone.progress["left"][0]["last_day"] == str(day(desk.sessions, -9))


def test_a_second_undo_finds_nothing_to_do(desk: Desk, flipped: int) -> None:
    desk.undo("run", flipped)
    with desk.sessions() as session:
        before = checksums(session, ("enrollment", "enrollment_event", "sales_order"))
    again = desk.undo("run", flipped)
    assert again.counts["enrollments_changed"] == again.counts["accepted_changed"] == 0
    with desk.sessions() as session:
        assert checksums(session, ("enrollment", "enrollment_event", "sales_order")) == before


def test_an_undo_can_be_undone(desk: Desk, flipped: int) -> None:
    undone = desk.undo("run", flipped)
    desk.undo("run", undone.id)
    assert (desk.statuses("acme"), desk.statuses("beta"), desk.end(1)) == ("XX", "XX", day(desk.sessions, -20))


def test_an_extension_undone_expires_again(desk: Desk, flipped: int) -> None:
    desk.say(1, day(desk.sessions, 90))
    run = desk.do("incremental")
    assert desk.statuses() == "EE"
    desk.undo("run", run.id)
    assert (desk.statuses(), desk.end(1)) == ("XX", day(desk.sessions, -20))


def test_an_approved_hold_can_be_undone(desk: Desk) -> None:
    desk.options = replace(OPTIONS, thresholds=Thresholds(people=1))
    desk.say(1, day(desk.sessions, -20))
    assert desk.do("incremental").outcome == "held"
    [(hold_id,)] = desk.query("select id from hold where state = 'open'")
    with pytest.raises(TermsyncError, match="nothing on its list was applied"):
        desk.undo("hold", hold_id)
    with desk.sessions.begin() as session:
        holds.approve(session, hold_id, Why("bob", clock.now(session)))
    assert desk.statuses() == "XX"
    desk.undo("hold", hold_id)
    assert desk.statuses() == "EE"


REFUSED: list[tuple[str, Callable[[Desk], int]]] = [
    ("run-unknown", lambda desk: 999),
    ("run-not-ended", lambda desk: desk.ask("full")),
    ("run-not-undoable", lambda desk: desk.do("full", dry_run=True).id),
    ("nothing-to-undo", lambda desk: desk.do("full").id),
]


@pytest.mark.parametrize(("code", "run"), REFUSED)
def test_what_cannot_be_undone_is_refused(desk: Desk, code: str, run: Callable[[Desk], int]) -> None:
    run_id = run(desk)
    with pytest.raises(TermsyncError) as refused:
        desk.undo("run", run_id)
    assert refused.value.code == code
    assert isinstance(refused.value, NotFound) == (code == "run-unknown")
    with desk.sessions() as session:
        assert rows(session, "select 1 from staff_action where action = 'undo asked'") == []


def test_asking_twice_makes_one_run_and_one_record(desk: Desk, flipped: int) -> None:
    asked = []
    for person in ("ann", "bob"):
        with desk.sessions.begin() as session:
            asked.append(undo.request(session, "run", flipped, Why(person, clock.now(session)), "wrong"))
    assert asked[0][0] == asked[1][0]
    assert [new for _, new in asked] == [True, False]
    assert desk.query("select actor, subject, reason from staff_action where action = 'undo asked'") == [
        ("ann", f"run {flipped}", "wrong")
    ]


def test_an_undo_taken_up_again_goes_on_where_it_was(desk: Desk, flipped: int) -> None:
    with desk.sessions.begin() as session:
        run_id, _ = undo.request(session, "run", flipped, Why("ann", clock.now(session)), "wrong")
    claimed = desk.claim(run_id)
    assert claimed is not None
    assert undo.perform(desk.sessions, claimed, stop=lambda: True) == "queued"
    assert sorted((desk.statuses("acme"), desk.statuses("beta"))) == ["EE", "XX"]
    again = desk.claim(run_id)
    assert again is not None
    assert undo.perform(desk.sessions, again) == "done"
    assert (desk.statuses("acme"), desk.statuses("beta")) == ("EE", "EE")
    assert desk.row(run_id).counts["restored"] == 4


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happened_since_nothing_is_lost_or_left_unsaid(desk: Desk, seed: int) -> None:
    """A run between deeds and other runs, undone: whose status it changed is as before, or listed with why."""
    random = Random(seed)
    for _ in range(random.randint(0, 3)):
        happen(desk, random)
    before = dict(desk.query("select id, status from enrollment"))
    for order_id in random.sample([1, 2], random.randint(1, 2)):
        desk.say(order_id, day(desk.sessions, random.choice([-30, -5, 20, 80])))
    run = desk.do("incremental").id
    after = dict(desk.query("select id, status from enrollment"))
    for _ in range(random.randint(0, 3)):
        happen(desk, random)
    if not desk.query(CHANGED, run=run):
        assert after == before
        return
    undone = desk.undo("run", run)
    present = dict(desk.query("select id, status from enrollment"))
    listed = {row["enrollment"] for row in undone.progress["left"]}
    flipped = {number for number in before if after[number] != before[number]}
    assert {number for number in flipped if present[number] != before[number]} <= listed <= flipped
    assert undone.counts["restored"] == len(flipped - listed)
    with desk.sessions() as session:
        check_events(session)
        check_findable(session)
        dated = rows(session, DATED)
    assert all(found == (None if last is None else first_instant_after(last, zone)) for found, last, zone in dated)
    again = desk.undo("run", run, dry_run=True)
    assert again.counts["enrollments_changed"] == again.counts["accepted_changed"] == 0


CHANGED = """
    select 1 from sales_order_event where run_id = :run union select 1 from enrollment_event where run_id = :run
"""
# Every boundary is that of the last day: the typed date, or the end of the accepted order.
DATED = """
    select e.boundary, coalesce(e.expiration_date, o.term_end), t.time_zone from enrollment e
    join tenant t on t.id = e.tenant_id
    left join sales_order o on o.id = e.sales_order_id and o.tenant_id = e.tenant_id
"""


def happen(desk: Desk, random: Random) -> None:
    """A pull that moves an end, or a deed of staff."""
    key = random.choice(["acme", "beta"])
    order_id = {"acme": 1, "beta": 2}[key]
    person = random.choice(desk.people[key])
    typed = random.choice([None, day(desk.sessions, -4), day(desk.sessions, 40)])
    if random.random() < 0.4:
        desk.say(order_id, day(desk.sessions, random.choice([-30, -5, 20, 80])), number=random.choice([None, "N"]))
        desk.do("incremental")
    else:
        desk.school.edit(key, desk.now(), [(person, order_id, typed, random.choice([None, "E", "U", "X"]))])
