"""What members and servicers send beside an answer reaches the caller, however the call ends."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from interceptors.call import Call
from interceptors.errors import Overloaded
from tests.unit.interceptors.handler_server import STREAM, UNARY, connection, handler_server

OURS, THEIRS = ("x-ours", "1"), ("x-theirs", "2")


async def answer(request: bytes, call: Call) -> bytes:
    call.answer_with(OURS)
    call.set_trailing_metadata((THEIRS,))
    return request


async def refuse(request: bytes, call: Call) -> bytes:
    await answer(request, call)
    raise Overloaded(1.0)


async def abort(_request: bytes, call: Call) -> None:
    call.answer_with(OURS)
    await call.abort(grpc.StatusCode.NOT_FOUND, "Not here.", (THEIRS,))


async def stream(request: bytes, call: Call) -> AsyncIterator[bytes]:
    yield await answer(request, call)


async def stream_to_an_error(request: bytes, call: Call) -> AsyncIterator[bytes]:
    yield await answer(request, call)
    raise Overloaded(1.0)


@pytest.mark.parametrize("handler", [answer, refuse, abort])
async def test_metadata_comes_with_the_end_of_a_call(handler: Any) -> None:
    async with handler_server([], Unary=handler) as address, connection(address) as channel:
        unary: Any = channel.unary_unary(f"/{UNARY.name}")
        call = unary(b"")
        await call.code()
        assert {OURS, THEIRS} <= {tuple(pair) for pair in await call.trailing_metadata()}


@pytest.mark.parametrize("handler", [stream, stream_to_an_error])
async def test_metadata_comes_with_the_end_of_a_stream(handler: Any) -> None:
    async with handler_server([], Stream=handler) as address, connection(address) as channel:
        unary_stream: Any = channel.unary_stream(f"/{STREAM.name}")
        call = unary_stream(b"")
        assert await call.read() == b""
        await call.code()
        assert {OURS, THEIRS} <= {tuple(pair) for pair in await call.trailing_metadata()}
