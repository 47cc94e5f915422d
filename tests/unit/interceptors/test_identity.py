"""Callers are identified by one `authorization: Bearer` header, and by nothing else."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any

import grpc
import pytest
from google.rpc.status_pb2 import Status
from switchyard.triage.v1 import ticket_pb2

from interceptors.call import Call, Caller
from interceptors.chain import Interceptor, Method, StreamHandler, UnaryHandler
from interceptors.codec import Codec
from interceptors.error_status import ErrorStatus
from interceptors.errors import Unauthenticated, interceptor_status
from interceptors.identity import Identity, bearer
from tests.unit.interceptors.echo_server import echo_channel
from tests.unit.interceptors.handler_server import (
    STREAM,
    Transport,
    call_from,
    connection,
    handler_server,
    read,
)

ALICE = Caller("acme", "apiKeys/a", frozenset({"echo.run"}), "free")
PATIENCE_S = 60.0
KNOWN = {"Bearer known": ALICE}
TICKET = ticket_pb2.Ticket(id="1").SerializeToString()


class Seen:
    """The callers that handlers saw, and what was asked the long way."""

    def __init__(self) -> None:
        self.callers: list[Caller] = []
        self.asked: list[tuple[list[str], str]] = []

    async def authenticate(self, headers: Sequence[str], address: str) -> Caller:
        self.asked.append((list(headers), address))
        if bearer(headers) == "new":
            return ALICE
        raise Unauthenticated("INVALID_CREDENTIALS", "No.")

    def wrap_unary(self, _method: Method, handler: UnaryHandler) -> UnaryHandler:
        async def answer(request: Any, call: Call) -> Any:
            self.callers.append(call.caller)
            return await handler(request, call)

        return answer

    def wrap_stream(self, _method: Method, handler: StreamHandler) -> StreamHandler:
        def answer(request: Any, call: Call) -> Any:
            self.callers.append(call.caller)
            return handler(request, call)

        return answer


def status_of(_call: Call, error: Exception) -> Status:
    assert isinstance(error, Unauthenticated)
    return interceptor_status(error)


def members(seen: Seen, open_method: str = "") -> list[Interceptor]:
    return [
        ErrorStatus(status_of),
        Identity(KNOWN.get, seen.authenticate, lambda method: method == open_method),
        seen,
        Codec(items_stand_alone=lambda _name: True),
    ]


async def call(channel: grpc.aio.Channel, *headers: tuple[str, str]) -> None:
    echo: Any = channel.unary_unary("/test.Echo/Echo")
    await echo(TICKET, metadata=headers, timeout=60)


async def test_a_known_header_is_looked_up_and_nobody_is_asked() -> None:
    seen = Seen()
    async with echo_channel(members(seen)) as channel:
        await call(channel, ("authorization", "Bearer known"))
    assert (seen.callers, seen.asked) == ([ALICE], [])


async def test_an_unknown_header_goes_the_long_way_with_the_callers_address() -> None:
    seen = Seen()
    async with echo_channel(members(seen)) as channel:
        await call(channel, ("authorization", "Bearer new"))
    assert (seen.callers, seen.asked) == ([ALICE], [(["Bearer new"], "127.0.0.1")])


@pytest.mark.parametrize("header", ["Bearer known", "Bearer new"])
async def test_streams_are_identified_alike(header: str) -> None:
    seen = Seen()
    async with echo_channel(members(seen)) as channel:
        count: Any = channel.unary_stream("/test.Echo/Count")
        metadata = (("authorization", header),)
        assert len([item async for item in count(TICKET, metadata=metadata, timeout=60)]) == 3
    assert seen.callers == [ALICE]


class Holder:
    """A caller that may be another one, or none, at any time."""

    def __init__(self, caller: Caller) -> None:
        self.known: Caller | None = caller
        self.new: Caller | None = None
        self.seen: list[Caller] = []

    def leave(self) -> None:
        """Be known no more."""
        self.known = None

    def known_caller(self, _header: str) -> Caller | None:
        return self.known

    async def authenticate(self, _headers: Sequence[str], _address: str) -> Caller:
        if self.new is None:
            raise Unauthenticated("CREDENTIALS_REVOKED", "No more.")
        return self.new

    def identity(self, look_every_s: float = 3600.0, write_grace_s: float = 3600.0) -> Identity:
        return Identity(
            self.known_caller, self.authenticate, lambda _method: False, look_every_s, write_grace_s
        )

    async def items(self, request: AsyncIterator[Any], call: Call) -> AsyncGenerator[Any, None]:
        """Answers each item, and notes whose it was."""
        async for item in request:
            self.seen.append(call.caller)
            yield item

    async def read(self, request: AsyncIterator[Any], call: Call) -> int:
        """Answers once, with how many items there were."""
        return len([item async for item in self.items(request, call)])


BOTH_WAYS = Method("test.Own/Both", True, True, bytes, bytes)
UPWARDS = Method("test.Own/Up", True, False, bytes, bytes)


async def two_items(between: Callable[[], None]) -> AsyncGenerator[bytes, None]:
    yield b"1"
    between()
    yield b"2"


async def take(answers: AsyncIterator[bytes], into: list[bytes]) -> None:
    async for answer in answers:
        into.append(answer)


async def test_an_item_of_who_was_refused_meanwhile_is_neither_read_nor_answered() -> None:
    holder, answers = Holder(ALICE), list[bytes]()
    converse = holder.identity().wrap_stream(BOTH_WAYS, holder.items)
    with pytest.raises(Unauthenticated):
        await take(converse(two_items(holder.leave), call_from(Transport())), answers)
    assert (answers, holder.seen) == ([b"1"], [ALICE])


async def test_items_of_a_call_with_one_answer_are_asked_for_alike() -> None:
    holder = Holder(ALICE)
    read = holder.identity().wrap_unary(UPWARDS, holder.read)
    with pytest.raises(Unauthenticated):
        await read(two_items(holder.leave), call_from(Transport()))
    assert holder.seen == [ALICE]


async def test_the_end_of_the_items_of_who_was_refused_meanwhile_is_not_read() -> None:
    holder, read_to_the_end = Holder(ALICE), list[int]()

    async def last_item() -> AsyncGenerator[bytes, None]:
        yield b"1"
        holder.leave()

    async def note(request: AsyncIterator[Any], call: Call) -> None:
        read_to_the_end.append(await holder.read(request, call))

    with pytest.raises(Unauthenticated):
        await holder.identity().wrap_unary(UPWARDS, note)(last_item(), call_from(Transport()))
    assert read_to_the_end == []


async def test_who_was_refused_while_the_one_answer_was_made_gets_none() -> None:
    holder = Holder(ALICE)

    async def answer(_request: Any, _call: Call) -> bytes:
        holder.leave()
        return b"answer"

    ask = holder.identity().wrap_unary(UPWARDS, answer)
    with pytest.raises(Unauthenticated):
        await ask(two_items(lambda: None), call_from(Transport()))


async def test_a_call_that_waits_for_items_ends_when_its_caller_is_refused() -> None:
    holder = Holder(ALICE)

    async def silence() -> AsyncGenerator[bytes, None]:
        holder.leave()
        await asyncio.Event().wait()
        yield b""

    read = holder.identity(look_every_s=0.001).wrap_unary(UPWARDS, holder.read)
    with pytest.raises(Unauthenticated):
        async with asyncio.timeout(PATIENCE_S):
            await read(silence(), call_from(Transport()))


async def test_nothing_more_is_sent_to_who_was_refused_meanwhile() -> None:
    holder, answers = Holder(ALICE), list[bytes]()
    count = holder.identity().wrap_stream(STREAM, lambda _request, _call: two_items(holder.leave))
    with pytest.raises(Unauthenticated):
        await take(count(b"", call_from(Transport())), answers)
    assert answers == [b"1"]


async def test_an_item_is_that_of_the_caller_of_its_time() -> None:
    holder, other, answers = Holder(ALICE), replace(ALICE, tier="pro"), list[bytes]()
    holder.new = other
    converse = holder.identity().wrap_stream(BOTH_WAYS, holder.items)
    await take(converse(two_items(holder.leave), call_from(Transport())), answers)
    assert (answers, holder.seen) == ([b"1", b"2"], [ALICE, other])


async def test_a_stream_on_which_nothing_happens_ends_when_its_caller_is_refused() -> None:
    holder = Holder(ALICE)

    async def wait(_request: Any, _call: Call) -> AsyncGenerator[Any, None]:
        holder.leave()
        await asyncio.Event().wait()
        yield b""

    idle = holder.identity(look_every_s=0.001).wrap_stream(STREAM, wait)
    with pytest.raises(Unauthenticated):
        async with asyncio.timeout(PATIENCE_S):
            await anext(idle(b"", call_from(Transport())))


async def test_a_stream_that_nobody_reads_ends_when_its_caller_is_refused() -> None:
    holder, ended = Holder(ALICE), asyncio.Event()
    more_than_is_sent_unread = bytes(16_000_000)

    async def pour(_request: Any, _call: Call) -> AsyncGenerator[bytes, None]:
        try:
            yield b"1"
            asyncio.get_running_loop().call_soon(holder.leave)  # once the next is being sent
            yield more_than_is_sent_unread
        finally:
            ended.set()

    identity = holder.identity(look_every_s=0.001, write_grace_s=0.001)
    async with handler_server([identity], Stream=pour) as address, connection(address) as channel:
        stream: Any = channel.unary_stream(f"/{STREAM.name}")
        unread = stream(b"", timeout=PATIENCE_S)
        async with asyncio.timeout(PATIENCE_S):
            await ended.wait()
        assert [await unread.read(), await unread.read()] == [b"1", more_than_is_sent_unread]
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await unread.read()
    assert (raised.value.code(), raised.value.details()) == (
        grpc.StatusCode.UNAUTHENTICATED,
        "No more.",
    )


async def test_an_item_that_is_being_sent_as_its_caller_is_refused_arrives_before_the_end() -> None:
    holder, items = Holder(ALICE), list[bytes]()

    async def pour(_request: Any, _call: Call) -> AsyncGenerator[bytes, None]:
        asyncio.get_running_loop().call_soon(holder.leave)
        yield bytes(1_000_000)
        yield b"2"

    identity = holder.identity(look_every_s=0.0)
    async with handler_server([identity], Stream=pour) as address, connection(address) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await read(channel, items)
    assert raised.value.code() == grpc.StatusCode.UNAUTHENTICATED
    assert items == [bytes(1_000_000)]


async def test_a_header_that_is_sent_twice_is_refused_even_when_each_is_known() -> None:
    seen, header = Seen(), ("authorization", "Bearer known")
    async with echo_channel(members(seen)) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call(channel, header, header)
    assert raised.value.code() == grpc.StatusCode.UNAUTHENTICATED
    assert seen.callers == []


@pytest.mark.parametrize("key", ["x-api-key", "x-authorization", "proxy-authorization"])
async def test_credentials_in_other_metadata_are_ignored(key: str) -> None:
    seen = Seen()
    async with echo_channel(members(seen)) as channel:
        with pytest.raises(grpc.aio.AioRpcError):
            await call(channel, (key, "Bearer known"))
    assert seen.asked == [([], "127.0.0.1")]


async def test_an_open_method_asks_for_nothing() -> None:
    seen = Seen()
    async with echo_channel(members(seen, "test.Echo/Echo")) as channel:
        await call(channel, ("authorization", "Bearer wrong"))
    assert seen.asked == []


def test_the_scheme_is_read_in_any_case() -> None:
    assert bearer(["bEARER abc"]) == "abc"


@pytest.mark.parametrize(
    "headers",
    [[], ["Bearer"], ["Bearer "], ["Basic abc"], ["abc"], [""], ["Bearer " + "x" * 8192]],
)
def test_a_header_of_another_form_is_refused(headers: list[str]) -> None:
    with pytest.raises(Unauthenticated) as raised:
        bearer(headers)
    assert raised.value.reason == "INVALID_CREDENTIALS"
    assert "x" * 10 not in str(raised.value)
