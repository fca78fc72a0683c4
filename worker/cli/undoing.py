"""`termsync run undo` and `termsync hold undo`"""

from worker.cli import runs_shown
from worker.cli.exits import Exit
from worker.cli.following import Interrupted, follow
from worker.cli.opened import opened
from worker.cli.output import Output
from worker.pipeline import undo as pipeline
from worker.queue import broker, doorbell


def undo(what: str, number: int, reason: str, *, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Asks for the undoing of run or hold (`what`) `number` and waits for its end; returns the exit code."""
    out = Output(as_json)
    if not dry_run:
        out.confirm(f"Take back what {what} {number} changed?", yes)
    with opened() as found:
        with found.sessions.begin() as session:
            why = found.why(session)
            run_id, created = pipeline.request(session, what, number, why, reason, dry_run=dry_run)
        out.note(f"Run {run_id}: {'dry run of the ' if dry_run else ''}undo of {what} {number}")
        broker.broker.connect(found.addresses.redis_url)
        if not dry_run:
            doorbell.ring_run(run_id)
        try:
            row = follow(found, run_id, perform=dry_run, quiet=as_json)
        except Interrupted as interrupted:
            out.document({"run": interrupted.row, "interrupted": True})
            out.note(runs_shown.after_interrupt(interrupted.row, interrupted.given_back))
            return Exit.INTERRUPTED
    error = runs_shown.error(row)
    out.document({"run": {**row, "joined": not created}, **({} if error is None else {"error": error})})
    runs_shown.show(out, row)
    return runs_shown.exit_code(row)
