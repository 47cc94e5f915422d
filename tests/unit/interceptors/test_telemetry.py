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
from interceptors.errors import UnknownMethod, interceptor_status, status
from interceptors.metrics import CallCollector, CallTimings
from interceptors.recent_errors import RecentErrors
from interceptors.telemetry import MOST_NOTED, EndedCall, Telemetry
from interceptors.timings import Timings
from tests.unit.interceptors.echo_server import Boom, call, count, echo_channel
from tests.unit.interceptors.handler_server import UNARY, Transport, call_from

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
        await asyncio.wait_for(ends.arrived.wait(), 5)
    assert ends.codes == [("test.Echo/EchoStream", "CANCELLED")]


async def test_listeners_are_asked_to_settle_soon_after_a_call() -> None:
    ends = Ends()
    async with echo_channel([Telemetry([ends]), *members]) as channel:
        await call(channel, "Echo", b"")
        await asyncio.wait_for(ends.has_settled.wait(), 5)
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
    telemetry = Telemetry([CallTimings(timings)])
    inside = {"step": "switchyard_step_duration_seconds"}
    registry.register(CallCollector(telemetry.started, timings, inside))
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


@pytest.mark.parametrize(
    "code",
    [
        *("OK", "CANCELLED", "INVALID_ARGUMENT", "NOT_FOUND", "PERMISSION_DENIED"),
        *("RESOURCE_EXHAUSTED", "UNAUTHENTICATED", "UNIMPLEMENTED"),
    ],
)
def test_what_is_refused_does_not_push_the_servers_faults_out(code: str) -> None:
    errors = RecentErrors()
    ended_with(errors, "INTERNAL")
    for _ in range(200):
        ended_with(errors, code)
    assert [error.code for error in errors.newest_first()] == ["INTERNAL"]
