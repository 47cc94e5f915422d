"""The chain wraps each method once and lets every shape of call through."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import grpc
import pytest
from switchyard.triage.v1 import ticket_pb2

from interceptors.call import Call
from interceptors.chain import Method, StreamHandler, UnaryHandler
from interceptors.codec import Codec
from tests.unit.interceptors.echo_server import call, count, echo_channel, stream


class Recorder:
    """Notes when it wraps and when it is passed."""

    def __init__(self, name: str, notes: list[str]) -> None:
        self._name = name
        self._notes = notes

    def wrap_unary(self, method: Method, handler: UnaryHandler) -> UnaryHandler:
        self._notes.append(f"{self._name} wraps {method.name}")

        async def answer(request: Any, call: Call) -> Any:
            self._notes.append(f"{self._name} before")
            response = await handler(request, call)
            self._notes.append(f"{self._name} after")
            return response

        return answer

    def wrap_stream(self, method: Method, handler: StreamHandler) -> StreamHandler:
        self._notes.append(f"{self._name} wraps {method.name}")

        async def answer(request: Any, call: Call) -> AsyncGenerator[Any, None]:
            async with aclosing(handler(request, call)) as responses:
                async for response in responses:
                    yield response

        return answer


codec = Codec(items_stand_alone=lambda _name: True)


async def test_members_are_passed_from_the_outermost_to_the_innermost() -> None:
    notes: list[str] = []
    async with echo_channel([Recorder("a", notes), Recorder("b", notes), codec]) as channel:
        await call(channel, "Echo", b"")
    passed = [note for note in notes if "wraps test" not in note and "other" not in note]
    assert passed == ["a before", "b before", "b after", "a after"]


async def test_a_method_is_wrapped_once_however_often_it_is_called() -> None:
    notes: list[str] = []
    async with echo_channel([Recorder("a", notes), codec]) as channel:
        for _ in range(3):
            await call(channel, "Echo", b"")
            await count(channel, b"")
    assert notes.count("a wraps test.Echo/Echo") == 1
    assert notes.count("a wraps test.Echo/Count") == 1


async def test_messages_come_through_every_shape_of_call() -> None:
    ticket = ticket_pb2.Ticket(id="1", body="hello").SerializeToString()
    async with echo_channel([codec]) as channel:
        assert await call(channel, "Echo", ticket) == ticket
        assert await stream(channel, "EchoStream", [ticket, b"", ticket]) == [ticket, b"", ticket]
        assert len(await count(channel, ticket)) == 3


async def test_inventing_method_names_leaves_nothing_behind() -> None:
    notes: list[str] = []
    async with echo_channel([Recorder("a", notes)]) as channel:
        for i in range(20):
            with pytest.raises(grpc.aio.AioRpcError):
                await call(channel, f"Invented{i}", b"")
    assert [note for note in notes if "wraps" in note] == ["a wraps other"]
