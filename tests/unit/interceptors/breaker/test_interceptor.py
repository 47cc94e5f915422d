"""Each method has a breaker, which counts the server's own failures alone."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2
from switchyard.options.v1 import options_pb2

from interceptors.breaker.interceptor import CircuitBreakers
from interceptors.breaker.registry import BreakerRegistry
from interceptors.breaker.settings import BreakerSettings, State
from interceptors.call import Call
from interceptors.chain import Interceptor
from interceptors.deadline import Deadline
from interceptors.errors import DeadlineExceeded, InterceptorError, Overloaded
from tests.unit.interceptors.clock import Clock
from tests.unit.interceptors.echo_server import status_of_call
from tests.unit.interceptors.handler_server import (
    STREAM,
    UNARY,
    Transport,
    ask,
    call_from,
    connection,
    handler_server,
    read,
)

SHORT_S = 1.0  # in which a call has begun on a busy machine
PATIENCE_S = 60.0


class Fault(Exception):
    """The server's own failure."""


class NotFound(Exception):
    """The caller's mistake."""


def counts(error: Exception) -> bool:
    return isinstance(error, (Fault, DeadlineExceeded, InterceptorError))


@pytest.fixture
def registry() -> BreakerRegistry:
    """Whose breakers open at the first failure."""
    return BreakerRegistry(BreakerSettings(consecutive_failures=1), Clock())


@asynccontextmanager
async def guarded(registry: BreakerRegistry, **handlers: Any) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to handlers behind breakers, with 20 ms for each call."""
    policy = options_pb2.MethodPolicy(default_deadline=Duration(nanos=20_000_000))
    members: list[Interceptor] = [
        Deadline({UNARY.name: policy, STREAM.name: policy}),
        CircuitBreakers(registry, counts, lambda method: method == "other"),
    ]
    async with handler_server(members, **handlers) as address, connection(address) as channel:
        yield channel


def state(registry: BreakerRegistry, method: str) -> State:
    breaker = registry.find(method)
    assert breaker is not None
    return breaker.state


async def fail(_request: Any, _call: Call) -> Any:
    raise Fault


async def never(_request: Any, _call: Call) -> Any:
    await asyncio.Event().wait()


async def test_a_method_that_fails_is_refused_with_the_time_to_wait(
    registry: BreakerRegistry,
) -> None:
    async with guarded(registry, Unary=fail) as channel:
        for _ in range(2):
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await ask(channel)
    assert raised.value.code() == grpc.StatusCode.UNAVAILABLE
    retry = error_details_pb2.RetryInfo()
    assert any(detail.Unpack(retry) for detail in status_of_call(raised.value).details)
    assert retry.retry_delay.seconds == 60


async def test_a_method_that_fails_leaves_the_others_alone(registry: BreakerRegistry) -> None:
    async def count(_request: Any, _call: Call) -> AsyncGenerator[bytes, None]:
        yield b"one"

    items: list[bytes] = []
    async with guarded(registry, Unary=fail, Stream=count) as channel:
        with pytest.raises(grpc.aio.AioRpcError):
            await ask(channel)
        await read(channel, items)
    assert items == [b"one"]


async def test_a_stream_that_fails_at_its_end_counts(registry: BreakerRegistry) -> None:
    async def fail_late(_request: Any, _call: Call) -> AsyncGenerator[bytes, None]:
        yield b"one"
        raise Fault

    items: list[bytes] = []
    async with guarded(registry, Stream=fail_late) as channel:
        with pytest.raises(grpc.aio.AioRpcError):
            await read(channel, items)
    assert items == [b"one"]
    assert state(registry, STREAM.name) is State.OPEN


async def test_a_call_that_takes_longer_than_its_contract_allows_counts(
    registry: BreakerRegistry,
) -> None:
    async with guarded(registry, Unary=never) as channel:
        with pytest.raises(grpc.aio.AioRpcError):
            await ask(channel)
    assert state(registry, UNARY.name) is State.OPEN


async def test_a_deadline_that_the_caller_chose_does_not_count(registry: BreakerRegistry) -> None:
    ended = asyncio.Event()

    async def wait(_request: Any, _call: Call) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    members = [CircuitBreakers(registry, counts, lambda _method: False)]
    async with (
        handler_server(members, Unary=wait) as address,
        connection(address) as channel,
    ):
        with pytest.raises(grpc.aio.AioRpcError):
            await ask(channel, timeout_s=SHORT_S)
        await asyncio.wait_for(ended.wait(), PATIENCE_S)
    assert state(registry, UNARY.name) is State.CLOSED


@pytest.mark.parametrize("error", [NotFound(), Overloaded(1.0)])
async def test_mistakes_and_refusals_do_not_count(
    registry: BreakerRegistry, error: Exception
) -> None:
    async def refuse(_request: Any, _call: Call) -> Any:
        raise error

    async with guarded(registry, Unary=refuse) as channel:
        with pytest.raises(grpc.aio.AioRpcError):
            await ask(channel)
    assert state(registry, UNARY.name) is State.CLOSED


async def test_a_stream_that_its_reader_leaves_does_not_count(registry: BreakerRegistry) -> None:
    async def endless(_request: Any, _call: Call) -> AsyncGenerator[bytes, None]:
        while True:
            yield b""

    member = CircuitBreakers(registry, counts, lambda _method: False)
    responses = member.wrap_stream(STREAM, endless)(b"", call_from(Transport()))
    await anext(responses)
    await responses.aclose()
    assert state(registry, STREAM.name) is State.CLOSED


def test_an_exempt_method_has_no_breaker(registry: BreakerRegistry) -> None:
    member = CircuitBreakers(registry, counts, lambda method: method == UNARY.name)
    assert member.wrap_unary(UNARY, never) is never
    assert registry.breakers() == []
