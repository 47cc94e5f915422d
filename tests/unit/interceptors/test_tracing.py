"""Every call has a span in its caller's trace, and what it does belongs to that span."""

from collections.abc import AsyncGenerator
from typing import Any

import grpc
import pytest
from google.rpc.status_pb2 import Status
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from switchyard.triage.v1 import ticket_pb2

from interceptors.call import Call
from interceptors.chain import Interceptor, Method, StreamHandler, UnaryHandler
from interceptors.codec import Codec
from interceptors.error_status import ErrorStatus
from interceptors.errors import InterceptorError, interceptor_status, status
from interceptors.tracing import Tracing
from tests.unit.interceptors.echo_server import call, count, echo_channel
from tests.unit.interceptors.handler_server import STREAM, Transport, call_from

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
TICKET = ticket_pb2.Ticket(id="1").SerializeToString()
BOOM = ticket_pb2.Ticket(id="boom").SerializeToString()


class Outgoing:
    """Does inside every call what a client does: it takes the trace along."""

    def __init__(self) -> None:
        self.traceparents: list[str] = []

    def wrap_unary(self, _method: Method, handler: UnaryHandler) -> UnaryHandler:
        async def answer(request: Any, call: Call) -> Any:
            self._call_another()
            return await handler(request, call)

        return answer

    def wrap_stream(self, _method: Method, handler: StreamHandler) -> StreamHandler:
        async def answer(request: Any, call: Call) -> AsyncGenerator[Any, None]:
            async for response in handler(request, call):
                self._call_another()
                yield response

        return answer

    def _call_another(self) -> None:
        headers: dict[str, str] = {}
        TraceContextTextMapPropagator().inject(headers)
        self.traceparents.append(headers.get("traceparent", ""))


class Traced:
    """A chain with tracing, the spans that it has ended, and what its calls took along."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracing = Tracing(provider.get_tracer("test"), TraceContextTextMapPropagator())
        self.outgoing = Outgoing()
        self.members: list[Interceptor] = [
            self.tracing,
            ErrorStatus(status_of),
            self.outgoing,
            Codec(items_stand_alone=lambda _name: True),
        ]

    @property
    def span(self) -> ReadableSpan:
        """The one span that there is."""
        (span,) = self._exporter.get_finished_spans()
        return span

    @property
    def own_traceparent(self) -> str:
        """How the span is named to whoever is called next."""
        context = self.span.context
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def status_of(_call: Call, error: Exception) -> Status:
    if isinstance(error, InterceptorError):
        return interceptor_status(error)
    return status(grpc.StatusCode.INTERNAL, "INTERNAL", "It broke.")


@pytest.fixture
def traced() -> Traced:
    return Traced()


async def call_with(traced: Traced, *metadata: tuple[str, str]) -> None:
    async with echo_channel(traced.members) as channel:
        echo: Any = channel.unary_unary("/test.Echo/Echo")
        await echo(TICKET, metadata=metadata, timeout=60)


async def test_a_span_says_what_was_called_and_how_it_went(traced: Traced) -> None:
    await call_with(traced, ("x-request-id", "mine"))
    assert (traced.span.name, traced.span.kind) == ("test.Echo/Echo", SpanKind.SERVER)
    assert dict(traced.span.attributes or {}) == {
        "rpc.system.name": "grpc",
        "rpc.method": "test.Echo/Echo",
        "rpc.response.status_code": "OK",
        "switchyard.call_id": "mine",
    }


async def test_a_span_belongs_to_the_trace_of_its_caller(traced: Traced) -> None:
    await call_with(traced, ("traceparent", TRACEPARENT))
    assert traced.span.parent is not None
    assert f"{traced.span.context.trace_id:032x}" == TRACE
    assert f"{traced.span.parent.span_id:016x}" == PARENT


async def test_what_the_caller_has_not_sampled_is_not_recorded(traced: Traced) -> None:
    await call_with(traced, ("traceparent", f"00-{TRACE}-{PARENT}-00"))
    with pytest.raises(ValueError, match="not enough values"):
        _ = traced.span
    assert traced.outgoing.traceparents[0].startswith(f"00-{TRACE}-")


@pytest.mark.parametrize("sent", ["", "00-nonsense", f"00-{'0' * 32}-{PARENT}-01", "x" * 4000])
async def test_a_trace_context_that_is_none_begins_a_trace(traced: Traced, sent: str) -> None:
    await call_with(traced, ("traceparent", sent))
    assert traced.span.parent is None


async def test_what_a_call_does_belongs_to_its_span(traced: Traced) -> None:
    await call_with(traced, ("traceparent", TRACEPARENT))
    assert traced.outgoing.traceparents == [traced.own_traceparent]


async def test_every_response_of_a_stream_is_made_inside_its_span(traced: Traced) -> None:
    async with echo_channel(traced.members) as channel:
        await count(channel, TICKET)
    assert traced.outgoing.traceparents == [traced.own_traceparent] * 3


async def test_between_two_responses_the_span_is_not_in_force(traced: Traced) -> None:
    stream = traced.tracing.wrap_stream(STREAM, endless)(b"", call_from(Transport()))
    await anext(stream)
    assert trace.get_current_span() is trace.INVALID_SPAN
    await stream.aclose()


async def endless(request: Any, _call: Call) -> AsyncGenerator[Any, None]:
    while True:
        yield request


async def test_a_stream_that_its_caller_leaves_ends_its_span_without_a_fault(
    traced: Traced,
) -> None:
    stream = traced.tracing.wrap_stream(STREAM, endless)(b"", call_from(Transport()))
    await anext(stream)
    await stream.aclose()
    assert (traced.span.attributes or {})["rpc.response.status_code"] == "CANCELLED"
    assert traced.span.status.status_code is StatusCode.UNSET


async def test_a_fault_of_the_server_is_an_error_without_its_text(traced: Traced) -> None:
    async with echo_channel(traced.members) as channel:
        with pytest.raises(grpc.aio.AioRpcError):
            await call(channel, "Echo", BOOM)
    assert traced.span.status.status_code is StatusCode.ERROR
    assert (traced.span.attributes or {})["rpc.response.status_code"] == "INTERNAL"
    assert (traced.span.attributes or {})["switchyard.reason"] == "INTERNAL"
    assert "secret text" not in traced.span.to_json()


async def test_a_stream_that_breaks_off_is_an_error(traced: Traced) -> None:
    async with echo_channel(traced.members) as channel:
        with pytest.raises(grpc.aio.AioRpcError):
            await count(channel, BOOM)
    assert traced.span.status.status_code is StatusCode.ERROR


async def test_a_mistake_of_the_caller_is_no_fault_of_the_server(traced: Traced) -> None:
    async with echo_channel(traced.members) as channel:
        with pytest.raises(grpc.aio.AioRpcError):
            await call(channel, "Echo", b"\xff")
    assert traced.span.status.status_code is StatusCode.UNSET
    assert (traced.span.attributes or {})["switchyard.reason"] == "MALFORMED_MESSAGE"
