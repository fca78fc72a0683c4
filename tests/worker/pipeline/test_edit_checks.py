"""An edit does what was confirmed or nothing: whatever changed between the look, the button and the worker."""

from datetime import date, timedelta
from typing import Any

import pytest
from edit_desk import PEOPLE, Desk

from models.editing import Edit
from models.enrollment_search import EnrollmentFilter
from worker.errors import TermsyncError
from worker.pipeline.edit_requests import EditEnrollments, ExpirePeople, Undo

pytest_plugins = ("edit_office",)

ORDER = """
insert into sales_order (id, tenant_id, customer_id, number, status, term_end, flag, flagged_at, modified_at,
    accepted_at)
select 1, id, 7, 'SO1', 'C',
    cast(now() at time zone 'America/New_York' as date) + 90, 'cancelled', now(), now(), now()
from tenant where key = 'acme'
"""
ON_ORDER = "update enrollment set sales_order_id = 1 where tenant_id = (select id from tenant where key = 'acme')"
CLEAR = Edit(date_given=True)


def dated(desk: Desk, days: int) -> Edit:
    [[today]] = desk.query("select cast(now() at time zone 'America/New_York' as date)")
    assert isinstance(today, date)
    return Edit(date_given=True, expiration_date=today + timedelta(days=days))


def let_the_date_pass(desk: Desk) -> None:
    """As if the edits had been asked for with a date of three days ago, when it was still to come."""
    past = (
        "jsonb_set(wish, '{expiration_date}', to_jsonb(cast(now() at time zone 'America/New_York' as date) - 3))"
    )
    desk.write(f"update edit_job set wish = {past} where wish ? 'expiration_date'")


def refused(act: Any, *arguments: Any, **options: Any) -> TermsyncError:
    with pytest.raises(TermsyncError) as error:
        act(*arguments, **options)
    return error.value


# a date that has passed


def test_resumed_after_its_date_nobody_expires_before_somebody_says_so_again(desk: Desk) -> None:
    run_id = desk.ask(dated(desk, 1)).run_id
    desk.stop(run_id)
    let_the_date_pass(desk)
    error = refused(desk.resume, run_id)
    [[day]] = desk.query("select wish ->> 'expiration_date' from edit_job")
    assert error.code == "edit-date-passed"
    assert day in error.message
    assert desk.query("select state from sync_run") == [("stopped",)]
    assert set(desk.statuses()) == {"E"}

    desk.resume(run_id, past_confirmed=True)
    assert desk.perform(run_id) == "done"
    assert desk.statuses() == "XXEXXXXE"


def test_a_date_that_passes_while_the_edit_waits_stops_it(desk: Desk) -> None:
    run_id = desk.ask(dated(desk, 1)).run_id
    let_the_date_pass(desk)
    assert desk.perform(run_id) == "stopped"
    assert desk.query("select state, error_code from sync_run") == [("stopped", "edit-date-passed")]
    assert set(desk.statuses()) == {"E"}


def test_a_past_date_that_was_meant_when_it_was_asked_for_is_not_asked_about_again(desk: Desk) -> None:
    past = EditEnrollments(EnrollmentFilter(desk.tenant_ids["acme"]), dated(desk, -3))
    run_id = desk.request(past, at_once=0, past_confirmed=True).run_id
    desk.stop(run_id)
    desk.resume(run_id)
    assert desk.perform(run_id) == "done"
    assert desk.statuses() == "XXEXXXXE"


def test_a_confirmation_given_ahead_does_not_count_for_later(desk: Desk) -> None:
    future = EditEnrollments(EnrollmentFilter(desk.tenant_ids["acme"]), dated(desk, 1))
    run_id = desk.request(future, at_once=0, past_confirmed=True).run_id
    let_the_date_pass(desk)
    assert desk.perform(run_id) == "stopped"


# what the preview said


CHANGES = {
    "the term": "update sales_order set term_end = cast(now() at time zone 'America/New_York' as date) - 5",
    "the grace": "update tenant set grace_days = 0",
    "the pause": "update tenant set paused_at = null, pause_reason = null",
    "the zone": "update tenant set time_zone = 'Pacific/Kiritimati'",
}


@pytest.mark.parametrize("what", CHANGES)
def test_whoever_would_expire_now_and_did_not_in_the_preview_keeps_access(desk: Desk, what: str) -> None:
    """Everybody loses a typed date and follows an order that ended five days ago: kept by one thing only."""
    desk.write(ORDER)
    desk.write(ON_ORDER)
    ends = {"the term": 9, "the zone": 0}.get(what, -5)
    desk.write(
        "update sales_order set term_end = cast(now() at time zone 'Pacific/Pago_Pago' as date) + :n", n=ends
    )
    desk.write("update tenant set time_zone = 'Pacific/Pago_Pago', grace_days = :days",
               days=9 if what == "the grace" else 0)  # fmt: skip
    if what == "the pause":
        desk.write("update tenant set paused_at = now(), pause_reason = 'audit'")
    request = EditEnrollments(EnrollmentFilter(desk.tenant_ids["acme"]), CLEAR)
    foreseen = desk.foresee(request)
    assert (foreseen.counts.changed, foreseen.counts.expired) == (PEOPLE - 1, 0)
    desk.write(CHANGES[what])
    error = refused(desk.request, request, expected=foreseen.fingerprint)
    assert error.code == "edit-effect-differs"
    assert "6 would be expired now, not 0" in error.message
    assert set(desk.statuses()) == {"E"}
    assert desk.query("select count(*) from edit_job") == [(0,)]
    desk.request(request, expected=desk.foresee(request).fingerprint)
    assert desk.statuses() == "XXEXXXXE"


def test_access_that_would_end_on_another_day_than_the_preview_said_is_left(desk: Desk) -> None:
    desk.write(ORDER)
    desk.write(ON_ORDER)
    request = EditEnrollments(EnrollmentFilter(desk.tenant_ids["acme"]), CLEAR)
    seen = desk.foresee(request).fingerprint
    desk.write("update sales_order set term_end = term_end + 1")
    error = refused(desk.request, request, expected=seen)
    assert (error.code, "at other times" in error.message) == ("edit-effect-differs", True)


def test_what_changed_nothing_of_it_does_not_stand_in_its_way(desk: Desk) -> None:
    request = EditEnrollments(EnrollmentFilter(desk.tenant_ids["acme"]), Edit(ask="X"))
    seen = desk.foresee(request).fingerprint
    desk.write("update tenant set name = 'Another', grace_days = 3")
    desk.write("update users set name = 'Another'")
    assert desk.request(request, expected=seen).new


def test_somebody_touched_after_the_preview_of_an_undo_is_told_before_it_begins(desk: Desk) -> None:
    run_id = desk.ask(at_once=PEOPLE).run_id
    seen = desk.foresee(Undo(desk.tenant_ids["acme"], run_id)).fingerprint
    [[first]] = desk.query("select min(id) from enrollment")
    touched = EditEnrollments(EnrollmentFilter(desk.tenant_ids["acme"], ids=(first,)), Edit(ask="U"))
    desk.request(touched, "touch")
    error = refused(desk.undo, run_id, expected=seen)
    assert "1 would be skipped now, not 0" in error.message
    assert desk.statuses() == "UXEXXXXE"


# people of a flagged order


@pytest.fixture
def flagged(desk: Desk) -> ExpirePeople:
    """Everybody of acme is on a cancelled order."""
    desk.write(ORDER)
    desk.write(ON_ORDER)
    return ExpirePeople(desk.tenant_ids["acme"], 1)


def test_the_people_of_a_flagged_order_expire_as_an_edit_that_can_be_taken_back(
    desk: Desk, flagged: ExpirePeople
) -> None:
    run_id = desk.request(flagged, at_once=0).run_id
    assert desk.perform(run_id) == "done"
    assert desk.statuses() == "XXEXXXXE"
    assert desk.query("select distinct expired_cause from enrollment where status = 'X'") == [
        ("expired_by_staff",)
    ]
    assert desk.outcomes(run_id)[2] == "user-inactive"
    desk.undo(run_id, at_once=PEOPLE)
    assert set(desk.statuses()) == {"E"}


def test_whoever_left_the_order_before_their_turn_keeps_access(desk: Desk, flagged: ExpirePeople) -> None:
    run_id = desk.request(flagged, at_once=0).run_id
    desk.write("update enrollment set sales_order_id = null where id = (select min(id) + 1 from enrollment)")
    assert desk.perform(run_id) == "done"
    assert desk.statuses() == "XEEXXXXE"
    assert desk.outcomes(run_id)[1] == "not-on-order"


def test_a_flag_that_is_gone_stops_the_expiring_of_its_people(desk: Desk, flagged: ExpirePeople) -> None:
    run_id = desk.request(flagged, at_once=0).run_id
    desk.write("update sales_order set flag = null, flagged_at = null")
    assert desk.perform(run_id) == "stopped"
    assert desk.query("select error_code from sync_run") == [("order-not-flagged",)]
    assert refused(desk.resume, run_id).code == "order-not-flagged"
    assert set(desk.statuses()) == {"E"}


# rows of another course version


def test_an_enrollment_of_another_course_version_is_left_alone(desk: Desk) -> None:
    [[acme]] = desk.query("select id from tenant where key = 'acme'")
    desk.write("insert into course_version (course_id, key, title) select id, 'v2', 'Safety' from course")
    [[first]] = desk.query("select min(id) from enrollment")
    [[elsewhere]] = desk.query("select max(id) from course_version")
    named = EnrollmentFilter(acme, elsewhere, ids=(first,))
    request = EditEnrollments(named, Edit(ask="X"))
    assert desk.foresee(request).counts.skipped == {"not-in-course-version": 1}
    run_id = desk.request(request).run_id
    assert desk.outcomes(run_id) == ["not-in-course-version"]
    assert set(desk.statuses()) == {"E"}
