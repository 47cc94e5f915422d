"""OpenTelemetry spans of calls, with W3C trace context in and out.

In the chain only where an exporter is configured: a call without it pays nothing. Needs the
`tracing` extra.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.propagators.textmap import Getter, TextMapPropagator
from opentelemetry.trace import SpanKind, StatusCode, Tracer

from interceptors.call import Call
from interceptors.chain import Method, StreamHandler, UnaryHandler
from interceptors.errors import SERVER_FAULTS
from interceptors.telemetry import code_of
from interceptors.timings import OK

Metadata = Mapping[str, str | bytes]


class _Metadata(Getter[Metadata]):
    """Reads trace context out of a call's metadata."""

    def get(self, carrier: Metadata, key: str) -> list[str] | None:
        value = carrier.get(key)
        return [value] if isinstance(value, str) else None

    def keys(self, carrier: Metadata) -> list[str]:
        return list(carrier)


class Tracing:
    """A span round every call, a child of the caller's; what the call does becomes its child."""

    def __init__(self, tracer: Tracer, propagator: TextMapPropagator) -> None:
        self._tracer = tracer
        self._propagator = propagator

    def wrap_unary(self, method: Method, handler: UnaryHandler) -> UnaryHandler:
        """Traces `handler`."""

        async def answer(request: Any, call: Call) -> Any:
            span, code = self._start(method, call), OK
            token = otel_context.attach(trace.set_span_in_context(span))
            try:
                return await handler(request, call)
            except BaseException as error:
                code = code_of(error, call)
                raise
            finally:
                otel_context.detach(token)
                _end(span, call, code)

        return answer

    def wrap_stream(self, method: Method, handler: StreamHandler) -> StreamHandler:
        """Traces `handler` to the end of its stream.

        Between two responses the caller's context is in force: a generator shares its own.
        """

        async def answer(request: Any, call: Call) -> AsyncGenerator[Any, None]:
            span, code = self._start(method, call), OK
            inside = trace.set_span_in_context(span)
            try:
                async with aclosing(handler(request, call)) as responses:
                    while True:
                        token = otel_context.attach(inside)
                        try:
                            response = await anext(responses)
                        except StopAsyncIteration:
                            break
                        finally:
                            otel_context.detach(token)
                        yield response
            except BaseException as error:
                code = code_of(error, call)
                raise
            finally:
                _end(span, call, code)

        return answer

    def _start(self, method: Method, call: Call) -> trace.Span:
        parent = self._propagator.extract(call.metadata, getter=_Metadata())
        return self._tracer.start_span(
            method.name,
            context=parent,
            kind=SpanKind.SERVER,
            attributes={"rpc.system.name": "grpc", "rpc.method": method.name},
        )


def _end(span: trace.Span, call: Call, code: str) -> None:
    """Note how the call went, but not what an error says: its text may hold a ticket's."""
    span.set_attribute("rpc.response.status_code", code)
    span.set_attribute("switchyard.call_id", call.id)
    if call.reason:
        span.set_attribute("switchyard.reason", call.reason)
    if code in SERVER_FAULTS:
        span.set_status(StatusCode.ERROR)
    span.end()
