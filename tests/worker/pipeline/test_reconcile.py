"""Accepting: which orders of a tenant appear and change, and what becomes of the people on them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from calendar_oracle import first_instant_after
from domain_oracle import Said
from engine_checks import check_events
from school import School, checksums, land, rows
from sqlalchemy import text
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session, sessionmaker

from models import landing
from models.enrollment_changes import Why
from worker.pipeline import reconcile, tenants
from worker.pipeline.guard import Thresholds
from worker.pipeline.reconcile import Reconciled

NOW = datetime(2026, 3, 10, 17, tzinfo=UTC)
END = date(2026, 4, 30)


@dataclass
class Desk:
    """Acme with customer 1, beta with customer 2, and order 1 of acme with two people."""

    sessions: sessionmaker[Session]
    school: School
    version: int = 0

    def netsuite_says(self, order: int = 1, end: date | None = END, customer: int = 1, **values: Any) -> None:
        self.version += 1
        at = NOW + timedelta(seconds=self.version)
        said = Said(order, self.version, at, customer, f"SO{order}", "B", None, end)._replace(**values)
        with self.sessions.begin() as session:
            land(session, [said], at, at)

    def gone(self, order: int, how: str) -> None:
        with self.sessions.begin() as session:
            landing.mark_gone(session, [order], how, NOW)

    def reconcile(self, now: datetime = NOW) -> Reconciled:
        total = Reconciled()
        with self.sessions.begin() as session:
            for tenant_id in reconcile.due_tenants(session):
                total += reconcile.reconcile_tenant(session, tenant_id, Thresholds(), Why("reconcile", now))
        return total

    def query(self, query: str) -> list[tuple[Any, ...]]:
        with self.sessions() as session:
            return rows(session, query)

    def orders(self, key: str = "acme") -> list[tuple[Any, ...]]:
        tenant_id = self.school.tenant_ids[key]
        return self.query(f"select id, term_end, flag from sales_order where tenant_id = {tenant_id} order by id")

    def people(self) -> list[tuple[Any, ...]]:
        return self.query("select status, expired_cause, boundary from enrollment order by id")


@pytest.fixture
def desk(sessions: sessionmaker[Session]) -> Desk:
    school = School(sessions)
    school.open(["acme", "beta"], NOW)
    with sessions.begin() as session:
        for customer, key in ((1, "acme"), (2, "beta")):
            tenants.map_customer(session, school.tenant_ids[key], customer, Why("staff", NOW))
    desk = Desk(sessions, school)
    desk.netsuite_says()
    desk.netsuite_says(9)  # so that order 1 is never all that acme has
    desk.reconcile()
    for _ in range(2):
        school.enroll("acme", NOW, 1)
    return desk


def over(day: date) -> datetime:
    return first_instant_after(day, "America/New_York")


def test_orders_of_a_mapped_customer_appear_and_are_assigned_to_nobody(desk: Desk) -> None:
    desk.netsuite_says(2)
    desk.netsuite_says(3, customer=99)
    assert desk.reconcile().accepted.new == 1
    assert [row[0] for row in desk.orders()] == [1, 2, 9]
    assert desk.query("select count(*) from enrollment where sales_order_id = 2") == [(0,)]


def test_nothing_due_writes_nothing(desk: Desk) -> None:
    with desk.sessions() as session:
        before = checksums(session)
    with desk.sessions.begin() as session:
        for tenant_id in desk.school.tenant_ids.values():
            reconcile.reconcile_tenant(session, tenant_id, Thresholds(), Why("reconcile", NOW))
    with desk.sessions() as session:
        assert checksums(session) == before


def test_an_extension_moves_everybody_who_follows(desk: Desk) -> None:
    later = END + timedelta(days=90)
    typed = desk.school.enroll("acme", NOW, 1, END + timedelta(days=3))
    desk.netsuite_says(end=later)
    assert desk.reconcile().accepted.enrollments.changed == 2
    assert [boundary for _, _, boundary in desk.people()] == [
        over(later),
        over(later),
        over(END + timedelta(days=3)),
    ]
    assert desk.query(f"select version from enrollment where id = {typed}") == [(1,)]


def test_a_term_cut_into_the_past_expires_at_once(desk: Desk) -> None:
    desk.netsuite_says(end=date(2026, 3, 9))
    assert desk.reconcile().accepted.enrollments.expired == 2
    assert desk.query("select distinct status, expired_cause, expired_at from enrollment") == [
        ("X", "order_ended_early", NOW)
    ]


def test_a_term_that_ends_today_does_not_expire_yet(desk: Desk) -> None:
    desk.netsuite_says(end=date(2026, 3, 10))
    desk.reconcile()
    assert desk.people() == [("E", None, over(date(2026, 3, 10)))] * 2


def test_an_extension_after_the_end_brings_people_back(desk: Desk) -> None:
    after = over(END) + timedelta(days=2)
    desk.netsuite_says(end=END + timedelta(days=30))
    assert desk.reconcile(after).accepted.enrollments.reinstated == 2
    with desk.sessions() as session:
        check_events(session)
        found = rows(session, "select version, status, cause, at from enrollment_event where enrollment_id ="
                              " (select min(id) from enrollment) order by 1")  # fmt: skip
    assert [row[:3] for row in found] == [(1, "E", "enrolled"), (2, "X", "term_ended"), (3, "E", "term_changed")]


def test_whoever_staff_expired_or_unenrolled_stays_so(desk: Desk) -> None:
    first, second = (row[0] for row in desk.query("select id from enrollment order by id"))
    desk.school.edit("acme", NOW, [(first, 1, None, "X"), (second, 1, None, "U")])
    desk.netsuite_says(end=date(2026, 3, 9))
    desk.reconcile()
    desk.netsuite_says(end=END)
    desk.reconcile()
    assert [row[:2] for row in desk.people()] == [("X", "expired_by_staff"), ("U", None)]


def test_an_end_that_disappears_keeps_people_enrolled(desk: Desk) -> None:
    desk.netsuite_says(end=None)
    desk.reconcile()
    assert desk.people() == [("E", None, None)] * 2


@pytest.mark.parametrize("status", ["A", "B", "C", "D", "E", "F", "G", "H"])
def test_a_status_alone_expires_nobody(desk: Desk, status: str) -> None:
    before = desk.people()
    desk.netsuite_says(status=status)
    assert desk.reconcile().accepted.changed == (status != "B")
    assert desk.people() == before
    assert desk.orders()[0] == (1, END, "cancelled" if status == "C" else None)


@pytest.mark.parametrize("how", ["deleted", "missing"])
def test_what_is_gone_is_flagged_and_its_end_still_counts(desk: Desk, how: str) -> None:
    desk.gone(1, how)
    desk.reconcile()
    assert desk.orders()[0] == (1, END, how)
    assert desk.people() == [("E", None, over(END))] * 2


def test_an_order_that_moves_to_another_tenant_is_flagged_here_and_new_there(desk: Desk) -> None:
    before = desk.people()
    desk.netsuite_says(8, customer=2)
    desk.netsuite_says(1, END - timedelta(days=40), customer=2)
    desk.reconcile()
    assert desk.orders()[0] == (1, END, "moved")
    assert desk.orders("beta")[0] == (1, END - timedelta(days=40), None)
    assert desk.people() == before
    desk.netsuite_says(1, END)
    desk.reconcile()
    assert desk.orders()[0] == (1, END, None)
    assert desk.orders("beta")[0] == (1, END - timedelta(days=40), "moved")


def test_a_rejected_row_changes_no_term_but_its_flags(desk: Desk) -> None:
    desk.netsuite_says(end=END + timedelta(days=5), number="", status="", bad=True)
    desk.reconcile()
    assert desk.orders()[0] == (1, END, None)
    desk.netsuite_says(customer=2, number="", status="", end=None, bad=True)
    desk.reconcile()
    assert desk.orders()[0] == (1, END, "moved")
    assert desk.orders("beta") == []


def test_an_order_that_came_back_unreadable_is_missing_no_more(desk: Desk) -> None:
    desk.gone(1, "missing")
    desk.reconcile()
    desk.netsuite_says(number="", status="", end=None, bad=True)
    desk.reconcile()
    assert desk.orders()[0] == (1, END, None)


def test_a_changed_number_is_accepted_and_moves_nobody(desk: Desk) -> None:
    before = desk.query("select id, version from enrollment order by id")
    desk.netsuite_says(number="SO1-R")
    assert desk.reconcile().accepted.changed == 1
    assert desk.query("select number_before, number_after from sales_order_event") == [("SO1", "SO1-R")]
    assert desk.query("select id, version from enrollment order by id") == before


def test_orders_and_people_change_in_one_transaction(desk: Desk) -> None:
    desk.netsuite_says(end=date(2026, 3, 9))
    with desk.sessions() as session:
        reconcile.reconcile_tenant(session, desk.school.tenant_ids["acme"], Thresholds(), Why("reconcile", NOW))
        session.rollback()
    assert desk.orders()[0] == (1, END, None)
    assert desk.people() == [("E", None, over(END))] * 2
    assert desk.reconcile().accepted.enrollments.expired == 2


def test_in_a_pause_terms_are_accepted_and_nobody_expires(desk: Desk) -> None:
    with desk.sessions.begin() as session:
        tenants.pause(session, desk.school.tenant_ids["acme"], Why("staff", NOW), "an audit")
    desk.netsuite_says(end=date(2026, 3, 9))
    desk.reconcile()
    assert desk.people() == [("E", None, over(date(2026, 3, 9)))] * 2
    with desk.sessions.begin() as session:
        tenants.resume(session, desk.school.tenant_ids["acme"], Why("staff", NOW + timedelta(days=1)))
    assert desk.query("select distinct status, expired_cause, expired_at from enrollment") == [
        ("X", "order_ended_early", NOW + timedelta(days=1))
    ]


def test_what_ends_by_itself_in_a_pause_is_not_called_early(desk: Desk) -> None:
    """Cut while the tenant is paused, but to a day that is still to come: the term then simply ends."""
    with desk.sessions.begin() as session:
        until = NOW + timedelta(days=9)
        tenants.pause(session, desk.school.tenant_ids["acme"], Why("staff", NOW), "an audit", until)
    desk.netsuite_says(end=date(2026, 3, 14))
    desk.reconcile()
    desk.netsuite_says(9, end=date(2026, 3, 9))
    desk.reconcile(NOW + timedelta(days=10))
    assert desk.query("select distinct expired_cause, expired_at from enrollment") == [("term_ended", until)]


def test_a_tenant_has_its_own_thresholds(desk: Desk) -> None:
    with desk.sessions.begin() as session:
        session.execute(text("update tenant set guard_min = 1 where key = 'acme'"))
    desk.netsuite_says(end=date(2026, 3, 9))
    assert len(desk.reconcile().holds) == 1
    assert desk.people() == [("E", None, over(END))] * 2


def test_an_unknown_tenant_is_an_error(desk: Desk) -> None:
    with pytest.raises(NoResultFound), desk.sessions() as session:
        reconcile.reconcile_tenant(session, 4711, Thresholds(), Why("reconcile", NOW))
