"""Every call is counted, timed and logged, however it ends."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import grpc
import pytest
from google.rpc.status_pb2 import Status
from prometheus_client import CollectorRegistry
from switchyard.triage.v1 import ticket_pb2

from interceptors.access_log import AccessLog
from interceptors.call import ANONYMOUS, Call
from interceptors.chain import Interceptor
from interceptors.codec import Codec
from interceptors.error_status import ErrorStatus
from interceptors.errors import OUT_OF_TIME, UnknownMethod, interceptor_status, status
from interceptors.metrics import CallCollector, CallTimings
from interceptors.recent_errors import RecentErrors
from interceptors.sizes import CallSizes
from interceptors.telemetry import MOST_NOTED, EndedCall, Telemetry
from interceptors.timings import Timings
from tests.unit.interceptors.echo_server import Boom, call, count, echo_channel, stream
from tests.unit.interceptors.handler_server import UNARY, Transport, call_from

PATIENCE_S = 60.0
BOOM = ticket_pb2.Ticket(id="boom").SerializeToString()


class Ends:
    """Collects the ends of calls."""

    def __init__(self) -> None:
        self.codes: list[tuple[str, str]] = []
        self.arrived = asyncio.Event()
        self.settled: Sequence[tuple[str, str]] = ()
        self.has_settled = asyncio.Event()

    def ended(self, call: EndedCall, /) -> None:
        assert call.duration_s > 0
        self.codes.append((call.method, call.code))
        self.arrived.set()

    def settle(self) -> None:
        self.settled = tuple(self.codes)
        self.has_settled.set()


def _status(_call: Call, error: Exception) -> Status:
    if isinstance(error, UnknownMethod):
        return interceptor_status(error)
    assert isinstance(error, Boom)
    return status(grpc.StatusCode.RESOURCE_EXHAUSTED, "BOOM", "It went off.")


members: list[Interceptor] = [ErrorStatus(_status), Codec(items_stand_alone=lambda _name: True)]


async def test_the_code_of_every_call_is_told() -> None:
    ends = Ends()
    async with echo_channel([Telemetry([ends]), *members]) as channel:
        await call(channel, "Echo", b"")
        await count(channel, b"")
        for failing in (call(channel, "Echo", BOOM), count(channel, BOOM)):
            with pytest.raises(grpc.aio.AioRpcError):
                await failing
        with pytest.raises(grpc.aio.AioRpcError):
            await call(channel, "Nothing", b"")
    assert ends.codes == [
        ("test.Echo/Echo", "OK"),
        ("test.Echo/Count", "OK"),
        ("test.Echo/Echo", "RESOURCE_EXHAUSTED"),
        ("test.Echo/Count", "RESOURCE_EXHAUSTED"),
        ("other", "UNIMPLEMENTED"),
    ]


async def test_a_stream_that_its_caller_leaves_is_cancelled() -> None:
    ends = Ends()
    async with echo_channel([Telemetry([ends]), *members]) as channel:
        stream: Any = channel.stream_stream("/test.Echo/EchoStream")()
        await stream.write(b"")
        await stream.read()
        stream.cancel()
        await asyncio.wait_for(ends.arrived.wait(), PATIENCE_S)
    assert ends.codes == [("test.Echo/EchoStream", "CANCELLED")]


class Gone(Transport):
    """A call whose caller is gone when its status is sent."""

    def __init__(self, code: grpc.StatusCode | int) -> None:
        super().__init__()
        self._code = code

    def code(self) -> grpc.StatusCode | int:
        """The status that was to be sent; 0: none was set."""
        return self._code


@pytest.mark.parametrize(
    ("code", "name"), [(grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"), (0, "UNKNOWN")]
)
async def test_a_call_that_is_over_before_its_status_is_sent_has_the_code_that_was_to_be_sent(
    code: grpc.StatusCode | int, name: str
) -> None:
    async def refuse(_request: Any, _call: Call) -> Any:
        raise grpc.aio.InternalError('Failed "execute_batch"')  # as grpc.aio's abort does then

    ends = Ends()
    with pytest.raises(grpc.aio.InternalError):
        await Telemetry([ends]).wrap_unary(UNARY, refuse)(b"", call_from(Gone(code)))
    assert ends.codes == [(UNARY.name, name)]


async def test_listeners_are_asked_to_settle_soon_after_a_call() -> None:
    ends = Ends()
    async with echo_channel([Telemetry([ends]), *members]) as channel:
        await call(channel, "Echo", b"")
        await asyncio.wait_for(ends.has_settled.wait(), PATIENCE_S)
    assert ends.settled == (("test.Echo/Echo", "OK"),)


async def test_no_more_calls_wait_to_be_settled_than_may() -> None:
    async def echo(request: Any, _call: Call) -> Any:
        return request

    ends = Ends()
    answer = Telemetry([ends]).wrap_unary(UNARY, echo)
    for _ in range(MOST_NOTED):  # the timer has no turn meanwhile
        await answer(b"", call_from(Transport()))
    assert len(ends.settled) == MOST_NOTED


async def test_metrics_bear_the_names_of_a66() -> None:
    registry = CollectorRegistry()
    timings = Timings()
    timings.of("step", "draft").add(0.5)
    sizes = CallSizes()
    telemetry = Telemetry([CallTimings(timings), sizes])
    inside = {"step": "switchyard_step_duration_seconds"}
    registry.register(CallCollector(telemetry.started, timings, inside, sizes))
    async with echo_channel([telemetry, *members]) as channel:
        await call(channel, "Echo", b"")
        with pytest.raises(grpc.aio.AioRpcError):
            await call(channel, "Nothing", b"")
    method = {"grpc_method": "test.Echo/Echo"}
    assert registry.get_sample_value("grpc_server_call_started_total", method) == 1
    ended = registry.get_sample_value(
        "grpc_server_call_duration_seconds_count", method | {"grpc_status": "OK"}
    )
    assert ended == 1
    step = {"step": "draft", "outcome": "OK"}
    assert registry.get_sample_value("switchyard_step_duration_seconds_sum", step) == 0.5
    half = {"le": "0.5"}
    assert registry.get_sample_value("switchyard_step_duration_seconds_bucket", step | half) == 1
    other = {"grpc_method": "other", "grpc_status": "UNIMPLEMENTED"}
    assert registry.get_sample_value("grpc_server_call_duration_seconds_count", other) == 1


async def test_a_call_has_one_log_line_without_its_text() -> None:
    lines: list[Mapping[str, object]] = []
    telemetry = Telemetry([AccessLog(lines.append)])
    async with echo_channel([telemetry, *members]) as channel:
        await call(channel, "Echo", ticket_pb2.Ticket(body="secret").SerializeToString())
        with pytest.raises(grpc.aio.AioRpcError):
            await call(channel, "Echo", BOOM)
    telemetry.settle()
    good, bad = lines
    assert (good["method"], good["code"]) == ("test.Echo/Echo", "OK")
    assert (bad["code"], bad["reason"]) == ("RESOURCE_EXHAUSTED", "BOOM")
    assert good["peer"] in {"127.0.0.1", "::1"}
    assert good["call_id"] != bad["call_id"]
    assert "secret" not in str(lines)


async def test_the_callers_request_id_names_the_call_where_it_is_fit_to() -> None:
    lines: list[Mapping[str, object]] = []
    telemetry = Telemetry([AccessLog(lines.append)])
    async with echo_channel([telemetry, *members]) as channel:
        echo: Any = channel.unary_unary("/test.Echo/Echo")
        await echo(b"", metadata=[("x-request-id", "mine-1")])
        await echo(b"", metadata=[("x-request-id", "x" * 1000)])
    telemetry.settle()
    assert lines[0]["call_id"] == "mine-1"
    assert len(str(lines[1]["call_id"])) == 16


def ended_with(errors: RecentErrors, code: str, reason: str = "") -> None:
    """A call has ended so, at the seventh second of 1970."""
    errors.ended(EndedCall(UNARY.name, code, 0.001, 7.0, "id", ANONYMOUS, "::1", "", "", reason))


def test_what_the_server_failed_is_remembered_with_its_reason() -> None:
    errors = RecentErrors()
    ended_with(errors, "UNAVAILABLE", "BOOM")
    (error,) = errors.newest_first()
    assert (error.time_s, error.method, error.code, error.reason) == (
        *(7.0, UNARY.name),
        *("UNAVAILABLE", "BOOM"),
    )


def test_a_call_that_took_longer_than_its_contract_allows_is_remembered() -> None:
    errors = RecentErrors()
    ended_with(errors, "DEADLINE_EXCEEDED", OUT_OF_TIME)
    assert [error.code for error in errors.newest_first()] == ["DEADLINE_EXCEEDED"]


@pytest.mark.parametrize(
    "code",
    [
        *("OK", "CANCELLED", "INVALID_ARGUMENT", "NOT_FOUND", "PERMISSION_DENIED"),
        *("RESOURCE_EXHAUSTED", "UNAUTHENTICATED", "UNIMPLEMENTED", "DEADLINE_EXCEEDED"),
    ],
)
def test_what_is_refused_does_not_push_the_servers_faults_out(code: str) -> None:
    errors = RecentErrors()
    ended_with(errors, "INTERNAL")
    for _ in range(200):
        ended_with(errors, code)
    assert [error.code for error in errors.newest_first()] == ["INTERNAL"]


async def test_what_calls_carry_is_weighed_each_way() -> None:
    sizes, registry = CallSizes(), CollectorRegistry()
    telemetry = Telemetry([sizes])
    registry.register(CallCollector(telemetry.started, Timings(), {}, sizes))
    ticket = ticket_pb2.Ticket(id="1", body="x" * 2000).SerializeToString()
    async with echo_channel([telemetry, *members]) as channel:
        await call(channel, "Echo", ticket)
        counted = sum(map(len, await count(channel, ticket)))
        await stream(channel, "EchoStream", [ticket, ticket])

    def sum_of(way: str, method: str) -> float | None:
        name = f"grpc_server_call_{way}_total_compressed_message_size_bytes_sum"
        labels = {"grpc_method": f"test.Echo/{method}", "grpc_status": "OK"}
        return registry.get_sample_value(name, labels)

    one = len(ticket)
    assert (sum_of("rcvd", "Echo"), sum_of("sent", "Echo")) == (one, one)
    assert (sum_of("rcvd", "Count"), sum_of("sent", "Count")) == (one, counted)
    both = (sum_of("rcvd", "EchoStream"), sum_of("sent", "EchoStream"))
    assert both == (2 * one, 2 * one)
