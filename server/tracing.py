"""Spans to a collector over OTLP. Needs the `tracing` extra."""

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from interceptors.tracing import Tracing

PROPAGATOR = TraceContextTextMapPropagator()  # W3C trace context, in and out
EXPORT_S = 2.0  # that a collector may take; a server that stops waits for it once


def make_tracing(endpoint: str, version: str) -> Tracing:
    """A member of the chain that sends its spans to `endpoint`, such as http://127.0.0.1:4317."""
    resource = Resource.create({"service.name": "switchyard", "service.version": version})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint, timeout=EXPORT_S)))
    return Tracing(provider.get_tracer("switchyard", version), PROPAGATOR)
