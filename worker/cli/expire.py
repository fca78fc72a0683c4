"""`termsync expire`"""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from worker.cli.options import Json, Limit, single

if TYPE_CHECKING:
    from worker.cli.opened import Opened
    from worker.cli.output import Output

app = single()


@app.command()
def expire(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would expire, write nothing.")] = False,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="With --dry-run: at this instant, 2026-01-31[T12:00:00Z].")
    ] = None,
    limit: Limit = 1000,
    as_json: Json = False,
) -> int:
    """Writes down the expiries that time has brought.

    Readers see an expiry at its boundary, whether or not it is written down yet. Exit code 5: all that is due
    belongs to tenants whose expiry is paused.
    """
    if as_of is not None and not dry_run:
        raise typer.BadParameter(
            "It needs --dry-run: what is written down is written as of now.", param_hint="--as-of"
        )
    from worker import clock
    from worker.cli.opened import opened
    from worker.cli.output import Output
    from worker.pipeline.scope import parse_instant

    at = None if as_of is None else parse_instant(as_of)
    out = Output(as_json)
    with opened() as found:
        with found.sessions() as session:
            instant = at or clock.now(session)
        return _preview(found, out, instant, limit) if dry_run else _sweep(found, out, instant)


def _preview(found: "Opened", out: "Output", at: datetime, limit: int) -> int:
    from models import expiring

    with found.sessions() as session:
        tenants = expiring.by_tenant(session, at)
        rows = expiring.rows(session, at, limit)
    due, paused = _split(tenants)
    total = sum(tenant["enrollments"] for tenant in due)
    out.document({"as_of": at, "would_expire": total, "tenants": tenants, "enrollments": rows})
    out.table(
        ["tenant", "user", "course", "version", "order", "expires", "cause"],
        [
            (
                row["tenant"],
                row["user"],
                row["course"],
                row["version"],
                row["sales_order"],
                row["expired_at"],
                row["cause"],
            )
            for row in rows
        ],
        empty="Nobody would expire.",
    )
    for tenant in due:
        out.say(f"{tenant['tenant']}: {tenant['enrollments']:,} would expire.")
    if total > len(rows):
        out.note(f"The first {len(rows):,} of {total:,} are listed; --limit shows more.")
    return _paused(out, due, paused)


def _sweep(found: "Opened", out: "Output", now: datetime) -> int:
    from models import expiring
    from worker.pipeline import expire as pipeline

    with found.sessions() as session:
        before = expiring.by_tenant(session, now)
    changes = pipeline.sweep_all(found.sessions, actor=found.actor)
    due, paused = _split(before)
    out.document({"expired": changes.expired, "tenants": before})
    out.say(f"{changes.expired:,} enrollments expired.")
    return _paused(out, due, paused)


def _split(tenants: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    due = [tenant for tenant in tenants if not tenant["paused"]]
    return due, [tenant for tenant in tenants if tenant["paused"]]


def _paused(out: "Output", due: list[dict[str, Any]], paused: list[dict[str, Any]]) -> int:
    from worker.cli.exits import Exit

    for tenant in paused:
        reason = f" ({tenant['pause_reason']})" if tenant["pause_reason"] else ""
        out.note(
            f"{tenant['tenant']} is paused{reason}: {tenant['enrollments']:,} wait."
            f" `termsync tenant resume {tenant['tenant']}` lets them expire.",
            style="yellow",
        )
    return Exit.PAUSED if paused and not due else Exit.DONE
