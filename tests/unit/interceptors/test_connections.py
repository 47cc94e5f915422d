"""An address may call from so many connections and no more."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import grpc
import pytest

from interceptors.call import Call
from interceptors.chain import Method
from interceptors.connections import ConnectionCap
from interceptors.errors import TooManyConnections
from tests.unit.interceptors.clock import Clock
from tests.unit.interceptors.handler_server import (
    STREAM,
    UNARY,
    Transport,
    ask,
    call_from,
    connection,
    handler_server,
)


@pytest.fixture
def clock() -> Clock:
    """At 1,000 seconds."""
    return Clock()


async def echo(request: Any, _call: Call) -> Any:
    return request


async def endless(request: Any, _call: Call) -> AsyncGenerator[Any, None]:
    while True:
        yield request


async def call_as(cap: ConnectionCap, peer: str) -> None:
    await cap.wrap_unary(UNARY, echo)(b"", call_from(Transport(peer=peer)))


def stream_as(cap: ConnectionCap, peer: str) -> AsyncGenerator[Any, None]:
    return cap.wrap_stream(STREAM, endless)(b"", call_from(Transport(peer=peer)))


async def test_one_connection_too_many_is_refused_over_a_real_socket() -> None:
    cap = ConnectionCap(1, 60.0, exempts_loopback=False)
    async with (
        handler_server([cap], Unary=echo) as address,
        connection(address) as first,
        connection(address) as second,
    ):
        await ask(first)
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await ask(second)
    assert raised.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_connections_that_were_first_go_on(clock: Clock) -> None:
    cap = ConnectionCap(2, 60.0, clock)
    await call_as(cap, "ipv4:192.0.2.1:1")
    await call_as(cap, "ipv4:192.0.2.1:2")
    with pytest.raises(TooManyConnections):
        await call_as(cap, "ipv4:192.0.2.1:3")
    await call_as(cap, "ipv4:192.0.2.1:1")
    await call_as(cap, "ipv4:192.0.2.1:2")


async def test_addresses_are_counted_apart(clock: Clock) -> None:
    cap = ConnectionCap(1, 60.0, clock)
    await call_as(cap, "ipv4:192.0.2.1:1")
    await call_as(cap, "ipv4:192.0.2.2:1")
    await call_as(cap, "ipv6:%5B2001:db8::1%5D:1")


async def test_the_addresses_of_one_ipv6_network_are_counted_together(clock: Clock) -> None:
    cap = ConnectionCap(1, 60.0, clock)
    await call_as(cap, "ipv6:%5B2001:db8::1%5D:1")
    with pytest.raises(TooManyConnections):
        await call_as(cap, "ipv6:%5B2001:db8::2%5D:1")


async def test_an_idle_connection_makes_room(clock: Clock) -> None:
    cap = ConnectionCap(1, 60.0, clock)
    await call_as(cap, "ipv4:192.0.2.1:1")
    clock.now_s += 60.0
    await call_as(cap, "ipv4:192.0.2.1:2")
    with pytest.raises(TooManyConnections):
        await call_as(cap, "ipv4:192.0.2.1:1")


async def test_a_connection_with_a_running_stream_is_not_idle(clock: Clock) -> None:
    cap = ConnectionCap(1, 60.0, clock)
    stream = stream_as(cap, "ipv4:192.0.2.1:1")
    await anext(stream)
    clock.now_s += 3600.0
    with pytest.raises(TooManyConnections):
        await call_as(cap, "ipv4:192.0.2.1:2")
    await stream.aclose()


async def test_a_connection_whose_request_still_streams_in_is_not_idle(clock: Clock) -> None:
    cap, last = ConnectionCap(1, 60.0, clock), asyncio.Event()

    async def read(_items: Any, _call: Call) -> bytes:
        await last.wait()
        return b""

    upwards = cap.wrap_unary(Method("test.Own/Up", True, False, bytes, bytes), read)
    call = asyncio.ensure_future(upwards(b"", call_from(Transport(peer="ipv4:192.0.2.1:1"))))
    await asyncio.sleep(0)
    clock.now_s += 3600.0
    with pytest.raises(TooManyConnections):
        await call_as(cap, "ipv4:192.0.2.1:2")
    last.set()
    await call
    clock.now_s += 60.0
    await call_as(cap, "ipv4:192.0.2.1:2")


async def test_a_connection_is_idle_from_the_end_of_its_stream_on(clock: Clock) -> None:
    cap = ConnectionCap(1, 60.0, clock)
    stream = stream_as(cap, "ipv4:192.0.2.1:1")
    await anext(stream)
    clock.now_s += 3600.0
    await stream.aclose()
    with pytest.raises(TooManyConnections):
        await call_as(cap, "ipv4:192.0.2.1:2")
    clock.now_s += 60.0
    await call_as(cap, "ipv4:192.0.2.1:2")


@pytest.mark.parametrize("peer", ["ipv4:127.0.0.1:{}", "ipv6:%5B::1%5D:{}", "unix:{}"])
async def test_this_machine_is_exempt(clock: Clock, peer: str) -> None:
    cap = ConnectionCap(1, 60.0, clock)
    for port in range(3):
        await call_as(cap, peer.format(port))


async def test_beyond_its_bound_the_longest_known_connection_is_forgotten(clock: Clock) -> None:
    cap = ConnectionCap(1, 60.0, clock, most_tracked=2)
    for host in (1, 2, 3):
        await call_as(cap, f"ipv4:192.0.2.{host}:1")
    await call_as(cap, "ipv4:192.0.2.1:2")
    with pytest.raises(TooManyConnections):
        await call_as(cap, "ipv4:192.0.2.3:2")
