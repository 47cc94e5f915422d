"""What shows the inside of a server is there for its own machine, and nowhere else."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from interceptors.call import Call
from interceptors.errors import UnknownMethod
from interceptors.local_only import LocalOnly
from tests.unit.interceptors.handler_server import STREAM, UNARY, Transport, call_from

HERE = ["ipv4:127.0.0.1:50", "ipv4:127.0.0.2:50", "ipv6:%5B::1%5D:50", "ipv6:[::1]:50", "unix:"]
ELSEWHERE = [
    "ipv4:192.0.2.1:50",
    "ipv4:10.127.0.1:50",
    "ipv6:%5B2001:db8::1%5D:50",
    "ipv6:%5B::2%5D:50",
    "ipv6:%5Bfe80::1%25eth0%5D:50",
    "",
]


async def echo(request: Any, _call: Call) -> Any:
    return request


async def repeat(request: Any, _call: Call) -> AsyncGenerator[Any, None]:
    yield request


async def ask(member: LocalOnly, peer: str) -> Any:
    return await member.wrap_unary(UNARY, echo)(b"asked", call_from(Transport(peer=peer)))


async def read(member: LocalOnly, peer: str) -> list[Any]:
    handler = member.wrap_stream(STREAM, repeat)
    return [item async for item in handler(b"asked", call_from(Transport(peer=peer)))]


@pytest.mark.parametrize("peer", HERE)
async def test_this_machine_is_answered(peer: str) -> None:
    member = LocalOnly(lambda _method: True)
    assert (await ask(member, peer), await read(member, peer)) == (b"asked", [b"asked"])


@pytest.mark.parametrize("peer", ELSEWHERE)
async def test_from_elsewhere_the_methods_do_not_exist(peer: str) -> None:
    member = LocalOnly(lambda _method: True)
    for call in (ask, read):
        with pytest.raises(UnknownMethod):
            await call(member, peer)


@pytest.mark.parametrize("peer", ELSEWHERE)
async def test_other_methods_are_there_for_everybody(peer: str) -> None:
    member = LocalOnly(lambda method: method == "another")
    assert (await ask(member, peer), await read(member, peer)) == (b"asked", [b"asked"])
