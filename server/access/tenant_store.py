"""The SQL of tenants. What changes who may call tells every process in the same transaction."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta

from psycopg.rows import TupleRow

from server.access.errors import (
    OperatorTenant,
    TenantIdTaken,
    TenantIsSuspended,
    TenantNotFound,
    TenantNotSuspended,
)
from server.access.key import Tenant
from server.audit.store import Change, Facts, record
from server.budget.store import delete_budget
from server.caller import DEFAULT_TENANT
from server.dead_letters.store import delete_letters
from server.experiments.store import delete_experiments
from server.storage.database import Connection, Database
from server.triage.automation.store import delete_automation
from server.triage.examples.label_store import delete_labels
from server.triage.models.model_store import delete_models
from server.triage.reuse.store import delete_reuse
from server.triage.store import delete_runs
from server.triage.taxonomy_store import delete_taxonomies

Forget = Callable[[Connection, str], Awaitable[object]]

ACCESS_CHANNEL = "switchyard_access"  # NOTIFY with the name of the key or tenant as payload
LONGEST_WORK = timedelta(minutes=30)  # a training has 20
COLUMNS = "tenant, title, suspended, create_time"


@dataclass(frozen=True, slots=True)
class Deleted:
    """What went with a tenant."""

    api_keys: int
    triage_runs: int
    taxonomy_revisions: int


class TenantStore:
    """Tenants on record. A deleted one is there no more, but its id stays taken.

    belongings  delete, on the open transaction, what other features know of a tenant
    """

    def __init__(self, database: Database, belongings: Sequence[Forget] = ()) -> None:
        self._database = database
        self._belongings = belongings

    async def find(self, tenant: str) -> Tenant | None:
        """One tenant; None when there is none. Raises StorageUnavailable."""
        query = f"SELECT {COLUMNS} FROM tenants WHERE tenant = %s AND delete_time IS NULL"
        async with self._database.connection("tenant.find") as connection:
            row = await (await connection.execute(query.encode(), [tenant])).fetchone()
        return _tenant(row) if row else None

    async def add(self, tenant: str, title: str, actor: str) -> Tenant:
        """Commit a new tenant. Raises TenantIdTaken, StorageUnavailable."""
        query = (
            "INSERT INTO tenants (tenant, title) VALUES (%s, %s) ON CONFLICT DO NOTHING"
            f" RETURNING {COLUMNS}"
        )
        async with self._database.connection("tenant.add") as connection, connection.transaction():
            row = await (await connection.execute(query.encode(), [tenant, title])).fetchone()
            if row is None:
                raise TenantIdTaken(f"tenants/{tenant}")
            added = _tenant(row)
            await _record(connection, actor, "tenant.create", None, added)
        return added

    async def page(self, after: str, size: int) -> list[Tenant]:
        """At most `size` tenants by id, from the one behind `after` ("": the first)."""
        query = (
            f"SELECT {COLUMNS} FROM tenants WHERE tenant > %s AND delete_time IS NULL"
            " ORDER BY tenant LIMIT %s"
        )
        async with self._database.connection("tenant.page") as connection:
            rows = await (await connection.execute(query.encode(), [after, size])).fetchall()
        return [_tenant(row) for row in rows]

    async def set_suspended(self, tenant: str, actor: str, *, suspended: bool) -> Tenant:
        """Commit that the tenant is suspended or not; what holds already changes nothing.

        Raises TenantNotFound, OperatorTenant, StorageUnavailable.
        """
        if suspended and tenant == DEFAULT_TENANT:
            raise OperatorTenant
        async with (
            self._database.connection("tenant.set_suspended") as connection,
            connection.transaction(),
        ):
            before = await _lock(connection, tenant, "NO KEY UPDATE")
            if before.suspended == suspended:
                return before
            await connection.execute(
                "UPDATE tenants SET suspended = %s WHERE tenant = %s", [suspended, tenant]
            )
            after = Tenant(tenant, before.title, suspended, before.create_time)
            action = "tenant.suspend" if suspended else "tenant.resume"
            await _record(connection, actor, action, before, after)
        return after

    async def delete(self, tenant: str, actor: str) -> Deleted:
        """Commit the end of a suspended tenant and of all that it has, but its audit events.

        Raises TenantNotFound, TenantNotSuspended, StorageUnavailable.
        """
        async with (
            self._database.connection("tenant.delete") as connection,
            connection.transaction(),
        ):
            # The one lock that the writing of runs passes by: it refuses them instead of waiting.
            before = await _lock(connection, tenant, "UPDATE")
            if not before.suspended:
                raise TenantNotSuspended(before.name)
            deleted = await self._delete_belongings(connection, tenant)
            await connection.execute(
                "UPDATE tenants SET title = '', delete_time = now() WHERE tenant = %s", [tenant]
            )
            await _record(connection, actor, "tenant.delete", before, None)
        return deleted

    async def clear_deleted(self) -> None:
        """Delete what calls under way at a tenant's deletion have written for it afterwards, once
        none of them can run any more. Raises StorageUnavailable.
        """
        while await self._clear_one():
            pass

    async def _clear_one(self) -> bool:
        query = (
            "SELECT tenant FROM tenants WHERE delete_time < now() - %s AND NOT is_cleared"
            " ORDER BY random() LIMIT 1 FOR UPDATE SKIP LOCKED"  # one that fails stops no other
        )
        async with (
            self._database.connection("tenant.clear") as connection,
            connection.transaction(),
        ):
            row = await (await connection.execute(query, [LONGEST_WORK])).fetchone()
            if row is not None:
                await self._delete_belongings(connection, row[0])
                await connection.execute(
                    "UPDATE tenants SET is_cleared = true WHERE tenant = %s", row
                )
        return row is not None

    async def _delete_belongings(self, connection: Connection, tenant: str) -> Deleted:
        deleted = Deleted(
            api_keys=await _delete_keys(connection, tenant),
            triage_runs=await delete_runs(connection, tenant),
            taxonomy_revisions=await delete_taxonomies(connection, tenant),
        )
        await delete_labels(connection, tenant)
        await delete_models(connection, tenant)
        await delete_automation(connection, tenant)
        await delete_reuse(connection, tenant)
        await delete_letters(connection, tenant)
        await delete_budget(connection, tenant)
        await delete_experiments(connection, tenant)
        for forget in self._belongings:
            await forget(connection, tenant)
        return deleted


async def lock_active_tenant(connection: Connection, tenant: str) -> None:
    """Keep the tenant as it is until the open transaction ends.

    Raises TenantNotFound, TenantIsSuspended.
    """
    found = await _lock(connection, tenant, "SHARE")
    if found.suspended:
        raise TenantIsSuspended(found.name)


async def _lock(connection: Connection, tenant: str, strength: str) -> Tenant:
    query = (
        f"SELECT {COLUMNS} FROM tenants WHERE tenant = %s AND delete_time IS NULL FOR {strength}"
    )
    row = await (await connection.execute(query.encode(), [tenant])).fetchone()
    if row is None:
        raise TenantNotFound(f"tenants/{tenant}")
    return _tenant(row)


async def _delete_keys(connection: Connection, tenant: str) -> int:
    cursor = await connection.execute("DELETE FROM api_keys WHERE tenant = %s", [tenant])
    return cursor.rowcount


async def _record(
    connection: Connection, actor: str, action: str, before: Tenant | None, after: Tenant | None
) -> None:
    subject = after or before
    assert subject is not None  # noqa: S101  # a change has one side at least
    change = Change(subject.tenant, actor, action, subject.name, _facts(before), _facts(after))
    await record(connection, change)
    await connection.execute("SELECT pg_notify(%s, %s)", [ACCESS_CHANNEL, subject.name])


def _facts(tenant: Tenant | None) -> Facts | None:
    return {"title": tenant.title, "suspended": tenant.suspended} if tenant else None


def _tenant(row: TupleRow) -> Tenant:
    tenant, title, suspended, create_time = row
    return Tenant(tenant, title, suspended, create_time.astimezone(UTC))
