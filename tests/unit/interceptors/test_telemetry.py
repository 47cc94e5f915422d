"""Every call is counted, timed and logged, however it ends."""

import asyncio
from collections.abc import Mapping
from typing import Any

import grpc
import pytest
from google.rpc.status_pb2 import Status
from prometheus_client import CollectorRegistry
from switchyard.triage.v1 import ticket_pb2

from interceptors.access_log import AccessLog
from interceptors.chain import Interceptor
from interceptors.codec import Codec
from interceptors.error_status import ErrorStatus
from interceptors.errors import UnknownMethod, interceptor_status, status
from interceptors.metrics import CallMetrics
from interceptors.telemetry import CallEnd, Telemetry
from tests.unit.interceptors.echo_server import Boom, call, count, echo_channel

BOOM = ticket_pb2.Ticket(id="boom").SerializeToString()


class Ends:
    """Collects the ends of calls."""

    def __init__(self) -> None:
        self.codes: list[tuple[str, str]] = []
        self.arrived = asyncio.Event()

    def started(self, method: str) -> None:
        del method

    def ended(self, end: CallEnd) -> None:
        self.codes.append((end.method, end.code))
        self.arrived.set()


def _status(_method: str, error: Exception) -> Status:
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


async def test_metrics_bear_the_names_of_a66() -> None:
    registry = CollectorRegistry()
    async with echo_channel([Telemetry([CallMetrics(registry)]), *members]) as channel:
        await call(channel, "Echo", b"")
        with pytest.raises(grpc.aio.AioRpcError):
            await call(channel, "Nothing", b"")
    method = {"grpc_method": "test.Echo/Echo"}
    assert registry.get_sample_value("grpc_server_call_started_total", method) == 1
    ended = registry.get_sample_value(
        "grpc_server_call_duration_seconds_count", method | {"grpc_status": "OK"}
    )
    assert ended == 1
    other = {"grpc_method": "other", "grpc_status": "UNIMPLEMENTED"}
    assert registry.get_sample_value("grpc_server_call_duration_seconds_count", other) == 1


async def test_a_call_has_one_log_line_without_its_text() -> None:
    lines: list[Mapping[str, object]] = []
    log = AccessLog(lines.append, lambda _context: {"tenant": "t"})
    async with echo_channel([Telemetry([log]), *members]) as channel:
        await call(channel, "Echo", ticket_pb2.Ticket(body="secret").SerializeToString())
    (line,) = lines
    assert line["method"] == "test.Echo/Echo"
    assert line["code"] == "OK"
    assert line["tenant"] == "t"
    assert "secret" not in str(line)
