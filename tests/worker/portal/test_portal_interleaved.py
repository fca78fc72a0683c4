"""Two tenants written in turns, with people, groups, courses and orders of the same names: whoever belongs to one
gets the answers they would get if the other were not there.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from client_world import ClientWorld
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from portal_visit import Portal, Visitor, days, portal_on
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

TENANTS = MARKS = ("sinister", "dexter")  # words that no page has of its own
STORED: Sequence[dict[str, Any]] = (
    {},
    {"typed": days(5)},
    {"typed": days(-5)},
    {"status": "X", "typed": days(-5)},
    {"status": "U"},
)
Answers = dict[str, tuple[int, object]]


@dataclass(frozen=True)
class Said:
    """What is written of one person. What is `marked` has its tenant in its name, all else is named alike."""

    marked: bool
    active: bool
    managed: bool
    groups: frozenset[bool]
    courses: tuple[tuple[bool, int, bool], ...]  # marked, stored how, by an order


people = st.builds(
    Said,
    marked=st.booleans(),
    active=st.booleans(),
    managed=st.booleans(),
    groups=st.frozensets(st.booleans()),
    courses=st.lists(
        st.tuples(st.booleans(), st.integers(0, len(STORED) - 1), st.booleans()),
        max_size=2,
        unique_by=lambda course: course[0],
    ).map(tuple),
)


@dataclass
class Side:
    """One tenant as it is written."""

    world: ClientWorld
    mark: str
    orders: dict[bool, int] = field(default_factory=dict)
    team: set[str] = field(default_factory=set)  # addresses
    reported: int = 0

    def named(self, name: str, marked: bool) -> str:
        return f"{name} {self.mark}" if marked else name

    def begin(self) -> None:
        """What every tenant has, the same in each: who looks at the pages, and orders."""
        self.world.user("Admin", client_admin=True, email="admin@same.example")
        self.world.user("Manager", email="manager@same.example")
        for marked in (False, True):
            self.orders[marked] = self.world.order(days(30), self.named("SO1", marked))
        self.take(
            Said(False, True, True, frozenset({False, True}), ((False, 1, True), (True, 2, False))), "Learner"
        )

    def take(self, said: Said, name: str = "Ada") -> None:
        called = self.named(f"{name} {len(self.world.users)}" if name != "Learner" else name, said.marked)
        address = f"{called.lower().replace(' ', '.')}@same.example"
        self.world.user(
            called,
            active=said.active,
            manager="Manager" if said.managed else None,
            groups=[self.named("North", marked) for marked in said.groups],
            email=address,
        )
        if said.managed:
            self.team.add(address)
        for marked, how, ordered in said.courses:
            order = self.orders[marked] if ordered else None
            self.world.enroll(called, self.named("safety", marked), order=order, **STORED[how])
            self.reported += STORED[how].get("status") != "U"


@pytest.fixture
def portal(database: Engine) -> Iterator[Portal]:
    with portal_on(database) as portal:
        yield portal


@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
    phases=[Phase.generate],  # each example is quick to read as it is
)
@given(
    steps=st.lists(st.tuples(st.sampled_from((0, 1)), people), min_size=4, max_size=10),
    own=st.sampled_from((0, 1)),
)
def test_each_is_answered_as_if_the_other_were_not_there(
    portal: Portal, steps: list[tuple[int, Said]], own: int
) -> None:
    with portal.sessions.begin() as session:
        session.execute(text("truncate tenant, course, landing_order cascade"))
        sides = written(session, steps)
    mine, theirs = sides[own], sides[1 - own]
    visits = {name: portal.visitor(mine.world, name) for name in ("Admin", "Manager", "Learner")}
    answers = {name: asked(visits[name], questions(name, sides)) for name in visits}
    for name, told in answers.items():
        leaking = [
            where for where, answer in told.items() if theirs.mark not in where and theirs.mark in str(answer)
        ]
        assert leaking == [], name
    assert {line["E-mail"] for line in lines(visits["Manager"], "/team.csv")} == mine.team
    assert len(lines(visits["Admin"], "/report.csv")) == mine.reported
    with portal.sessions.begin() as session:
        forget(session, theirs.world.tenant_id)
    alone = {name: asked(visits[name], questions(name, sides)) for name in visits}
    assert answers == alone


def written(session: Session, steps: list[tuple[int, Said]]) -> tuple[Side, Side]:
    one, other = (Side(ClientWorld(session, tenant, name="Same"), tenant) for tenant in TENANTS)
    for side in (one, other):
        side.begin()
    for whose, said in steps:
        (one, other)[whose].take(said)
    return one, other


def questions(name: str, sides: Sequence[Side]) -> Iterator[str]:
    """Addresses of all pages and files that the person may open, with everything that can be asked of them."""
    words = ["Ada", "@same.example", "%", *(side.mark for side in sides)]
    searches = ["", "status=X", *(f"q={quote(word)}" for word in words)]
    groups, courses = ([side.named(what, True) for side in sides] for what in ("North", "safety"))
    if name == "Admin":
        searches += ["by=week", *(f"group={quote(group)}" for group in ("North", *groups))]
        searches += [f"course={quote(course)}%2Fv1" for course in ("safety", *courses)]
        places = [place for side in sides for place in list(side.world.enrollments.values())[:3]]
        yield from over(("/dashboard", "/report", "/report.csv"), [*searches, *map("after={}".format, places)])
        yield "/report.xlsx"
    elif name == "Manager":
        places = [place for side in sides for place in list(side.world.users.values())[:4]]
        yield from over(("/team", "/team.csv"), [*searches, *map("after={}".format, places)])
    yield "/"
    yield from (
        f"/courses/{quote(course)}/v1/{page}" for course in ("safety", *courses) for page in ("today", "results")
    )


def over(pages: Sequence[str], searches: Sequence[str]) -> Iterator[str]:
    return (f"{page}?{search}" for page in pages for search in searches)


def asked(visitor: Visitor, addresses: Iterator[str]) -> Answers:
    return {address: answer_of(visitor.get(address)) for address in addresses}


def answer_of(response: httpx.Response) -> tuple[int, object]:
    """Status and content; of pages without the minute they were made in."""
    if "spreadsheet" in response.headers["content-type"]:
        sheet = load_workbook(io.BytesIO(response.content)).active
        assert sheet is not None
        return response.status_code, list(sheet.iter_rows(values_only=True))
    return response.status_code, re.sub(r"(as of\s+)<time.*?</time>", r"\1now", response.text)


def lines(visitor: Visitor, address: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(visitor.get(address).content.decode("utf-8-sig"))))


def forget(session: Session, tenant_id: int) -> None:
    """The tenant was never there, nor the courses that only it has."""
    for table in ("enrollment", "user_group", "users", "sales_order"):
        session.execute(text(f"delete from {table} where tenant_id = :tenant"), {"tenant": tenant_id})
    session.execute(text("delete from tenant where id = :tenant"), {"tenant": tenant_id})
    session.execute(
        text("""
        delete from course_version v
        where not exists (select from enrollment e where e.course_version_id = v.id)
        """)
    )
