"""The line of a call says who called what, and how it ended."""

from collections.abc import Mapping
from typing import Any

import grpc
import pytest

from interceptors.access_log import AccessLog
from interceptors.call import ANONYMOUS, Call, Caller
from interceptors.chain import Interceptor, Method, StreamHandler, UnaryHandler
from interceptors.error_status import ErrorStatus
from interceptors.errors import PermissionDenied
from interceptors.telemetry import EndedCall, Telemetry
from tests.unit.interceptors.echo_server import call, echo_channel

ALICE = Caller("acme", "apiKeys/a", frozenset(), "free")


class RefusesAlice:
    """Knows who calls, and lets nobody do anything."""

    def wrap_unary(self, _method: Method, _handler: UnaryHandler) -> UnaryHandler:
        async def answer(_request: Any, call: Call) -> Any:
            call.caller = ALICE
            raise PermissionDenied("test.echo")

        return answer

    def wrap_stream(self, _method: Method, handler: StreamHandler) -> StreamHandler:
        return handler


async def test_a_refused_call_has_a_line_of_its_tenant_caller_method_code_and_reason() -> None:
    lines: list[Mapping[str, object]] = []
    telemetry = Telemetry([AccessLog(lines.append)])
    members: list[Interceptor] = [
        telemetry,
        ErrorStatus(),
        RefusesAlice(),
    ]
    async with echo_channel(members) as channel:
        with pytest.raises(grpc.aio.AioRpcError):
            await call(channel, "Echo", b"")
    telemetry.settle()
    (line,) = lines
    assert {name: line.get(name) for name in ("tenant", "caller", "method", "code", "reason")} == {
        "tenant": "acme",
        "caller": "apiKeys/a",
        "method": "test.Echo/Echo",
        "code": "PERMISSION_DENIED",
        "reason": "PERMISSION_DENIED",
    }
    assert "peer" not in line


def test_no_line_is_written_twice_where_another_cannot_be() -> None:
    written: list[object] = []

    def write(line: Mapping[str, object]) -> None:
        if line["call_id"] == "bad":
            raise OSError
        written.append(line["call_id"])

    log = AccessLog(write)
    for call_id in ("good", "bad"):
        log.ended(EndedCall("test.Echo/Echo", "OK", 0.1, 1.0, call_id, ANONYMOUS, "", "", "", ""))
    with pytest.raises(OSError):  # noqa: PT011  # it has no words
        log.settle()
    log.settle()
    assert written == ["good"]
