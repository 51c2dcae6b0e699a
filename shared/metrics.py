"""What each service counts for Prometheus. Labels are few and bounded: no school, no person, no client is ever one."""

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, Summary, generate_latest

EXPOSITION_TYPE = CONTENT_TYPE_LATEST
_BATCH_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

# Both HTTP services.
REQUESTS = Counter("taizhang_http_requests", "HTTP requests answered", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "taizhang_http_request_duration_seconds", "Time to answer an HTTP request", ["method", "route"]
)
CONNECTIONS_BUSY = Gauge("taizhang_database_connections_busy", "Connections of the pool that are in use")
CONNECTIONS_MOST = Gauge("taizhang_database_connections_most", "Connections that the pool may open")

# The ledger API.
INGEST_SECONDS = Histogram(
    "taizhang_ingest_batch_duration_seconds",
    "Time from a whole body to its receipt",
    ["resource"],
    buckets=_BATCH_BUCKETS,
)
INGEST_RECORDS = Counter(
    "taizhang_ingest_records", "Records received in bulk, by what became of them", ["resource", "outcome"]
)
INGEST_MARKS = Counter("taizhang_ingest_attendance_marks", "Pupils' marks received, in sheets or one by one")

# The audit worker.
AUDIT_SECONDS = Histogram(
    "taizhang_audit_duration_seconds", "Time of one claim of the outbox", ["kind"], buckets=(*_BATCH_BUCKETS, 300, 900)
)
RULE_SECONDS = Summary("taizhang_audit_rule_duration_seconds", "Time of a rule's runs", ["rule"])
OUTBOX_ROWS = Gauge("taizhang_outbox_rows", "Rows that the audit has still to look at")
OUTBOX_OLDEST_SECONDS = Gauge("taizhang_outbox_oldest_age_seconds", "Age of the oldest of them: how far the audit lags")
PARKED_SCOPES = Gauge("taizhang_audit_parked_scopes", "Scopes whose rule raised and has not come through since")
FINDINGS = Gauge("taizhang_findings", "Findings as they stand", ["severity", "state"])
DELIVERIES = Counter("taizhang_webhook_deliveries", "Attempts to deliver a webhook", ["outcome"])
DELIVERY_SECONDS = Histogram("taizhang_webhook_delivery_duration_seconds", "Time of one attempt")
QUEUES_WAITING = Gauge("taizhang_webhook_queues_waiting", "Schools' queues with events not delivered yet")
SUBSCRIPTIONS_DISABLED = Gauge("taizhang_webhook_subscriptions_disabled", "Subscriptions given up by the worker")
PARTITIONS_AHEAD_DAYS = Gauge("taizhang_partitions_ahead_days", "Days from today to the end of the last partition")
VERIFIED_AT = Gauge("taizhang_verify_timestamp_seconds", "When the whole ledger was last verified; 0: never")
VERIFY_BROKEN = Gauge("taizhang_verify_broken_schools", "Schools whose chain did not hold when last verified")
STORE_MEASURED_AT = Gauge(
    "taizhang_store_measured_timestamp_seconds", "When the worker last read the gauges of the store"
)

# Reporting.
STREAM_LISTENERS = Gauge("taizhang_stream_listeners", "Open streams of findings (Server-Sent Events)")


def exposition() -> bytes:
    """Every metric of this process in Prometheus's text format."""
    return generate_latest()
