"""Streams outlast neither the key nor the tenant of who holds them."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest_asyncio
from switchyard.triage.v1 import triage_service_pb2

from server.settings import OFF, Address, Settings
from tests.integration.access.refusals import Refusal, refusal
from tests.integration.admin.servers import at, new_caller, new_tenant, serving
from tests.integration.callers import ACCESS, FEEDBACK, TRIAGE, Caller, make_caller

PATIENCE_S = 60.0


@pytest_asyncio.fixture
async def servers(folder: Path, database_url: str) -> AsyncIterator[list[grpc.aio.Channel]]:
    """Channels to two servers on one database, before the first key."""
    settings = Settings(
        listen=Address("127.0.0.1", 0),
        metrics_listen=OFF,
        data_folder=folder / "data",
        database_url=database_url,
    )
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(serving(settings)) for _ in range(2)]


class Batch:
    """A stream of tickets of one caller."""

    def __init__(self, caller: Caller) -> None:
        stream: Any = caller.channel.stream_stream(
            f"/{TRIAGE}/BatchTriage",
            request_serializer=triage_service_pb2.BatchTriageRequest.SerializeToString,
            response_deserializer=triage_service_pb2.BatchTriageResponse.FromString,
        )
        key = (("authorization", f"Bearer {caller.secret}"),) if caller.secret else ()
        self._call = stream(metadata=key, timeout=PATIENCE_S)

    async def answer(self) -> Any:
        """The answer to one more ticket."""
        ticket = {"id": uuid.uuid4().hex, "body": "Where is my parcel?"}
        await self._call.write(triage_service_pb2.BatchTriageRequest(ticket=ticket))
        return await self._call.read()

    async def end(self) -> Refusal:
        """How it ends, with nothing more sent."""
        return await refusal(self._call.read())


async def test_an_idle_stream_ends_when_its_tenant_is_suspended_at_another_server(
    servers: list[grpc.aio.Channel],
) -> None:
    operator = await new_caller(Caller(servers[0]), "ROLE_ADMIN")
    admin = await new_tenant(operator)
    batch = Batch(at(admin, servers[1]))
    assert (await batch.answer()).result.run
    tenant = admin.name.partition("/")[0]
    await operator.call(f"{ACCESS}/SuspendTenant", name=f"tenants/{tenant}")
    ended = await batch.end()
    assert (ended.code, ended.reason) == ("UNAUTHENTICATED", "TENANT_SUSPENDED")


async def test_a_reviewer_whose_key_is_revoked_watches_no_more(
    servers: list[grpc.aio.Channel],
) -> None:
    operator = await new_caller(Caller(servers[0]), "ROLE_ADMIN")
    agent = await make_caller(operator, "ROLE_AGENT")
    watching = at(agent, servers[1]).stream(f"{FEEDBACK}/StreamReviewItems", most_leased=20)
    assert not (await watching.read()).HasField("item")  # none waits
    await operator.call(f"{ACCESS}/RevokeApiKey", name=agent.name.partition("/")[2])
    ended = await asyncio.wait_for(refusal(watching.read()), PATIENCE_S)
    assert (ended.code, ended.reason) == ("UNAUTHENTICATED", "CREDENTIALS_REVOKED")


async def test_what_this_machine_opened_without_a_key_ends_when_the_first_is_made(
    servers: list[grpc.aio.Channel],
) -> None:
    batch = Batch(Caller(servers[1]))
    assert (await batch.answer()).result.run
    await make_caller(Caller(servers[0]), "ROLE_ADMIN")
    assert (await batch.end()).reason == "MISSING_CREDENTIALS"
