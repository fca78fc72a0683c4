"""Waiting for a run to end, whoever does it."""

from typing import Any

from models import listings, overview, runs
from worker import clock
from worker.cli.here import Performer, performer
from worker.cli.opened import Opened
from worker.cli.progress import Bar, run_detail
from worker.lifeline import StopRequest, stop_requested

LOOK_SECONDS = 0.25
ENDED = frozenset({"done", "failed", "stopped", "quarantined"})


class Interrupted(Exception):
    """The person does not want to wait any longer. `row` is the run as it was then."""

    def __init__(self, row: dict[str, Any], given_back: bool) -> None:
        super().__init__(row["id"])
        self.row = row
        self.given_back = given_back


def follow(opened: Opened, run_id: int, *, perform: bool, quiet: bool) -> dict[str, Any]:
    """Waits for the run's end and returns its row. Raises Interrupted at Ctrl-C or SIGTERM.

    With `perform` this process does the run, if it is to be had; without, only when no worker is alive.
    """
    with stop_requested() as stop, Bar(f"Run {run_id}", quiet=quiet) as bar:
        while True:
            row = look(opened, run_id)
            if row["state"] in ENDED:
                return row
            if row["state"] == "queued" and (perform or not _workers(opened)):
                _do(opened, run_id, stop, bar)
            else:
                bar.show(*run_detail(row, bar))
            if stop.wait(LOOK_SECONDS):
                raise Interrupted(look(opened, run_id), given_back=False)


def look(opened: Opened, run_id: int) -> dict[str, Any]:
    with opened.sessions() as session:
        row = listings.run(session, run_id)
    assert row is not None
    return row


def _workers(opened: Opened) -> int:
    with opened.sessions() as session:
        return overview.workers_alive(session, clock.now(session))


def _do(opened: Opened, run_id: int, stop: StopRequest, bar: Bar) -> None:
    with performer(opened, run_id) as doing:
        doing.start()
        while doing.lives():
            bar.show(*run_detail(look(opened, run_id), bar))
            if stop.wait(LOOK_SECONDS):
                _leave(opened, run_id, doing)
        doing.join()


def _leave(opened: Opened, run_id: int, doing: Performer) -> None:
    """Gives the run back to the queue; a dry run nobody waits for is stopped."""
    doing.stop()
    doing.join()
    row = look(opened, run_id)
    if row["dry_run"] and row["state"] not in ENDED:
        with opened.sessions.begin() as session:
            runs.request_stop(session, run_id, clock.now(session))
    raise Interrupted(look(opened, run_id), given_back=True)
