"""One run as people and programs see it: counts, differences, error with its remedy, exit code."""

from typing import Any

from worker import explain
from worker.cli.errors import exit_of
from worker.cli.exits import Exit
from worker.cli.output import Output

Row = dict[str, Any]

_OUTCOMES = {"ok": Exit.DONE, "errors": Exit.REJECTED, "held": Exit.HELD, "paused": Exit.PAUSED}
_COUNTS = {
    "read": "orders read",
    "landed_new": "new",
    "landed_changed": "changed",
    "rejected": "rejected",
    "parked": "parked without an id",
    "deleted": "deleted in NetSuite",
    "missing": "missing in NetSuite",
    "unexplained": "not met, too many to believe: nothing concluded",
    "accepted_new": "orders new to tenants",
    "accepted_changed": "orders changed for tenants",
    "enrollments_changed": "enrollments changed",
    "expired": "enrollments expired",
    "reinstated": "enrollments reinstated",
    "holds": "tenants held by the guard",
    "restored": "statuses as before",
    "left_changed": "left: somebody changed them since",
    "left_order_changed": "left: their order was changed again since",
    "left_past": "left: past their last day anyway",
    "left_orders": "orders left: changed again since",
    "fields": "fields asked for",
    "fields_bad": "fields NetSuite cannot answer for",
}


def exit_code(row: Row) -> int:
    """The exit code that tells how a finished run ended."""
    if row["state"] == "done":
        return _OUTCOMES[row["outcome"] or "ok"]
    return exit_of(row["error_code"])


def error(row: Row) -> dict[str, str] | None:
    """Code, message and remedy of a run that failed; None for any other."""
    code = row["error_code"]
    if code is None:
        return None
    known = explain.find(code)
    remedy = known.remedy if known else "See the log of the worker that did the run."
    return {"code": code, "message": row["error_detail"] or code, "remedy": remedy}


def show(out: Output, row: Row) -> None:
    """The end of a run, for people."""
    if row["dry_run"] and row["state"] == "done":
        _show_differences(out, row["progress"].get("diff", {}))
    counts = [f"{row['counts'][name]:,} {words}" for name, words in _COUNTS.items() if row["counts"].get(name)]
    out.say(f"Run {row['id']} {_ending(row)}: {', '.join(counts) or 'nothing read'}.")
    problem = error(row)
    if problem is not None:
        out.note(f"Error {problem['code']}: {problem['message']}", style="red")
        out.note(problem["remedy"])
    _show_left(out, row["progress"].get("left", []))
    _say_next(out, row)


LEFT = {
    "changed": "somebody changed it since",
    "order_changed": "its order was changed again since",
    "past": "still past its last day: set a later date, or correct the order",
}


def _show_left(out: Output, left: list[Row]) -> None:
    """What an undo did not put back, and why."""
    if left:
        names = ("tenant", "user", "course", "version", "status_now", "last_day")
        rows = [(*(row[name] for name in names), LEFT[row["reason"]]) for row in left]
        out.table(["tenant", "user", "course", "version", "is", "last day", "left because"], rows)


def _ending(row: Row) -> str:
    if row["state"] != "done":
        return str(row["state"])
    words = {"errors": "finished with errors", "held": "finished, changes are held", "paused": "finished, paused"}
    word = words.get(row["outcome"] or "ok", "done")
    return f"(dry run, nothing written) {word}" if row["dry_run"] else word


def _say_next(out: Output, row: Row) -> None:
    if row["counts"].get("rejected") or row["counts"].get("parked"):
        out.note("`termsync rejects list` shows the rejected rows and what to do.")
    if row["counts"].get("holds") and not row["dry_run"]:
        out.note("`termsync hold list` shows what waits for a decision.")


def _show_differences(out: Output, differences: dict[str, list[Row]]) -> None:
    out.table(
        ["tenant", "order", "what", "term end", "becomes", "status", "flag"],
        [
            *(_order(row, "new") for row in differences.get("new_orders", [])),
            *(_order(row, "changed") for row in differences.get("changed_orders", [])),
        ],
        empty="No order would change.",
    )
    out.say("")
    out.table(
        ["tenant", "user", "course", "version", "status", "becomes", "access until", "becomes", "cause"],
        [_enrollment(row) for row in differences.get("enrollments", [])],
        empty="No enrollment would change.",
    )
    out.say("")


def _order(row: Row, what: str) -> tuple[object, ...]:
    return (
        row["tenant"],
        row["number"],
        what,
        row.get("term_end_before"),
        row["term_end_after"],
        row["status_after"],
        row.get("flag_after"),
    )


def _enrollment(row: Row) -> tuple[object, ...]:
    names = ("tenant", "user", "course", "version", "status_before", "status_after")
    return (*(row[name] for name in names), row["boundary_before"], row["boundary_after"], row["cause"])


def after_interrupt(row: Row, given_back: bool) -> str:
    """What becomes of a run nobody waits for any longer."""
    run_id = row["id"]
    if row["dry_run"]:
        return f"Dry run {run_id} is stopped; nothing was written."
    if given_back:
        return (
            f"Run {run_id} is back in the queue with {row['counts'].get('read', 0):,} orders read."
            " A worker goes on with it, or the same command again."
        )
    return f"Run {run_id} goes on without you. `termsync run show {run_id}` tells how far it is."
