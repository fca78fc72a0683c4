"""`termsync run`"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from worker.cli.options import Json, Limit, Yes, group

if TYPE_CHECKING:
    from worker.cli.opened import Opened

app = group()
RunId = Annotated[int, typer.Argument(metavar="N", min=1, help="Number of the run.")]


@app.callback()
def run() -> None:
    """Runs: list, show, stop, retry, undo."""


@app.command("list")
def list_runs(
    state: Annotated[
        str | None, typer.Option("--state", help="queued, running, done, failed, stopped or quarantined.")
    ] = None,
    limit: Limit = 20,
    as_json: Json = False,
) -> int:
    """Lists the latest runs, newest first."""
    from models import listings
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output

    out = Output(as_json)
    with opened() as found, found.sessions() as session:
        rows = listings.runs(session, state=state, limit=limit)
    out.document({"runs": rows})
    out.table(
        [
            "run",
            "scope",
            "state",
            "outcome",
            "asked by",
            "asked",
            "seconds",
            "read",
            "changed",
            "expired",
            "error",
        ],
        [_line(row) for row in rows],
        empty="There were no runs yet.",
    )
    return Exit.DONE


def _line(row: dict[str, Any]) -> tuple[object, ...]:
    counts = row["counts"]
    started, finished = row["started_at"], row["finished_at"]
    seconds = round((finished - started).total_seconds(), 1) if started and finished else None
    return (
        row["id"],
        f"{row['scope']}{' (dry run)' if row['dry_run'] else ''}",
        row["state"],
        row["outcome"],
        row["asked_by"],
        row["asked_at"],
        seconds,
        counts.get("read", 0),
        counts.get("accepted_new", 0) + counts.get("accepted_changed", 0),
        counts.get("expired", 0),
        row["error_code"],
    )


@app.command("show")
def show_run(run_id: RunId, as_json: Json = False) -> int:
    """Shows one run: its counts, its error and what to do."""
    from worker.cli import runs_shown
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output

    out = Output(as_json)
    with opened() as found:
        row = _find(found, run_id)
    error = runs_shown.error(row)
    out.document({"run": row, **({} if error is None else {"error": error})})
    names = (
        "id",
        "kind",
        "scope",
        "state",
        "outcome",
        "asked_by",
        "asked_at",
        "started_at",
        "finished_at",
        "host",
    )
    out.table(["what", "value"], [(name, row[name]) for name in names if row[name] is not None])
    runs_shown.show(out, row)
    return Exit.DONE


@app.command("stop")
def stop_run(run_id: RunId, as_json: Json = False) -> int:
    """Stops a run: at once if it waits, at its next page edge if it is under way."""
    from models import runs
    from worker import clock
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output
    from worker.errors import TermsyncError

    out = Output(as_json)
    with opened() as found:
        row = _find(found, run_id)
        with found.sessions.begin() as session:
            stopped = runs.request_stop(session, run_id, clock.now(session))
    if not stopped:
        raise TermsyncError(
            "run-ended",
            f"Run {run_id} is {row['state']} already.",
            "Nothing is left to stop; `termsync run list` shows what is under way.",
        )
    out.document({"run": run_id, "stop_requested": True})
    out.say(f"Run {run_id} stops{'' if row['state'] == 'queued' else ' at its next page edge'}.")
    return Exit.DONE


@app.command("retry")
def retry_run(run_id: RunId, as_json: Json = False) -> int:
    """Asks again for the scope of a run that failed, was stopped or set aside."""
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output
    from worker.pipeline import again
    from worker.queue import broker, doorbell

    out = Output(as_json)
    with opened() as found:
        row = _find(found, run_id)
        with found.sessions.begin() as session:
            new_id, created = again.request(session, row, found.why(session), dry_run=row["dry_run"])
        broker.broker.connect(found.addresses.redis_url)
        doorbell.ring_run(new_id)
    out.document({"run": new_id, "joined": not created})
    out.say(f"Run {new_id} is queued{'' if created else ' (joined: it was under way)'}.")
    return Exit.DONE


@app.command("undo")
def undo_run(
    run_id: RunId,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept with the undo.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it would restore, write nothing.")] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> int:
    """Takes back the terms a run brought and what followed; who was touched since is left and listed."""
    from worker.cli.undoing import undo

    return undo("run", run_id, reason, dry_run=dry_run, yes=yes, as_json=as_json)


def _find(found: "Opened", run_id: int) -> dict[str, Any]:
    from models import listings
    from worker.errors import NotFound

    with found.sessions() as session:
        row = listings.run(session, run_id)
    if row is None:
        raise NotFound("run-unknown", f"There is no run {run_id}.", "List them with `termsync run list`.")
    return row
