"""`termsync hold`"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from worker.cli.options import Json, Limit, Reason, Yes, group

if TYPE_CHECKING:
    from worker.cli.opened import Opened

app = group()
HoldId = Annotated[int, typer.Argument(metavar="N", min=1, help="Number of the hold.")]


@app.callback()
def hold() -> None:
    """Changes that wait for a person: show, approve, reject."""


@app.command("list")
def list_holds(
    decided: Annotated[bool, typer.Option("--all", help="Decided ones too.")] = False,
    limit: Limit = 100,
    as_json: Json = False,
) -> int:
    """Lists the open holds."""
    from models import listings
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output

    out = Output(as_json)
    with opened() as found, found.sessions() as session:
        rows = listings.holds(session, decided=decided, limit=limit)
    out.document({"holds": rows})
    out.table(
        ["hold", "tenant", "state", "orders", "would expire", "of enrolled", "since", "why"],
        [
            (
                row["id"],
                row["tenant"],
                row["state"],
                row["changes"],
                row["would_expire"],
                row["enrolled"],
                row["opened_at"],
                row["reason"],
            )
            for row in rows
        ],
        empty="No hold waits for a decision.",
    )
    return Exit.DONE


@app.command("show")
def show_hold(hold_id: HoldId, limit: Limit = 1000, as_json: Json = False) -> int:
    """Shows a hold: every change it lists and how many people each would expire."""
    from models import listings
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output

    out = Output(as_json)
    with opened() as found:
        row = _find(found, hold_id)
        with found.sessions() as session:
            items = listings.hold_items(session, hold_id, limit)
    out.document({"hold": row, "items": items})
    out.say(f"Hold {hold_id} of {row['tenant']}, {row['state']}: {row['reason']}")
    if row["decided_by"]:
        out.say(f"{row['state']} by {row['decided_by']}: {row['decision_reason'] or 'no reason given'}")
    out.table(
        ["order", "status", "term end", "becomes", "flag", "would expire"],
        [
            (
                item["number"],
                item["status"],
                item["term_end_before"],
                item["term_end"],
                item["flag"],
                item["would_expire"],
            )
            for item in items
        ],
    )
    return Exit.DONE


@app.command("approve")
def approve_hold(hold_id: HoldId, reason: Reason = None, yes: Yes = False, as_json: Json = False) -> int:
    """Applies exactly what a hold lists."""
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output
    from worker.pipeline import holds

    out = Output(as_json)
    with opened() as found:
        row = _find(found, hold_id)
        if row["state"] == "open":
            question = f"Approve hold {hold_id} of {row['tenant']}: {row['changes']} orders, {row['would_expire']}"
            out.confirm(f"{question} people lose access?", yes)
        with found.sessions.begin() as session:
            accepted = holds.approve(session, hold_id, found.why(session), reason)
    counts = {
        "orders_new": accepted.new,
        "orders_changed": accepted.changed,
        "enrollments_changed": accepted.enrollments.changed,
        "expired": accepted.enrollments.expired,
        "reinstated": accepted.enrollments.reinstated,
    }
    out.document({"hold": hold_id, "state": "approved", **counts})
    out.say(
        f"Hold {hold_id} is approved: {accepted.new} orders new, {accepted.changed} changed,"
        f" {accepted.enrollments.expired} enrollments expired, {accepted.enrollments.reinstated} reinstated."
    )
    return Exit.DONE


@app.command("reject")
def reject_hold(hold_id: HoldId, reason: Reason = None, yes: Yes = False, as_json: Json = False) -> int:
    """Drops what a hold would take from people, for good; its other changes are accepted."""
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output
    from worker.pipeline import holds

    out = Output(as_json)
    with opened() as found:
        row = _find(found, hold_id)
        if row["state"] == "open":
            out.confirm(f"Drop every earlier end among the {row['changes']} changes of {row['tenant']}?", yes)
        with found.sessions.begin() as session:
            accepted = holds.reject(session, hold_id, found.why(session), reason)
    out.document(
        {"hold": hold_id, "state": "rejected", "orders_new": accepted.new, "orders_changed": accepted.changed}
    )
    out.say(
        f"Hold {hold_id} is rejected: nobody of {row['tenant']} loses access by it."
        f" {accepted.new} orders new, {accepted.changed} changed all the same."
    )
    return Exit.DONE


@app.command("undo")
def undo_hold(
    hold_id: HoldId,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept with the undo.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it would restore, write nothing.")] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> int:
    """Takes back what approving a hold changed; who was touched since is left and listed."""
    from worker.cli.undoing import undo

    return undo("hold", hold_id, reason, dry_run=dry_run, yes=yes, as_json=as_json)


def _find(found: "Opened", hold_id: int) -> dict[str, Any]:
    from models import listings
    from worker.errors import NotFound

    with found.sessions() as session:
        row = listings.hold(session, hold_id)
    if row is None:
        raise NotFound(
            "hold-unknown", f"There is no hold {hold_id}.", "List the open ones with `termsync hold list`."
        )
    return row
