"""Pages that are no longer true when their button is pressed: nothing happens that was not looked at."""

from datetime import timedelta

from course_school import School, SignIn, confirmed, fields, message, post, run_of, words
from sqlalchemy import text

pytest_plugins = ("course_site",)

PASSED = """
update edit_job set wish = jsonb_set(wish, '{expiration_date}',
    to_jsonb(cast(now() at time zone 'America/New_York' as date) - 3))
"""


def write(school: School, statement: str, **parameters: object) -> None:
    with school.sessions.begin() as session:
        session.execute(text(statement), parameters)


def test_an_edit_is_resumed_days_later_only_by_somebody_who_saw_that_its_date_has_passed(
    at_school: SignIn, school: School
) -> None:
    school.add_people(120, first=100)
    client = at_school()
    tomorrow = school.today + timedelta(days=1)
    run_id = run_of(confirmed(client, client.get(f"{school.here}/preview?all=1&set_date=set&date={tomorrow}")))
    here = f"/console/edits/{run_id}"
    post(client, here, f"{here}/stop")
    assert "has passed" not in words(client.get(here))
    write(school, PASSED)
    page = client.get(here)
    assert "has passed. Yes, access of everybody who is left is to end at once" in words(page)
    told = message(client, confirmed(client, page, f"{here}/resume"))
    assert f"The expiration date {school.today - timedelta(days=3)} has passed" in told
    assert "Stopped" in told
    assert set(school.statuses()) == {"E"}
    assert "was resumed" in message(client, confirmed(client, page, f"{here}/resume", past_confirmed="1"))
    assert school.perform(run_id) == "done"
    assert set(school.statuses()) == {"X"}


def test_an_edit_that_waited_past_its_date_says_why_it_stopped(at_school: SignIn, school: School) -> None:
    school.add_people(120, first=100)
    client = at_school()
    tomorrow = school.today + timedelta(days=1)
    run_id = run_of(confirmed(client, client.get(f"{school.here}/preview?all=1&set_date=set&date={tomorrow}")))
    write(school, PASSED)
    assert school.perform(run_id) == "stopped"
    page = words(client.get(f"/console/edits/{run_id}"))
    assert "has passed since edit" in page
    assert "Resume it with the confirmation" in page


def test_an_order_that_ended_since_the_preview_expires_nobody(at_school: SignIn, school: School) -> None:
    client, ids = at_school(), school.ids("Person 000", "Person 001")
    write(
        school,
        "update enrollment set boundary = now() + interval '21 days',"
        " expiration_date = cast(now() at time zone 'America/New_York' as date) + 20",
    )
    asked = "&".join(f"ids={number}" for number in ids)
    preview = client.get(f"{school.here}/preview?{asked}&set_date=clear")
    assert "2 will change" in words(preview)
    write(
        school,
        "update sales_order set term_end = cast(now() at time zone 'America/New_York' as date) - 5"
        " where number = 'SO1'",
    )
    assert "2 would be expired now, not 0" in message(client, confirmed(client, preview))
    assert school.statuses() == "EEEE"


def test_ticked_people_of_another_course_are_left_alone_and_named(at_school: SignIn, school: School) -> None:
    client, one = at_school(), f"ids={school.ids('Person 000')[0]}"
    elsewhere = f"/console/courses/acme/{school.other_version}"
    assert "Nobody is selected" in words(client.get(f"{elsewhere}/edit?{one}"))
    preview = client.get(f"{elsewhere}/preview?{one}&action=X")
    assert "Skipped: in another course version" in words(preview)
    assert "Nothing would change" in words(preview)
    real = client.get(f"{school.here}/preview?{one}&action=X")
    forged = client.post(f"{elsewhere}/edit", data=fields(real)[1])
    assert "Look at the preview again" in message(client, forged)
    assert school.statuses() == "EEEE"


def test_a_form_that_does_not_say_what_was_looked_at_changes_nothing(at_school: SignIn, school: School) -> None:
    client, one = at_school(), f"ids={school.ids('Person 000')[0]}"
    preview = client.get(f"{school.here}/preview?{one}&action=X")
    for expected in ("", "1:9e107d9d372bb6826bd81d3542a419d6"):
        answer = client.post(f"{school.here}/edit", data={**fields(preview)[1], "expected": expected})
        assert "does not say what you looked at" in message(client, answer)
    assert school.statuses() == "EEEE"


def test_an_undo_is_of_what_was_shown(at_school: SignIn, school: School) -> None:
    client = at_school()
    run_id = run_of(confirmed(client, client.get(f"{school.here}/preview?all=1&action=X")))
    undo = client.get(f"/console/edits/{run_id}/undo")
    write(school, "update enrollment set version = version + 1 where id = :id", id=school.ids("Person 000")[0])
    told = message(client, confirmed(client, undo, f"/console/edits/{run_id}/undo"))
    assert "1 would be skipped now, not 0" in told
    assert school.statuses() == "XXXX"
