"""Gauges read off the database."""

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.sync_run import SyncState, WorkerProcess
from worker.observing import observe, observe_certificate
from worker.pipeline import runs
from worker.pipeline.scope import Scope

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def test_an_empty_database_is_at_rest(session: Session) -> None:
    observe(session, NOW)
    assert _value("termsync_jobs_stuck") == 0
    assert _value("termsync_expiry_hold") == 0
    assert _value("termsync_queue_oldest_seconds", queue="long") == 0
    heartbeat = _value("termsync_worker_heartbeat_seconds")
    assert heartbeat is not None
    assert math.isnan(heartbeat)


def test_lag_is_the_age_of_the_watermark(session: Session) -> None:
    session.add(SyncState(stream="orders", watermark=NOW - timedelta(minutes=3)))
    session.flush()
    observe(session, NOW)
    assert _value("termsync_source_lag_seconds", stream="orders") == 180


def test_a_finished_pull_sets_the_time_of_its_success(session: Session) -> None:
    worker = WorkerProcess(id=uuid4(), host="h", pid=1, queues="long", heartbeat_at=NOW)
    session.add(worker)
    session.flush()
    run_id, _ = runs.request_pull(session, Scope.parse("full"), "test")
    run = runs.claim(session, run_id, worker.id, NOW)
    assert run
    runs.finish(session, run, "done", NOW, outcome="ok")
    observe(session, NOW)
    assert _value("termsync_last_success_timestamp_seconds", stream="full") == NOW.timestamp()


def test_a_run_whose_worker_is_silent_is_stuck_and_a_queued_one_has_an_age(session: Session) -> None:
    long_ago = NOW - timedelta(seconds=60)
    session.add(WorkerProcess(id=uuid4(), host="h", pid=1, queues="long", heartbeat_at=NOW - timedelta(seconds=3)))
    silent = WorkerProcess(id=uuid4(), host="h", pid=2, queues="long", heartbeat_at=long_ago)
    session.add(silent)
    session.flush()
    run_id, _ = runs.request_pull(session, Scope.parse("full"), "test")
    assert runs.claim(session, run_id, silent.id, long_ago)
    runs.request_pull(session, Scope.parse("order:SO1"), "test")
    session.execute(text("update sync_run set asked_at = :at where state = 'queued'"), {"at": long_ago})
    observe(session, NOW)
    assert _value("termsync_jobs_stuck") == 1
    assert _value("termsync_queue_oldest_seconds", queue="long") == 60
    assert _value("termsync_worker_heartbeat_seconds") == 3


def test_webhooks_that_are_not_called_and_those_that_fail(session: Session) -> None:
    observe(session, NOW)
    assert _value("termsync_webhook_failing_seconds") == 0
    webhooks = text("""
        insert into webhook (name, url, salt, key_check, position, created_by, failing_since, disabled_at,
            disabled_by, disabled_because)
        select name, 'https://a.example', '', '', 0, 'test', :at,
            case when by is not null then cast(:at as timestamptz) end, by, by
        from (values ('lms', null), ('gone', 'termsync'), ('off', 'staff:ada')) made (name, by)
    """)
    session.execute(webhooks, {"at": NOW - timedelta(minutes=3)})
    observe(session, NOW)
    assert _value("termsync_webhook_failing_seconds") == 180
    assert _value("termsync_webhooks_disabled") == 1


def test_the_certificate_beside_its_key_is_watched(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "termsync")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=9))
    file = tmp_path / "key.pem"
    file.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    observe_certificate(file, NOW)
    assert _value("termsync_cert_expiry_seconds") == timedelta(days=9).total_seconds()
    for unknown in (None, tmp_path / "no such file"):
        observe_certificate(unknown, NOW)
        assert math.isnan(_value("termsync_cert_expiry_seconds") or 0)


def test_rejected_rows_are_counted_by_reason_and_forgotten_when_they_pass(session: Session) -> None:
    session.execute(text("insert into parked_row (code, detail, payload) values ('order-id-missing', 'd', '{}')"))
    observe(session, NOW)
    labels = {"stream": "orders", "code": "order-id-missing"}
    assert _value("termsync_quarantine_rows", **labels) == 1
    session.execute(text("delete from parked_row"))
    observe(session, NOW)
    assert _value("termsync_quarantine_rows", **labels) is None
