"""`termsync tenant`"""

from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.options import Json, Limit, group

if TYPE_CHECKING:
    from models.enrollment_changes import Changes
    from worker.cli.output import Output

app = group()
Key = Annotated[str, typer.Argument(metavar="TENANT", help="Key of the tenant on the learning platform.")]
Customers = Annotated[list[int], typer.Argument(metavar="CUSTOMER...", help="Internal ids of NetSuite customers.")]
Zone = Annotated[str | None, typer.Option("--time-zone", "--zone", help="Time zone, such as Europe/Berlin.")]
Grace = Annotated[int | None, typer.Option("--grace", help="Days of access after the term's end, 0 to 366.")]


@app.callback()
def tenant() -> None:
    """Tenants: zone and grace, their NetSuite customers, pausing."""


@app.command("add")
def add_tenant(
    key: Key,
    name: Annotated[str | None, typer.Option("--name", help="Name as it is shown. Default: the key.")] = None,
    zone: Zone = None,
    grace: Grace = None,
    as_json: Json = False,
) -> int:
    """Adds a tenant. One that is there is left as it is: `tenant set` changes it."""
    from models.terms import DEFAULT_ZONE
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output
    from worker.pipeline import tenants

    out = Output(as_json)
    with opened() as found, found.sessions.begin() as session:
        existing = tenants.known(session, key)
        added = (
            existing
            or tenants.add(session, key, name or key, found.why(session), zone or DEFAULT_ZONE, grace or 0)[0]
        )
        row = {"tenant": added.key, "name": added.name, "zone": added.time_zone, "grace_days": added.grace_days}
    out.document({**row, "created": existing is None})
    verb = "is added" if existing is None else "was there already and is left as it is"
    out.say(f"Tenant {key} {verb}: {row['name']}, {row['zone']}, {row['grace_days']} days of grace.")
    return Exit.DONE


@app.command("set")
def set_tenant(
    key: Key,
    name: Annotated[str | None, typer.Option("--name", help="Name as it is shown.")] = None,
    zone: Zone = None,
    grace: Grace = None,
    as_json: Json = False,
) -> int:
    """Changes name, zone or grace; zone and grace re-date every enrollment of the tenant with them."""
    from models.locks import lock_tenant
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output
    from worker.pipeline import tenant_change, tenants

    if name is None and zone is None and grace is None:
        raise typer.BadParameter("Give at least one of --name, --time-zone and --grace.", param_hint="tenant set")
    out = Output(as_json)
    with opened() as found, found.sessions.begin() as session:
        tenant = lock_tenant(session, tenants.find(session, key).id)
        if zone is not None or grace is not None:
            days = tenant.grace_days if grace is None else grace
            wanted = tenant_change.TenantChange(tenant.key, zone or tenant.time_zone, days)
            tenant_change.check_alone(session, tenant, wanted)
        changes = tenants.change(
            session, tenant.id, found.why(session), name=name, time_zone=zone, grace_days=grace
        )
    _say_changes(out, key, "is changed", changes)
    return Exit.DONE


@app.command("guard")
def guard_tenant(
    key: Key,
    people: Annotated[int | None, typer.Option("--people", min=0, help="People who may newly expire.")] = None,
    people_share: Annotated[
        float | None, typer.Option("--people-share", min=0, max=100, help="The same in % of the enrolled.")
    ] = None,
    orders: Annotated[int | None, typer.Option("--orders", min=0, help="Orders that may be cut short.")] = None,
    orders_share: Annotated[
        float | None, typer.Option("--orders-share", min=0, max=100, help="The same in % of current orders.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Sets the guard's limits of a tenant; those that are not given are the installation's."""
    from decimal import Decimal

    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output
    from worker.pipeline import tenants
    from worker.queue.runner import thresholds

    shares = [None if each is None else Decimal(str(each)) / 100 for each in (people_share, orders_share)]
    limits = tenants.GuardLimits(people, shares[0], orders, shares[1])
    out = Output(as_json)
    with opened() as found, found.sessions.begin() as session:
        tenant = tenants.find(session, key)
        changed = tenants.set_guard(session, tenant.id, limits, found.why(session))
        valid = thresholds(found.settings).of(tenant)
    out.document(
        {
            "tenant": key,
            "changed": changed,
            "people": valid.people,
            "people_share": float(valid.people_share),
            "orders": valid.orders,
            "orders_share": float(valid.orders_share),
        }
    )
    out.say(
        f"Changes of {key} wait for approval above {valid.people:,} people and {valid.people_share:.0%} of its"
        f" enrolled, or {valid.orders:,} orders and {valid.orders_share:.0%} of the current ones."
    )
    return Exit.DONE


@app.command("list")
def list_tenants(as_json: Json = False) -> int:
    """Lists tenants with their customers, orders and enrollments (E, X, U as they read now)."""
    from models import listings
    from worker import clock
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output

    out = Output(as_json)
    with opened() as found, found.sessions() as session:
        rows = listings.tenants(session, clock.now(session))
    out.document({"tenants": rows})
    out.table(
        ["tenant", "name", "zone", "grace", "customers", "orders", "flagged", "E", "X", "U", "hold", "paused"],
        [
            (
                row["key"],
                row["name"],
                row["time_zone"],
                row["grace_days"],
                " ".join(str(customer) for customer in row["customers"]),
                row["orders"],
                row["flagged"],
                row["enrolled"],
                row["expired"],
                row["unenrolled"],
                row["hold"],
                (row["pause_reason"] or "yes") if row["paused_at"] else None,
            )
            for row in rows
        ],
        empty="There is no tenant yet: `termsync tenant add`.",
    )
    return Exit.DONE


@app.command("map-customer")
def map_customer(key: Key, customers: Customers, as_json: Json = False) -> int:
    """Maps NetSuite customers to a tenant; all of their orders come in at once, if the guard agrees."""
    from worker.cli.mapping import each_customer
    from worker.pipeline import tenants

    return each_customer(tenants.map_customer, key, customers, as_json)


@app.command("unmap-customer")
def unmap_customer(key: Key, customers: Customers, as_json: Json = False) -> int:
    """Takes customers from a tenant. Their orders stay, flagged as moved; nobody expires by it."""
    from worker.cli.mapping import each_customer
    from worker.pipeline import tenants

    return each_customer(tenants.unmap_customer, key, customers, as_json)


@app.command("unmatched")
def unmatched(limit: Limit = 1000, as_json: Json = False) -> int:
    """Lists NetSuite customers that have orders and wait for a tenant."""
    from models import listings
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output

    out = Output(as_json)
    with opened() as found, found.sessions() as session:
        rows = listings.unmatched(session, limit)
    out.document({"customers": rows})
    out.table(
        ["customer", "name", "orders", "waiting since", "latest term end", "numbers"],
        [
            (
                row["customer"],
                row["name"],
                row["orders"],
                row["waiting_since"],
                row["latest_term_end"],
                " ".join(row["numbers"]),
            )
            for row in rows
        ],
        empty="No customer waits for a tenant.",
    )
    return Exit.DONE


@app.command("pause")
def pause(
    key: Key,
    reason: Annotated[str, typer.Option("--reason", help="Why; shown beside the pause.")],
    until: Annotated[
        str | None, typer.Option("--until", help="Resume by itself at 2026-01-31[T12:00:00Z].")
    ] = None,
    as_json: Json = False,
) -> int:
    """Pauses expiry: nobody of the tenant becomes expired, nor reads as expired."""
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output
    from worker.pipeline import tenants
    from worker.pipeline.scope import parse_instant

    ends = None if until is None else parse_instant(until)
    out = Output(as_json)
    with opened() as found, found.sessions.begin() as session:
        tenant_id = tenants.find(session, key).id
        why = found.why(session)
        tenants.check_pause_end(ends, why.now)
        tenants.pause(session, tenant_id, why, reason, ends)
    out.document({"tenant": key, "paused": True, "until": ends})
    out.say(f"Expiry of {key} is paused{'' if ends is None else f' until {ends:%Y-%m-%d %H:%M}Z'}.")
    return Exit.DONE


@app.command("resume")
def resume(key: Key, as_json: Json = False) -> int:
    """Ends a pause: what passed during it expires now."""
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output
    from worker.pipeline import tenants

    out = Output(as_json)
    with opened() as found, found.sessions.begin() as session:
        changes = tenants.resume(session, tenants.find(session, key).id, found.why(session))
    _say_changes(out, key, "expires again", changes)
    return Exit.DONE


def _say_changes(out: "Output", key: str, what: str, changes: "Changes") -> None:
    counts = {"changed": changes.changed, "expired": changes.expired, "reinstated": changes.reinstated}
    out.document({"tenant": key, **counts})
    out.say(
        f"Tenant {key} {what}: {changes.changed:,} enrollments changed, {changes.expired:,} of them expired,"
        f" {changes.reinstated:,} reinstated."
    )
