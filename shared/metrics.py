"""What each service counts for Prometheus."""

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest

REQUESTS = Counter("taizhang_http_requests", "HTTP requests answered", ["method", "route", "status"])
REQUEST_SECONDS = Histogram("taizhang_http_request_seconds", "Time to answer an HTTP request", ["method", "route"])
EXPOSITION_TYPE = CONTENT_TYPE_LATEST


def exposition() -> bytes:
    """Every metric of this process in Prometheus's text format."""
    return generate_latest()
