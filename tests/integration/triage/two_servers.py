"""Two servers on one database, called by two tenants, and a way to hold up what they record."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import psycopg
from switchyard.admin.v1 import access_service_pb2, access_service_pb2_grpc
from switchyard.triage.v1 import triage_service_pb2 as pb
from switchyard.triage.v1 import triage_service_pb2_grpc

from server.app import application
from server.logs import JsonLog
from server.settings import OFF, Address, Settings
from server.storage.database import Database
from server.storage.group_commit import GroupCommit
from server.triage.store import RunStore

PATIENCE_S = 60.0
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'RowExclusiveLock'"

Metadata = tuple[str, str]


@dataclass(frozen=True, slots=True)
class TwoServers:
    """Stubs of TriageService, and what callers of two tenants show."""

    one: Any
    two: Any
    database_url: str
    ours: Metadata
    theirs: Metadata

    async def triage(self, asked: Any, *metadata: Metadata, at: str = "one") -> Any:
        """The result for one of our requests."""
        return (await getattr(self, at).Triage(asked, metadata=(self.ours, *metadata))).result

    async def runs_of(self, ticket_id: str) -> list[str]:
        """Names of our runs of a ticket."""
        listing = pb.ListTriageRunsRequest(filter=pb.TriageRunFilter(ticket_id=ticket_id))
        listed = await self.one.ListTriageRuns(listing, metadata=(self.ours,))
        return [run.name for run in listed.runs]

    @asynccontextmanager
    async def held_writes(self) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
        """Nothing is recorded while the block runs. Yields what waits until so many writes wait."""
        async with await psycopg.AsyncConnection.connect(self.database_url) as connection:
            await connection.execute("LOCK TABLE triage_runs IN SHARE MODE")

            async def until_waiting(writes: int) -> None:
                async with asyncio.timeout(PATIENCE_S):
                    while await (await connection.execute(WAITING)).fetchone() != (writes,):
                        pass

            yield until_waiting

    @asynccontextmanager
    async def run_store(self) -> AsyncIterator[RunStore]:
        """The runs, as a third server would record them."""
        database = Database(self.database_url)
        await database.open()
        commits = GroupCommit(database)
        commits.start()
        yield RunStore(database, commits)
        await commits.stop()
        await database.close()


@asynccontextmanager
async def two_servers(url: str, folder: Path) -> AsyncIterator[TwoServers]:
    """The servers on the database at `url`; each has keys of its own, as after a bad set-up."""
    async with AsyncExitStack() as stack:
        one, two = [
            await stack.enter_async_context(_served(url, folder / name)) for name in ("one", "two")
        ]
        access: Any = access_service_pb2_grpc.AccessServiceStub(one)  # type: ignore[no-untyped-call]  # generated
        key = access_service_pb2.CreateApiKeyRequest(
            roles=[access_service_pb2.ROLE_ADMIN], tier="unlimited"
        )
        ours = _bearer(await access.CreateApiKey(key))
        tenant = access_service_pb2.CreateTenantRequest(tenant_id="acme", title="Acme Ltd")
        await access.CreateTenant(tenant, metadata=(ours,))
        key.tenant = "acme"
        theirs = _bearer(await access.CreateApiKey(key, metadata=(ours,)))
        stubs = [triage_service_pb2_grpc.TriageServiceStub(channel) for channel in (one, two)]  # type: ignore[no-untyped-call]  # generated
        yield TwoServers(stubs[0], stubs[1], url, ours, theirs)


@asynccontextmanager
async def _served(url: str, folder: Path) -> AsyncIterator[grpc.aio.Channel]:
    listen = Address("127.0.0.1", 0)
    settings = Settings(listen=listen, metrics_listen=OFF, data_folder=folder, database_url=url)
    log = JsonLog(io.BytesIO())
    async with (
        application(settings, log) as app,
        grpc.aio.insecure_channel(str(app.address)) as channel,
    ):
        yield channel
    await log.close()


def _bearer(made: Any) -> Metadata:
    return ("authorization", f"Bearer {made.secret}")
