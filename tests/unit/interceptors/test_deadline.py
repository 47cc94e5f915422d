"""Every call has the shorter of its caller's deadline and its contract's."""

import asyncio
import math
from collections.abc import AsyncGenerator
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from switchyard.options.v1 import options_pb2

from interceptors.call import Call
from interceptors.deadline import Deadline, is_out_of_time, remaining_s
from interceptors.errors import DeadlineExceeded
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

SHORT = Duration(nanos=20_000_000)
LONG = Duration(seconds=60)


def deadline(
    default: Duration | None = None,
    most: Duration | None = None,
    clock: Clock | None = None,
    write_grace_s: float = 3600.0,
) -> Deadline:
    policy = options_pb2.MethodPolicy(default_deadline=default, max_deadline=most)
    return Deadline({UNARY.name: policy, STREAM.name: policy}, clock or Clock(), write_grace_s)


async def never(_request: Any, _call: Call) -> Any:
    await asyncio.Event().wait()


async def deadline_seen_inside(member: Deadline, transport: Transport) -> float | None:
    async def answer(_request: Any, call: Call) -> Any:
        return call.deadline_s

    seen: float | None = await member.wrap_unary(UNARY, answer)(b"", call_from(transport))
    return seen


async def test_a_call_without_a_deadline_ends_after_the_default() -> None:
    async with (
        handler_server([deadline(SHORT, LONG)], Unary=never) as address,
        connection(address) as channel,
    ):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await ask(channel)
    assert raised.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED


async def test_a_longer_deadline_is_cut_to_the_maximum() -> None:
    async with (
        handler_server([deadline(SHORT, SHORT)], Unary=never) as address,
        connection(address) as channel,
    ):
        with pytest.raises(grpc.aio.AioRpcError, match=r"0\.02 s that it may take"):
            await ask(channel, timeout_s=60)


async def test_a_stream_that_stalls_ends_with_what_it_has_sent() -> None:
    async def stall(_request: Any, call: Call) -> AsyncGenerator[bytes, None]:
        yield b"one"
        await never(_request, call)

    items: list[bytes] = []
    async with (
        handler_server([deadline(SHORT)], Stream=stall) as address,
        connection(address) as channel,
    ):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await read(channel, items)
    assert raised.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert items == [b"one"]


@pytest.mark.parametrize(
    ("brought_s", "seen_s"), [(None, 1010.0), (5.0, 1005.0), (60.0, 1060.0), (3600.0, 1060.0)]
)
async def test_what_is_called_next_sees_the_deadline(
    brought_s: float | None, seen_s: float
) -> None:
    member = deadline(Duration(seconds=10), LONG)
    assert await deadline_seen_inside(member, Transport(brought_s)) == seen_s


async def test_a_policy_without_a_default_gives_the_maximum() -> None:
    assert await deadline_seen_inside(deadline(most=LONG), Transport()) == 1060.0


async def test_a_policy_without_deadlines_leaves_a_call_unbounded() -> None:
    assert await deadline_seen_inside(deadline(), Transport()) is None


async def test_a_call_whose_time_is_over_is_refused_before_any_work() -> None:
    with pytest.raises(DeadlineExceeded):
        await deadline_seen_inside(deadline(LONG, LONG), Transport(0.0))


def test_a_method_without_a_policy_pays_nothing() -> None:
    assert Deadline({}).wrap_unary(UNARY, never) is never


async def test_a_cancelled_call_stays_cancelled() -> None:
    answer = deadline(LONG).wrap_unary(UNARY, never)
    task = asyncio.ensure_future(answer(b"", call_from(Transport())))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_call_that_is_cancelled_as_its_time_runs_out_stays_cancelled() -> None:
    async def cancelled_twice(request: Any, call: Call) -> Any:
        task = asyncio.current_task()
        assert task is not None
        try:
            await never(request, call)
        finally:
            task.cancel()
            await asyncio.sleep(0)

    answer = deadline(SHORT).wrap_unary(UNARY, cancelled_twice)
    with pytest.raises(asyncio.CancelledError):
        await asyncio.ensure_future(answer(b"", call_from(Transport())))


async def test_an_answer_that_is_saved_from_the_cancellation_is_answered() -> None:
    async def save(request: Any, call: Call) -> Any:
        try:
            await never(request, call)
        except asyncio.CancelledError:
            return b"saved"

    task = asyncio.current_task()
    assert task is not None
    assert await deadline(SHORT).wrap_unary(UNARY, save)(b"", call_from(Transport())) == b"saved"
    assert task.cancelling() == 0


async def test_a_call_within_an_outer_timeout_leaves_that_timeout_alone() -> None:
    answer = deadline(LONG).wrap_unary(UNARY, never)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await answer(b"", call_from(Transport()))


async def test_a_stream_whose_reader_is_slow_ends_at_its_next_step() -> None:
    closed: list[bool] = []

    async def endless(_request: Any, _call: Call) -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"item"
        finally:
            closed.append(True)

    call = call_from(Transport())
    responses = deadline(SHORT).wrap_stream(STREAM, endless)(b"", call)
    await anext(responses)
    while not is_out_of_time(call):  # noqa: ASYNC110  # nobody tells when a timer rings
        await asyncio.sleep(0)
    with pytest.raises(DeadlineExceeded):
        await anext(responses)
    assert closed == [True]


async def test_a_stream_that_nobody_reads_ends_a_grace_after_its_time() -> None:
    ended = asyncio.Event()

    async def pour(_request: Any, _call: Call) -> AsyncGenerator[bytes, None]:
        try:
            yield b"1"
            yield bytes(16_000_000)  # more than is sent unread
        finally:
            ended.set()

    member = deadline(SHORT, write_grace_s=0.001)
    async with handler_server([member], Stream=pour) as address, connection(address) as channel:
        stream: Any = channel.unary_stream(f"/{STREAM.name}")
        unread = stream(b"")
        async with asyncio.timeout(60):
            await ended.wait()
        assert [len(await unread.read()), len(await unread.read())] == [1, 16_000_000]
        with pytest.raises(grpc.aio.AioRpcError, match=r"0\.02 s that it may take"):
            await unread.read()


async def test_the_inside_of_a_call_that_is_out_of_time_has_none_left() -> None:
    call = call_from(Transport())
    with pytest.raises(DeadlineExceeded):
        await deadline(SHORT).wrap_unary(UNARY, never)(b"", call)
    assert is_out_of_time(call)
    assert remaining_s(call) == 0.0


def test_the_time_that_remains_is_never_negative(clock: Clock) -> None:
    call = call_from(Transport())
    assert remaining_s(call, clock) == math.inf
    call.deadline_s = 1002.0
    assert remaining_s(call, clock) == 2.0
    clock.now_s = 1003.0
    assert remaining_s(call, clock) == 0.0


@pytest.fixture
def clock() -> Clock:
    """At 1,000 seconds."""
    return Clock()
