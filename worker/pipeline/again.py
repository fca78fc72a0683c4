"""Asking for the work of a run once more: a retry, or for real what a dry run has shown."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from models.enrollment_changes import Why
from worker.errors import TermsyncError
from worker.pipeline import fields, runs, tenant_change, undo
from worker.pipeline.scope import Scope
from worker.pipeline.tenant_change import TenantChange

KINDS = frozenset({runs.PULL, undo.UNDO, tenant_change.TENANT, fields.FIELDS})


def request(session: Session, run: Mapping[str, Any], why: Why, *, dry_run: bool) -> tuple[int, bool]:
    """Ask again for what `run` did: a row with kind, scope, dry_run, counts and progress.

    Returns (run id, whether it is new). Joins an open run of the same. Raises `run-not-ended`,
    `run-not-repeatable`, and what asking raises.
    """
    if run["state"] in {"queued", "running"}:
        raise TermsyncError(
            "run-not-ended",
            f"Run {run['id']} is {run['state']}.",
            f"Wait for its end, or stop it with `termsync run stop {run['id']}`.",
        )
    match run["kind"]:
        case runs.PULL:
            return _pull(session, run, why, dry_run)
        case undo.UNDO:
            what, _, number = run["scope"].partition(":")
            reason = run["progress"].get("reason") or ""
            return undo.request(session, what, int(number), why, reason, dry_run=dry_run)
        case tenant_change.TENANT:
            change = TenantChange.parse(run["scope"])
            seen = run["counts"] if run["dry_run"] and not dry_run else run["progress"].get("seen")
            return tenant_change.request(session, change, why.actor, dry_run=dry_run, seen=seen)
        case fields.FIELDS:
            return fields.request(session, why.actor)
    raise TermsyncError(
        "run-not-repeatable",
        f"Run {run['id']} is of kind {run['kind']}, which cannot be asked for again from here.",
        "A bulk edit is taken up again where it was made.",
    )


def _pull(session: Session, run: Mapping[str, Any], why: Why, dry_run: bool) -> tuple[int, bool]:
    run_id, new = runs.request_pull(session, Scope.parse(run["scope"]), why.actor, dry_run=dry_run)
    if new:
        runs.note_asked(
            session, run_id, "resync", why.actor, scope=run["scope"], dry_run=dry_run, again_after=run["id"]
        )
    return run_id, new
