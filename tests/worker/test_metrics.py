"""The metrics endpoint over HTTP."""

import http.client
import socket

from worker import metrics
from worker.settings import load

NAMES = [
    "termsync_source_lag_seconds",
    "termsync_last_success_timestamp_seconds",
    "termsync_run_duration_seconds",
    "termsync_rows_total",
    "termsync_quarantine_rows",
    "termsync_api_requests_total",
    "termsync_api_request_seconds",
    "termsync_api_concurrency_in_use",
    "termsync_expiry_flips_total",
    "termsync_expiry_lag_seconds",
    "termsync_expiry_hold",
    "termsync_outbox_oldest_seconds",
    "termsync_queue_oldest_seconds",
    "termsync_jobs_stuck",
    "termsync_worker_heartbeat_seconds",
    "termsync_cert_expiry_seconds",
]


def _scrape(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/metrics")
    return connection.getresponse().read().decode()


def test_every_metric_is_served_on_loopback() -> None:
    server = metrics.serve(load(metrics_port=0))
    assert server is not None
    try:
        assert server.server_address[0] == "127.0.0.1"
        text = _scrape(server.server_port)
        assert [name for name in NAMES if f"# HELP {name} " not in text] == []
    finally:
        server.shutdown()
        server.server_close()


def test_nothing_is_served_without_a_port() -> None:
    assert metrics.serve(load()) is None


def test_a_port_in_use_does_not_stop_the_work() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        assert metrics.serve(load(metrics_port=other.getsockname()[1])) is None
