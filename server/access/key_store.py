"""The SQL of API keys. What changes who may call tells every process in the same transaction."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.rows import TupleRow

from server.access.errors import KeyNotFound, KeyNotReplaceable, TooManyKeys
from server.access.key import KEYS, ApiKey, NewSecret
from server.access.roles import Role
from server.access.tenant_store import ACCESS_CHANNEL, lock_active_tenant
from server.audit.store import Change, Facts, record
from server.storage.database import Connection, Database

# Within the open transaction, take over what is set for the first key as set for the second; where
# there is none, let it go. At last, who replaces or revokes the key.
Inherit = Callable[[Connection, ApiKey, ApiKey | None, str], Awaitable[None]]

MOST_LIVE_KEYS = 1000  # of one tenant
COLUMNS = (
    "k.tenant, k.key_id, k.digest, k.title, k.roles, k.permissions, k.tier, k.create_time,"
    " k.expire_time, k.revoke_time, k.last_use_time, k.replaced_by, k.number"
)
IS_LIVE = "revoke_time IS NULL AND (expire_time IS NULL OR expire_time > now())"
INSERT = f"""
INSERT INTO api_keys AS k (tenant, key_id, digest, title, roles, permissions, tier, expire_time)
VALUES (%s, %s, %s, %s, %s::smallint[], %s, %s, now() + %s::interval) RETURNING {COLUMNS}
"""
# Two processes may write at once: a row that the other one holds, it is writing right now.
WRITE_USES = """
WITH used AS (
    SELECT k.key_id, date_trunc('minute', to_timestamp(u.time_s)) AS minute
    FROM api_keys k
    JOIN unnest(%s::text[], %s::float8[]) AS u (key_id, time_s) USING (key_id)
    FOR UPDATE OF k SKIP LOCKED)
UPDATE api_keys k SET last_use_time = used.minute FROM used
WHERE k.key_id = used.key_id AND (k.last_use_time IS NULL OR k.last_use_time < used.minute)
"""


@dataclass(frozen=True, slots=True)
class KeyOrder:
    """What a new key shall be."""

    tenant: str
    title: str
    roles: tuple[Role, ...]
    other_permissions: tuple[str, ...]
    tier: str
    lifetime: timedelta | None  # None: until it is revoked


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A key, and whether its tenant is suspended."""

    key: ApiKey
    tenant_is_suspended: bool


class KeyStore:
    """API keys on record: at most `most_live` of a tenant live at a time."""

    def __init__(
        self,
        database: Database,
        inherit: Inherit | None = None,
        most_live: int = MOST_LIVE_KEYS,
    ) -> None:
        self._database = database
        self._inherit = inherit
        self._most_live = most_live

    async def any(self) -> bool:
        """Whether there is or was a key. Raises StorageUnavailable."""
        async with self._database.connection("key.any") as connection:
            cursor = await connection.execute("SELECT EXISTS (SELECT FROM api_keys)")
            row = await cursor.fetchone()
        return bool(row and row[0])

    async def find(self, key_id: str) -> FoundKey | None:
        """A key of any tenant; None when there is none. Raises StorageUnavailable."""
        query = (
            f"SELECT {COLUMNS}, t.suspended FROM api_keys k JOIN tenants t USING (tenant)"
            " WHERE k.key_id = %s AND t.delete_time IS NULL"
        )
        async with self._database.connection("key.find") as connection:
            cursor = await connection.execute(query.encode(), [key_id], prepare=True)
            row = await cursor.fetchone()
        return FoundKey(_key(row[:-1]), row[-1]) if row else None

    async def add(self, order: KeyOrder, secret: NewSecret, actor: str) -> ApiKey:
        """Commit a new key.

        Raises TenantNotFound, TenantIsSuspended, TooManyKeys, StorageUnavailable.
        """
        async with self._database.connection("key.add") as connection, connection.transaction():
            await lock_active_tenant(connection, order.tenant)
            key = await _insert(connection, order, secret)
            await self._check_number(connection, order.tenant)
            await _record(connection, actor, "api_key.create", None, key)
        return key

    async def page(self, tenant: str, before: int | None, size: int) -> list[ApiKey]:
        """At most `size` keys of a tenant, the newest first, older than `before` (None: any)."""
        query = f"SELECT {COLUMNS} FROM api_keys k WHERE tenant = %(tenant)s"
        query += " AND number < %(before)s" if before is not None else ""
        query += " ORDER BY number DESC LIMIT %(size)s"
        values = {"tenant": tenant, "before": before, "size": size}
        async with self._database.connection("key.page") as connection:
            rows = await (await connection.execute(query.encode(), values)).fetchall()
        return [_key(row) for row in rows]

    async def replace(
        self, key: ApiKey, secret: NewSecret, overlap: timedelta, actor: str
    ) -> ApiKey:
        """Commit a new key of the same rights and lifetime; the old one lives on for `overlap` at
        most. Raises KeyNotFound, KeyNotReplaceable, TenantIsSuspended, TooManyKeys,
        StorageUnavailable.
        """
        async with self._database.connection("key.replace") as connection, connection.transaction():
            await lock_active_tenant(connection, key.tenant)  # first, as where tenants are deleted
            old = await _lock(connection, key.key_id)
            await _check_replaceable(connection, old)
            lifetime = old.expire_time - old.create_time if old.expire_time else None
            order = KeyOrder(
                old.tenant, old.title, old.roles, old.other_permissions, old.tier, lifetime
            )
            new = await _insert(connection, order, secret)
            changed = await _update(
                connection,
                "expire_time = least(expire_time, now() + %s::interval), replaced_by = %s",
                [overlap, new.key_id, old.key_id],
            )
            await self._check_number(connection, old.tenant)
            if self._inherit:
                await self._inherit(connection, old, new, actor)
            await _record(connection, actor, "api_key.create", None, new)
            await _record(connection, actor, "api_key.rotate", old, changed)
        return new

    async def revoke(self, key_id: str, actor: str) -> ApiKey:
        """Commit the revocation; revoking again changes nothing.

        Raises KeyNotFound, StorageUnavailable.
        """
        async with self._database.connection("key.revoke") as connection, connection.transaction():
            key = await _lock(connection, key_id)
            if key.revoke_time:
                return key
            revoked = await _update(connection, "revoke_time = now()", [key_id])
            if self._inherit:
                await self._inherit(connection, revoked, None, actor)
            await _record(connection, actor, "api_key.revoke", key, revoked)
        return revoked

    async def set_tier(self, name: str, tier: str, actor: str) -> None:
        """Commit another tier for a key. Raises KeyNotFound, StorageUnavailable."""
        async with (
            self._database.connection("key.set_tier") as connection,
            connection.transaction(),
        ):
            key = await _lock(connection, name.removeprefix(KEYS))
            changed = await _update(connection, "tier = %s", [tier, key.key_id])
            await _record(connection, actor, "api_key.set_tier", key, changed)

    async def write_uses(self, uses: Mapping[str, float]) -> None:
        """Put on record when keys were last used: key id -> seconds since 1970."""
        async with self._database.connection("key.write_uses") as connection:
            await connection.execute(WRITE_USES, [list(uses), list(uses.values())])

    async def _check_number(self, connection: Connection, tenant: str) -> None:
        query = f"SELECT count(*) FROM api_keys WHERE tenant = %s AND {IS_LIVE}"
        row = await (await connection.execute(query.encode(), [tenant])).fetchone()
        if row and row[0] > self._most_live:
            raise TooManyKeys(f"tenants/{tenant}", self._most_live)


async def _insert(connection: Connection, order: KeyOrder, secret: NewSecret) -> ApiKey:
    values = [
        order.tenant,
        secret.key_id,
        secret.digest,
        order.title,
        [int(role) for role in order.roles],
        list(order.other_permissions),
        order.tier,
        order.lifetime,
    ]
    row = await (await connection.execute(INSERT.encode(), values)).fetchone()
    assert row is not None  # noqa: S101  # RETURNING of an INSERT that did not raise
    return _key(row)


async def _lock(connection: Connection, key_id: str) -> ApiKey:
    query = f"SELECT {COLUMNS} FROM api_keys k WHERE key_id = %s FOR UPDATE"
    row = await (await connection.execute(query.encode(), [key_id])).fetchone()
    if row is None:
        raise KeyNotFound(f"apiKeys/{key_id}")
    return _key(row)


async def _update(connection: Connection, change: str, values: list[Any]) -> ApiKey:
    query = f"UPDATE api_keys k SET {change} WHERE key_id = %s RETURNING {COLUMNS}"
    row = await (await connection.execute(query.encode(), values)).fetchone()
    assert row is not None  # noqa: S101  # the row is locked by this transaction
    return _key(row)


async def _check_replaceable(connection: Connection, key: ApiKey) -> None:
    row = await (await connection.execute("SELECT now()")).fetchone()
    assert row is not None  # noqa: S101  # it always answers
    if key.revoke_time:
        raise KeyNotReplaceable(key.name, "was revoked")
    if key.expire_time and key.expire_time <= row[0]:
        raise KeyNotReplaceable(key.name, "has expired")
    if key.replaced_by:
        raise KeyNotReplaceable(key.name, f"was replaced by apiKeys/{key.replaced_by}")


async def _record(
    connection: Connection, actor: str, action: str, before: ApiKey | None, after: ApiKey
) -> None:
    facts = _facts(before) if before else None
    await record(connection, Change(after.tenant, actor, action, after.name, facts, _facts(after)))
    await connection.execute("SELECT pg_notify(%s, %s)", [ACCESS_CHANNEL, after.name])


def _facts(key: ApiKey) -> Facts:
    return {
        "title": key.title,
        "roles": [role.name.lower() for role in key.roles],
        "permissions": key.other_permissions,
        "tier": key.tier,
        "expire_time": key.expire_time,
        "revoke_time": key.revoke_time,
        "replaced_by": key.replaced_by,
    }


def _key(row: TupleRow) -> ApiKey:
    tenant, key_id, digest, title, roles, permissions, tier, *times, replaced_by, number = row
    create_time, expire_time, revoke_time, last_use_time = map(_utc, times)
    assert create_time is not None  # noqa: S101  # the column is NOT NULL
    return ApiKey(
        tenant=tenant,
        key_id=key_id,
        digest=digest,
        title=title,
        roles=tuple(Role(role) for role in roles),
        other_permissions=tuple(permissions),
        tier=tier,
        create_time=create_time,
        expire_time=expire_time,
        revoke_time=revoke_time,
        last_use_time=last_use_time,
        replaced_by=replaced_by,
        number=number,
    )


def _utc(time: datetime | None) -> datetime | None:
    return time.astimezone(UTC) if time else None
