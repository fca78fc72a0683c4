"""Sales orders in the console, over HTTP: the list and its address, one order, and what can be done to it."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from zoneinfo import ZoneInfo

import httpx
import openpyxl
import pytest
from order_world import DAY, ZONE, OrderWorld
from page_statements import statements
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker
from web_running import add_staff, browsing, give_password, send, serving, sign_in

from models import pulling
from worker.settings import load

TODAY = datetime.now(ZoneInfo(ZONE)).date()  # where the tenants are
SETTINGS = load(netsuite_account="1234567_SB1", netsuite_base_url=None)
HOSTILE = "<script>alert(1)</script>\u202e" + "long " * 2000


SignIn = Callable[..., httpx.Client]


@pytest.fixture
def world(sessions: sessionmaker[Session]) -> Iterator[OrderWorld]:
    """Two tenants and three people of staff, committed by the test together with what it adds."""
    with sessions() as session:
        for role in ("admin", "enrollment", "ops"):
            add_staff(session, role)
        yield OrderWorld(session, "acme", "bolt")


@pytest.fixture
def signed_in(database: Engine) -> Iterator[SignIn]:
    """Browsers of people who are signed in: of staff by role, of others by address."""
    with serving(database, SETTINGS) as url, ExitStack() as browsers:

        def signed_in(who: str = "admin") -> httpx.Client:
            client = browsers.enter_context(browsing(url))
            address = who if "@" in who else f"{who}@staff.example"
            assert sign_in(client, address).status_code == 303
            return client

        yield signed_in


def numbers(page: httpx.Response) -> list[str]:
    """The order numbers of the list, in its order."""
    assert page.status_code == 200, page.text
    return re.findall(r'<a href="/console/orders/\w+/\d+"><bdi>([^<]+)</bdi>', page.text)


def test_the_list_shows_what_people_need_by_name(signed_in: SignIn, world: OrderWorld) -> None:
    world.order(1, "acme", end=TODAY + 10 * DAY, flag="cancelled", status="C")
    world.enroll(1, "acme", 0, TODAY + 10 * DAY)
    world.enroll(1, "acme", 1, TODAY - DAY)
    world.session.commit()
    page = signed_in().get("/console/orders")
    assert numbers(page) == ["SO1"]
    row = re.sub(r"<[^>]+>|\s+", " ", page.text[page.text.index("<tbody>") :])
    for words in ("SO1", "Customer 7", "Acme", "ends in 10 days", "Cancelled", " 1 ", " 2 ", "UTC"):
        assert words in row


def test_an_address_says_it_all_and_can_be_shared(signed_in: SignIn, world: OrderWorld) -> None:
    for n in range(1, 31):
        world.order(n, "acme" if n % 2 else "bolt", 7 + n % 2, end=TODAY + n * DAY)
    world.session.commit()
    client = signed_in()
    ends = f"ends_from={TODAY + 3 * DAY}&ends_to={TODAY + 9 * DAY}"
    assert numbers(client.get(f"/console/orders?tenant=acme&sort=term_end&{ends}")) == ["SO3", "SO5", "SO7", "SO9"]
    assert numbers(client.get("/console/orders?q=so30")) == ["SO30"]

    first = client.get("/console/orders?sort=term_end&dir=desc")
    [onward] = re.findall(r'href="(/console/orders\?[^"]*after=[^"]+)"', first.text)
    second = client.get(onward.replace("&amp;", "&"))
    assert numbers(first) + numbers(second) == [f"SO{n}" for n in range(30, 0, -1)]
    [back] = re.findall(r'href="(/console/orders\?[^"]*before=[^"]+)"', second.text)
    assert numbers(client.get(back.replace("&amp;", "&"))) == numbers(first)


UNREADABLE = (
    "status=Z",
    "mark=odd",
    "ends_from=31-02",
    "customer=x",
    "sort=price",
    "after=%%%",
    "after=e30",
    "changed=1y",
)


def test_an_address_that_cannot_be_read_says_so(signed_in: SignIn, world: OrderWorld) -> None:
    world.session.commit()
    client = signed_in()
    for query in UNREADABLE:
        page = client.get(f"/console/orders?{query}")
        assert (page.status_code, "Clear the filters" in page.text) == (400, True), query


def test_what_arrives_while_the_page_is_open_is_marked_in_words(signed_in: SignIn, world: OrderWorld) -> None:
    world.order(1, "acme")
    world.session.commit()
    client = signed_in()
    page = client.get("/console/orders?tenant=acme")
    [fragment] = re.findall(r'data-fragment="(/console/orders/rows\?[^"]+)"', page.text)
    assert "just now" not in page.text

    now = world.session.execute(text("select clock_timestamp()")).scalar_one()
    world.order(2, "acme", accepted=now)
    world.order(3, "bolt", 8, accepted=now)
    world.session.commit()
    rows = client.get(fragment.replace("&amp;", "&"))
    assert numbers(rows) == ["SO2", "SO1"]
    assert "New, just now" in rows.text
    assert "1 order arrived or changed" in rows.text


def test_the_files_hold_what_the_list_shows_and_no_formula(signed_in: SignIn, world: OrderWorld) -> None:
    world.order(1, "acme", end=TODAY)
    world.order(2, "bolt", 8)
    world.session.execute(text("update customer set name = '=cmd()' where id = 7"))
    world.session.commit()
    client = signed_in()
    answer = client.get("/console/orders/export/csv?tenant=acme")
    header, row = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
    told = dict(zip(header, row, strict=True))
    assert (told["Number"], told["Customer"], told["Term end"]) == ("SO1", "'=cmd()", TODAY.isoformat())
    book = openpyxl.load_workbook(io.BytesIO(client.get("/console/orders/export/xlsx").content))
    assert [cell.value for cell in book.worksheets[0]["A"]] == ["Number", "SO2", "SO1"]


def test_names_are_text_whatever_they_hold(signed_in: SignIn, world: OrderWorld) -> None:
    world.order(1, "acme")
    world.session.execute(text("update customer set name = :name"), {"name": HOSTILE})
    world.session.execute(text("update tenant set name = :name where key = 'acme'"), {"name": HOSTILE})
    world.session.execute(text("update sales_order set number = :name"), {"name": HOSTILE[:200]})
    world.session.commit()
    client = signed_in()
    for address in ("/console/orders", "/console/orders/acme/1"):
        page = client.get(address)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;alert(1)" in page.text
        assert len(page.text) < 100_000


def test_one_order_shows_what_netsuite_said_beside_what_is_accepted(signed_in: SignIn, world: OrderWorld) -> None:
    world.order(1, "acme", end=TODAY + 10 * DAY)
    world.session.execute(
        text("update landing_order set term_end = :end, payload = :payload"),
        {"end": TODAY + 5 * DAY, "payload": '{"id":"1","token":"s3cret","mail":"ann@example.com"}'},
    )
    pulling.bind_account(world.session, "1234567_SB1")
    world.session.commit()
    page = signed_in().get("/console/orders/acme/1")
    assert page.text.count(">differs<") == 1
    assert "https://1234567-sb1.app.netsuite.com/app/accounting/transactions/salesord.nl?id=1" in page.text
    assert "s3cret" not in page.text
    assert "ann@" not in page.text
    assert "First read from NetSuite" in page.text


def test_one_order_leads_to_its_people_course_by_course(signed_in: SignIn, world: OrderWorld) -> None:
    world.order(1, "acme", end=TODAY + 10 * DAY)
    for user in range(3):
        world.enroll(1, "acme", user, TODAY + (10 if user else -10) * DAY)
    world.session.commit()
    client = signed_in("enrollment")
    page = client.get("/console/orders/acme/1").text
    assert "2 enrolled of 3" in page
    [people] = re.findall(r'href="(/console/courses/acme/\d+\?order=SO1)"', page)
    assert "Person 1 of acme" in client.get(people).text


MANY = """
with added as (
    insert into users (tenant_id, key, name, email)
    select id, 'm' || n, 'Many ' || n, 'm' || n || '@acme.example'
    from tenant, generate_series(1, 10050) n where key = 'acme' returning id, tenant_id
)
insert into enrollment (tenant_id, user_id, course_version_id, sales_order_id)
select a.tenant_id, a.id, v.id, 1 from added a, course_version v
"""


def test_people_on_a_large_order_are_counted_so_far(signed_in: SignIn, world: OrderWorld) -> None:
    world.order(1, "acme", flag="missing", end=TODAY + 10 * DAY)
    world.session.execute(text(MANY))
    world.session.commit()
    page = re.sub(r"<[^>]+>|\s+", " ", signed_in().get("/console/orders/acme/1").text)
    for words in (
        "10,000+ active enrollments on it are Enrolled",
        "Expire 10,000+ enrollments",
        "10,000+ enrolled of 10,000+",
        "Some of them. Everybody is in the lists of the courses.",
    ):
        assert words in page


def test_another_tenants_order_and_none_at_all_are_not_there(signed_in: SignIn, world: OrderWorld) -> None:
    world.order(1, "acme")
    user = world.rosters["acme"].users[0]
    give_password(world.session, user)
    world.session.commit()
    client = signed_in()
    for address in ("/console/orders/bolt/1", "/console/orders/acme/2", f"/console/orders/acme/{2**70}"):
        assert client.get(address).status_code == 404
    learner = signed_in("person-0@acme.example")
    assert learner.get("/console/orders").status_code == 404
    assert learner.get("/console/orders/acme/1").status_code == 404


def test_a_resync_asks_for_a_run_and_a_second_joins_it(signed_in: SignIn, world: OrderWorld) -> None:
    world.order(1, "acme")
    world.session.commit()
    client = signed_in("ops")
    for _ in range(2):
        answer = send(client, "/console/orders/acme/1", "/console/orders/acme/1/resync")
        assert answer.headers["location"] == "/console/orders/acme/1"
    page = client.get("/console/orders/acme/1").text
    assert "was asked to read this order. What changes by it shows here by itself. It was under way" in page
    runs = world.session.execute(text("select scope, asked_by from sync_run")).all()
    assert [tuple(run) for run in runs] == [("order:SO1", "staff:ops@staff.example")]


MAY = {"resync": {"admin", "ops"}, "expire": {"admin", "enrollment"}, "review": {"admin"}}


def test_each_action_is_for_its_roles(signed_in: SignIn, world: OrderWorld) -> None:
    world.order(1, "acme", flag="missing")
    world.session.commit()
    here = "/console/orders/acme/1"
    for role in ("ops", "enrollment", "admin"):
        client = signed_in(role)
        page = client.get(here).text
        assert ("Resync this order" in page, "Mark as reviewed" in page) == (role != "enrollment", role == "admin")
        for action, roles in MAY.items():
            answer = send(client, here, f"{here}/{action}", expected="0", reason="why not")
            assert answer.status_code == (303 if role in roles else 403), (role, action)


def test_more_orders_take_no_more_statements(signed_in: SignIn, world: OrderWorld) -> None:
    world.order(1, "acme")
    world.session.commit()
    client = signed_in()
    few = statements(world.session, client, "/console/orders")
    for n in range(2, 25):
        world.order(n, "acme", 7 + n, end=TODAY + n * DAY)
        world.enroll(n, "acme", n % 6) if n < 8 and n != 7 else None
    world.session.commit()
    assert statements(world.session, client, "/console/orders") == few
