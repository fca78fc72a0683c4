"""Courses, enrollments, users and edits in the console, over HTTP: from the search to the undo."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import openpyxl
import pytest
from page_statements import statements
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker
from web_running import add_staff, browsing, give_password, serving, sign_in, token_of

from models import runs
from worker import clock
from worker.pipeline import edit, expire

HOSTILE = '=cmd|"<script>alert(1)</script>'
SignIn = Callable[..., httpx.Client]


@dataclass(frozen=True)
class School:
    """Acme with people in Safety 1 and an order that ends in 90 days, beta with one person."""

    sessions: sessionmaker[Session]
    today: date
    version: int
    other_version: int

    @property
    def here(self) -> str:
        return f"/console/courses/acme/{self.version}"

    def add_people(self, number: int, tenant: str = "acme", first: int = 0) -> None:
        """Users `Person 000` and so on of North, enrolled in Safety 1 with order 1 of their tenant."""
        with self.sessions.begin() as session:
            session.execute(text(PEOPLE), {"tenant": tenant, "first": first, "last": first + number - 1,
                                           "version": self.version})  # fmt: skip

    def query(self, query: str, **parameters: object) -> list[tuple[object, ...]]:
        with self.sessions() as session:
            return [tuple(row) for row in session.execute(text(query), parameters)]

    def statuses(self, tenant: str = "acme") -> str:
        found = self.query(
            "select string_agg(e.status, '' order by u.name) from enrollment e join users u on u.id = e.user_id"
            " join tenant t on t.id = e.tenant_id where t.key = :tenant",
            tenant=tenant,
        )
        return str(found[0][0])

    def ids(self, *names: str) -> list[int]:
        found = self.query(
            "select e.id from enrollment e join users u on u.id = e.user_id where u.name = any(:names) order by 1",
            names=list(names),
        )
        return [int(str(row[0])) for row in found]

    def perform(self, run_id: int) -> str:
        """What a worker does with the edit."""
        with self.sessions.begin() as session:
            claimed = runs.claim(session, run_id, uuid4(), clock.now(session))
        assert claimed is not None
        return edit.perform(self.sessions, claimed)


PEOPLE = """
with added as (
    insert into users (tenant_id, key, name, email)
    select t.id, 'p' || n, 'Person ' || to_char(n, 'FM000'), 'p' || n || '@' || t.key || '.example'
    from tenant t, generate_series(cast(:first as int), cast(:last as int)) n where t.key = :tenant
    returning id, tenant_id
), grouped as (
    insert into group_member select g.id, a.id, a.tenant_id
    from added a join user_group g on g.tenant_id = a.tenant_id
), enrolled as (
    insert into enrollment (tenant_id, user_id, course_version_id, sales_order_id, boundary)
    select a.tenant_id, a.id, :version, o.id, cast(o.term_end + 1 as timestamp) at time zone t.time_zone
    from added a join tenant t on t.id = a.tenant_id join sales_order o on o.tenant_id = t.id and o.number = 'SO1'
    returning *
), watched as (
    insert into due_boundary (tenant_id, at) select distinct tenant_id, boundary from enrolled
    on conflict do nothing
)
insert into enrollment_event (
    enrollment_id, version, tenant_id, at, status, sales_order_id, boundary, cause, actor)
select id, version, tenant_id, now(), status, sales_order_id, boundary, 'enrolled', 'test' from enrolled
"""
WORLD = """
insert into tenant (key, name, time_zone) values ('acme', 'Acme <Works>', 'America/New_York'),
    ('beta', 'Beta', 'Europe/Berlin');
insert into user_group (tenant_id, name) select id, 'North' from tenant;
insert into course (key) values ('safety');
insert into course_version (course_id, key, title) select id, v, 'Safety' from course, unnest(array['1', '2']) v;
insert into module select v.id, p, 'M' from course_version v, generate_series(1, 4) p;
insert into sales_order (
    id, tenant_id, customer_id, number, status, term_start, term_end, modified_at, accepted_at)
select o.id, t.id, 1, o.number, o.status, current_date - 30, current_date + o.days, now(), now()
from tenant t, (values (1, 'SO1', 'B', 90), (2, 'SO2', 'B', 400), (3, 'SO3', 'A', 400), (4, 'SO4', 'B', -9))
    as o(id, number, status, days);
"""
MANY_ORDERS = """
insert into sales_order (id, tenant_id, customer_id, number, status, term_end, modified_at, accepted_at)
select 1000 + n, t.id, 1, 'Z' || to_char(n, 'FM0000'), 'B', current_date + 500, now(), now()
from tenant t, generate_series(1, 250) n where t.key = 'acme'
"""


@pytest.fixture
def school(sessions: sessionmaker[Session]) -> School:
    with sessions.begin() as session:
        for statement in WORLD.split(";")[:-1]:
            session.execute(text(statement))
        for role in ("admin", "enrollment", "ops"):
            add_staff(session, role)
        versions = list(session.execute(text("select id from course_version order by id")).scalars())
        today = session.execute(text("select current_date")).scalar_one()
    made = School(sessions, today, *versions)
    made.add_people(4)
    made.add_people(1, "beta", 900)
    return made


@pytest.fixture
def signed_in(database: Engine) -> Iterator[SignIn]:
    with serving(database) as url, ExitStack() as browsers:

        def signed_in(who: str = "enrollment") -> httpx.Client:
            client = browsers.enter_context(browsing(url))
            assert sign_in(client, who if "@" in who else f"{who}@staff.example").status_code == 303
            return client

        yield signed_in


def words(page: httpx.Response) -> str:
    """What a page says, without its tags."""
    assert page.status_code == 200, page.text
    return re.sub(
        r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text[page.text.index("<main") if "<main" in page.text else 0 :])
    )


def people(page: httpx.Response) -> list[str]:
    assert page.status_code == 200, page.text
    return re.findall(r"Person \d{3}(?=</bdi>)", page.text)


def confirmed(client: httpx.Client, preview: httpx.Response, **also: str) -> httpx.Response:
    """Presses the button of a preview: sends its hidden fields."""
    form = preview.text[preview.text.index('<form method="post" action="/console/') :]
    form = next(part for part in re.findall(r"<form.*?</form>", form, re.DOTALL) if 'name="key"' in part)
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form):
        fields.setdefault(name, []).append(value)
    found = re.search(r'action="([^"]+)"', form)
    assert found
    return client.post(found[1], data={**fields, **also})


def run_of(answer: httpx.Response) -> int:
    assert answer.status_code == 303, answer.text
    return int(answer.headers["location"].rsplit("/", 1)[1])


def test_courses_count_the_tenants_people(signed_in: SignIn, school: School) -> None:
    client = signed_in("ops")
    assert "Choose a tenant" in words(client.get("/console/courses"))
    page = client.get("/console/courses?tenant=acme")
    assert f'<a href="{school.here}?status=E">4' in page.text
    assert client.get("/console/courses?tenant=nobody").status_code == 404


def test_a_search_is_an_address(signed_in: SignIn, school: School) -> None:
    with school.sessions.begin() as session:
        session.execute(
            text("update enrollment set status = 'U' where id = :id"), {"id": school.ids("Person 001")[0]}
        )
        session.execute(text("update users set active = false where name = 'Person 002'"))
    client = signed_in()
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


def test_pages_follow_one_another(signed_in: SignIn, school: School) -> None:
    school.add_people(60, first=100)
    client = signed_in()
    first = client.get(school.here)
    assert "64 enrollments" in words(first)
    [onward] = re.findall(rf'href="({school.here}\?after=\d+)"', first.text)
    assert len(people(first) + people(client.get(onward))) == 64
    assert len({*people(first), *people(client.get(onward))}) == 64


def test_the_statements_of_a_page_do_not_depend_on_its_rows(
    signed_in: SignIn, school: School, session: Session
) -> None:
    client = signed_in()
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
def test_the_list_is_a_file_too(signed_in: SignIn, school: School, form: str) -> None:
    with school.sessions.begin() as session:
        session.execute(text("update users set name = :name where name = 'Person 001'"), {"name": HOSTILE})
    answer = signed_in("ops").get(f"{school.here}/file/{form}?user=p1@")
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


def test_ticked_people_get_another_order(signed_in: SignIn, school: School) -> None:
    client = signed_in()
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


def test_what_is_not_meant_is_said_on_the_form(signed_in: SignIn, school: School) -> None:
    client, one = signed_in(), f"ids={school.ids('Person 000')[0]}"
    assert "No change was selected" in words(client.get(f"{school.here}/preview?{one}"))
    assert "Nobody is selected" in words(client.get(f"{school.here}/edit"))
    assert "empty or no date" in words(client.get(f"{school.here}/preview?{one}&set_date=set&date="))
    assert "cannot be chosen" in words(client.get(f"{school.here}/preview?{one}&set_order=3"))
    assert "cannot be chosen: it ended" in words(client.get(f"{school.here}/preview?{one}&set_order=4"))
    assert client.get(f"{school.here}/preview?{one}&set_order=99").status_code == 404
    assert "cannot be read as action" in words(client.get(f"{school.here}/preview?{one}&action=Z"))
    assert "Nothing would change" in words(client.get(f"{school.here}/preview?{one}&action=E"))


def test_an_order_among_many_is_found_by_a_part_of_its_number(signed_in: SignIn, school: School) -> None:
    with school.sessions.begin() as session:
        session.execute(text(MANY_ORDERS))
    client, one = signed_in(), f"ids={school.ids('Person 000')[0]}"
    form = client.get(f"{school.here}/edit?{one}&action=U&find=Z0077")
    assert re.findall(r">(Z\d+): ", form.text) == ["Z0077"]
    assert re.search(r'value="U" checked', form.text)
    assert "No order that can be chosen has" in words(client.get(f"{school.here}/edit?{one}&find=none"))
    assert len(re.findall(r">(Z\d+): ", client.get(f"{school.here}/edit?{one}").text)) < 250


def test_a_date_in_the_past_is_asked_about(signed_in: SignIn, school: School) -> None:
    client, one = signed_in(), f"ids={school.ids('Person 000')[0]}"
    preview = client.get(f"{school.here}/preview?{one}&set_date=set&date={school.today - timedelta(days=3)}")
    assert "1 person will expire at once" in words(preview)
    refused = confirmed(client, preview)
    assert "lies in the past" in words(client.get(refused.headers["location"]))
    assert school.statuses() == "EEEE"
    confirmed(client, preview, past_confirmed="1")
    assert school.statuses() == "XEEE"


def test_pressed_twice_it_is_done_once(signed_in: SignIn, school: School) -> None:
    client, one = signed_in(), f"ids={school.ids('Person 000')[0]}"
    preview = client.get(f"{school.here}/preview?{one}&action=X")
    first, second = confirmed(client, preview), confirmed(client, preview)
    assert run_of(first) == run_of(second)
    assert school.query("select count(*) from edit_job") == [(1,)]


def test_only_what_was_looked_at_is_done(signed_in: SignIn, school: School) -> None:
    client = signed_in()
    preview = client.get(f"{school.here}/preview?all=1&action=X")
    school.add_people(1, first=100)
    answer = confirmed(client, preview)
    assert "5 rows match now, 4 did when you looked" in words(client.get(answer.headers["location"]))
    assert set(school.statuses()) == {"E"}


def test_expiring_leaves_the_unenrolled_alone_and_says_so(signed_in: SignIn, school: School) -> None:
    client, ids = signed_in(), school.ids("Person 001")
    confirmed(client, client.get(f"{school.here}/preview?ids={ids[0]}&action=U"))
    said = words(client.get(f"{school.here}/preview?ids={ids[0]}&action=X"))
    assert "unenrolled, so there is no access to end" in said
    assert "will expire at once" not in said
    assert "will be enrolled" not in said


def test_as_many_others_are_not_who_was_looked_at(signed_in: SignIn, school: School) -> None:
    client = signed_in()
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


def test_many_are_done_in_the_background_stopped_resumed_and_taken_back(signed_in: SignIn, school: School) -> None:
    school.add_people(120, first=100)
    client = signed_in()
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


def post(client: httpx.Client, form_at: str, to: str) -> str:
    """Presses a button; returns where it leads."""
    answer = client.post(to, data={"csrftoken": token_of(client.get(form_at))})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_users_are_found_and_enrolled(signed_in: SignIn, school: School) -> None:
    client = signed_in()
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


def test_a_tenants_page_never_shows_or_changes_anothers_people(signed_in: SignIn, school: School) -> None:
    client = signed_in()
    assert "Person 900" not in client.get(school.here).text
    assert "Person 900" not in client.get("/console/users?tenant=acme").text
    theirs = school.ids("Person 900")[0]
    preview = client.get(f"{school.here}/preview?ids={theirs}&action=X")
    assert "Person 900" not in preview.text
    assert "there is no such enrollment" in words(preview)
    assert school.statuses("beta") == "E"


def test_who_may_not_edit_sees_no_buttons_and_is_refused(signed_in: SignIn, school: School) -> None:
    ops, one = signed_in("ops"), f"ids={school.ids('Person 000')[0]}"
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


def test_people_of_clients_find_nothing(signed_in: SignIn, school: School) -> None:
    with school.sessions.begin() as session:
        give_password(session, session.execute(text("select min(id) from users")).scalar_one(), client_admin=True)
    client = signed_in("p0@acme.example")
    assert client.get(school.here).status_code == 404
    assert client.get("/console/edits").status_code == 404


def test_names_are_never_markup(signed_in: SignIn, school: School) -> None:
    with school.sessions.begin() as session:
        session.execute(text("update users set name = :name, email = :name"), {"name": HOSTILE})
        session.execute(text("update course_version set title = :name"), {"name": HOSTILE})
        session.execute(text("update user_group set name = :name"), {"name": HOSTILE})
    client = signed_in()
    for page in (school.here, "/console/users?tenant=acme", "/console/courses?tenant=acme",
                 f"{school.here}/preview?all=1&action=X", f"{school.here}?user=%3Cscript%3E"):  # fmt: skip
        answer = client.get(page)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text


def test_what_the_sweep_has_not_written_reads_as_expired(signed_in: SignIn, school: School) -> None:
    with school.sessions.begin() as session:
        session.execute(text("update enrollment set boundary = now() - interval '1 hour' where id = :id"),
                        {"id": school.ids("Person 000")[0]})  # fmt: skip
        assert not expire.is_due(session, clock.now(session))
    client = signed_in()
    assert people(client.get(f"{school.here}?status=X")) == ["Person 000"]
    assert f'<a href="{school.here}?status=X">1' in client.get("/console/courses?tenant=acme").text


def test_edits_are_listed(signed_in: SignIn, school: School) -> None:
    client = signed_in()
    assert "No edits yet" in words(client.get("/console/edits"))
    confirmed(client, client.get(f"{school.here}/preview?all=1&action=U"))
    page = words(signed_in("ops").get("/console/edits"))
    assert "Unenroll" in page
    assert "enrollment@staff.example" in page
    assert client.get("/console/edits/999999999999999999999").status_code == 404
