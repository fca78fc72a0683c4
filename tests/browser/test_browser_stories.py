"""Stories that several people share, end to end: a term is cut and extended, an edit is watched and taken back,
a report is taken along, an old state is read again.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

from browser_looks import look_at
from browser_stage import CUSTOMERS, FIRST_CUSTOMER, SOON, Stage, go, until
from client_world import ClientWorld
from openpyxl import load_workbook
from playwright.sync_api import Locator, Page, expect
from processes import PATIENCE
from sqlalchemy import text
from web_running import give_password

from connectors.mock_netsuite.config import Endpoint
from models.enrollment_changes import Why
from worker import clock
from worker.pages.words import day
from worker.pipeline import tenants

pytest_plugins = ("browser_fixtures",)

TODAY = datetime.now(UTC).date()
# More than the guard lets go unasked, and more than an edit does without a worker.
MANY = 110
# Of all customers of the mocked account this one has most orders; it is the last to be handed out.
OLD_CUSTOMER = FIRST_CUSTOMER + CUSTOMERS - 1


def client(stage: Stage, key: str, name: str, *customers: int) -> ClientWorld:
    """A tenant with these customers; its users and enrollments are written row by row."""
    with stage.sessions.begin() as session:
        world = ClientWorld(session, key, name=name)
        for customer in customers:
            tenants.map_customer(session, world.tenant_id, customer, Why("test", clock.now(session)))
    return world


@contextmanager
def furnishing(stage: Stage, world: ClientWorld) -> Iterator[None]:
    """While the block runs, what is put into the world goes into the database."""
    with stage.sessions.begin() as session:
        world.session = session
        yield


def order_of(stage: Stage, customer: int, days: int) -> int:
    """An order entered in NetSuite that ends in so many days; here when it is accepted."""
    term = {"startDate": str(TODAY - timedelta(days=30)), "endDate": str(TODAY + timedelta(days=days))}
    order_id = stage.netsuite.create({"entity": {"id": str(customer)}, "orderStatus": {"id": "B"}, **term})
    until(lambda: bool(asked(stage, "select count(*) from sales_order where id = :id", id=order_id)))
    return order_id


def asked(stage: Stage, query: str, **parameters: object) -> Any:
    """The one value a query yields."""
    with stage.sessions() as session:
        return session.execute(text(query), parameters).scalar_one()


def statuses(stage: Stage, world: ClientWorld) -> dict[str, int]:
    """How many enrollments of the tenant are stored as what."""
    query = "select status, count(*) from enrollment where tenant_id = :tenant group by status"
    with stage.sessions() as session:
        found = session.execute(text(query), {"tenant": world.tenant_id}).all()
    return {row[0]: row[1] for row in found}


def test_a_cut_term_is_held_then_approved_and_closes_what_learners_have_open(stage: Stage) -> None:
    customer = stage.customer()
    world = client(stage, "harbor", "Harbor Trust", customer)
    order_id = order_of(stage, customer, 90)
    with furnishing(stage, world):
        for number in range(MANY):
            world.user(f"Learner {number:03}")
            world.enroll(f"Learner {number:03}", "safety", order=order_id, completed=2)
        give_password(world.session, world.users["Learner 000"])
    with stage.visit("learner.000@harbor.example") as learner, stage.visit(stage.staff["ops"]) as ops:
        learner.goto("/courses/safety/v1/learn")
        expect(learner.get_by_text("First aid")).to_be_visible()
        ops.goto("/console/attention/holds")
        stage.netsuite.change(order_id, {"endDate": str(TODAY - timedelta(days=3))})
        row = ops.locator("tr", has_text="Harbor Trust")
        expect(row).to_contain_text(f"{MANY} of {MANY}", timeout=SOON * 1000)
        assert status_of(learner) == 200, "the accepted term is in force while the change is held"

        go(ops, row.get_by_role("link"))
        ops.wait_for_url(re.compile(r"/holds/\d+$"))
        ops.get_by_label("Why").fill("Confirmed by the client")
        go(ops, ops.get_by_role("button", name=f"Approve: {MANY} people lose access"))
        expect(ops.get_by_text(f"{MANY} enrollments expired")).to_be_visible()
        assert statuses(stage, world) == {"X": MANY}

        with learner.expect_response(re.compile("/practice$")) as refused:
            learner.get_by_role("link", name="Practice").click()
        assert refused.value.status == 403
        expect(learner.get_by_role("heading", name="Your access has ended")).to_be_visible()
        go(learner, learner.get_by_role("link", name="See your results"))
        expect(learner.get_by_text("2 of 4 modules completed")).to_be_visible()

        stage.netsuite.change(order_id, {"endDate": str(TODAY + timedelta(days=60))})
        learner.goto("/courses/safety/v1/practice")
        until(lambda: status_of(learner) == 200, SOON)
        assert statuses(stage, world) == {"E": MANY}
        ops.goto(f"/console/orders/harbor/{order_id}")
        expect(ops.get_by_text(day(TODAY + timedelta(days=60))).first).to_be_visible()


def status_of(page: Page) -> int:
    """What the page in the window answers when it is asked for again."""
    answer = page.reload()
    assert answer is not None
    return answer.status


def test_an_edit_goes_on_while_nobody_looks(stage: Stage) -> None:
    world = client(stage, "upland", "Upland Academy")
    with furnishing(stage, world):
        for number in range(MANY):
            world.user(f"Walker {number:03}")
            world.enroll(f"Walker {number:03}", "safety")
    with stage.visit(stage.staff["enrollment"]) as page:
        to_enrollments(page, "upland")
        go(page, page.get_by_role("button", name=f"Edit all {MANY}"))
        page.get_by_label("Unenroll: no access").check()
        go(page, page.get_by_role("button", name="Preview"))
        expect(page.get_by_text(f"{MANY} people will be unenrolled; their progress is kept.")).to_be_visible()
        with somebody_else_writes(stage, world.enrollments["Walker 042", "safety"]):
            go(page, page.get_by_role("button", name=f"Change {MANY} enrollments"))
            how_far = page.locator("[data-announce]")
            expect(how_far).to_contain_text("Under way", timeout=SOON * 1000)
            expect(how_far).to_contain_text(f"0 of {MANY} rows done")
            job = page.url
            page.goto("/console/edits")
            expect(page.locator("tr", has_text="Upland Academy")).to_contain_text("Under way")
            page.goto(job)
            expect(page.get_by_role("progressbar", name="Rows done")).to_be_visible()
            look_at(stage, page, "edit-under-way")
        expect(how_far).to_contain_text(f"{MANY} of {MANY} rows done", timeout=PATIENCE * 1000)
        expect(page.get_by_role("progressbar")).to_have_count(0)
    assert statuses(stage, world) == {"U": MANY}


@contextmanager
def somebody_else_writes(stage: Stage, enrollment_id: int) -> Iterator[None]:
    """While the block runs, whoever wants to change this enrollment has to wait."""
    with stage.sessions.begin() as session:
        session.execute(text("select from enrollment where id = :id for update"), {"id": enrollment_id})
        yield


def to_enrollments(page: Page, tenant: str) -> None:
    """From the courses of the tenant to the enrollments of the one it has people in."""
    page.goto(f"/console/courses?tenant={tenant}")
    go(page, page.locator("tr", has=page.get_by_role("link", name="enrolled")).get_by_role("link").first)


def test_ten_who_were_expired_get_it_back(stage: Stage) -> None:
    world = client(stage, "tenfold", "Tenfold School")
    order_id = 0
    with furnishing(stage, world):
        order_id = world.order(TODAY + timedelta(days=50))
        for number in range(12):
            world.user(f"{'Guest' if number > 9 else 'Pupil'} {number:02}")
            world.enroll(f"{'Guest' if number > 9 else 'Pupil'} {number:02}", "safety", order=order_id)
    with stage.visit(stage.staff["enrollment"]) as page:
        to_enrollments(page, "tenfold")
        page.get_by_role("searchbox", name="User").fill("pupil")
        go(page, page.get_by_role("button", name="Search"))
        page.get_by_label("Tick all on this page").check()
        go(page, page.get_by_role("button", name="Edit ticked (10)"))
        page.get_by_label("Expire now").check()
        go(page, page.get_by_role("button", name="Preview"))
        said = "10 enrollments selected: 10 will change, 0 already are as wanted, 0 will be skipped."
        expect(page.get_by_text(said)).to_be_visible()
        expect(page.get_by_text("10 people will expire at once.")).to_be_visible()
        go(page, page.get_by_role("button", name="Change 10 enrollments"))
        expect(page.locator("[data-announce]")).to_contain_text("10 of 10 rows done")
        assert statuses(stage, world) == {"X": 10, "E": 2}
        go(page, page.get_by_role("link", name="Undo"))
        expect(page.get_by_text("10 people will be reinstated: Expired becomes Enrolled.")).to_be_visible()
        look_at(stage, page, "edit-undo")
        go(page, page.get_by_role("button", name="Take 10 changes back"))
        expect(page.locator("[data-announce]")).to_contain_text("10 of 10 rows done")
    assert statuses(stage, world) == {"E": 12}


def test_the_report_says_the_same_on_screen_and_in_excel(stage: Stage, tmp_path: Path) -> None:
    world = client(stage, "ledger", "Ledger & Sons")
    with furnishing(stage, world):
        order_id = world.order(TODAY + timedelta(days=40), "SO-LEDGER")
        world.user("Chris Admin", client_admin=True)
        for name in ("Ada Berg", "Bo Castillo", "Dee Evans"):
            world.user(name)
        world.user("Cy Dumont", active=False)
        world.enroll("Ada Berg", "safety", order=order_id, completed=3)
        world.enroll("Bo Castillo", "safety", order=order_id, typed=TODAY - timedelta(days=20))
        world.enroll("Cy Dumont", "safety", status="X", order=order_id, cause="expired_by_staff")
        world.enroll("Dee Evans", "safety", order=order_id, status="U")
        give_password(world.session, world.users["Chris Admin"], client_admin=True)
    with stage.visit("chris.admin@ledger.example") as page:
        page.goto("/report")
        with page.expect_download() as download:
            page.get_by_role("link", name="Download Excel").click()
        download.value.save_as(tmp_path / "report.xlsx")
        lines = workbook(tmp_path / "report.xlsx")
        assert list(lines) == ["Ada Berg", "Bo Castillo", "Cy Dumont"]
        assert page.locator("table.stacking tbody tr").count() == len(lines)
        for name, line in lines.items():
            check_line(page.get_by_role("row", name=name), line)
        counts = [sum(line["Status"] == status for line in lines.values()) for status in ("Enrolled", "Expired")]
        assert counts == [1, 2]
        expect(page.get_by_role("row", name=f"All {counts[0]} {counts[1]} {len(lines)}")).to_be_visible()


def workbook(path: Path) -> dict[str, dict[str, Any]]:
    """The lines of the report in a workbook, by name."""
    sheet = load_workbook(path).active
    assert sheet is not None
    header, *lines = sheet.iter_rows(values_only=True)
    return {str(line[0]): dict(zip(map(str, header), line, strict=True)) for line in lines}


def check_line(row: Locator, line: dict[str, Any]) -> None:
    """Account, status, dates and progress of a line of the workbook are what the page shows."""
    last_day = line["Last day"]
    assert isinstance(last_day, datetime), "Excel can sort and count with it"
    expect(row).to_contain_text(day(date(last_day.year, last_day.month, last_day.day)))
    expect(row).to_contain_text(line["Account"])
    expect(row).to_contain_text(line["Status"])
    expect(row).to_contain_text(f"{line['Modules completed']} / {line['Modules']}")
    expect(row.locator('[data-label="Expired"]')).to_contain_text(line["Expired"] or "–")


def test_an_old_state_is_shown_in_a_dry_run_and_read_again_once(stage: Stage) -> None:
    world = client(stage, "restored", "Restored Ltd", OLD_CUSTOMER)
    query = "select min(id) from sales_order where tenant_id = :tenant and term_end is not null and flag is null"
    until(lambda: bool(asked(stage, query, tenant=world.tenant_id)))
    order_id: int = asked(stage, query, tenant=world.tenant_id)
    right: date = asked(stage, "select term_end from sales_order where id = :id", id=order_id)
    wrong = right + timedelta(days=500)
    restore_a_backup(stage, order_id, wrong)
    with stage.visit(stage.staff["ops"]) as page:
        ask(page, "Dry run: show what would change")
        row = page.locator("tr", has_text="Restored Ltd")
        expect(row).to_contain_text(f"to {day(wrong)}", timeout=PATIENCE * 1000)
        expect(row).to_contain_text(f"to {day(right)}")
        look_at(stage, page, "resync-diff")
        with netsuite_busy(stage):
            run = ask(page, "Run for real")
            assert ask(page, "Run for real") == run
            expect(page.get_by_text("does the same: you joined it.")).to_be_visible()
            assert asked(stage, "select term_end from sales_order where id = :id", id=order_id) == wrong
        expect(page.locator("[data-announce]")).to_contain_text("Done", timeout=PATIENCE * 1000)
    # The run that accepts what this one has landed tells the change; it may be the next poll's.
    until(lambda: asked(stage, "select term_end from sales_order where id = :id", id=order_id) == right)


def restore_a_backup(stage: Stage, order_id: int, term_end: date) -> None:
    """The database says of the order what NetSuite said a day before it was changed last."""
    earlier = "term_end = :term_end, modified_at = modified_at - interval '1 day'"
    with stage.sessions.begin() as session:
        parameters = {"id": order_id, "term_end": term_end}
        landed = f"update landing_order set {earlier}, payload = '{{}}' where order_id = :id"
        session.execute(text(landed), parameters)
        session.execute(text(f"update sales_order set {earlier} where id = :id"), parameters)


def ask(page: Page, how: str) -> str:
    """Asks for a resync of the tenant; returns the address of the run."""
    page.goto("/console/runs/new?scope=tenant:restored")
    go(page, page.get_by_role("button", name=how))
    page.wait_for_url(re.compile(r"/console/runs/\d+$"))
    return page.url


@contextmanager
def netsuite_busy(stage: Stage) -> Iterator[None]:
    """While the block runs, NetSuite answers no query."""
    over, account = Event(), stage.account.account

    class Busy(dict[Endpoint, float]):
        def get(self, endpoint: Any, otherwise: Any = None) -> Any:
            over.wait(PATIENCE)
            return 0.0

    before, account.latency = account.latency, Busy()
    try:
        yield
    finally:
        account.latency = before
        over.set()
