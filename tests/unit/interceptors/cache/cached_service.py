"""A service of bytes behind the response cache, on real sockets; callers say who they are."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import grpc
from switchyard.options.v1 import options_pb2

from interceptors.cache.answer_cache import AnswerCache
from interceptors.cache.interceptor import ResponseCache
from interceptors.call import Call, Caller
from interceptors.chain import Chain, Method, StreamHandler, UnaryHandler
from tests.unit.interceptors.cache.questions import METHOD, Worker

VERSION = "v1"
NOT_CACHED = "test.Echo/NotCached"
PER_CALLER = "test.Echo/PerCaller"


def policy(scope: options_pb2.CacheScope, ttl_s: int = 60) -> options_pb2.MethodPolicy:
    """The policy of a method that is cached."""
    stated = options_pb2.MethodPolicy(permission="test.echo")
    stated.cache.scope = scope
    stated.cache.ttl.seconds = ttl_s
    return stated


POLICIES = {
    METHOD: policy(options_pb2.CACHE_SCOPE_TENANT),
    PER_CALLER: policy(options_pb2.CACHE_SCOPE_CALLER),
    NOT_CACHED: options_pb2.MethodPolicy(permission="test.echo"),
}


class StatedIdentity:
    """Takes the caller from the call's metadata."""

    def wrap_unary(self, method: Method, handler: UnaryHandler) -> UnaryHandler:
        del method

        async def answer(request: Any, call: Call) -> Any:
            tenant, subject = str(call.metadata["tenant"]), str(call.metadata["subject"])
            call.caller = Caller(tenant, subject, frozenset(), "tier")
            return await handler(request, call)

        return answer

    def wrap_stream(self, method: Method, handler: StreamHandler) -> StreamHandler:
        del method
        return handler


class Generations:
    """The generation of every tenant, until it is moved."""

    def __init__(self) -> None:
        self.now: str | None = "1"

    def __call__(self, tenant: str) -> str | None:
        del tenant
        return self.now


async def unknown(_tenant: str) -> None:
    """No generation is to be found."""


class CachedService:
    """Calls methods whose work `worker` does. An answer says who got it: TENANT:SUBJECT:WORK,
    and is tagged with answer:WORK.
    """

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel

    async def call(
        self,
        request: bytes = b"",
        *,
        tenant: str = "a",
        subject: str = "s",
        method: str = METHOD,
        control: str | None = None,
    ) -> tuple[bytes, str]:
        """The response, and what the cache says that it did."""
        metadata = [("tenant", tenant), ("subject", subject)]
        if control is not None:
            metadata.append(("cache-control", control))
        multicallable: Any = self._channel.unary_unary(f"/{method}")
        calling = multicallable(request, metadata=metadata, timeout=60)
        response: bytes = await calling
        trailing = await calling.trailing_metadata()
        return response, str(trailing.get("x-switchyard-cache", ""))


@asynccontextmanager
async def cached_service(
    cache: AnswerCache,
    worker: Worker,
    generation_of: Generations | None = None,
    policies: Mapping[str, options_pb2.MethodPolicy] = POLICIES,
    find_generation: Callable[[str], Awaitable[str | None]] = unknown,
) -> AsyncIterator[CachedService]:
    """A server of these methods, and a client of it."""

    async def work(_request: bytes, call: Call) -> bytes:
        call.set_trailing_metadata((("worked", "yes"),))
        whose = f"{call.caller.tenant}:{call.caller.subject}:".encode()
        answer = await worker.work()
        call.tag_answer(f"answer:{answer.decode()}")
        return whose + answer

    member = ResponseCache(
        cache, policies, generation_of or Generations(), VERSION, find_generation
    )
    server = grpc.aio.server(interceptors=[Chain([StatedIdentity(), member])])
    for name in policies:
        service, _, method = name.partition("/")
        handlers: Any = {method: grpc.unary_unary_rpc_method_handler(work)}
        generic = grpc.method_handlers_generic_handler(service, handlers)
        server.add_generic_rpc_handlers((generic,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield CachedService(channel)
    finally:
        await cache.close()
        await server.stop(None)
