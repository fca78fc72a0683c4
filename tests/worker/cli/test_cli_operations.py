"""What operators do on the command line as on the pages: the guard's limits of a tenant, undo."""

from datetime import UTC, datetime

import pytest
from commands import Termsync
from operations import pull, statuses
from order_world import DAY, OrderWorld
from sqlalchemy.orm import Session, sessionmaker

from models.landing import Landed
from models.terms import DEFAULT_ZONE
from worker.pipeline import tenant_change
from worker.pipeline.tenant_change import TenantChange

pytest_plugins = ("configured_command",)

TODAY = datetime.now(UTC).date()


def test_the_guard_of_a_tenant(termsync: Termsync) -> None:
    assert termsync("tenant", "add", "acme").code == 0
    limits = termsync("tenant", "guard", "acme", "--people", "10", "--people-share", "12.5", "--json").document
    assert limits == {
        "tenant": "acme",
        "changed": True,
        "people": 10,
        "people_share": 0.125,
        "orders": 5,
        "orders_share": 0.25,
    }
    back = termsync("tenant", "guard", "acme")
    assert "above 50 people and 20% of its enrolled" in back.out


def test_a_tenant_is_not_set_while_a_run_changes_it(termsync: Termsync, sessions: sessionmaker[Session]) -> None:
    assert termsync("tenant", "add", "acme", "--grace", "30").code == 0
    with sessions.begin() as session:
        tenant_change.request(session, TenantChange("acme", DEFAULT_ZONE, 0), "staff:1", dry_run=False)
    for more in (("--grace", "30"), ("--zone", "Asia/Tokyo")):
        refused = termsync("tenant", "set", "acme", *more)
        assert (refused.code, "Error tenant-changing" in refused.err) == (1, True)
    assert termsync("tenant", "set", "acme", "--name", "Acme").code == 0


@pytest.fixture
def flipped(session: Session, sessions: sessionmaker[Session]) -> tuple[int, int]:
    """A run that expired two people of acme by a wrong end, and the tenant's id."""
    world = OrderWorld(session, "acme")
    world.order(1, "acme", 7, TODAY + 50 * DAY)
    for user in (0, 1):
        world.enroll(1, "acme", user, TODAY + 50 * DAY)
    session.commit()
    end = TODAY - 20 * DAY
    wrong = Landed(1, 7, "SO1", "B", None, end, datetime.now(UTC), f'{{"end": "{end}"}}')
    acme = world.rosters["acme"].tenant_id
    return pull(sessions, acme, wrong), acme


def test_a_run_is_undone(termsync: Termsync, session: Session, flipped: tuple[int, int]) -> None:
    run, acme = flipped
    dry = termsync("run", "undo", str(run), "--reason", "wrong", "--dry-run", "--json").document["run"]
    assert (dry["counts"]["restored"], statuses(session, acme)) == (2, "XX")
    assert [row["name"] for row in dry["progress"]["diff"]["enrollments"]] == [
        "Person 0 of acme",
        "Person 1 of acme",
    ]
    unasked = termsync("run", "undo", str(run), "--reason", "wrong")
    assert (unasked.code, "confirmation-needed" in unasked.err) == (2, True)
    done = termsync("run", "undo", str(run), "--reason", "wrong", "--yes")
    assert "2 statuses as before" in done.out
    session.rollback()
    assert statuses(session, acme) == "EE"
    assert "hold-unknown" in termsync("hold", "undo", "9", "--reason", "wrong", "--yes").err
