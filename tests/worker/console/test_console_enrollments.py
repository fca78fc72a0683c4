"""Courses, enrollments, users and edits in the console, over HTTP: from the search to the undo."""

import csv
import io
import re
from datetime import timedelta
from urllib.parse import urlencode

import httpx
import openpyxl
import pytest
from course_school import MANY_ORDERS, School, SignIn, confirmed, people, post, run_of, words
from page_statements import statements
from sqlalchemy import text
from sqlalchemy.orm import Session
from web_running import give_password, token_of

from worker import clock
from worker.pipeline import expire

pytest_plugins = ("course_site",)

HOSTILE = '=cmd|"<script>alert(1)</script>'


def test_courses_count_the_tenants_people(at_school: SignIn, school: School) -> None:
    client = at_school("ops")
    assert "Choose a tenant" in words(client.get("/console/courses"))
    page = client.get("/console/courses?tenant=acme")
    assert f'<a href="{school.here}?status=E">4' in page.text
    assert client.get("/console/courses?tenant=nobody").status_code == 404


def test_a_search_is_an_address(at_school: SignIn, school: School) -> None:
    with school.sessions.begin() as session:
        session.execute(
            text("update enrollment set status = 'U' where id = :id"), {"id": school.ids("Person 001")[0]}
        )
        session.execute(text("update users set active = false where name = 'Person 002'"))
    client = at_school()
    assert people(client.get(school.here)) == ["Person 000", "Person 001", "Person 002", "Person 003"]
    assert people(client.get(f"{school.here}?status=U")) == ["Person 001"]
    assert people(client.get(f"{school.here}?user=P3%40acme")) == ["Person 003"]
    assert len(people(client.get(f"{school.here}?group=North&order=SO1&ends_within=90"))) == 3
    assert "Nobody matches" in words(client.get(f"{school.here}?ends_within=89"))
    assert "Nobody matches" in words(client.get(f"{school.here}?no_order=1"))
    assert client.get(f"{school.here}?status=Q").status_code == 400
    assert client.get(f"{school.here}?ends_within=soon").status_code == 400
    page = client.get(school.here)
    [inactive] = re.findall(r'<tr class="inactive">.*?</tr>', page.text, re.DOTALL)
    assert "Person 002" in inactive
    assert 'name="ids"' not in inactive


def test_pages_follow_one_another(at_school: SignIn, school: School) -> None:
    school.add_people(60, first=100)
    client = at_school()
    first = client.get(school.here)
    assert "64 enrollments" in words(first)
    [onward] = re.findall(rf'href="({school.here}\?after=\d+)"', first.text)
    assert len(people(first) + people(client.get(onward))) == 64
    assert len({*people(first), *people(client.get(onward))}) == 64


def test_the_statements_of_a_page_do_not_depend_on_its_rows(
    at_school: SignIn, school: School, session: Session
) -> None:
    client = at_school()
    pages = [
        school.here,
        "/console/users?tenant=acme",
        "/console/courses?tenant=acme",
        f"{school.here}/edit?all=1",
        f"{school.here}/preview?all=1&action=X",
    ]
    few = [statements(session, client, page) for page in pages]
    school.add_people(40, first=100)
    assert [statements(session, client, page) for page in pages] == few


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_list_is_a_file_too(at_school: SignIn, school: School, form: str) -> None:
    with school.sessions.begin() as session:
        session.execute(text("update users set name = :name where name = 'Person 001'"), {"name": HOSTILE})
    answer = at_school("ops").get(f"{school.here}/file/{form}?user=p1@")
    [header, row] = table(answer, form)
    assert dict(zip(header, row, strict=True))["Name"] == f"'{HOSTILE}"
    assert dict(zip(header, row, strict=True))["Status"] == "Enrolled"


def table(answer: httpx.Response, form: str) -> list[list[object]]:
    assert answer.status_code == 200, answer.text
    if form == "csv":
        return [list(row) for row in csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))]
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def test_ticked_people_get_another_order(at_school: SignIn, school: School) -> None:
    client = at_school()
    ticked = urlencode([("ids", number) for number in school.ids("Person 000", "Person 002")])
    form = client.get(f"{school.here}/edit?{ticked}")
    assert "2 enrollments" in words(form)
    assert re.findall(r">(SO\d): ", form.text) == ["SO2", "SO1"]
    preview = client.get(f"{school.here}/preview?{ticked}&set_order=2")
    end = school.today + timedelta(days=401)
    assert f"{end.day} {end:%b %Y}, 00:00 E" in words(preview)
    assert "2 enrollments selected: 2 will change" in words(preview)
    job = client.get(f"/console/edits/{run_of(confirmed(client, preview))}")
    assert "2 of 2 rows done" in words(job)
    assert school.query(
        "select sales_order_id, count(*) from enrollment where tenant_id = 1 group by 1 order by 1"
    ) == [
        (1, 2),
        (2, 2),
    ]


def test_what_is_not_meant_is_said_on_the_form(at_school: SignIn, school: School) -> None:
    client, one = at_school(), f"ids={school.ids('Person 000')[0]}"
    assert "No change was selected" in words(client.get(f"{school.here}/preview?{one}"))
    assert "Nobody is selected" in words(client.get(f"{school.here}/edit"))
    assert "empty or no date" in words(client.get(f"{school.here}/preview?{one}&set_date=set&date="))
    assert "cannot be chosen" in words(client.get(f"{school.here}/preview?{one}&set_order=3"))
    assert "cannot be chosen: it ended" in words(client.get(f"{school.here}/preview?{one}&set_order=4"))
    assert client.get(f"{school.here}/preview?{one}&set_order=99").status_code == 404
    assert "cannot be read as action" in words(client.get(f"{school.here}/preview?{one}&action=Z"))
    assert "Nothing would change" in words(client.get(f"{school.here}/preview?{one}&action=E"))


def test_an_order_among_many_is_found_by_a_part_of_its_number(at_school: SignIn, school: School) -> None:
    with school.sessions.begin() as session:
        session.execute(text(MANY_ORDERS))
    client, one = at_school(), f"ids={school.ids('Person 000')[0]}"
    form = client.get(f"{school.here}/edit?{one}&action=U&find=Z0077")
    assert re.findall(r">(Z\d+): ", form.text) == ["Z0077"]
    assert re.search(r'value="U" checked', form.text)
    assert "No order that can be chosen has" in words(client.get(f"{school.here}/edit?{one}&find=none"))
    assert len(re.findall(r">(Z\d+): ", client.get(f"{school.here}/edit?{one}").text)) < 250


def test_a_date_in_the_past_is_asked_about(at_school: SignIn, school: School) -> None:
    client, one = at_school(), f"ids={school.ids('Person 000')[0]}"
    preview = client.get(f"{school.here}/preview?{one}&set_date=set&date={school.today - timedelta(days=3)}")
    assert "1 person will expire at once" in words(preview)
    refused = confirmed(client, preview)
    assert "lies in the past" in words(client.get(refused.headers["location"]))
    assert school.statuses() == "EEEE"
    confirmed(client, preview, past_confirmed="1")
    assert school.statuses() == "XEEE"


def test_pressed_twice_it_is_done_once(at_school: SignIn, school: School) -> None:
    client, one = at_school(), f"ids={school.ids('Person 000')[0]}"
    preview = client.get(f"{school.here}/preview?{one}&action=X")
    first, second = confirmed(client, preview), confirmed(client, preview)
    assert run_of(first) == run_of(second)
    assert school.query("select count(*) from edit_job") == [(1,)]


def test_only_what_was_looked_at_is_done(at_school: SignIn, school: School) -> None:
    client = at_school()
    preview = client.get(f"{school.here}/preview?all=1&action=X")
    school.add_people(1, first=100)
    answer = confirmed(client, preview)
    assert "5 rows match now, 4 did when you looked" in words(client.get(answer.headers["location"]))
    assert set(school.statuses()) == {"E"}


def test_expiring_leaves_the_unenrolled_alone_and_says_so(at_school: SignIn, school: School) -> None:
    client, ids = at_school(), school.ids("Person 001")
    confirmed(client, client.get(f"{school.here}/preview?ids={ids[0]}&action=U"))
    said = words(client.get(f"{school.here}/preview?ids={ids[0]}&action=X"))
    assert "unenrolled, so there is no access to end" in said
    assert "will expire at once" not in said
    assert "will be enrolled" not in said


def test_as_many_others_are_not_who_was_looked_at(at_school: SignIn, school: School) -> None:
    client = at_school()
    leaves, joins = school.query("select id from users where name in ('Person 000', 'Person 003') order by name")
    with school.sessions.begin() as session:
        session.execute(text("delete from group_member where user_id = :id"), {"id": joins[0]})
    preview = client.get(f"{school.here}/preview?all=1&group=North&action=X")
    with school.sessions.begin() as session:
        session.execute(
            text("update group_member set user_id = :joins where user_id = :leaves"),
            {"joins": joins[0], "leaves": leaves[0]},
        )
    answer = confirmed(client, preview)
    assert "Other rows match now" in words(client.get(answer.headers["location"]))
    assert set(school.statuses()) == {"E"}


def test_many_are_done_in_the_background_stopped_resumed_and_taken_back(at_school: SignIn, school: School) -> None:
    school.add_people(120, first=100)
    client = at_school()
    preview = client.get(f"{school.here}/preview?all=1&group=North&action=X")
    assert "124 enrollments selected" in words(preview)
    run_id = run_of(confirmed(client, preview))
    here = f"/console/edits/{run_id}"
    assert "0 of 124 rows done" in words(client.get(here))
    assert post(client, here, f"{here}/stop") == here
    assert "Stopped" in words(client.get(here))
    assert post(client, here, f"{here}/resume") == here
    assert school.perform(run_id) == "done"
    assert "124 of 124 rows done" in words(client.get(f"{here}/now"))
    assert set(school.statuses()) == {"X"}
    named: list[str] = []
    page = client.get(f"{here}?outcome=changed")
    while onward := re.search(rf'href="({here}\?[^"]*after=\d+)"', page.text):
        named += people(page)
        page = client.get(onward[1].replace("&amp;", "&"))
    assert len({*named, *people(page)}) == len([*named, *people(page)]) == 124

    client.get(f"{school.here}/preview?ids={school.ids('Person 000')[0]}&action=U")
    with school.sessions.begin() as session:
        session.execute(text("update enrollment set version = version + 1 where id = :id"),
                        {"id": school.ids("Person 000")[0]})  # fmt: skip
    undo = client.get(f"{here}/undo")
    assert "123 will change" in words(undo)
    assert "1 row skipped: changed since" in words(undo)
    undone = post(client, f"{here}/undo", f"{here}/undo")
    assert school.perform(int(undone.rsplit("/", 1)[1])) == "done"
    assert school.statuses() == "X" + "E" * 123
    assert "Taken back" in words(client.get(here))
    rows = table(client.get(f"{undone}/file/csv"), "csv")
    assert len(rows) == 125
    assert [row[6] for row in rows if row[5] == "Skipped"] == ["changed since, so left alone"]


def test_users_are_found_and_enrolled(at_school: SignIn, school: School) -> None:
    client = at_school()
    panel = client.get("/console/users?tenant=acme&group=North")
    assert people(panel) == ["Person 000", "Person 001", "Person 002", "Person 003"]
    assert panel.text.count("Enrolled</span>") == 4
    assert client.get("/console/users?tenant=acme&group=South").text.count("Nobody matches") == 1
    form = client.get("/console/users/acme/enroll?all=1&group=North")
    assert "4 users" in words(form)
    asked = f"all=1&group=North&version={school.other_version}&set_order=2"
    preview = client.get(f"/console/users/acme/preview?{asked}")
    assert "4 people will be enrolled" in words(preview)
    job = client.get(f"/console/edits/{run_of(confirmed(client, preview))}")
    assert "4 of 4 rows done" in words(job)
    assert school.query("select count(*) from enrollment where sales_order_id = 2") == [(4,)]
    again = client.get(f"/console/users/acme/preview?{asked}")
    assert "4 rows skipped: in this course version already" in words(again)
    assert "Choose the course" in words(client.get("/console/users/acme/preview?all=1"))


def test_a_tenants_page_never_shows_or_changes_anothers_people(at_school: SignIn, school: School) -> None:
    client = at_school()
    assert "Person 900" not in client.get(school.here).text
    assert "Person 900" not in client.get("/console/users?tenant=acme").text
    theirs = school.ids("Person 900")[0]
    preview = client.get(f"{school.here}/preview?ids={theirs}&action=X")
    assert "Person 900" not in preview.text
    assert "there is no such enrollment" in words(preview)
    assert school.statuses("beta") == "E"


def test_who_may_not_edit_sees_no_buttons_and_is_refused(at_school: SignIn, school: School) -> None:
    ops, one = at_school("ops"), f"ids={school.ids('Person 000')[0]}"
    page = ops.get(school.here)
    assert "Person 000" in page.text
    assert "Edit all" not in page.text
    assert 'name="ids"' not in page.text
    assert ops.get(f"{school.here}/edit?{one}").status_code == 403
    token = token_of(page)
    answer = ops.post(
        f"{school.here}/edit", data={"csrftoken": token, "ids": school.ids("Person 000"), "action": "X"}
    )
    assert answer.status_code == 403
    assert school.statuses() == "EEEE"


def test_people_of_clients_find_nothing(at_school: SignIn, school: School) -> None:
    with school.sessions.begin() as session:
        give_password(session, session.execute(text("select min(id) from users")).scalar_one(), client_admin=True)
    client = at_school("p0@acme.example")
    assert client.get(school.here).status_code == 404
    assert client.get("/console/edits").status_code == 404


def test_names_are_never_markup(at_school: SignIn, school: School) -> None:
    with school.sessions.begin() as session:
        session.execute(text("update users set name = :name, email = :name"), {"name": HOSTILE})
        session.execute(text("update course_version set title = :name"), {"name": HOSTILE})
        session.execute(text("update user_group set name = :name"), {"name": HOSTILE})
    client = at_school()
    for page in (school.here, "/console/users?tenant=acme", "/console/courses?tenant=acme",
                 f"{school.here}/preview?all=1&action=X", f"{school.here}?user=%3Cscript%3E"):  # fmt: skip
        answer = client.get(page)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text


def test_what_the_sweep_has_not_written_reads_as_expired(at_school: SignIn, school: School) -> None:
    with school.sessions.begin() as session:
        session.execute(text("update enrollment set boundary = now() - interval '1 hour' where id = :id"),
                        {"id": school.ids("Person 000")[0]})  # fmt: skip
        assert not expire.is_due(session, clock.now(session))
    client = at_school()
    assert people(client.get(f"{school.here}?status=X")) == ["Person 000"]
    assert f'<a href="{school.here}?status=X">1' in client.get("/console/courses?tenant=acme").text


def test_edits_are_listed(at_school: SignIn, school: School) -> None:
    client = at_school()
    assert "No edits yet" in words(client.get("/console/edits"))
    confirmed(client, client.get(f"{school.here}/preview?all=1&action=U"))
    page = words(at_school("ops").get("/console/edits"))
    assert "Unenroll" in page
    assert "enrollment@staff.example" in page
    assert client.get("/console/edits/999999999999999999999").status_code == 404
