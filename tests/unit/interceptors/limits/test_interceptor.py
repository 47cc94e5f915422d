"""Calls are charged to their callers, who hear how much is left."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from switchyard.options.v1.options_pb2 import MethodPolicy

from interceptors.call import UNLIMITED_TIER, Call, Caller
from interceptors.chain import Interceptor, Method, StreamHandler, UnaryHandler
from interceptors.codec import Codec
from interceptors.error_status import ErrorStatus
from interceptors.errors import (
    InterceptorError,
    RateLimited,
    Unauthenticated,
    interceptor_status,
)
from interceptors.identity import Identity as CallersIdentity
from interceptors.limits.book import LimitBook
from interceptors.limits.interceptor import RateLimit
from interceptors.limits.limiter import Limiter
from interceptors.limits.tiers import Limits
from tests.unit.interceptors.echo_server import count, echo_channel, status_of_call, stream
from tests.unit.interceptors.limits.clock import Clock

ECHO, STREAM = "test.Echo/Echo", "test.Echo/EchoStream"
ALICE = Caller("t", "alice", frozenset(), "free")
NOBODY = Caller("", "", frozenset(), "anonymous")
Metadata = dict[str, str | bytes]


class Identity:
    """Makes every call that of one caller, and keeps what the chain notes on its limit."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.notes: list[str] = []

    def wrap_unary(self, method: Method, handler: UnaryHandler) -> UnaryHandler:
        del method

        async def answer(request: Any, call: Call) -> Any:
            call.caller = self.caller
            try:
                return await handler(request, call)
            finally:
                self.notes.append(call.limit)

        return answer

    def wrap_stream(self, method: Method, handler: StreamHandler) -> StreamHandler:
        del method

        async def answer(request: Any, call: Call) -> AsyncGenerator[Any, None]:
            call.caller = self.caller
            async for response in handler(request, call):
                yield response

        return answer


def _own_status(_call: Call, error: Exception) -> Any:
    assert isinstance(error, InterceptorError)
    return interceptor_status(error)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book() -> LimitBook:
    return LimitBook()


@pytest.fixture
def limiter(book: LimitBook, clock: Clock) -> Limiter:
    return Limiter(book, clock=clock, sleep=clock.sleep)


@pytest.fixture
def identity() -> Identity:
    return Identity(ALICE)


@asynccontextmanager
async def channel_to(
    limiter: Limiter, identity: Identity, **costs: int
) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a server that charges these costs."""
    policies = {f"test.Echo/{name}": MethodPolicy(cost_units=cost) for name, cost in costs.items()}
    members: list[Interceptor] = [
        ErrorStatus(_own_status),
        identity,
        RateLimit(policies, limiter),
        Codec(items_stand_alone=lambda _name: True),
    ]
    async with echo_channel(members) as channel:
        yield channel


async def echo(channel: grpc.aio.Channel, method: str = ECHO) -> Metadata:
    """The metadata of the answer to a call."""
    multicallable: Any = channel.unary_unary(f"/{method}")
    call = multicallable(b"", timeout=60)
    await call
    return dict(list(await call.trailing_metadata()))


def end_of(error: grpc.aio.AioRpcError) -> Metadata:
    """The metadata of a refusal."""
    metadata: Any = error.trailing_metadata()
    return dict(list(metadata))


async def refused(channel: grpc.aio.Channel) -> grpc.aio.AioRpcError:
    """The error of a call that is refused."""
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await echo(channel)
    assert raised.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    return raised.value


async def test_an_answer_tells_the_policy_and_what_is_left(
    limiter: Limiter, identity: Identity
) -> None:
    async with channel_to(limiter, identity) as channel:
        metadata = await echo(channel)
    assert metadata == {
        "ratelimit-policy": (
            '"second";q=2;w=1, "minute";q=60;w=60, "hour";q=1000;w=3600, "day";q=10000;w=86400'
        ),
        "ratelimit": '"second";r=1;t=1',
        "x-ratelimit-limit": "2",
        "x-ratelimit-remaining": "1",
    }


async def test_a_refusal_carries_its_wait_and_the_same_fields(
    limiter: Limiter, identity: Identity
) -> None:
    async with channel_to(limiter, identity) as channel:
        await echo(channel)
        await echo(channel)
        error = await refused(channel)
    retry = error_details_pb2.RetryInfo()
    assert any(detail.Unpack(retry) for detail in status_of_call(error).details)
    assert retry.retry_delay.ToMilliseconds() == 1001  # the second must end
    assert end_of(error)["ratelimit"] == '"second";r=0;t=2'


async def test_the_call_notes_what_its_limit_did(limiter: Limiter, identity: Identity) -> None:
    async with channel_to(limiter, identity) as channel:
        await echo(channel)
        await echo(channel)
        await refused(channel)
    assert identity.notes == ["", "near", "refused"]


async def test_a_call_spends_the_units_of_its_contract(
    limiter: Limiter, identity: Identity
) -> None:
    async with channel_to(limiter, identity, Echo=2) as channel:
        await echo(channel)
        await refused(channel)


async def test_a_method_that_costs_nothing_is_free_of_charge(
    limiter: Limiter, identity: Identity
) -> None:
    async with channel_to(limiter, identity, Echo=0, Count=0, EchoStream=0) as channel:
        for _ in range(5):
            assert await echo(channel) == {}
            await count(channel, b"")
            await stream(channel, "EchoStream", [b""])
    assert limiter.callers_known == 0


async def test_unlimited_callers_never_meet_the_limiter(limiter: Limiter) -> None:
    identity = Identity(Caller("t", "root", frozenset(), UNLIMITED_TIER))
    async with channel_to(limiter, identity) as channel:
        for _ in range(5):
            assert await echo(channel) == {}
            await count(channel, b"")
            await stream(channel, "EchoStream", [b""])
    assert limiter.callers_known == 0


async def test_anonymous_callers_are_charged_by_address(limiter: Limiter) -> None:
    async with channel_to(limiter, Identity(NOBODY)) as channel:
        await echo(channel)
    assert [usage.caller for usage in limiter.top_callers(9)] == ["address/127.0.0.1"]


async def test_callers_of_one_tenant_are_charged_apart(
    limiter: Limiter, identity: Identity
) -> None:
    async with channel_to(limiter, identity, Echo=2) as channel:
        await echo(channel)
        identity.caller = Caller("t", "bob", frozenset(), "free")
        await echo(channel)
    assert {usage.caller for usage in limiter.top_callers(9)} == {"t/alice", "t/bob"}


async def test_shadow_mode_answers_what_it_would_refuse(
    limiter: Limiter, identity: Identity
) -> None:
    limiter.is_shadow = True
    async with channel_to(limiter, identity) as channel:
        for _ in range(3):
            await echo(channel)
    assert identity.notes == ["", "near", "shadow"]


async def test_a_limit_at_a_method_bears_its_name(
    limiter: Limiter, book: LimitBook, identity: Identity
) -> None:
    book.set_limits(Limits(minute=1), method=ECHO)
    async with channel_to(limiter, identity) as channel:
        metadata = await echo(channel)
    assert metadata["ratelimit"] == '"test.Echo/Echo minute";r=0;t=20'


async def test_an_answer_that_is_a_stream_is_charged_once(
    limiter: Limiter, identity: Identity
) -> None:
    async with channel_to(limiter, identity) as channel:
        await count(channel, b"")
        usage = limiter.usage("t/alice")
        assert usage is not None
        assert usage.admitted_units == 1


async def test_unknown_methods_are_charged(limiter: Limiter, identity: Identity) -> None:
    async with channel_to(limiter, identity) as channel:
        with pytest.raises(grpc.aio.AioRpcError):
            await echo(channel, "test.Echo/Nothing")
    assert limiter.usage("t/alice") is not None


async def test_a_stream_of_requests_slows_down_to_its_limit(
    limiter: Limiter, identity: Identity, clock: Clock
) -> None:
    async with channel_to(limiter, identity) as channel:
        answers = await stream(channel, "EchoStream", [b""] * 21)
    assert len(answers) == 21
    assert sum(clock.slept) >= 9.5  # two items each second, and no faster


async def test_opening_a_stream_of_requests_costs_nothing(
    limiter: Limiter, identity: Identity
) -> None:
    async with channel_to(limiter, identity, EchoStream=2) as channel:
        await stream(channel, "EchoStream", [])
    assert limiter.callers_known == 0


async def test_a_stream_that_would_wait_too_long_is_refused_with_its_wait(
    limiter: Limiter, book: LimitBook, identity: Identity
) -> None:
    book.set_limits(Limits(hour=2), caller="t/alice")
    async with channel_to(limiter, identity) as channel:
        multicallable: Any = channel.stream_stream(f"/{STREAM}")
        call = multicallable(iter([b""] * 3), timeout=60)
        assert [await call.read() for _ in range(2)] == [b""] * 2
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call.read()
    assert raised.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert str(end_of(raised.value)["ratelimit"]).startswith('"hour";r=0;t=')


async def test_an_item_is_held_to_the_limits_of_its_callers_tier_at_that_time(
    limiter: Limiter, clock: Clock
) -> None:
    async def read_all(items: AsyncIterator[Any], call: Call) -> float:
        async for _ in items:
            call.caller = replace(call.caller, tier="enterprise")
        return sum(clock.slept)

    async def items() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b""

    method = Method("test.Echo/Collect", True, False, bytes, bytes)
    transport: Any = Transport()
    call = Call(method.name, transport)
    call.caller = ALICE
    slept_s = await RateLimit({}, limiter).wrap_unary(method, read_all)(items(), call)
    assert slept_s == 0.0  # two items a second would have taken nine


async def test_a_stream_of_requests_tells_once_what_is_left(
    limiter: Limiter, identity: Identity
) -> None:
    async with channel_to(limiter, identity) as channel:
        multicallable: Any = channel.stream_stream(f"/{STREAM}")
        call = multicallable(iter([b""] * 2), timeout=60)
        assert len([answer async for answer in call]) == 2
        metadata = list(await call.trailing_metadata())
    assert [value for key, value in metadata if key == "ratelimit"] == ['"second";r=0;t=1']


async def test_a_stranger_refused_by_a_limit_hears_its_wait_and_where_it_stands(
    limiter: Limiter,
) -> None:
    async def know_nobody(_headers: Sequence[str], address: str) -> Caller:
        await limiter.charge_anonymous(address)
        raise Unauthenticated("MISSING_CREDENTIALS", "Send some.")

    for _ in range(60):
        await limiter.charge_anonymous("127.0.0.1")
    identity = CallersIdentity(lambda _header: None, know_nobody, lambda _method: False)
    async with echo_channel([ErrorStatus(_own_status), identity]) as channel:
        error = await refused(channel)
    assert end_of(error)["ratelimit-policy"] == '"minute";q=60;w=60'
    assert str(end_of(error)["ratelimit"]).startswith('"minute";r=0;t=')


class Transport:
    """What a call needs of grpc.aio's context here."""

    def invocation_metadata(self) -> tuple[()]:
        return ()


async def test_items_of_a_stream_with_one_answer_are_charged_singly(
    limiter: Limiter, book: LimitBook
) -> None:
    async def read_all(items: AsyncIterator[Any], _call: Call) -> int:
        return len([item async for item in items])

    async def three() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b""

    book.set_limits(Limits(hour=4), caller="t/alice")
    method = Method("test.Echo/Collect", True, False, bytes, bytes)
    collect = RateLimit({}, limiter).wrap_unary(method, read_all)
    transport: Any = Transport()
    call = Call(method.name, transport)
    call.caller = ALICE
    assert await collect(three(), call) == 3
    assert ("x-ratelimit-remaining", "1") in call.answer_metadata
    with pytest.raises(RateLimited):
        await collect(three(), call)
