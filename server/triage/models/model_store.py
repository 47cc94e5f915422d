"""The SQL of trained models: versions that never change, and which of them answers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC
from typing import Any

from psycopg.rows import TupleRow
from psycopg.types.json import Json

from server.audit.store import Change, record
from server.storage.database import Connection, Database
from server.triage.errors import ModelDamaged, ModelNotFound, ModelOutdated, ModelUnreadable
from server.triage.models.model import OWN, Comparison, ModelState, TrainedModel, Training
from server.triage.taxonomy_store import TAXONOMY_CHANNEL, TaxonomyStore, newest_revision

MOST_MODELS = 30  # of a tenant; beyond them the oldest that do not answer are deleted
_LOCK = 0x6D6F646C  # of advisory locks, each with the hash of a tenant

ADD = """
INSERT INTO models (tenant, version, create_time, creator, taxonomy_revision, lineage, digest,
                    data_digest, embedding_model, label_number, figures, comparison, model)
SELECT %(tenant)s, next.version, now(), %(creator)s, %(taxonomy_revision)s,
       coalesce(%(lineage)s, next.version), decode(%(digest)s, 'hex'),
       decode(%(data_digest)s, 'hex'), %(embedding_model)s, %(label_number)s, %(figures)s,
       %(comparison)s, %(model)s
FROM (SELECT coalesce(max(version), 0) + 1 AS version FROM models WHERE tenant = %(tenant)s) AS next
RETURNING version
"""
TRIM = """
DELETE FROM models WHERE tenant = %(tenant)s AND version NOT IN (
    SELECT version FROM models WHERE tenant = %(tenant)s ORDER BY version DESC LIMIT %(most)s
) AND version NOT IN (
    SELECT unnest(ARRAY[version, before]) FROM active_models
    WHERE tenant = %(tenant)s AND taxonomy_revision = %(revision)s)
"""
MODEL = """
SELECT models.version, create_time, creator, models.taxonomy_revision, lineage,
       encode(digest, 'hex'), encode(data_digest, 'hex'), octet_length(model), embedding_model,
       label_number, figures, comparison, active.version IS NOT NULL
FROM models LEFT JOIN active_models AS active
    ON active.tenant = models.tenant AND active.taxonomy_revision = %(revision)s
    AND active.version = models.version
WHERE models.tenant = %(tenant)s
"""
ACTIVE = """
SELECT version, before FROM active_models WHERE tenant = %s AND taxonomy_revision = %s
"""
ACTIVATE = """
INSERT INTO active_models (tenant, taxonomy_revision, version, before, update_time)
VALUES (%s, %s, %s, %s, now())
ON CONFLICT (tenant, taxonomy_revision) DO UPDATE
SET version = excluded.version, before = excluded.before, update_time = excluded.update_time
"""


@dataclass(frozen=True, slots=True)
class Answering:
    """What answers, read at one time."""

    version: int  # that was activated
    model: TrainedModel  # of that version, or of the taxonomy's own
    data: bytes


class ModelStore:
    """Models on record. Every method raises StorageUnavailable.

    digest_of      the SHA-256 of a model in hexadecimal; raises ModelUnreadable
    starter_model  the model of the starter taxonomy
    """

    def __init__(
        self,
        database: Database,
        digest_of: Callable[[bytes], str],
        starter_model: Callable[[], bytes],
    ) -> None:
        self._database = database
        self._taxonomies = TaxonomyStore(database)
        self._digest_of = digest_of
        self._starter_model = starter_model

    async def add(self, tenant: str, training: Training) -> int:
        """Commit a model that does not answer yet; its version. Raises ModelUnreadable."""
        digest = await asyncio.to_thread(self._digest_of, training.model)
        comparison = training.comparison
        values = {
            "tenant": tenant,
            "creator": training.creator,
            "taxonomy_revision": training.taxonomy_revision,
            "lineage": training.lineage,
            "digest": digest,
            "data_digest": training.data_digest,
            "embedding_model": training.embedding_model,
            "label_number": training.label_number,
            "figures": Json(training.figures),
            "comparison": None if comparison is None else Json(asdict(comparison)),
            "model": training.model,
        }
        async with self._changing("models.add", tenant) as connection:
            ((version,),) = await _fetch(connection, ADD, values)
            revision = await newest_revision(connection, tenant)
            values = {"tenant": tenant, "revision": revision, "most": MOST_MODELS}
            await connection.execute(TRIM, values)
        return int(version)

    async def get(self, tenant: str, version: int) -> TrainedModel:
        """One model. Raises ModelNotFound."""
        if version == OWN:
            return (await self._own(tenant))[0]
        async with self._database.connection("models.get") as connection:
            return await _get(connection, tenant, version)

    async def with_bytes(self, tenant: str, version: int) -> tuple[TrainedModel, bytes]:
        """One model and its bytes. Raises ModelNotFound, ModelDamaged."""
        if version == OWN:
            return await self._own(tenant)
        model = await self.get(tenant, version)
        query = "SELECT model FROM models WHERE tenant = %(tenant)s AND version = %(version)s"
        async with self._database.connection("models.bytes") as connection:
            rows = await _fetch(connection, query, {"tenant": tenant, "version": version})
        if not rows:
            raise ModelNotFound(version)
        data = bytes(rows[0][0])
        if await self._digest(model.name, data) != model.digest:
            raise ModelDamaged(model.name)
        return model, data

    async def answering(self, tenant: str) -> Answering:
        """The model that answers: the one that was activated, the taxonomy's own where that cannot
        be read. Raises ModelDamaged where neither can.
        """
        version, _ = await self.active(tenant)
        try:
            return Answering(version, *await self.with_bytes(tenant, version))
        except (ModelNotFound, ModelDamaged):
            return Answering(version, *await self._own(tenant))

    async def page(self, tenant: str, before: int | None, size: int) -> list[TrainedModel]:
        """At most `size` models, the newest first, older than version `before`; None: any."""
        query = MODEL + ("" if before is None else " AND models.version < %(before)s")
        query += " ORDER BY models.version DESC LIMIT %(size)s"
        async with self._database.connection("models.page") as connection:
            return await _models(connection, tenant, query, {"before": before, "size": size})

    async def active(self, tenant: str, revision: int | None = None) -> tuple[int, int]:
        """The version that answers, and the one before it, with this revision of the taxonomy;
        None: with the newest.
        """
        async with self._database.connection("models.active") as connection:
            if revision is None:
                revision = await newest_revision(connection, tenant)
            return await _active(connection, tenant, revision)

    async def activate(
        self, tenant: str, version: int, actor: str, expected: int | None = None
    ) -> bool:
        """Let another version answer, in the name of `actor`, and tell every process.

        expected  the version that is to give way; None: whichever answers
        Returns whether it answers now: where another than the expected one did, that stays.
        Raises ModelNotFound, ModelOutdated, ModelDamaged.
        """
        if version != OWN:
            await self.with_bytes(tenant, version)
        async with self._changing("models.activate", tenant) as connection:
            revision = await newest_revision(connection, tenant)
            if version != OWN:
                _check_current(await _get(connection, tenant, version), revision)
            before, _ = await _active(connection, tenant, revision)
            if version == before or expected not in (None, before):
                return version == before
            await connection.execute(ACTIVATE, [tenant, revision, version, before])
            facts = {"active": f"models/{before}"}, {"active": f"models/{version}"}
            change = Change(tenant, actor, "model.activate", f"models/{version}", *facts)
            await record(connection, change)
            await connection.execute("SELECT pg_notify(%s, %s)", [TAXONOMY_CHANNEL, tenant])
        return True

    async def _own(self, tenant: str) -> tuple[TrainedModel, bytes]:
        """The model that stands with the tenant's taxonomy."""
        stored = await self._taxonomies.newest(tenant)
        revision, data, time = 0, self._starter_model(), None
        if stored is not None:
            revision, data = stored.taxonomy.revision, stored.model
            time = stored.taxonomy.update_time
        active, _ = await self.active(tenant, revision)
        model = TrainedModel(
            version=OWN,
            state=ModelState.ACTIVE if active == OWN else ModelState.READY,
            create_time=time,
            taxonomy_revision=revision,
            digest=await self._digest(f"models/{OWN}", data),
            size_bytes=len(data),
        )
        return model, data

    async def _digest(self, name: str, data: bytes) -> str:
        """Raises ModelDamaged."""
        try:
            return await asyncio.to_thread(self._digest_of, data)
        except ModelUnreadable as error:
            raise ModelDamaged(name) from error

    @asynccontextmanager
    async def _changing(self, work: str, tenant: str) -> AsyncIterator[Connection]:
        """A transaction in which nobody else changes the tenant's models."""
        async with (
            self._database.connection(work) as connection,
            connection.transaction(),
        ):
            await connection.execute(
                "SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK, tenant]
            )
            yield connection


async def delete_models(connection: Connection, tenant: str) -> None:
    """Delete a tenant's models on the open transaction."""
    await connection.execute("DELETE FROM models WHERE tenant = %s", [tenant])
    await connection.execute("DELETE FROM active_models WHERE tenant = %s", [tenant])


def _check_current(model: TrainedModel, revision: int) -> None:
    """Raises ModelOutdated where the model knows another revision than the one in force."""
    if model.taxonomy_revision != revision:
        raise ModelOutdated(model.name, model.taxonomy_revision, revision)


async def _get(connection: Connection, tenant: str, version: int) -> TrainedModel:
    query = f"{MODEL} AND models.version = %(version)s"
    found = await _models(connection, tenant, query, {"version": version})
    if not found:
        raise ModelNotFound(version)
    return found[0]


async def _active(connection: Connection, tenant: str, revision: int) -> tuple[int, int]:
    row = await (await connection.execute(ACTIVE, [tenant, revision])).fetchone()
    return (OWN, OWN) if row is None else (row[0], row[1])


async def _models(
    connection: Connection, tenant: str, query: str, values: Mapping[str, Any]
) -> list[TrainedModel]:
    revision = await newest_revision(connection, tenant)
    values = {**values, "tenant": tenant, "revision": revision}
    return [_model(row, revision) for row in await _fetch(connection, query, values)]


async def _fetch(connection: Connection, query: str, values: Mapping[str, Any]) -> list[TupleRow]:
    return await (await connection.execute(query.encode(), values)).fetchall()


def _model(row: TupleRow, revision: int) -> TrainedModel:
    version, create_time, creator, taxonomy_revision, *middle, comparison, is_active = row
    lineage, digest, data_digest, size_bytes, embedding_model, label_number, figures = middle
    state = ModelState.ACTIVE if is_active else ModelState.READY
    return TrainedModel(
        version=version,
        state=state if taxonomy_revision == revision else ModelState.OUTDATED,
        create_time=create_time.astimezone(UTC),
        creator=creator,
        taxonomy_revision=taxonomy_revision,
        lineage=lineage,
        digest=digest,
        data_digest=data_digest,
        size_bytes=size_bytes,
        embedding_model=embedding_model,
        label_number=label_number,
        figures=figures,
        comparison=None if comparison is None else Comparison(**comparison),
    )
