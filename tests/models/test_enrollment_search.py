"""Filters of enrollments and users, against the same filters in plain Python."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from effort import effort
from hypothesis import given
from hypothesis import strategies as st
from rows import make_roster, one, query
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from models import enrollment_search, user_search
from models.enrollment_search import EnrollmentFilter
from models.status import Status, status_at
from models.tenant import Tenant
from models.terms import boundary
from models.user_search import UserFilter

NOW = datetime(2026, 3, 10, 17, tzinfo=UTC)
TODAY = date(2026, 3, 10)
ZONE = "America/New_York"
NAMES = ["Ann Lee", "ann lee", "Bob_%", "Cem Öz", "Ann Lee", "Dora"]
ENDS = {1: -3, 2: 0, 3: 5, 4: 40, 5: None}  # order: term end, in days from today

FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "course_version": st.sampled_from([0, 1]),
        "user": st.sampled_from(["ann", "LEE", "_", "%", "u3@", "user-1", "nobody"]),
        "group": st.sampled_from(["north", "south", "nowhere"]),
        "status": st.sampled_from(Status),
        "sales_order": st.sampled_from(["SO1", "SO3", "SO9"]),
        "ends_within": st.sampled_from([0, 5, 50]),
        "no_order": st.booleans(),
        "no_end_date": st.booleans(),
        "past_order_end": st.booleans(),
        "ids": st.sampled_from([(), (1, 2, 3), (2, 999)]),
    },
)


class Found(dict[str, Any]):
    """One enrollment in plain words."""


@pytest.fixture
def everybody(sessions: sessionmaker[Session]) -> tuple[dict[str, int], list[Found]]:
    """Two tenants alike: six users, two course versions, five orders, every kind of date and status."""
    found: list[Found] = []
    tenants = {}
    with sessions.begin() as session:
        for key in ("acme", "beta"):
            roster = make_roster(session, key, users=len(NAMES))
            tenants[key] = roster.tenant_id
            other = one(
                session,
                "insert into course_version (course_id, key, title)"
                " select course_id, 'v2', 'T' from course_version where id = :id returning id",
                id=roster.course_version_id,
            )
            _name(session, roster.tenant_id, roster.users)
            _orders(session, roster.tenant_id)
            for n, user in enumerate(roster.users):
                for v, version in enumerate((roster.course_version_id, other)):
                    found.append(_enroll(session, key, roster.tenant_id, n, user, v, version))
    return tenants, found


def _name(session: Session, tenant_id: int, users: list[int]) -> None:
    for n, (user, name) in enumerate(zip(users, NAMES, strict=True)):
        session.execute(
            text("update users set name = :name, email = :email where id = :id"),
            {"name": name, "email": f"U{n}@x.test", "id": user},
        )
    group = "insert into user_group (tenant_id, name) values (:t, :name) returning id"
    for name, members in (("north", users[:3]), ("south", users[2:5])):
        group_id = one(session, group, t=tenant_id, name=name)
        for user in members:
            session.execute(
                text("insert into group_member values (:g, :u, :t)"), {"g": group_id, "u": user, "t": tenant_id}
            )


def _orders(session: Session, tenant_id: int) -> None:
    for order, days in ENDS.items():
        session.execute(
            text("""insert into sales_order (
                    id, tenant_id, customer_id, number, status, term_end, modified_at, accepted_at)
                values (:id, :t, 1, :number, 'B', :end, now(), now())"""),
            {
                "id": order,
                "t": tenant_id,
                "number": f"SO{order}",
                "end": None if days is None else TODAY + timedelta(days),
            },
        )


def _enroll(session: Session, key: str, tenant_id: int, n: int, user: int, v: int, version: int) -> Found:
    order = [None, 1, 2, 3, 4, 5][(n + 2 * v) % 6]
    typed = [None, TODAY - timedelta(1), TODAY + timedelta(9), None][(n + 3 * v) % 4]
    end = None if order is None or ENDS[order] is None else TODAY + timedelta(ENDS[order] or 0)
    last = typed or end
    at = None if last is None else boundary(last, ZONE)
    status = "EEUEXE"[(n * 2 + v) % 6]
    values = {
        "t": tenant_id, "u": user, "v": version, "o": order, "typed": typed, "status": status,
        "at": at,
        "expired_at": NOW if status == "X" else None,
        "cause": "expired_by_staff" if status == "X" else None,
    }  # fmt: skip
    number = one(
        session,
        """insert into enrollment (tenant_id, user_id, course_version_id, sales_order_id, expiration_date,
            boundary, status, expired_at, expired_cause)
        values (:t, :u, :v, :o, :typed, :at, :status, :expired_at, :cause) returning id""",
        **values,
    )
    read = status_at(Status(status), at, NOW)
    return Found(
        id=number, tenant=key, n=n, version=v, name=NAMES[n], order=order, typed=typed, end=end, at=at,
        read=read,
    )  # fmt: skip


def matches(row: Found, wanted: dict[str, Any]) -> bool:
    """The rules of a filter, one a line."""
    text_of_user = [row["name"].lower(), f"u{row['n']}@x.test", f"user-{row['n']}"]
    tests: dict[str, Callable[[Any], bool]] = {
        "course_version": lambda value: row["version"] == value,
        "user": lambda value: any(value.lower() in part for part in text_of_user),
        "group": lambda value: row["n"] in {"north": (0, 1, 2), "south": (2, 3, 4)}.get(value, ()),
        "status": lambda value: row["read"] == value,
        "sales_order": lambda value: row["order"] is not None and f"SO{row['order']}" == value,
        "ends_within": lambda value: (
            row["read"] == "E"
            and row["at"] is not None
            and NOW < row["at"] <= boundary(TODAY + timedelta(value), ZONE)
        ),
        "no_order": lambda value: not value or row["order"] is None,
        "no_end_date": lambda value: not value or row["at"] is None,
        "past_order_end": lambda value: (
            not value or bool(row["typed"] and row["end"] and row["typed"] > row["end"])
        ),
        "ids": lambda value: row["id"] in value,
    }
    return all(tests[name](value) for name, value in wanted.items())


@effort(60)
@given(wanted=FILTERS)
def test_a_filter_finds_what_its_words_say(
    wanted: dict[str, Any], everybody: tuple[dict[str, int], list[Found]], sessions: sessionmaker[Session]
) -> None:
    tenants, found = everybody
    with sessions() as session:
        tenant = session.get_one(Tenant, tenants["acme"])
        versions = [v for (v,) in query(session, "select course_version_id from enrollment where tenant_id = :t"
                                        " group by 1 order by 1", t=tenant.id)]  # fmt: skip
        asked = EnrollmentFilter(tenant.id, **{
            ("course_version_id" if name == "course_version" else name): (
                versions[value] if name == "course_version" else value)
            for name, value in wanted.items()
        })  # fmt: skip
        expected = {row["id"] for row in found if row["tenant"] == "acme" and matches(row, wanted)}
        assert set(_all_pages(session, tenant, asked)) == expected
        assert enrollment_search.count(session, tenant, asked, NOW, bound=None) == len(expected)
        assert enrollment_search.count(session, tenant, asked, NOW, bound=2) == min(3, len(expected))
        ids, parameters = enrollment_search.matching_ids(tenant, asked, NOW)
        assert set(session.execute(text(ids), parameters).scalars()) == expected


def _all_pages(session: Session, tenant: Tenant, asked: EnrollmentFilter) -> list[int]:
    """Ids page by page, four a page: none twice, in the order of names."""
    found, after = [], None
    while True:
        page = enrollment_search.page(session, tenant, asked, NOW, after, limit=4)
        found += page.rows
        if page.next is None:
            break
        after = page.next
    assert len({row.id for row in found}) == len(found)
    names = [row.user_name for row in found]
    in_order = query(session, "select n from unnest(cast(:names as text[])) n order by n", names=names)
    assert names == [name for (name,) in in_order]
    return [row.id for row in found]


def test_what_is_read_does_not_wait_for_the_sweep(
    everybody: tuple[dict[str, int], list[Found]], session: Session
) -> None:
    tenant = session.get_one(Tenant, everybody[0]["acme"])
    rows = enrollment_search.page(session, tenant, EnrollmentFilter(tenant.id), NOW).rows
    read = {row["id"]: row["read"] for row in everybody[1]}
    assert {row.id: row.status for row in rows} == {row.id: read[row.id] for row in rows}
    assert all((row.cause is None) == (row.status != "X") for row in rows)
    assert {row.cause for row in rows} >= {"term_ended", "manual_date", "expired_by_staff"}


def test_a_filter_of_another_tenant_is_a_mistake_of_the_program(
    everybody: tuple[dict[str, int], list[Found]], session: Session
) -> None:
    tenant = session.get_one(Tenant, everybody[0]["acme"])
    other = EnrollmentFilter(everybody[0]["beta"])
    with pytest.raises(ValueError, match="a filter of tenant"):
        enrollment_search.page(session, tenant, other, NOW)
    theirs = enrollment_search.page(session, session.get_one(Tenant, other.tenant_id), other, NOW, limit=1)
    mine = enrollment_search.page(session, tenant, replace(other, tenant_id=tenant.id), NOW, after=theirs.next)
    assert len(mine.rows) == 12  # a place in another tenant's list is no place


def test_users_come_with_what_they_are_in_every_course(
    everybody: tuple[dict[str, int], list[Found]], session: Session
) -> None:
    tenant = session.get_one(Tenant, everybody[0]["acme"])
    found, after = [], None
    while True:
        page = user_search.page(session, tenant, UserFilter(tenant.id), NOW, after, limit=4)
        found += page.rows
        after = page.next
        if after is None:
            break
    assert len(found) == user_search.count(session, tenant, UserFilter(tenant.id)) == len(NAMES)
    read = {row["id"]: row["read"] for row in everybody[1]}
    assert all(one.status == read[one.enrollment_id] for row in found for one in row.standings)
    assert sum(len(row.standings) for row in found) == 12
    north = user_search.page(session, tenant, UserFilter(tenant.id, user="lee", group="north"), NOW).rows
    assert {(row.name, *row.groups) for row in north} == {("Ann Lee", "north"), ("ann lee", "north")}
    assert user_search.groups(session, tenant) == [("north", 3), ("south", 3)]
