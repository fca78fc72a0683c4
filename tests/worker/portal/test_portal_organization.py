"""The client admin's dashboard and Organization Report: the same numbers, rows and dates everywhere."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from client_world import ClientWorld
from openpyxl import load_workbook
from portal_visit import Portal, Visitor, days, figures, portal_on, rows
from sqlalchemy import Engine

FORMULA = '=HYPERLINK("http://x.test","a")'


@pytest.fixture
def portal(database: Engine) -> Iterator[Portal]:
    with portal_on(database) as portal:
        yield portal


@pytest.fixture
def world(portal: Portal) -> ClientWorld:
    """Two live, three expired, one unenrolled, and two of people who are deactivated."""
    with portal.sessions.begin() as session:
        world = ClientWorld(session, "acme")
        world.user("Chris Admin", client_admin=True)
        world.user("Ada", groups=["North"])
        world.user("Bo", groups=["South"])
        world.user(FORMULA, groups=["North"])
        world.user("Off Line", active=False)
        world.user("Una")
        world.enroll("Ada", "safety", typed=days(20), completed=2)
        world.enroll("Ada", "data", order=world.order(days(-40), "SO77"))
        world.enroll("Bo", "safety", status="X", typed=days(-9))
        world.enroll(FORMULA, "safety", status="X", order=world.order(days(90)), cause="expired_by_staff")
        world.enroll(FORMULA, "data")
        world.enroll("Off Line", "safety", typed=days(-3))
        world.enroll("Off Line", "data")
        world.enroll("Una", "data", status="U")
    return world


@pytest.fixture
def chris(portal: Portal, world: ClientWorld) -> Visitor:
    return portal.visitor(world, "Chris Admin")


def people(found: list[list[str]]) -> list[str]:
    return [cells[0].split(" ")[0] for cells in found]


def test_totals_of_the_dashboard_add_up_and_leave_out_unenrolled_and_inactive(chris: Visitor) -> None:
    page = chris.page("/dashboard")
    found = figures(page)
    assert found == {"Enrollments": 5, "Enrolled": 2, "Expired": 3, "Ending within 30 days": 1, "No end date": 1}
    assert len(rows(page)) == 5
    assert "Off Line" not in page
    assert "Una" not in page


def test_the_filter_enrollment_expired_gives_exactly_the_expired(chris: Visitor) -> None:
    page = chris.page("/dashboard?status=X")
    assert [cells[2] for cells in rows(page)] == ["Expired"] * 3
    assert '<span class="status status-x">Expired</span>' in page
    assert "Enrollment Expired</option>" in page
    assert figures(page) == figures(chris.page("/dashboard"))


def test_unenrolled_cannot_be_asked_for(chris: Visitor) -> None:
    assert len(chris.rows("/dashboard?status=U")) == 5
    assert len(chris.rows("/report?status=U")) == 7


def test_searches_narrow_rows_totals_and_charts_alike(chris: Visitor) -> None:
    page = chris.page("/dashboard?q=ada&group=North&course=safety%2Fv1")
    assert figures(page)["Enrollments"] == len(rows(page)) == 1
    assert "Safety at work" in page
    assert ">Data at work (v1)<" in page  # still to be chosen
    assert "Nothing matches" in chris.page("/dashboard?q=nobody")


def test_charts_are_tables_with_bars(chris: Visitor) -> None:
    page = chris.page("/dashboard")
    data, safety = re.findall(r'at work <small>.*?number">(\d+)</td><td class="number">(\d+)', page, re.DOTALL)
    assert (data, safety) == (("1", "1"), ("1", "2"))
    ends = days(20)
    months = dict(re.findall(r'class="period">([^<]+)</th>.*?number">(\d+)', page, re.DOTALL))
    assert months[f"{ends:%b %Y}"] == "1"
    assert months["No end date"] == "1"
    assert sum(map(int, months.values())) == 2
    weeks = chris.page("/dashboard?by=week")
    assert weeks.count("Week of") == 12


def test_the_report_has_deactivated_people_and_when_and_why_somebody_expired(chris: Visitor) -> None:
    found = chris.rows("/report")
    assert len(found) == 7
    off_line = [cells for cells in found if cells[0].startswith("Off")]
    assert [(cells[1], cells[3]) for cells in off_line] == [
        ("Deactivated", "Expired"),
        ("Deactivated", "Enrolled"),
    ]
    ended = days(-3)
    assert off_line[0][4] == f"{ended.day} {ended:%b %Y}"
    assert re.search(r"00:00 E[SD]T expiration date passed$", off_line[0][5])


def test_totals_of_the_report_are_the_rows_of_the_report(chris: Visitor) -> None:
    page = chris.page("/report")
    totals = re.findall(r'scope="row">(\w+)</th>\s*' + r'<td class="number">(\d+)</td>\s*' * 3, page)
    assert totals == [("Active", "2", "3", "5"), ("Deactivated", "1", "1", "2"), ("All", "3", "4", "7")]


def test_screen_csv_and_excel_say_the_same(chris: Visitor) -> None:
    on_screen = chris.rows("/report")
    as_csv, as_excel = csv_of(chris, "/report.csv"), excel_of(chris)
    assert len(on_screen) == len(as_csv) == len(as_excel) == 7
    for cells, of_csv, of_excel in zip(on_screen, as_csv, as_excel, strict=True):
        assert {name: in_csv(value) for name, value in of_excel.items()} == of_csv
        day = of_excel["Last day"]
        last_day = f"{day.day} {day:%b %Y}" if isinstance(day, datetime) else "–"
        expired = " ".join(filter(None, [of_csv["Expired"] or "–", of_csv["Why"]]))
        modules = f"{of_csv['Modules completed']} / {of_csv['Modules']}"
        assert cells[1:] == [
            *(of_csv["Account"], f"{of_csv['Course']} Version {of_csv['Version']}", of_csv["Status"]),
            *(last_day, expired, modules),
        ]


def csv_of(visitor: Visitor, address: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(visitor.get(address).content.decode("utf-8-sig"))))


def excel_of(visitor: Visitor) -> list[dict[str, Any]]:
    sheet = load_workbook(io.BytesIO(visitor.get("/report.xlsx").content)).active
    assert sheet is not None
    header, *lines = sheet.iter_rows(values_only=True)
    return [{str(name): value for name, value in zip(header, line, strict=True)} for line in lines]


def in_csv(value: object) -> str:
    """A value of an Excel cell as a CSV says it."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    return "" if value is None else str(value)


def test_cells_that_would_be_formulas_are_text(chris: Visitor) -> None:
    text = chris.get("/report.csv").content.decode("utf-8-sig")
    assert "'=HYPERLINK" in text
    sheet = load_workbook(io.BytesIO(chris.get("/report.xlsx").content)).active
    assert sheet is not None
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


def test_a_download_is_of_what_the_page_was_filtered_to(chris: Visitor) -> None:
    found = csv_of(chris, "/report.csv?status=X&group=North")
    assert [line["Course"] for line in found] == ["Safety at work", "Data at work"]
    disposition = chris.get("/report.xlsx").headers["content-disposition"]
    assert "organization-report.xlsx" in disposition


def test_pages_of_a_list_hold_everybody_once(portal: Portal, world: ClientWorld) -> None:
    with portal.sessions.begin() as session:
        world.session = session
        for number in range(120):
            world.user(f"Many {number % 7} {number}")
            world.enroll(f"Many {number % 7} {number}", typed=days(3))
    visitor = portal.visitor(world, "Chris Admin")
    address, seen, pages = "/dashboard?q=many", list[str](), 0
    while address:
        page = visitor.page(address)
        seen += [cells[0] for cells in rows(page)]
        pages += 1
        following = re.search(r'href="([^"]+)">Next page', page)
        address = f"/dashboard{following[1].replace('&amp;', '&')}" if following else ""
    assert pages == 3
    assert len(seen) == len(set(seen)) == 120
    assert figures(visitor.page("/dashboard?q=many"))["Enrollments"] == 120


def test_an_address_that_makes_no_sense_is_no_error(chris: Visitor) -> None:
    places = ("x", "-1", "99999999999999999999", "9223372036854775807", "%00", "")
    for page, place in product(("/dashboard", "/report", "/report.csv"), places):
        address = f"{page}?after={place}&status=%00&course=%00/%00&q=%00&group=%ff&by=never"
        assert chris.get(address).status_code == 200, address


def test_an_organisation_without_people_is_told_what_will_appear(portal: Portal) -> None:
    with portal.sessions.begin() as session:
        world = ClientWorld(session, "empty")
        world.user("Emma", client_admin=True)
    for page in ("/dashboard", "/report"):
        assert "Nobody is enrolled in a course yet" in portal.visitor(world, "Emma").page(page)


def test_a_paused_tenants_people_count_as_enrolled(portal: Portal, world: ClientWorld) -> None:
    with portal.sessions.begin() as session:
        world.session = session
        world.pause(at=datetime.now(UTC) - timedelta(days=60))
    page = portal.visitor(world, "Chris Admin").page("/dashboard")
    assert figures(page)["Expired"] == 2
    assert "Last day over, expiry paused" in page
