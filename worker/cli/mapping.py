"""What `termsync tenant map-customer` and `unmap-customer` do."""

from collections.abc import Callable

from worker.cli.exits import Exit
from worker.cli.opened import Opened, opened
from worker.cli.output import Output
from worker.pipeline import reconcile, tenants
from worker.queue.runner import thresholds


def each_customer(act: Callable[..., int], key: str, customers: list[int], as_json: bool) -> int:
    """Does `act` to each customer; its orders come in, or are flagged, before the command ends."""
    out = Output(as_json)
    with opened() as found:
        with found.sessions.begin() as session:
            tenant_id = tenants.find(session, key).id
            why = found.why(session)
            due = sum(act(session, tenant_id, customer, why) for customer in sorted(set(customers)))
        return _reconcile(found, out, key, tenant_id, due)


def _reconcile(found: Opened, out: Output, key: str, tenant_id: int, due: int) -> int:
    """Accepts the orders here and now, so that the person sees what came of it."""
    with found.sessions.begin() as session:
        limits = thresholds(found.settings)
        total = reconcile.reconcile_tenant(session, tenant_id, limits, found.why(session))
    accepted = total.accepted
    out.document(
        {
            "tenant": key,
            "orders_due": due,
            "orders_new": accepted.new,
            "orders_changed": accepted.changed,
            "expired": accepted.enrollments.expired,
            "holds": list(total.holds),
        }
    )
    if total.holds:
        out.say(f"The guard holds the changes back: `termsync hold show {total.holds[0]}`.")
        return Exit.HELD
    out.say(f"Tenant {key}: {accepted.new:,} orders new, {accepted.changed:,} changed, of {due:,} compared.")
    return Exit.DONE
