"""`termsync sync`"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from worker.cli.options import Json, single

if TYPE_CHECKING:
    from worker.cli.opened import Opened
    from worker.cli.output import Output

app = single()


@app.command()
def sync(
    full: Annotated[bool, typer.Option("--full", help="Every order; finds what is gone.")] = False,
    since: Annotated[str | None, typer.Option("--since", help="Changed since 2026-01-31[T12:00:00Z].")] = None,
    tenant: Annotated[str | None, typer.Option("--tenant", help="The orders of this tenant's customers.")] = None,
    customer: Annotated[
        int | None, typer.Option("--customer", min=1, help="Of this NetSuite customer id.")
    ] = None,
    order: Annotated[str | None, typer.Option("--order", help="The order with this number.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, write nothing.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the end.")] = False,
    as_json: Json = False,
) -> int:
    """Pulls sales orders from NetSuite and accepts what changed.

    Without a scope: what changed since the last pull. A run of the same scope that is under way is joined. With
    --wait the exit code tells how the run ended: 3 rows were rejected, 4 the guard holds changes back. Where no
    worker is up, --wait does the run itself; --dry-run always does.
    """
    scope = _scope(full, since, tenant, customer, order)
    from worker.cli.opened import opened
    from worker.cli.output import Output

    out = Output(as_json)
    with opened() as found:
        run_id, created = _ask(found, scope, dry_run)
        words = "" if created else " (joined: it was under way)"
        out.note(f"Run {run_id}: {'dry run of ' if dry_run else ''}{scope}{words}")
        if wait or dry_run:
            return _wait(found, out, run_id, created)
        return _leave_it(found, out, run_id, scope, created)


def _scope(full: bool, since: str | None, tenant: str | None, customer: int | None, order: str | None) -> str:
    words = {"since": since, "tenant": tenant, "customer": customer, "order": order}
    given = [f"{name}:{value}" for name, value in words.items() if value is not None]
    given += ["full"] if full else []
    if len(given) > 1:
        raise typer.BadParameter(
            "Give one of --full, --since, --tenant, --customer and --order.", param_hint="scope"
        )
    return given[0] if given else "incremental"


def _ask(found: "Opened", scope: str, dry_run: bool) -> tuple[int, bool]:
    from worker.queue.asking import ask_pull

    with found.sessions.begin() as session:
        return ask_pull(session, found.settings, scope, found.actor, dry_run=dry_run)


def _leave_it(found: "Opened", out: "Output", run_id: int, scope: str, created: bool) -> int:
    from models.overview import workers_alive
    from worker import clock
    from worker.cli.exits import Exit
    from worker.queue import broker, doorbell

    broker.broker.connect(found.addresses.redis_url)
    rung = doorbell.ring_run(run_id)
    with found.sessions() as session:
        workers = workers_alive(session, clock.now(session))
    out.document({"run": run_id, "scope": scope, "joined": not created, "rung": rung, "workers": workers})
    out.say(f"Run {run_id} is queued. `termsync run show {run_id}` tells how far it is.")
    if not workers:
        out.note("No worker is up: start `termsync up`, or give --wait to do it here.", style="yellow")
    elif not rung:
        out.note("Redis did not answer: the scheduler will find the run by itself.", style="yellow")
    return Exit.DONE


def _wait(found: "Opened", out: "Output", run_id: int, created: bool) -> int:
    from worker.cli import runs_shown
    from worker.cli.exits import Exit
    from worker.cli.following import Interrupted, follow, look

    perform = bool(look(found, run_id)["dry_run"])
    if not perform:
        _ring(found, run_id)
    try:
        row = follow(found, run_id, perform=perform, quiet=out.as_json)
    except Interrupted as interrupted:
        out.document({"run": interrupted.row, "interrupted": True})
        out.note(runs_shown.after_interrupt(interrupted.row, interrupted.given_back))
        return Exit.INTERRUPTED
    out.document({"run": {**row, "joined": not created}, **_error(row)})
    runs_shown.show(out, row)
    return runs_shown.exit_code(row)


def _ring(found: "Opened", run_id: int) -> None:
    from worker.queue import broker, doorbell

    broker.broker.connect(found.addresses.redis_url)
    doorbell.ring_run(run_id)


def _error(row: dict[str, Any]) -> dict[str, Any]:
    from worker.cli import runs_shown

    error = runs_shown.error(row)
    return {} if error is None else {"error": error}
