"""Asking for a pull as people do: what would fail later is told at once."""

from sqlalchemy.orm import Session

from worker.pipeline import runs, tenants
from worker.pipeline.scope import Scope, ScopeKind
from worker.queue.runner import pull_options
from worker.settings import Settings


def ask_pull(
    session: Session, settings: Settings, scope: str, asked_by: str, *, dry_run: bool
) -> tuple[int, bool]:
    """Ask for a pull of `scope`, joining the open one of the same. Returns (run id, whether it is new).

    Raises `scope-invalid`, `instant-invalid`, `tenant-unknown`, `tenant-without-customers`, and what
    `worker.queue.runner.pull_options` raises for an account that is not configured.
    """
    parsed = Scope.parse(scope)
    pull_options(settings)
    if parsed.kind is ScopeKind.TENANT:
        tenants.check_mapped(session, parsed.value)
    run_id, new = runs.request_pull(session, parsed, asked_by, dry_run=dry_run)
    if new:
        runs.note_asked(session, run_id, "resync", asked_by, scope=str(parsed), dry_run=dry_run)
    return run_id, new
