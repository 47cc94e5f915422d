"""Servers in the test's process that share what they are told to, and who calls them."""

import io
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import grpc

from server.app import application
from server.logs import JsonLog
from server.settings import Settings
from tests.integration.callers import ACCESS, RESILIENCE, Caller, until


@dataclass(frozen=True, slots=True)
class Pair:
    """The operator's administrator at each of two servers, and others at the first."""

    settings: Settings
    one: Caller
    other: Caller
    admin: Caller  # of tenant acme
    reader: Caller  # of tenant acme


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a server of its own."""
    log = JsonLog(io.BytesIO())
    async with (
        application(settings, log) as running,
        grpc.aio.insecure_channel(str(running.address)) as channel,
    ):
        yield channel
    await log.close()


async def new_caller(
    maker: Caller, role: str, tenant: str = "default", tier: str = "unlimited"
) -> Caller:
    """Somebody with a new key, by default without rate limits."""
    fields = {"tenant": tenant, "roles": [role], "tier": tier}
    made = await maker.call(f"{ACCESS}/CreateApiKey", **fields)
    return Caller(maker.channel, made.secret, f"{tenant}/{made.api_key.name}")


async def new_tenant(operator: Caller) -> Caller:
    """The administrator of a new tenant."""
    tenant = f"t-{uuid.uuid4().hex[:12]}"
    await operator.call(f"{ACCESS}/CreateTenant", tenant_id=tenant)
    return await new_caller(operator, "ROLE_ADMIN", tenant)


async def newest_event(operator: Caller, action: str, **fields: str) -> Any:
    """The newest audit event of an action."""
    listed = await operator.call(f"{ACCESS}/ListAuditEvents", action=action, **fields)
    return listed.audit_events[0]


def at(caller: Caller, channel: grpc.aio.Channel) -> Caller:
    """The same caller at another server."""
    return replace(caller, channel=channel)


async def breaker_at(operator: Caller, name: str) -> Any:
    """A breaker as the operator's server lists it."""
    listed = (await operator.call(f"{RESILIENCE}/ListCircuitBreakers")).circuit_breakers
    (found,) = [breaker for breaker in listed if breaker.breaker == name]
    return found


async def becomes(wanted: Any, read: Callable[[], Awaitable[Any]]) -> None:
    """Return when `read` gives what is wanted."""

    async def claim() -> bool:
        return bool(await read() == wanted)

    await until(claim)
