"""A tenant's zone or grace changed in the background: it re-dates every enrollment. First dry, then for real."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from models import differences, runs
from models.enrollment_changes import Why
from models.locks import lock_tenant
from models.runs import ClaimedRun
from models.sync_run import SyncRun
from models.tenant import Tenant
from worker import clock
from worker.errors import TermsyncError
from worker.pipeline import tenants

TENANT = "tenant"
# The counts that say who gains or loses access.
ACCESS = ("expired", "reinstated")


@dataclass(frozen=True, slots=True)
class TenantChange:
    """`str(change)` is the scope of its run; two people who ask for the same share one."""

    key: str
    time_zone: str
    grace_days: int

    def __str__(self) -> str:
        return f"{TENANT}:{self.key} {self.time_zone} {self.grace_days}"

    @staticmethod
    def of(tenant: Tenant) -> "TenantChange":
        """What the tenant has now."""
        return TenantChange(tenant.key, tenant.time_zone, tenant.grace_days)

    @staticmethod
    def parse(scope: str) -> "TenantChange":
        key, time_zone, grace_days = scope.removeprefix(f"{TENANT}:").split(" ")
        return TenantChange(key, time_zone, int(grace_days))


def request(
    session: Session, change: TenantChange, asked_by: str, *, dry_run: bool, seen: Mapping[str, int] | None = None
) -> tuple[int, bool]:
    """Ask for the change. Joins an open one. Returns (run id, whether it is new).

    `seen` are the counts of the dry run it was decided by: the run does nothing when others come out.

    Raises NotFound, `time-zone-unknown`, `grace-out-of-range`, `nothing-to-change` for what is so already, and
    `tenant-changing` while another change waits: either would undo the other.
    """
    tenant = tenants.find(session, change.key)
    tenants.check_zone(change.time_zone)
    tenants.check_grace(change.grace_days)
    if not dry_run:
        tenant = lock_tenant(session, tenant.id)
        check_alone(session, tenant, change)
    if change == TenantChange.of(tenant):
        raise TermsyncError(
            "nothing-to-change",
            f"Tenant {tenant.name} has this time zone and this grace already.",
            "Choose another zone or another number of days.",
        )
    progress = {} if seen is None else {"seen": {name: seen.get(name, 0) for name in ACCESS}}
    return runs.request(session, TENANT, str(change), asked_by, dry_run=dry_run, progress=progress)


def under_way(session: Session, tenant: Tenant) -> tuple[int, TenantChange] | None:
    """The run that is to change the tenant and has not done so yet, and to what; None: there is none."""
    scope = SyncRun.scope.startswith(f"{TENANT}:{tenant.key} ", autoescape=True)
    query = select(SyncRun.id, SyncRun.scope).where(
        SyncRun.kind == TENANT, scope, SyncRun.state.in_(runs.OPEN), SyncRun.dry_run.is_(False)
    )
    row = session.execute(query.order_by(SyncRun.id.desc())).first()
    return None if row is None else (row.id, TenantChange.parse(row.scope))


def check_alone(session: Session, tenant: Tenant, change: TenantChange) -> None:
    """Raises `tenant-changing` when a run is to bring another zone or grace to the tenant, which is locked."""
    found = under_way(session, tenant)
    if found is not None and found[1] != change:
        raise TermsyncError(
            "tenant-changing",
            f"Run {found[0]} is changing the time zone or the grace of {tenant.name} already; nothing was done.",
            "Wait for its end or stop it, then ask again.",
        )


def perform(sessions: sessionmaker[Session], run: ClaimedRun) -> str:
    """Do a claimed change in one transaction; a dry one is taken back. Returns the state the run is in then.

    Raises `tenant-effect-differs` when the dry run it was decided by counted others, and NotFound.
    """
    change = TenantChange.parse(run.scope)
    with sessions() as session:
        why = Why(run.asked_by, clock.now(session), run.id)
        tenant = tenants.find(session, change.key)
        changes = tenants.change(session, tenant.id, why, time_zone=change.time_zone, grace_days=change.grace_days)
        counts = {
            "enrollments_changed": changes.changed,
            "expired": changes.expired,
            "reinstated": changes.reinstated,
        }
        _check_seen(tenant, run.progress.get("seen"), counts)
        progress: dict[str, Any] = {name: value for name, value in run.progress.items() if name == "seen"}
        if run.dry_run:
            progress["diff"] = differences.of_run(session, run.id)
            session.rollback()
        runs.save_progress(session, run, progress, counts)
        runs.finish(session, run, "done", clock.now(session), outcome="ok", counts=counts)
        session.commit()
    return "done"


def _check_seen(tenant: Tenant, seen: Mapping[str, int] | None, counts: Mapping[str, int]) -> None:
    if seen is not None and any(seen[name] != counts[name] for name in ACCESS):
        raise TermsyncError(
            "tenant-effect-differs",
            f"The dry run for {tenant.name} counted {seen['expired']} to expire and {seen['reinstated']} to be"
            f" reinstated; now it would be {counts['expired']} and {counts['reinstated']}. Nothing was changed.",
            "Ask for the change again on the tenant's page, look at its new dry run, then decide.",
        )
