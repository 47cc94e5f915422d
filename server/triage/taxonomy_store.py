"""The SQL of taxonomies: revisions, each with the model that it was given."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC

import psycopg

from server.audit.store import Change, record
from server.storage.database import Connection, Database
from server.triage.errors import StaleEtag
from server.triage.taxonomy import Category, Taxonomy, decode_categories, encode_categories

TAXONOMY_CHANNEL = "switchyard_taxonomy"  # NOTIFY with the tenant as payload


@dataclass(frozen=True, slots=True)
class StoredTaxonomy:
    """A tenant's newest taxonomy and the model that was trained for it."""

    taxonomy: Taxonomy
    model: bytes


class TaxonomyStore:
    """Revisions of taxonomies, each with its model, changed together."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self, tenant: str) -> StoredTaxonomy | None:
        """The newest revision; None when the tenant never changed the starter taxonomy."""
        async with self._database.connection("taxonomy.read") as connection:
            cursor = await connection.execute(
                "SELECT revision, update_time, categories, model FROM taxonomies"
                " WHERE tenant = %s ORDER BY revision DESC LIMIT 1",
                [tenant],
            )
            row = await cursor.fetchone()
        if row is None:
            return None
        revision, update_time, categories, model = row
        taxonomy = Taxonomy(revision, decode_categories(categories), update_time.astimezone(UTC))
        return StoredTaxonomy(taxonomy, model)

    async def add(
        self, tenant: str, revision: int, categories: Sequence[Category], model: bytes, actor: str
    ) -> Taxonomy:
        """Commit a revision with its model and tell every process.

        Raises StaleEtag when that revision was taken meanwhile.
        """
        try:
            async with (
                self._database.connection("taxonomy.add") as connection,
                connection.transaction(),
            ):
                return await _add_taxonomy(connection, tenant, revision, categories, model, actor)
        except psycopg.errors.UniqueViolation as error:
            raise StaleEtag("taxonomy") from error


async def newest_revision(connection: Connection, tenant: str) -> int:
    """The revision in force; 0: the starter taxonomy is."""
    query = "SELECT coalesce(max(revision), 0) FROM taxonomies WHERE tenant = %s"
    row = await (await connection.execute(query, [tenant])).fetchone()
    return row[0] if row else 0


async def _add_taxonomy(
    connection: Connection,
    tenant: str,
    revision: int,
    categories: Sequence[Category],
    model: bytes,
    actor: str,
) -> Taxonomy:
    cursor = await connection.execute(
        "INSERT INTO taxonomies (tenant, revision, update_time, categories, model)"
        " VALUES (%s, %s, now(), %s::jsonb, %s) RETURNING update_time",
        [tenant, revision, encode_categories(categories).decode(), model],
    )
    row = await cursor.fetchone()
    await connection.execute(
        "UPDATE taxonomies SET model = NULL"
        " WHERE tenant = %s AND revision < %s AND model IS NOT NULL",
        [tenant, revision],
    )
    after = {"revision": revision, "categories": [category.name for category in categories]}
    change = Change(tenant, actor, "taxonomy.update", "taxonomy", {"revision": revision - 1}, after)
    await record(connection, change)
    await connection.execute("SELECT pg_notify(%s, %s)", [TAXONOMY_CHANNEL, tenant])
    assert row is not None  # noqa: S101  # RETURNING of an INSERT that did not raise
    return Taxonomy(revision, tuple(categories), row[0].astimezone(UTC))


async def delete_taxonomies(connection: Connection, tenant: str) -> int:
    """Delete a tenant's taxonomies on the open transaction; how many revisions there were."""
    cursor = await connection.execute("DELETE FROM taxonomies WHERE tenant = %s", [tenant])
    await connection.execute("SELECT pg_notify(%s, %s)", [TAXONOMY_CHANNEL, tenant])
    return cursor.rowcount
