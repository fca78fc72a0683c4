"""Tests of the pages for operators: what a person reads and presses there, and runs that are done by hand."""

import html
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from models import landing
from models.landing import Landed
from models.sync_run import SyncRun
from worker import clock
from worker.pipeline import edit, reconcile, runs, tenant_change, undo
from worker.pipeline.guard import Thresholds
from worker.pipeline.scope import Scope

SignIn = Callable[..., httpx.Client]


def words(page: httpx.Response) -> str:
    """What a person reads on a page, in one line."""
    assert page.status_code == 200, page.text
    body = page.text[page.text.index("<body") :] if "<body" in page.text else page.text
    plain = re.sub(r"<(script|style)\b.*?</\1>", " ", body, flags=re.DOTALL)
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", plain)))


def said(client: httpx.Client, answer: httpx.Response) -> str:
    """The page that comes after a form."""
    assert answer.status_code == 303, answer.text
    return words(client.get(answer.headers["location"]))


def run_at(answer: httpx.Response) -> int:
    """The run whose page comes after a form."""
    found = re.fullmatch(r"/console/runs/(\d+)", answer.headers.get("location", ""))
    assert found, answer.headers.get("location", answer.text)
    return int(found[1])


def add_run(session: Session, scope: str = "full", **values: Any) -> int:
    """A run as it is kept; `values` are columns. Returns its id."""
    known = {"kind": "pull", "asked_by": "schedule", "state": "done", "outcome": "ok", "counts": {"read": 3}}
    run = SyncRun(scope=scope, **{**known, **values})
    if run.state in {"queued", "running"}:
        run.outcome = None
    else:
        run.started_at = run.started_at or clock.now(session)
        run.finished_at = run.finished_at or clock.now(session)
    session.add(run)
    session.commit()
    return run.id


def pull(sessions: sessionmaker[Session], tenant_id: int, *orders: Landed) -> int:
    """What a pull does with these orders of a tenant, as a run; returns its id."""
    with sessions.begin() as session:
        scope = Scope.parse(f"customer:{orders[0].customer_id}")
        run_id, _ = runs.request_pull(session, scope, "staff:ops@staff.example")
        claimed = runs.claim(session, run_id, uuid4(), clock.now(session))
        assert claimed is not None
        now: datetime = clock.now(session)
        landing.land(session, orders, now, now)
    done = reconcile.reconcile_one(sessions, tenant_id, Thresholds(), run_id).accepted
    counts = {"read": len(orders), "accepted_changed": done.changed, "expired": done.enrollments.expired}
    with sessions.begin() as session:
        runs.finish(session, claimed, "done", clock.now(session), outcome="ok", counts=counts)
    return run_id


def perform_edit(sessions: sessionmaker[Session], run_id: int) -> str:
    """Do an edit as a worker would. Returns the state it is in then."""
    with sessions.begin() as session:
        claimed = runs.claim(session, run_id, uuid4(), clock.now(session))
    assert claimed is not None
    return edit.perform(sessions, claimed)


def perform(sessions: sessionmaker[Session], run_id: int) -> None:
    """Do an undo or a change of a tenant as a worker would."""
    with sessions.begin() as session:
        claimed = runs.claim(session, run_id, uuid4(), clock.now(session))
    assert claimed is not None
    work = {undo.UNDO: undo.perform, tenant_change.TENANT: tenant_change.perform}[claimed.kind]
    assert work(sessions, claimed) == "done"


def statuses(session: Session, tenant_id: int) -> str:
    """The stored statuses of a tenant's enrollments, in the order of their ids."""
    rows = session.execute(
        text("select status from enrollment where tenant_id = :id order by id"), {"id": tenant_id}
    ).scalars()
    return "".join(rows)
