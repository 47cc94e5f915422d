"""The server's own chain in this process: no network before it, no triage and no database behind.

Everybody is let in whose key begins as keys do.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import grpc
from prometheus_client import CollectorRegistry
from switchyard.triage.v1 import result_pb2, triage_service_pb2

from bench.full_chain import open_log
from interceptors.call import Caller
from interceptors.errors import Unauthenticated
from interceptors.limits.limiter import Limiter
from server.access.authenticator import Authenticator
from server.access.guesses import Guesses
from server.access.last_use import last_use
from server.access.remembered import Remembered, Verified
from server.composition.ground import SERVICES
from server.composition.guards import Guards, make_chain, make_guards
from server.errors import status_of
from server.logs import JsonLog
from server.settings import Settings

TRIAGE = "switchyard.triage.v1.TriageService/Triage"
TENANTS = 10
PERMISSIONS = frozenset({"triage.run"})


class Wire:
    """What a chain asks of grpc.aio, for one call."""

    __slots__ = ("_caller", "_code", "_credentials")

    def __init__(self, caller: int, credentials: str) -> None:
        self._caller = caller
        self._credentials = credentials
        self._code = grpc.StatusCode.OK

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        """A header such as callers send."""
        return (("authorization", f"Bearer {self._credentials}"),)

    def peer(self) -> str:
        """An address of the caller's own."""
        high, low = divmod(self._caller, 256)
        return f"ipv4:10.{high >> 8}.{high & 255}.{low}:40124"

    def time_remaining(self) -> float:
        """Enough."""
        return 10.0

    def set_trailing_metadata(self, metadata: object) -> None:
        """Nobody reads it."""

    def code(self) -> grpc.StatusCode:
        """How the call ended."""
        return self._code

    async def abort(self, code: grpc.StatusCode, _details: str, _metadata: object) -> None:
        """End the call as grpc.aio does."""
        self._code = code
        raise grpc.aio.AbortError


@dataclass(frozen=True, slots=True)
class UnpluggedServer:
    """Triage behind the chain, and the state that the chain keeps."""

    triage: Callable[[bytes, Wire], Awaitable[bytes]]
    guards: Guards
    remembered: Remembered


async def _known(_tenant: str) -> str:
    return "1"


def open_unplugged_server(stack: AsyncExitStack) -> UnpluggedServer:
    """A server with usual settings; what must be closed is closed with `stack`."""
    settings, registry = Settings(), CollectorRegistry()
    log = JsonLog(stack.enter_context(open_log()))
    stack.push_async_callback(log.close)
    guards = make_guards(settings, SERVICES, log, registry, stack)
    entrance = _entrance(guards, stack)
    chain = make_chain(
        settings,
        guards,
        entrance,
        lambda _tenant: "1",
        _known,
        b"a key of the benchmark",
        lambda _call, error: status_of(error),
        registry,
    )
    handler: Any = grpc.unary_unary_rpc_method_handler(
        _triage,
        triage_service_pb2.TriageRequest.FromString,
        triage_service_pb2.TriageResponse.SerializeToString,
    )
    wrapped: Any = chain.wrap(TRIAGE, handler)
    return UnpluggedServer(wrapped.unary_unary, guards, entrance.remembered)


def _entrance(guards: Guards, stack: AsyncExitStack) -> Any:
    """What a chain asks of the entrance, with keys that no database knows."""
    remembered = Remembered()
    remembered.forget(None)  # as when revocations are heard of
    uses = last_use(remembered.take_uses, _forget_uses)
    uses.start()
    stack.push_async_callback(uses.stop)
    charge = guards.limiter.charge_anonymous
    guesses = Guesses(Limiter(guards.limiter.book))
    authenticator = Authenticator(
        remembered, _verify, _there_are_keys, charge, guesses, is_open_at_first=False
    )
    return SimpleNamespace(remembered=remembered, authenticator=authenticator)


async def _triage(request: Any, _call: object) -> Any:
    await asyncio.sleep(0)  # others come in between, as they do while a ticket is read
    result = result_pb2.TriageResult(ticket_id=request.ticket.id, summary=request.ticket.body)
    return triage_service_pb2.TriageResponse(result=result)


async def _verify(credentials: str) -> Verified:
    kind, key_id, _ = credentials.split("_")
    if kind != "sy":
        raise Unauthenticated("INVALID_CREDENTIALS", "No such key.")
    tenant = f"tenant-{int(key_id, 16) % TENANTS}"
    return Verified(Caller(tenant, f"apiKeys/{key_id}", PERMISSIONS, "free"), key_id, math.inf)


async def _there_are_keys() -> bool:
    return True


async def _forget_uses(_uses: Mapping[str, float]) -> None:
    """There is no database to write them to."""
