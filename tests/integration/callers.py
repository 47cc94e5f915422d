"""Callers of a whole server: its operator, and whoever has a key."""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import descriptor_pool, message_factory

from server.composition.ground import SERVICES

TRIAGE, FEEDBACK, EXPERIMENTS, ACCESS, CACHE, LIMITS, RESILIENCE, BUDGET = SERVICES
PATIENCE_S = 60.0
POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls a server with a key; without one as whoever sits at its machine."""

    channel: grpc.aio.Channel
    secret: str = ""
    name: str = ""  # as rate limits know it
    deadline_s: float = PATIENCE_S

    def call(self, method: str, /, *metadata: tuple[str, str], **fields: Any) -> Any:
        """A call of "package.Service/Method" under way; awaited, it is the answer."""
        return self._start(self.channel.unary_unary, method, metadata, fields)

    def stream(self, method: str, /, **fields: Any) -> Any:
        """A call under way of a method that streams its answers."""
        return self._start(self.channel.unary_stream, method, (), fields)

    async def exchange(self, method: str, requests: Sequence[Mapping[str, Any]]) -> list[Any]:
        """All answers of a method that streams both ways."""
        call = self._start(self.channel.stream_stream, method, (), requests)
        return [answer async for answer in call]

    def _start(
        self, kind: Any, method: str, metadata: tuple[tuple[str, str], ...], fields: Any
    ) -> Any:
        service, _, name = method.partition("/")
        described = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
        request, response = map(
            message_factory.GetMessageClass, (described.input_type, described.output_type)
        )
        start = kind(
            f"/{method}",
            request_serializer=request.SerializeToString,
            response_deserializer=response.FromString,
        )
        key = (("authorization", f"Bearer {self.secret}"),) if self.secret else ()
        sent = request(**fields) if isinstance(fields, Mapping) else [request(**f) for f in fields]
        return start(sent, metadata=(*key, *metadata), timeout=self.deadline_s)


async def make_caller(maker: Caller, role: str, tenant: str = "default") -> Caller:
    """Somebody with a new key for the same server. The first key of all must be an admin's."""
    made = await maker.call(f"{ACCESS}/CreateApiKey", tenant=tenant, roles=[role], title=tenant)
    return Caller(maker.channel, made.secret, f"{tenant}/{made.api_key.name}")


async def cache_result(call: Any) -> str:
    """What the cache did for an answered call; empty: nothing."""
    return str((await call.trailing_metadata()).get("x-switchyard-cache", ""))


async def until_cached(caller: Caller) -> None:
    """Until the server knows what is in force for a caller, and keeps its answers with that."""

    async def is_cached() -> bool:
        ticket = {"id": uuid.uuid4().hex, "body": "Where is my parcel?"}
        call = caller.call(f"{TRIAGE}/Triage", ticket=ticket)
        await call
        return await cache_result(call) == "miss"

    await until(is_cached)


async def until(claim: Callable[[], Awaitable[bool]]) -> None:
    """Return when the claim holds; it must within a minute."""
    end = time.monotonic() + PATIENCE_S
    while not await claim():
        assert time.monotonic() < end, "it did not come true"
        await asyncio.sleep(POLL_S)
