"""A gate that closes: what runs finishes, what begins is refused."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from google.rpc.status_pb2 import Status

from interceptors.call import Call
from interceptors.chain import Interceptor
from interceptors.codec import Codec
from interceptors.drain import DrainGate
from interceptors.error_status import ErrorStatus
from interceptors.errors import status
from tests.unit.interceptors.echo_server import call, echo_channel

PATIENCE_S = 60.0


class Draining(Exception):
    """What a refused call raises."""


def _status(_call: Call, error: Exception) -> Status:
    assert isinstance(error, Draining)
    return status(grpc.StatusCode.UNAVAILABLE, "DRAINING", "The server is stopping.")


def members(gate: DrainGate) -> list[Interceptor]:
    return [ErrorStatus(_status), gate, Codec(items_stand_alone=lambda _name: True)]


async def test_calls_that_begin_after_the_gate_has_closed_are_refused() -> None:
    gate = DrainGate(Draining, lambda _method: False)
    async with echo_channel(members(gate)) as channel:
        await call(channel, "Echo", b"")
        gate.close()
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call(channel, "Echo", b"")
    assert raised.value.code() == grpc.StatusCode.UNAVAILABLE


async def test_exempt_methods_pass_a_closed_gate() -> None:
    gate = DrainGate(Draining, lambda method: method.endswith("/Echo"))
    gate.close()
    async with echo_channel(members(gate)) as channel:
        await call(channel, "Echo", b"")


async def test_the_gate_is_idle_when_the_last_running_call_has_ended() -> None:
    gate, more = DrainGate(Draining, lambda _method: False), asyncio.Event()

    async def items() -> AsyncIterator[bytes]:
        yield b""
        await more.wait()

    async with echo_channel(members(gate)) as channel:
        echo: Any = channel.stream_stream("/test.Echo/EchoStream")
        stream = aiter(echo(items()))
        await anext(stream)
        gate.close()
        idle = asyncio.ensure_future(gate.wait_until_idle())
        await asyncio.sleep(0)
        assert not idle.done()
        more.set()
        with pytest.raises(StopAsyncIteration):
            await anext(stream)
        await asyncio.wait_for(idle, PATIENCE_S)
