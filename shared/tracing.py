"""Traces (OpenTelemetry): one from a POST over the audit to the webhook, in the caller's own where it sends a `traceparent`.

Spans say routes, counts and request ids, and never a school, a person or a value. Nothing is exported unless
configure_tracing was given where to; the trace of a request is passed on all the same.
"""

import atexit
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module

from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

# What FastAPI would export by itself says paths and queries, and those name pupils.
OF_OUR_OWN: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}

_w3c = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("taizhang")


class TracingMissing(Exception):
    """Traces are asked for and the packages that export them are not installed; the message says which."""


def configure_tracing(traces_url: str | None, *, service: str) -> None:
    """Export this process's spans to `traces_url` (OTLP over HTTP, protobuf), in the background; None: nowhere.

    What is not sent yet when the process ends is sent then; a collector that is away costs spans and nothing else.
    Raises TracingMissing. Sampling and batching follow OpenTelemetry's own OTEL_* variables.
    """
    if traces_url is None:
        return
    try:
        sdk = import_module("opentelemetry.sdk.trace")
        export = import_module("opentelemetry.sdk.trace.export")
        resources = import_module("opentelemetry.sdk.resources")
        otlp = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    except ImportError as error:
        raise TracingMissing(
            f"TAIZHANG_TRACES_URL is set and {error.name} is not installed: install taizhang[traces]"
        ) from error
    resource = resources.Resource.create({"service.namespace": "taizhang", "service.name": service})
    provider = sdk.TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(export.BatchSpanProcessor(otlp.OTLPSpanExporter(endpoint=traces_url)))
    trace.set_tracer_provider(provider)
    atexit.register(provider.shutdown)


@contextmanager
def answering(method: str, traceparent: str | None) -> Iterator[Span]:
    """The span of one request, current while the block runs; in the caller's trace when it names one."""
    span = _tracer.start_span(method, context=_context_of(traceparent), kind=SpanKind.SERVER)
    # What an exception says may quote records: it is in no span.
    with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        yield span


def answered(span: Span, *, method: str, route: str, status: int, request_id: str) -> None:
    """Say in a request's span what it was and what became of it."""
    if not span.is_recording():
        return
    span.update_name(f"{method} {route}")
    span.set_attribute("http.request.method", method)
    span.set_attribute("http.route", route)
    span.set_attribute("http.response.status_code", status)
    span.set_attribute("taizhang.request_id", request_id)
    if status >= 500:
        span.set_status(StatusCode.ERROR)


def current_traceparent() -> str | None:
    """The W3C `traceparent` of what is being done now; None when nobody traces it."""
    return _traceparent_of(trace.get_current_span())


def note_span(
    name: str, traceparents: Sequence[str], *, began_ns: int, ended_ns: int, attributes: Mapping[str, str | int]
) -> None:
    """Note in each of these traces what was done for all of them together; instants in ns since 1970."""
    for traceparent in traceparents:
        span = _tracer.start_span(
            name,
            context=_context_of(traceparent),
            kind=SpanKind.CONSUMER,
            start_time=began_ns,
            attributes=dict(attributes),
        )
        span.end(ended_ns)


@contextmanager
def sending(name: str, traceparents: Sequence[str]) -> Iterator[tuple[Span, dict[str, str]]]:
    """The span of something sent, in the first of the traces that it comes from and linked to the rest; and its headers.

    A span of no trace where none led to it: then there is no header either.
    """
    first, *rest = traceparents or (None,)
    links = [Link(context) for each in rest if (context := _span_in(_context_of(each))).is_valid]
    span = _tracer.start_span(name, context=_context_of(first), kind=SpanKind.CLIENT, links=links)
    with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        traceparent = _traceparent_of(span)
        yield span, {} if traceparent is None or first is None else {"traceparent": traceparent}


def _span_in(context: Context) -> trace.SpanContext:
    return trace.get_current_span(context).get_span_context()


def _context_of(traceparent: str | None) -> Context:
    # Of its own: what this process happens to be doing is not where it comes from.
    return _w3c.extract({} if traceparent is None else {"traceparent": traceparent}, context=Context())


def _traceparent_of(span: Span) -> str | None:
    carrier: dict[str, str] = {}
    _w3c.inject(carrier, context=trace.set_span_in_context(span, Context()))
    return carrier.get("traceparent")
