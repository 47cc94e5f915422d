"""The SQL of feedback settings."""

from dataclasses import replace
from datetime import UTC, datetime

from psycopg.types.json import Json

from server.audit.store import Change, record
from server.feedback.alarm.settings import Settings, facts_of
from server.storage.database import Connection, Database
from server.triage.errors import StaleEtag

RESOURCE = "feedback settings"
LOCK = """
INSERT INTO feedback_settings VALUES (%s, 0, '{}', %s) ON CONFLICT (tenant) DO UPDATE
SET tenant = excluded.tenant
"""
READ = "SELECT revision, settings, update_time FROM feedback_settings WHERE tenant = %s"
WRITE = """
UPDATE feedback_settings SET revision = %s, settings = %s, update_time = %s WHERE tenant = %s
"""


class SettingsStore:
    """Feedback settings on record. Every method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, tenant: str) -> Settings:
        """As they are in force."""
        async with self._database.connection("feedback_settings.get") as connection:
            return await _read(connection, tenant)

    async def update(
        self, tenant: str, wanted: Settings, etag: str, actor: str, now: datetime
    ) -> Settings:
        """Commit other settings; those in force from then on.

        etag  of the settings that they replace; "": whatever they are
        Raises StaleEtag.
        """
        async with (
            self._database.connection("feedback_settings.update") as connection,
            connection.transaction(),
        ):
            await connection.execute(LOCK, [tenant, now])
            before = await _read(connection, tenant)
            if etag and etag != before.etag:
                raise StaleEtag(RESOURCE)
            after = replace(wanted, revision=before.revision + 1, update_time=now)
            facts = facts_of(after)
            await connection.execute(WRITE, [after.revision, Json(facts), now, tenant])
            change = Change(tenant, actor, "feedback_settings.update", RESOURCE, facts_of(before))
            await record(connection, replace(change, after=facts))
        return after


async def delete_settings(connection: Connection, tenant: str) -> None:
    """Delete a tenant's settings on the open transaction."""
    await connection.execute("DELETE FROM feedback_settings WHERE tenant = %s", [tenant])


async def _read(connection: Connection, tenant: str) -> Settings:
    row = await (await connection.execute(READ, [tenant])).fetchone()
    if row is None or not row[0]:
        return Settings()
    revision, facts, update_time = row
    return Settings(
        train_after_labels=facts["train_after_labels"],
        train_every_s=facts["train_every_s"],
        most_overturned=facts["most_overturned"],
        rolls_back=facts["roll_back"],
        revision=revision,
        update_time=update_time.astimezone(UTC),
    )
