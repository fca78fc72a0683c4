"""Prometheus metrics. Labels never hold names of tenants or people."""

from wsgiref.simple_server import WSGIServer

from prometheus_client import Counter, Gauge, Histogram, start_http_server

from worker.logs import get_logger
from worker.settings import Settings

log = get_logger(__name__)

UNKNOWN = float("nan")  # until somebody in this process has looked
SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
RUN_SECONDS = (1, 5, 15, 60, 300, 900, 3600, 14400)

source_lag = Gauge(
    "termsync_source_lag_seconds", "Age of the newest NetSuite change that was read without a gap.", ["stream"]
)
last_success = Gauge(
    "termsync_last_success_timestamp_seconds", "When a stream was last read to its end.", ["stream"]
)
run_duration = Histogram(
    "termsync_run_duration_seconds", "Length of runs.", ["stream", "mode", "outcome"], buckets=RUN_SECONDS
)
rows = Counter("termsync_rows", "Rows read: new, changed, unchanged or rejected.", ["stream", "outcome"])
quarantine_rows = Gauge("termsync_quarantine_rows", "Rows parked now, by reason.", ["stream", "code"])
api_requests = Counter("termsync_api_requests", "Answers of NetSuite, by HTTP status.", ["status"])
api_request_seconds = Histogram("termsync_api_request_seconds", "Length of NetSuite requests.", buckets=SECONDS)
api_concurrency = Gauge("termsync_api_concurrency_in_use", "NetSuite requests in flight in this process.")
expiry_flips = Counter("termsync_expiry_flips", "Enrollments that became expired.", ["cause"])
expiry_lag = Histogram("termsync_expiry_lag_seconds", "From the boundary to its expiry.", buckets=SECONDS)
expiry_hold = Gauge("termsync_expiry_hold", "1 while a hold waits for a person.")
mails = Counter(
    "termsync_mails", "Mails dealt with: sent, suppressed, refused, parked, or queued again.", ["outcome"]
)
mails_parked = Gauge("termsync_mails_parked", "Mails that wait for a person.")
outbox_oldest = Gauge("termsync_outbox_oldest_seconds", "Age of the oldest mail not yet decided.")
webhooks_disabled = Gauge(
    "termsync_webhooks_disabled", "Webhooks that termsync disabled and that wait for a person."
)
webhook_failing = Gauge("termsync_webhook_failing_seconds", "For how long the worst webhook has failed.")
queue_oldest = Gauge("termsync_queue_oldest_seconds", "Age of the oldest work that waits.", ["queue"])
jobs_stuck = Gauge("termsync_jobs_stuck", "Runs whose worker died and that nobody has taken up yet.")
worker_heartbeat = Gauge("termsync_worker_heartbeat_seconds", "Age of the oldest living worker's heartbeat.")
cert_expiry = Gauge("termsync_cert_expiry_seconds", "Until the certificate ends, if it is in the key's file.")
OBSERVED = (
    expiry_hold,
    mails_parked,
    outbox_oldest,
    webhooks_disabled,
    webhook_failing,
    jobs_stuck,
    worker_heartbeat,
    cert_expiry,
)
for gauge in OBSERVED:
    gauge.set(UNKNOWN)


def serve(settings: Settings) -> WSGIServer | None:
    """Serves /metrics on `metrics_port`; None when no port is set or it is taken."""
    if settings.metrics_port is None:
        return None
    try:
        server, _ = start_http_server(settings.metrics_port, settings.metrics_host)
    except OSError as error:
        # Work goes on without metrics; a second process with the same settings meets this.
        log.warning("metrics-not-served", port=settings.metrics_port, reason=error.strerror)
        return None
    log.info("metrics-served", host=settings.metrics_host, port=server.server_port)
    return server
