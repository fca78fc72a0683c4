"""Edits as jobs: whatever interrupts them, each row is done once, and pressing twice makes one job."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from edit_desk import PEOPLE, SIZE, Desk
from engine_checks import check_events, check_findable, must_equal
from school import School
from sqlalchemy import Engine, event, text
from worlds import copy_of

from models import edit_jobs
from models.editing import Edit
from models.enrollment_search import EnrollmentFilter
from models.runs import RunLost
from worker import clock
from worker.errors import NotFound, TermsyncError
from worker.pipeline import edit, edit_requests
from worker.pipeline.edit_requests import EditEnrollments, Undo

pytest_plugins = ("edit_office",)

EXPIRE = Edit(ask="X")


class Killed(BaseException):
    """The process is gone at this point."""


class Steps:
    """Counts the statements and commits of an engine; kills at one of them if told so."""

    def __init__(self, engine: Engine, kill_at: int | None = None) -> None:
        self.engine, self.kill_at, self.count = engine, kill_at, 0

    def __call__(self, *_: object) -> None:
        self.count += 1
        if self.count == self.kill_at:
            raise Killed

    def __enter__(self) -> "Steps":
        for name in ("before_cursor_execute", "commit"):
            event.listen(self.engine, name, self)
        return self

    def __exit__(self, *_: object) -> None:
        for name in ("before_cursor_execute", "commit"):
            event.remove(self.engine, name, self)


def test_killed_at_any_step_and_taken_up_again_it_ends_as_if_nothing_had_happened(
    desk: Desk, database: Engine
) -> None:
    run_id = desk.ask().run_id
    database.dispose()
    with copy_of(database.url) as (engine, desk.sessions):
        with Steps(engine) as steps:
            assert desk.perform(run_id) == "done"
        undisturbed = desk.content()
    for kill_at in range(1, steps.count, 3):
        with copy_of(database.url) as (engine, desk.sessions):
            with Steps(engine, kill_at), pytest.raises(Killed):
                desk.perform(run_id)
            assert desk.perform(run_id) == "done"
            must_equal(desk.content(), undisturbed)
            with desk.sessions() as session:
                check_events(session)
                check_findable(session)


def test_whoever_was_taken_for_dead_writes_nothing_more(desk: Desk) -> None:
    run_id = desk.ask().run_id
    first = desk.claim(run_id)
    assert edit.perform(desk.sessions, desk.claim(run_id), size=SIZE) == "done"
    before = desk.content()
    with pytest.raises(RunLost):
        edit.perform(desk.sessions, first, size=SIZE)
    assert desk.content() == before


def test_two_jobs_of_one_tenant_at_the_same_time_leave_one_history(desk: Desk) -> None:
    jobs = [desk.ask(EXPIRE, "one").run_id, desk.ask(Edit(ask="U"), "two").run_id]
    with ThreadPoolExecutor(2) as executor:
        assert list(executor.map(desk.perform, jobs)) == ["done", "done"]
    with desk.sessions() as session:
        check_events(session)
    assert set(desk.statuses()[:2]) <= {"X", "U"}


def test_pressed_twice_it_is_one_job(desk: Desk) -> None:
    with ThreadPoolExecutor(2) as executor:
        asked = list(executor.map(lambda _: desk.ask(), range(2)))
    assert [one.run_id for one in asked] == [asked[0].run_id] * 2
    assert sorted(one.new for one in asked) == [False, True]
    desk.perform(asked[0].run_id)
    again = desk.ask()
    assert (again.run_id, again.new, again.waits) == (asked[0].run_id, False, False)
    assert desk.query("select count(*) from edit_job") == [(1,)]


def test_another_request_with_the_same_key_is_refused(desk: Desk) -> None:
    desk.ask(EXPIRE)
    with pytest.raises(TermsyncError) as error:
        desk.ask(Edit(ask="U"))
    assert error.value.code == "edit-key-reused"
    assert desk.ask(Edit(ask="U"), tenant="beta").new


def test_the_rows_are_those_that_matched_when_it_was_asked_for(desk: Desk) -> None:
    run_id = desk.ask().run_id
    with desk.sessions() as session:
        now = clock.now(session)
    late = School(desk.sessions, desk.tenant_ids, desk.query("select id from course_version")[0][0])
    late.enroll("acme", now)
    desk.perform(run_id)
    assert desk.statuses() == "XXEXXXXEE"
    assert desk.outcomes(run_id) == ["changed"] * 2 + ["user-inactive"] + ["changed"] * 4


def test_each_row_is_judged_when_its_turn_comes(desk: Desk) -> None:
    run_id = desk.ask().run_id
    with desk.sessions.begin() as session:
        session.execute(text("update users set active = false where id = (select min(id) + 3 from users)"))
    desk.perform(run_id)
    assert desk.outcomes(run_id)[2:4] == ["user-inactive"] * 2


def test_stopped_and_resumed_it_goes_on_where_it_was(desk: Desk) -> None:
    run_id = desk.ask().run_id
    claimed = desk.claim(run_id)
    with desk.sessions.begin() as session:
        assert edit.stop(session, run_id, desk.why(session))
    assert edit.perform(desk.sessions, claimed, size=SIZE) == "stopped"
    assert desk.statuses() == "XXEEEEEE"
    with desk.sessions.begin() as session:
        edit.resume(session, run_id, desk.why(session))
    assert desk.perform(run_id) == "done"
    assert desk.statuses() == "XXEXXXXE"
    counts = {"changed": 6, "unchanged": 0, "skipped": 1, "expired": 6, "reinstated": 0}
    assert desk.query("select outcome, counts from sync_run") == [("errors", counts)]
    with desk.sessions() as session, pytest.raises(TermsyncError) as error:
        edit.resume(session, run_id, desk.why(session))
    assert error.value.code == "edit-not-stopped"


def test_a_worker_that_is_told_to_end_gives_it_back(desk: Desk) -> None:
    run_id = desk.ask().run_id
    assert desk.perform(run_id, stop=lambda: True) == "queued"
    assert desk.statuses() == "XXEEEEEE"
    assert desk.perform(run_id) == "done"


def test_few_rows_are_done_where_they_are_asked_for(desk: Desk) -> None:
    asked = desk.ask(at_once=PEOPLE)
    assert (asked.new, asked.waits) == (True, False)
    assert desk.statuses() == "XXEXXXXE"
    assert desk.query("select state, outcome from sync_run") == [("done", "errors")]
    assert desk.query("select action, actor from staff_action where action like 'enrollments%'") == [
        ("enrollments edited", "ann@example.test")
    ]


def test_taken_back_it_restores_whom_nobody_touched_and_lists_the_rest(desk: Desk) -> None:
    before = desk.query("select id, status, expired_cause, expired_at, boundary from enrollment order by id")
    run_id = desk.ask(at_once=PEOPLE).run_id
    ids = [number for (number, *_) in before]
    with desk.sessions.begin() as session:
        touched = EditEnrollments(EnrollmentFilter(desk.tenant_ids["acme"], ids=(ids[0],)), Edit(ask="U"))
        edit.ask(session, touched, desk.why(session), "touch")
    undo = desk.undo(run_id)
    assert undo.waits
    assert desk.perform(undo.run_id) == "done"
    assert desk.outcomes(undo.run_id) == ["changed-since", *["changed"] * 5]
    after = desk.query("select id, status, expired_cause, expired_at, boundary from enrollment order by id")
    assert after[1:] == before[1:]
    assert after[0][1] == "U"
    with desk.sessions() as session:
        check_events(session)
        (rest,) = edit_jobs.results(session, undo.run_id, outcome="skipped")
    assert (rest.reason, rest.status_after) == ("changed-since", None)


def test_taken_back_twice_is_taken_back_once(desk: Desk) -> None:
    run_id = desk.ask(at_once=PEOPLE).run_id
    undo = desk.undo(run_id, at_once=PEOPLE)
    again = desk.undo(run_id, at_once=PEOPLE)
    assert (again.run_id, again.new) == (undo.run_id, False)
    assert desk.statuses() == "E" * 8
    back = desk.undo(undo.run_id, at_once=PEOPLE)
    assert desk.statuses() == "XXEXXXXE"
    assert desk.outcomes(back.run_id) == ["changed"] * 6


def test_what_is_under_way_cannot_be_taken_back_nor_what_was_taken_back_resumed(desk: Desk) -> None:
    run_id = desk.ask().run_id
    with pytest.raises(TermsyncError) as error:
        desk.undo(run_id)
    assert error.value.code == "edit-not-ended"
    claimed = desk.claim(run_id)
    with desk.sessions.begin() as session:
        edit.stop(session, run_id, desk.why(session))
    edit.perform(desk.sessions, claimed, size=SIZE)
    desk.undo(run_id, at_once=PEOPLE)
    assert desk.statuses() == "E" * 8
    with desk.sessions() as session, pytest.raises(TermsyncError) as error:
        edit.resume(session, run_id, desk.why(session))
    assert error.value.code == "edit-undone"


def let_pass(desk: Desk, number: int) -> None:
    """The last day of one person was yesterday, and nobody has written that down."""
    with desk.sessions.begin() as session:
        over = (
            "update enrollment set boundary = now() - interval '1 hour',"
            " expiration_date = cast(now() at time zone 'America/New_York' as date) - 1"
        )
        session.execute(text(f"{over} where id = :id"), {"id": number})
        session.execute(
            text(
                "insert into due_boundary (tenant_id, at)"
                " select tenant_id, boundary from enrollment where id = :id"
            ),
            {"id": number},
        )


def first_of(desk: Desk) -> tuple[int, EditEnrollments]:
    """The first person of acme, and the wish to give them a date far off."""
    (number,) = desk.query("select min(id) from enrollment")[0]
    (day,) = desk.query("select cast(now() at time zone 'America/New_York' as date) + 90")[0]
    wish = Edit(date_given=True, expiration_date=day)
    return number, EditEnrollments(EnrollmentFilter(desk.tenant_ids["acme"], ids=(number,)), wish)


def ask_for(desk: Desk, request: EditEnrollments) -> int:
    with desk.sessions.begin() as session:
        return edit.ask(session, request, desk.why(session), "more time").run_id


def test_what_time_alone_has_brought_is_written_down_first(desk: Desk) -> None:
    number, request = first_of(desk)
    let_pass(desk, number)
    ask_for(desk, request)
    query = (
        "select status, cause, actor from enrollment_event where enrollment_id = :id order by version desc limit 2"
    )
    assert desk.query(query, id=number) == [("E", "edited", "ann@example.test"), ("X", "manual_date", "sweep")]


def test_an_expiry_comes_back_with_its_time_also_in_a_pause(desk: Desk) -> None:
    number, request = first_of(desk)
    let_pass(desk, number)
    run_id = ask_for(desk, request)
    with desk.sessions.begin() as session:
        session.execute(text("update tenant set paused_at = now(), pause_reason = 'audit' where key = 'acme'"))
    desk.undo(run_id, at_once=PEOPLE)
    query = "select status, expired_cause, expired_at < now() - interval '1 hour' from enrollment where id = :id"
    assert desk.query(query, id=number) == [("X", "manual_date", True)]


def test_a_last_day_that_came_after_the_edit_counts_as_touched(desk: Desk) -> None:
    number, request = first_of(desk)
    run_id = ask_for(desk, request)
    let_pass(desk, number)
    with desk.sessions() as session:
        undo = Undo(desk.tenant_ids["acme"], run_id)
        foreseen = edit_requests.foresee(session, undo, clock.now(session)).counts
    assert (foreseen.changed, foreseen.skipped) == (0, {"changed-since": 1})
    assert desk.outcomes(desk.undo(run_id, at_once=PEOPLE).run_id) == ["changed-since"]


def test_an_edit_that_changed_nobody_cannot_be_taken_back(desk: Desk) -> None:
    run_id = desk.ask(Edit(ask="E"), at_once=PEOPLE).run_id
    assert desk.query("select outcome from edit_row where outcome = 'changed'") == []
    with pytest.raises(TermsyncError) as error:
        desk.undo(run_id)
    assert error.value.code == "edit-nobody-selected"


def test_a_tenant_neither_finds_nor_touches_what_is_anothers(desk: Desk) -> None:
    run_id = desk.ask(at_once=PEOPLE).run_id
    everybody = tuple(number for (number,) in desk.query("select id from enrollment"))
    with desk.sessions.begin() as session:
        request = EditEnrollments(EnrollmentFilter(desk.tenant_ids["beta"], ids=everybody), EXPIRE)
        asked = edit.ask(session, request, desk.why(session), "one")
    assert desk.outcomes(asked.run_id) == [*["enrollment-unknown"] * PEOPLE, "changed"]
    assert desk.statuses() == "XXEXXXXX"
    with desk.sessions() as session, pytest.raises(NotFound):
        edit.find(session, run_id, desk.tenant_ids["beta"])


def test_the_results_name_people_and_say_what_became_of_them(desk: Desk) -> None:
    run_id = desk.ask(at_once=PEOPLE).run_id
    with desk.sessions() as session:
        found = list(edit_jobs.all_results(session, run_id, size=3))
        assert edit_jobs.reasons(session, run_id) == {"user-inactive": 1}
    assert [(row.outcome, row.status_before, row.status_after) for row in found[1:4]] == [
        ("changed", "E", "X"),
        ("skipped", None, None),
        ("changed", "E", "X"),
    ]
    assert {row.name for row in found} == {"N"}
