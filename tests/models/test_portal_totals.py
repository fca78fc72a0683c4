"""Dashboard, filter, report and export say the same, whatever the world: against counting in plain words."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from client_world import NOW, ClientWorld
from effort import effort
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from models.portal_listing import Line, every_line, lines
from models.portal_selection import Selection
from models.portal_summary import Summary, summary
from models.status import Status

TODAY = date(2026, 6, 15)
ZONE = "Asia/Tokyo"  # where it is already the 16th
NAMES = ("Ann", "ann b", "Änne", "Bo", "Zoë")


@dataclass(frozen=True)
class Told:
    """One enrollment as the test made it."""

    name: str
    active: bool
    course: str
    status: str
    typed: date | None
    term_end: date | None

    def last_day(self) -> date | None:
        return self.typed or (self.term_end and self.term_end + timedelta(days=2))

    def reads_as(self, paused: bool) -> str:
        day = self.last_day()
        if self.status != "E" or day is None or paused:
            return self.status
        over = datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(ZONE)) <= NOW
        return "X" if over else "E"


DAYS = st.none() | st.integers(-40, 70).map(lambda n: TODAY + timedelta(days=n))
PEOPLE = st.fixed_dictionaries({name: st.booleans() for name in NAMES})
PLACES = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(["one", "two"])), unique=True, max_size=10)
STATES = st.tuples(st.sampled_from("EEEXU"), DAYS, DAYS)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Told], bool]:
    active = draw(PEOPLE)
    told = [Told(name, active[name], course, *draw(STATES)) for name, course in draw(PLACES)]
    return told, draw(st.booleans())


def build(session: Session, told: list[Told], paused: bool) -> ClientWorld:
    """The tenant told of, beside another whose people have the same names and all states."""
    world, other = (ClientWorld(session, key, zone=ZONE, grace_days=2) for key in ("ours", "theirs"))
    for name in NAMES:
        active = all(t.active for t in told if t.name == name)
        world.user(name, active=active, groups=["North"])
        other.user(name, groups=["North"])
    for number, status in enumerate("EXU"):
        other.enroll(NAMES[number], "one", status=status)
    for t in told:
        order = None if t.term_end is None else world.order(t.term_end)
        world.enroll(t.name, t.course, status=t.status, typed=t.typed, order=order)
    if paused:
        world.pause(at=NOW - timedelta(days=50))
    return world


def shown(told: list[Told], paused: bool) -> list[tuple[str, bool, str, str, date | None]]:
    """Name, active, course, status and last day of every enrollment that is E or X, counted by hand."""
    return [
        (t.name, t.active, t.course, t.reads_as(paused), t.last_day()) for t in told if t.reads_as(paused) != "U"
    ]


def told_by(line: Line) -> tuple[str, bool, str, str, date | None]:
    return (line.name, line.active, line.course, str(line.standing.status), line.standing.last_day)


def paged(session: Session, selection: Selection, size: int) -> list[Line]:
    """All pages of a listing, put together."""
    found: list[Line] = []
    while page := lines(session, selection, NOW, after=found[-1].id if found else None, limit=size):
        found += page
    return found


@effort(40)
@given(world=worlds())
def test_dashboard_filter_report_and_export_agree_with_counting_by_hand(
    world: tuple[list[Told], bool], session: Session
) -> None:
    told, paused = world
    tenant = build(session, told, paused).tenant_id
    expected = shown(told, paused)
    report = Selection(tenant, inactive=True)
    assert Counter(map(told_by, paged(session, report, 3))) == Counter(expected)
    assert [told_by(line) for line in every_line(session, report, NOW)] == [
        told_by(line) for line in paged(session, report, 100)
    ]
    dashboard = Selection(tenant)
    on_dashboard = [each for each in expected if each[1]]
    counted = summary(session, dashboard, NOW)
    for status in Status:
        of_status = [each for each in on_dashboard if each[3] == status]
        assert counted.total(status) == len(of_status)
        if status is not Status.UNENROLLED:
            listed = paged(session, replace(dashboard, status=status), 2)
            assert Counter(map(told_by, listed)) == Counter(of_status)
    assert counted.total() == len(on_dashboard)
    check_totals_of_the_report(summary(session, report, NOW), expected)
    check_charts(counted, on_dashboard)
    session.rollback()


def check_totals_of_the_report(counted: Summary, expected: list[tuple[str, bool, str, str, date | None]]) -> None:
    for status in (Status.ENROLLED, Status.EXPIRED):
        for active in (True, False):
            assert counted.total(status, active=active) == sum(
                each[1] == active and each[3] == status for each in expected
            )


def check_charts(counted: Summary, on_dashboard: list[tuple[str, bool, str, str, date | None]]) -> None:
    for course in ("one", "two"):
        for status in (Status.ENROLLED, Status.EXPIRED):
            of_course = [each for each in on_dashboard if each[2] == course and each[3] == status]
            assert counted.of((course, "v1")).total(status) == len(of_course)
    last_days = [each[4] for each in on_dashboard if each[3] == "E"]
    months = Counter(None if day is None else day.replace(day=1) for day in last_days)
    assert counted.endings() == dict(months)
    assert counted.without_end == months[None]
    in_tokyo = date(2026, 6, 16)
    soon = [day for day in last_days if day is not None and 0 <= (day - in_tokyo).days <= 30]
    assert counted.soon == len(soon)


def test_weeks_begin_on_monday(session: Session) -> None:
    world = ClientWorld(session, "weekly")
    world.user("Ann")
    world.enroll("Ann", "one", typed=date(2026, 6, 21))  # a Sunday
    world.enroll("Ann", "two", typed=date(2026, 6, 22))
    assert summary(session, Selection(world.tenant_id), NOW, "week").endings() == {
        date(2026, 6, 15): 1,
        date(2026, 6, 22): 1,
    }


def test_the_instant_is_the_callers(session: Session) -> None:
    world = ClientWorld(session, "timely")
    world.user("Ann")
    world.enroll("Ann", typed=date(2026, 6, 20))
    later = datetime(2026, 7, 1, tzinfo=UTC)
    assert summary(session, Selection(world.tenant_id), NOW).total(Status.EXPIRED) == 0
    assert summary(session, Selection(world.tenant_id), later).total(Status.EXPIRED) == 1
