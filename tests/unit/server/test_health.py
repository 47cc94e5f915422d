"""Watching health is open to everybody, and bounded therefore."""

from collections.abc import AsyncGenerator, Iterator
from typing import Any

import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest

from interceptors.errors import Overloaded, TooManyStreams
from server.health import (
    MOST_NAME,
    MOST_WATCHERS,
    MOST_WATCHERS_OF_ADDRESS,
    SERVICE_UNKNOWN,
    Health,
    ServiceUnknown,
)
from tests.unit.interceptors.handler_server import Transport, call_from

Watch = AsyncGenerator[Any, None]


def watch(health: Health, host: int = 1, service: str = "") -> Watch:
    """A watcher at one of many addresses."""
    call: Any = call_from(Transport(peer=f"ipv4:192.0.2.{host}:1000"))
    return health.Watch(HealthCheckRequest(service=service), call)


async def watchers(health: Health, hosts: Iterator[int]) -> list[Watch]:
    """As many watchers at each address as it may have, of services that there are not."""
    held = []
    for host in hosts:
        for i in range(MOST_WATCHERS_OF_ADDRESS):
            held.append(watch(health, host, f"invented-{i}"))
            assert (await anext(held[-1])).status == SERVICE_UNKNOWN
    return held


async def test_one_address_has_so_many_watchers_and_no_more() -> None:
    health = Health(())
    held = await watchers(health, iter([1]))
    with pytest.raises(TooManyStreams):
        await anext(watch(health))
    other = watch(health, host=2)
    await anext(other)
    for one in (*held, other):
        await one.aclose()


async def test_there_are_so_many_watchers_in_all_and_no_more() -> None:
    health = Health(())
    held = await watchers(health, iter(range(MOST_WATCHERS // MOST_WATCHERS_OF_ADDRESS)))
    with pytest.raises(Overloaded):
        await anext(watch(health, host=255))
    for one in held:
        await one.aclose()


async def test_a_watcher_that_leaves_makes_room_for_another() -> None:
    health = Health(())
    for _ in range(MOST_WATCHERS_OF_ADDRESS + 1):
        one = watch(health)
        await anext(one)
        await one.aclose()


async def test_a_name_too_long_to_keep_is_not_watched() -> None:
    with pytest.raises(ServiceUnknown):
        await anext(watch(Health(()), service="x" * (MOST_NAME + 1)))
