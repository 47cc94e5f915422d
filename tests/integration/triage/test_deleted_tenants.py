"""Nothing is recorded for a tenant once it is deleted, and nobody else waits for that."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from server.access.tenant_store import TenantStore
from server.storage.database import Database
from server.storage.group_commit import GroupCommit
from server.storage.migrate import migrate, read_migrations
from server.triage.errors import TenantDeleted
from server.triage.store import RunFilter, RunStore
from tests.unit.feedback.alarm.runs import START, make_run

PATIENCE_S = 60.0
LOCK = "SELECT FROM tenants WHERE tenant = 'acme' FOR UPDATE"  # as a deletion holds it


@dataclass(frozen=True)
class Desk:
    """Where runs of `acme` and of the operator are recorded."""

    database: Database
    tenants: TenantStore
    runs: RunStore

    async def record(self, tenant: str = "acme") -> None:
        """One more run."""
        await asyncio.wait_for(self.runs.add(make_run(tenant, START)), PATIENCE_S)

    async def recorded(self, tenant: str = "acme") -> int:
        """How many runs there are, up to a hundred."""
        return len(await self.runs.page(tenant, RunFilter(), "", 100))

    async def delete(self) -> None:
        """Delete `acme`."""
        await self.tenants.set_suspended("acme", "me", suspended=True)
        await self.tenants.delete("acme", "me")


@pytest_asyncio.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    """With the tenant on record."""
    await migrate(database, read_migrations())
    commits = GroupCommit(database)
    commits.start()
    tenants = TenantStore(database)
    await tenants.add("acme", "", "me")
    yield Desk(database, tenants, RunStore(database, commits))
    await commits.stop()


async def test_a_run_of_a_deleted_tenant_is_refused_and_those_beside_it_are_kept(
    desk: Desk,
) -> None:
    await desk.delete()
    ours, *others = await asyncio.gather(
        desk.record(), desk.record("default"), desk.record("default"), return_exceptions=True
    )
    assert isinstance(ours, TenantDeleted)
    assert (others, await desk.recorded("default"), await desk.recorded()) == ([None, None], 2, 0)


async def test_while_a_tenant_is_being_deleted_its_runs_are_refused_and_nobody_waits(
    desk: Desk,
) -> None:
    async with desk.database.connection("test") as connection, connection.transaction():
        await connection.execute(LOCK.encode())
        with pytest.raises(TenantDeleted):
            await desk.record()
        await desk.record("default")
    await desk.record()  # it was not deleted after all


async def test_a_deletion_takes_along_what_is_being_recorded_at_that_time(desk: Desk) -> None:
    writes = asyncio.gather(*(desk.record() for _ in range(200)), return_exceptions=True)
    await desk.delete()
    assert {type(outcome) for outcome in await writes} <= {type(None), TenantDeleted}
    assert await desk.recorded() == 0
