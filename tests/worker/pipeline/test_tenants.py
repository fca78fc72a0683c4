"""Looking after tenants: zone and grace, customers, pausing and resuming."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from calendar_oracle import first_instant_after
from domain_oracle import Said
from engine_checks import check_events
from locking import blocked_until
from school import School, checksums, land, rows
from sqlalchemy.orm import Session, sessionmaker

from models.enrollment_changes import Changes, Why
from worker.errors import NotFound, TermsyncError
from worker.pipeline import expire, reconcile, tenants
from worker.pipeline.guard import Thresholds

NOW = datetime(2026, 3, 10, 17, tzinfo=UTC)
TODAY = date(2026, 3, 10)


@pytest.fixture
def school(sessions: sessionmaker[Session]) -> School:
    """Acme with people whose typed dates are yesterday, today, tomorrow, and one without a date."""
    school = School(sessions)
    school.open(["acme", "beta"], NOW)
    for offset in (-1, 0, 1, None):
        school.enroll("acme", NOW, None, None if offset is None else TODAY + timedelta(days=offset))
    return school


def act(school: School, action: Callable[..., Any], *values: Any, now: datetime = NOW, **named: Any) -> Any:
    """One action of staff on acme, in its own transaction."""
    with school.session_maker.begin() as session:
        return action(session, school.tenant_ids["acme"], *values, why=Why("staff", now), **named)


def query(school: School, statement: str) -> list[tuple[Any, ...]]:
    with school.session_maker() as session:
        return rows(session, statement)


def people(school: School) -> str:
    return "".join(status for (status,) in query(school, "select status from enrollment order by id"))


def sweep(school: School, now: datetime) -> Changes:
    total = Changes()
    while True:
        with school.session_maker.begin() as session:
            swept = expire.sweep_batch(session, Why("sweep", now))
        if swept is None:
            return total
        total += swept


def reads(school: School, now: datetime) -> str:
    with school.session_maker() as session:
        found = rows(
            session,
            "select status_at(e.status, boundary, paused_at, pause_until, :now) from enrollment e"
            " join tenant t on t.id = tenant_id order by e.id",
            now=now,
        )
    return "".join(status for (status,) in found)


# zone and grace


def test_another_zone_gives_everybody_another_boundary(school: School) -> None:
    act(school, tenants.change, time_zone="Pacific/Auckland")
    found = query(school, "select expiration_date, boundary from enrollment where boundary is not null")
    assert all(boundary == first_instant_after(day, "Pacific/Auckland") for day, boundary in found)
    assert people(school) == "XXEE"  # in Auckland today is over


def test_back_in_the_old_zone_all_is_as_before(school: School) -> None:
    before = query(school, "select id, status, boundary from enrollment order by id")
    act(school, tenants.change, time_zone="Pacific/Auckland")
    act(school, tenants.change, time_zone="America/New_York", now=NOW + timedelta(seconds=1))
    assert query(school, "select id, status, boundary from enrollment order by id") == before
    with school.session_maker() as session:
        check_events(session)


def test_the_same_values_change_nothing(school: School) -> None:
    with school.session_maker() as session:
        before = checksums(session)
    assert act(school, tenants.change, name="Acme", time_zone="America/New_York", grace_days=0) == Changes()
    with school.session_maker() as session:
        assert checksums(session) == before
    assert query(school, "select count(*) from staff_action where action = 'tenant changed'") == [(0,)]


def test_grace_is_for_terms_not_for_typed_dates(school: School) -> None:
    act(school, tenants.map_customer, 1)
    with school.session_maker.begin() as session:
        land(session, [Said(5, 1, NOW, 1, "SO5", "B", None, TODAY)], NOW, NOW)
        reconcile.reconcile_tenant(session, school.tenant_ids["acme"], Thresholds(), Why("reconcile", NOW))
    follower = school.enroll("acme", NOW, 5)
    before = query(school, f"select id, boundary from enrollment where id <> {follower} order by id")
    act(school, tenants.change, grace_days=10)
    assert query(school, f"select id, boundary from enrollment where id <> {follower} order by id") == before
    assert query(school, f"select boundary from enrollment where id = {follower}") == [
        (first_instant_after(TODAY + timedelta(days=10), "America/New_York"),)
    ]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"time_zone": "Mars/Olympus"}, "time-zone-unknown"),
        ({"grace_days": -1}, "grace-out-of-range"),
        ({"grace_days": 367}, "grace-out-of-range"),
    ],
)
def test_values_nobody_can_mean_are_refused(school: School, values: dict[str, Any], code: str) -> None:
    with pytest.raises(TermsyncError) as caught:
        act(school, tenants.change, **values)
    assert caught.value.code == code
    assert str(next(iter(values.values()))) in caught.value.message
    assert people(school) == "XEEE"


def test_adding_twice_brings_the_first_to_the_values_of_the_second(school: School) -> None:
    with school.session_maker.begin() as session:
        tenant, new = tenants.add(session, "acme", "Acme Corp", Why("staff", NOW), "Europe/Berlin", 2)
    assert not new
    assert (tenant.name, tenant.time_zone, tenant.grace_days) == ("Acme Corp", "Europe/Berlin", 2)
    with pytest.raises(TermsyncError), school.session_maker.begin() as session:
        tenants.add(session, "a/b", "x", Why("staff", NOW))


# customers


def test_a_customer_has_one_tenant(school: School) -> None:
    act(school, tenants.map_customer, 1)
    assert act(school, tenants.map_customer, 1) == 0
    with pytest.raises(TermsyncError) as caught, school.session_maker.begin() as session:
        tenants.map_customer(session, school.tenant_ids["beta"], 1, Why("staff", NOW))
    assert caught.value.code == "customer-mapped-elsewhere"
    assert "'acme'" in caught.value.message


def test_a_customer_that_is_not_mapped_cannot_be_unmapped(school: School) -> None:
    with pytest.raises(NotFound):
        act(school, tenants.unmap_customer, 1)


def test_mapping_brings_in_every_order_that_waited(school: School) -> None:
    with school.session_maker.begin() as session:
        land(session, [Said(n, n, NOW, 1, f"SO{n}", "B", None, TODAY) for n in range(5, 9)], NOW, NOW)
    assert act(school, tenants.map_customer, 1) == 4
    act(school, reconcile.reconcile_tenant, Thresholds())
    assert query(school, "select count(*) from sales_order") == [(4,)]


def test_an_order_that_lands_while_its_customer_is_mapped_is_not_lost(school: School) -> None:
    page = school.session_maker()
    land(page, [Said(5, 1, NOW, 1, "SO5", "B", None, TODAY)], NOW, NOW)
    blocked_until(school.session_maker, page.commit, lambda: act(school, tenants.map_customer, 1))
    act(school, reconcile.reconcile_tenant, Thresholds())
    assert query(school, "select id from sales_order") == [(5,)]


def test_a_customer_that_is_mapped_while_its_order_lands_gets_it(school: School) -> None:
    mapping = school.session_maker()
    tenants.map_customer(mapping, school.tenant_ids["acme"], 1, Why("staff", NOW))

    def page() -> None:
        with school.session_maker.begin() as session:
            land(session, [Said(5, 1, NOW, 1, "SO5", "B", None, TODAY)], NOW, NOW)

    blocked_until(school.session_maker, mapping.commit, page)
    act(school, reconcile.reconcile_tenant, Thresholds())
    assert query(school, "select id from sales_order") == [(5,)]


def test_unmapping_flags_the_orders_and_expires_nobody(school: School) -> None:
    act(school, tenants.map_customer, 1)
    act(school, tenants.map_customer, 2)
    with school.session_maker.begin() as session:
        said = [Said(5, 1, NOW, 1, "SO5", "B", None, TODAY), Said(6, 2, NOW, 2, "SO6", "B", None, TODAY)]
        land(session, said, NOW, NOW)
    act(school, reconcile.reconcile_tenant, Thresholds())
    school.enroll("acme", NOW, 5)
    before = people(school)
    assert act(school, tenants.unmap_customer, 1) == 1
    act(school, reconcile.reconcile_tenant, Thresholds())
    assert query(school, "select id, flag from sales_order order by id") == [(5, "moved"), (6, None)]
    assert people(school) == before
    act(school, tenants.map_customer, 1)
    act(school, reconcile.reconcile_tenant, Thresholds())
    assert query(school, "select id, flag from sales_order order by id") == [(5, None), (6, None)]


# pausing


def test_in_a_pause_nobody_becomes_x_nor_reads_as_x(school: School) -> None:
    act(school, tenants.pause, reason="an audit")
    later = NOW + timedelta(days=5)
    assert sweep(school, later) == Changes()
    assert people(school) == reads(school, later) == "XEEE"


def test_after_a_pause_the_time_of_expiry_is_its_end(school: School) -> None:
    act(school, tenants.pause, reason="an audit")
    later = NOW + timedelta(days=5)
    assert act(school, tenants.resume, now=later) == Changes(changed=2, expired=2)
    assert people(school) == "XXXE"
    assert query(school, "select expired_at from enrollment where id > (select min(id) from enrollment)"
                 " and status = 'X'") == [(later,), (later,)]  # fmt: skip


@pytest.mark.parametrize("swept_at", [None, timedelta(hours=36), timedelta(days=2, seconds=1)])
@pytest.mark.parametrize("then", ["sweep", "resume"])
def test_a_pause_with_an_end_ends_by_itself(school: School, then: str, swept_at: timedelta | None) -> None:
    """Whoever notices, and whenever: the time of expiry is the end of the pause, or the boundary behind it."""
    until = NOW + timedelta(hours=30)
    act(school, tenants.pause, reason="an audit", until=until)
    assert reads(school, until - timedelta(seconds=1)) == "XEEE"
    assert reads(school, until) == "XXEE"
    if swept_at is not None:
        sweep(school, NOW + swept_at)
    end = NOW + timedelta(days=5)
    if then == "resume":
        act(school, tenants.resume, now=end)
    else:
        sweep(school, end)
    assert query(school, "select expired_at from enrollment where status = 'X' order by id")[1:] == [
        (until,),
        (first_instant_after(TODAY + timedelta(days=1), "America/New_York"),),
    ]
    assert query(school, "select paused_at, pause_until from tenant where key = 'acme'") == [(None, None)]


def test_pausing_first_writes_down_what_has_expired(school: School) -> None:
    later = NOW + timedelta(days=1)
    act(school, tenants.pause, reason="an audit", now=later)
    assert people(school) == "XXEE"


def test_a_pause_can_be_made_longer(school: School) -> None:
    act(school, tenants.pause, reason="an audit", until=NOW + timedelta(hours=1))
    act(school, tenants.pause, reason="a longer one", now=NOW + timedelta(minutes=1))
    assert query(school, "select paused_at, pause_until, pause_reason from tenant where key = 'acme'") == [
        (NOW, None, "a longer one")
    ]


def test_resuming_what_is_not_paused_changes_nothing(school: School) -> None:
    assert act(school, tenants.resume) == Changes()
    assert query(school, "select count(*) from staff_action where action = 'expiry resumed'") == [(0,)]


def test_other_tenants_are_not_paused(school: School) -> None:
    school.enroll("beta", NOW, None, TODAY)
    act(school, tenants.pause, reason="an audit")
    assert sweep(school, NOW + timedelta(days=5)).expired == 1


def test_every_act_is_noted(school: School) -> None:
    act(school, tenants.pause, reason="an audit")
    act(school, tenants.resume)
    act(school, tenants.change, grace_days=3)
    act(school, tenants.map_customer, 1)
    act(school, tenants.unmap_customer, 1)
    noted = query(school, "select action from staff_action where subject = 'tenant acme' order by id")
    assert [action for (action,) in noted] == [
        "tenant added",
        "expiry paused",
        "expiry resumed",
        "tenant changed",
        "customer mapped",
        "customer unmapped",
    ]
