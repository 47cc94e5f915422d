"""The SQL of trainings: one at a time, and whose turn it is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from server.feedback.errors import TrainingUnderWay
from server.storage.database import Database

_LOCK = 0x7472616E  # of advisory locks, each with the hash of a tenant

# Of each tenant that trains by itself: its terms, and what its newest model had seen, and when.
DUE = """
SELECT settings.tenant
FROM feedback_settings AS settings
LEFT JOIN LATERAL (
    SELECT label_number, create_time FROM models
    WHERE models.tenant = settings.tenant ORDER BY version DESC LIMIT 1
) AS last ON TRUE
CROSS JOIN LATERAL (
    SELECT count(*) AS labels FROM labels
    WHERE labels.tenant = settings.tenant AND category IS NOT NULL
      AND number > coalesce(last.label_number, 0)
) AS new
WHERE new.labels > 0 AND (
    new.labels >= nullif((settings.settings->>'train_after_labels')::bigint, 0)
    OR coalesce(last.create_time, settings.update_time)
       + make_interval(secs => nullif((settings.settings->>'train_every_s')::float8, 0)) <= now())
ORDER BY settings.tenant
"""


@asynccontextmanager
async def alone(database: Database, tenant: str) -> AsyncIterator[None]:
    """While no other process trains a model of the tenant. Raises TrainingUnderWay.

    The lock ends with its connection: that of a process that was killed is free at once.
    """
    held = [_LOCK, tenant]
    async with database.connection("training.lock") as connection:
        query = "SELECT pg_try_advisory_lock(%s, hashtext(%s))"
        row = await (await connection.execute(query, held)).fetchone()
        if row is None or not row[0]:
            raise TrainingUnderWay
        try:
            yield
        finally:
            await connection.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", held)


async def due_tenants(database: Database) -> list[str]:
    """Tenants whose settings ask for a training now."""
    async with database.connection("training.due") as connection:
        return [tenant for (tenant,) in await (await connection.execute(DUE)).fetchall()]
