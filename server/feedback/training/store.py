"""The SQL of trainings: one at a time, and whose turn it is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg import AsyncConnection

from server.feedback.errors import TrainingUnderWay
from server.storage.database import AWAY, LIVENESS_TIMEOUT_S, Connection, Database
from server.storage.errors import StorageUnavailable

_LOCK = 0x7472616E  # of advisory locks, each with the hash of a tenant

# Of each tenant that trains by itself: its terms, and what its newest model had seen, and when.
# As many new labels are looked for as matter, and none where neither their number nor the clock
# asks for a training.
DUE = """
SELECT terms.tenant
FROM (
    SELECT tenant, update_time,
           (settings->>'train_after_labels')::bigint AS after_labels,
           (settings->>'train_every_s')::float8 AS every_s
    FROM feedback_settings
) AS terms
LEFT JOIN LATERAL (
    SELECT label_number, create_time FROM models
    WHERE models.tenant = terms.tenant ORDER BY version DESC LIMIT 1
) AS last ON TRUE
WHERE CASE
    WHEN every_s > 0 AND coalesce(last.create_time, terms.update_time)
                         + make_interval(secs => every_s) <= now() THEN EXISTS (
        SELECT FROM labels
        WHERE labels.tenant = terms.tenant AND category IS NOT NULL
          AND number > coalesce(last.label_number, 0))
    WHEN after_labels > 0 THEN after_labels <= (
        SELECT count(*) FROM (
            SELECT FROM labels
            WHERE labels.tenant = terms.tenant AND category IS NOT NULL
              AND number > coalesce(last.label_number, 0)
            LIMIT after_labels
        ) AS new)
    END
ORDER BY terms.tenant
"""


@asynccontextmanager
async def alone(database: Database, tenant: str) -> AsyncIterator[None]:
    """While no other process trains a model of the tenant.

    Raises TrainingUnderWay, StorageUnavailable. The lock has a connection of its own, for a
    training takes minutes, and ends with it: that of a process that was killed is free at once.
    """
    connection = await _connect(database.url)
    try:
        if not await _has_locked(connection, tenant):
            raise TrainingUnderWay
        yield
    finally:
        await connection.close()


async def due_tenants(database: Database) -> list[str]:
    """Tenants whose settings ask for a training now."""
    async with database.connection("training.due") as connection:
        return [tenant for (tenant,) in await (await connection.execute(DUE)).fetchall()]


async def _connect(url: str) -> Connection:
    try:
        return await AsyncConnection.connect(
            url,
            autocommit=True,
            application_name="switchyard-training",
            connect_timeout=int(LIVENESS_TIMEOUT_S),
        )
    except AWAY as error:
        raise StorageUnavailable("no connection for a training could be made") from error


async def _has_locked(connection: Connection, tenant: str) -> bool:
    query = "SELECT pg_try_advisory_lock(%s, hashtext(%s))"
    try:
        row = await (await connection.execute(query, [_LOCK, tenant])).fetchone()
    except AWAY as error:
        raise StorageUnavailable("the connection of a training was lost") from error
    return row is not None and bool(row[0])
