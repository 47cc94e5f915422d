"""Calls get their places by the urgency in their policy, and always give them back."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import grpc
import pytest
from switchyard.options.v1 import options_pb2

from interceptors.call import UNLIMITED_TIER, Call, Caller
from interceptors.concurrency.gradient import GradientLimit
from interceptors.concurrency.interceptor import ConcurrencyLimit
from interceptors.concurrency.limiter import ConcurrencyLimiter
from interceptors.errors import TooManyStreams
from tests.unit.interceptors.clock import Clock
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


class Fault(Exception):
    """A handler's failure."""


@pytest.fixture
def limiter() -> ConcurrencyLimiter:
    """Of one place for calls and one for streams, and no room to wait."""
    limit = GradientLimit(1, 1, 1, Clock())
    return ConcurrencyLimiter(limit, 1, 0, 0.0, retry_s=2.0, draw=lambda: 0.5)


def member(limiter: ConcurrencyLimiter) -> ConcurrencyLimit:
    policy = options_pb2.MethodPolicy(urgency=options_pb2.URGENCY_CRITICAL)
    return ConcurrencyLimit({UNARY.name: policy, STREAM.name: policy}, limiter)


def pushback_ms(error: grpc.aio.AioRpcError) -> Any:
    return error.trailing_metadata()["grpc-retry-pushback-ms"]


async def echo(request: Any, _call: Call) -> Any:
    return request


async def fail(_request: Any, _call: Call) -> Any:
    raise Fault


async def never(_request: Any, _call: Call) -> Any:
    await asyncio.Event().wait()


async def endless(_request: Any, _call: Call) -> AsyncGenerator[bytes, None]:
    while True:
        yield b""


async def test_a_call_that_is_shed_is_told_when_to_come_back(limiter: ConcurrencyLimiter) -> None:
    limiter.enter(2)
    async with (
        handler_server([member(limiter)], Unary=echo) as address,
        connection(address) as channel,
    ):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await ask(channel)
    assert raised.value.code() == grpc.StatusCode.UNAVAILABLE
    assert pushback_ms(raised.value) == "2000"


async def test_a_stream_that_is_shed_is_told_when_to_come_back(
    limiter: ConcurrencyLimiter,
) -> None:
    limiter.enter_stream(2, "t/a", 1.0)
    async with (
        handler_server([member(limiter)], Stream=endless) as address,
        connection(address) as channel,
    ):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await read(channel, [])
    assert pushback_ms(raised.value) == "2000"


@pytest.mark.parametrize(("tier", "streams"), [("pro", 10), (UNLIMITED_TIER, 50)])
async def test_one_caller_holds_a_tenth_of_the_streams_or_half_without_limits(
    tier: str, streams: int
) -> None:
    limiter = ConcurrencyLimiter(GradientLimit(1, 1, 1, Clock()), 100, 0, 0.0, draw=lambda: 0.5)
    stream = member(limiter).wrap_stream(STREAM, endless)
    greedy = call_from(Transport())
    greedy.caller = Caller("t", "greedy", frozenset(), tier)
    held = [stream(b"", greedy) for _ in range(streams)]
    for one in held:
        await anext(one)
    with pytest.raises(TooManyStreams):
        await anext(stream(b"", greedy))
    other = stream(b"", call_from(Transport()))
    assert await anext(other) == b""
    for one in (*held, other):
        await one.aclose()


async def test_places_are_given_back_however_a_call_ends(limiter: ConcurrencyLimiter) -> None:
    await member(limiter).wrap_unary(UNARY, echo)(b"", call_from(Transport()))
    with pytest.raises(Fault):
        await member(limiter).wrap_unary(UNARY, fail)(b"", call_from(Transport()))
    cancelled = asyncio.ensure_future(
        member(limiter).wrap_unary(UNARY, never)(b"", call_from(Transport()))
    )
    await asyncio.sleep(0)
    assert limiter.in_flight == 1
    cancelled.cancel()
    await asyncio.wait([cancelled])
    assert limiter.in_flight == 0


async def test_a_stream_that_its_reader_leaves_gives_its_place_back(
    limiter: ConcurrencyLimiter,
) -> None:
    responses = member(limiter).wrap_stream(STREAM, endless)(b"", call_from(Transport()))
    await anext(responses)
    assert limiter.streams == 1
    await responses.aclose()
    assert limiter.streams == 0


async def test_a_request_that_is_a_stream_takes_a_streams_place(
    limiter: ConcurrencyLimiter,
) -> None:
    places: list[tuple[int, int]] = []

    async def look(_request: Any, _call: Call) -> None:
        places.append((limiter.in_flight, limiter.streams))

    uploading = replace(UNARY, request_streaming=True)
    await member(limiter).wrap_unary(uploading, look)(b"", call_from(Transport()))
    assert places == [(0, 1)]
    assert limiter.streams == 0


@pytest.mark.parametrize(("handler", "learns"), [(echo, True), (fail, False)])
async def test_only_calls_that_end_well_are_learnt_from(handler: Any, learns: bool) -> None:
    clock = Clock()
    limit = GradientLimit(1, 1000, 1, clock)
    policies = {UNARY.name: options_pb2.MethodPolicy(urgency=options_pb2.URGENCY_CRITICAL)}
    limiter = ConcurrencyLimiter(limit, 1, 0, 0.0)
    answer = ConcurrencyLimit(policies, limiter, clock).wrap_unary(UNARY, handler)
    for _ in range(100):
        clock.now_s += 1.0
        with suppress(Fault):
            await answer(b"", call_from(Transport()))
    assert (limit.calls > 1) is learns


def test_methods_without_a_policy_pass(limiter: ConcurrencyLimiter) -> None:
    assert ConcurrencyLimit({}, limiter).wrap_unary(UNARY, never) is never
    assert ConcurrencyLimit({}, limiter).wrap_stream(STREAM, endless) is endless
