"""The semantic cache on a real PostgreSQL: what it finds, and learns with other processes."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import psycopg
import pytest
import pytest_asyncio
from psycopg.pq import PipelineStatus

from server.storage.database import Database
from server.storage.group_commit import GroupCommit
from server.storage.migrate import migrate, read_migrations
from server.triage.reuse.cache import Fresh, Look, SemanticCache
from server.triage.reuse.gate import GateSettings, Verdict
from server.triage.reuse.store import (
    Entry,
    Partition,
    ReuseStore,
    Vector,
    delete_reuse,
)
from tests.conftest import make_database
from tests.integration.databases import add_run

SERVES = GateSettings(fixed_similarity=0.9)
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

FEW = 5  # dimensions for which there is no index: exact, however alike the entries are

# Cosines: 1.0 of a text with itself, 0.96 of the two about cards, 0 of those with the refund.
DIRECTIONS = {
    "where is my card": (1.0, 0.0),
    "when does my card arrive": (0.96, 0.28),
    "i want a refund": (0.0, -1.0),
}


class TableEmbedder:
    """Known directions for known texts, in as many dimensions as one likes."""

    def __init__(self, dimensions: int) -> None:
        self.name = f"table-{dimensions}"
        self._dimensions = dimensions

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """Where the texts, less their numbers, point to."""
        return [self._vector(text.rstrip("0123456789 ")) for text in texts]

    def _vector(self, text: str) -> Vector:
        vector = np.zeros(self._dimensions, np.float32)
        vector[:2] = DIRECTIONS[text]
        return vector


class StoreWithRuns(ReuseStore):
    """Has a run for every entry, as triage has before it keeps an answer."""

    async def add(self, partition: Partition, entry: Entry) -> None:
        """Commit an entry and its run."""
        await add_run(self._database, partition.tenant, entry.run_id)
        await super().add(partition, entry)


def never() -> float:
    """A draw that neither audits nor trims."""
    return 0.99


def always() -> float:
    """A draw that audits and trims each time."""
    return 0.0


@pytest_asyncio.fixture(scope="module")
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """A database that the tests here share; each has tenants of its own."""
    database = Database(await make_database(postgres_url))
    await database.open()
    await migrate(database, read_migrations())
    yield database
    await database.close()


@pytest_asyncio.fixture(scope="module")
async def store(database: Database) -> AsyncIterator[ReuseStore]:
    """A store with nothing of the test's own tenants."""
    commits = GroupCommit(database)
    commits.start()
    yield StoreWithRuns(database, commits)
    await commits.stop()


@pytest.fixture
def ours() -> Partition:
    """An empty partition of a tenant of the test's own."""
    return make_partition()


def make_partition() -> Partition:
    return Partition(f"tenant-{uuid.uuid4().hex}", "v1", "model-a")


def make_cache(
    store: ReuseStore, settings: GateSettings = SERVES, dimensions: int = FEW
) -> SemanticCache:
    return SemanticCache(store, TableEmbedder(dimensions), settings, never)


async def answer(
    cache: SemanticCache, partition: Partition, text: str, category: str = "card"
) -> tuple[Look, str]:
    """Look, and settle where nothing was found; the run that answered."""
    look = await cache.look(partition, text, "en")
    if look.hit is not None:
        return look, look.hit.source_run
    run_id = uuid.uuid4().hex
    await cache.settle(look, Fresh(category, b'{"summary": "A card."}', run_id, NOW))
    return look, run_id


async def judge(cache: SemanticCache, partition: Partition) -> Verdict | None:
    """What the cache's gate says of a text that it has an entry for."""
    look = await cache.look(partition, "i want a refund", "en")
    return look.judgement.verdict if look.judgement else None


async def count_entries(database: Database, tenant: str) -> int:
    async with database.connection("test") as connection:
        cursor = await connection.execute(
            "SELECT count(*) FROM reuse_entries WHERE tenant = %s", [tenant]
        )
        row = await cursor.fetchone()
        assert row is not None
        return int(row[0])


async def test_an_empty_cache_has_nothing(store: ReuseStore, ours: Partition) -> None:
    look = await make_cache(store).look(ours, "where is my card", "en")
    assert look.hit is None
    assert look.judgement is None


@pytest.mark.parametrize("dimensions", [384, 768, FEW])
async def test_a_paraphrase_is_answered_and_says_from_where(
    store: ReuseStore, ours: Partition, dimensions: int
) -> None:
    cache = make_cache(store, dimensions=dimensions)
    _, run_id = await answer(cache, ours, "where is my card")
    hit = (await cache.look(ours, "when does my card arrive", "en")).hit
    assert hit is not None
    assert hit.source_run == run_id
    assert hit.similarity == pytest.approx(0.96)
    assert hit.answer == {"summary": "A card."}
    assert hit.error_bound == 1.0
    assert not hit.is_guaranteed


async def test_another_question_is_not_answered(store: ReuseStore, ours: Partition) -> None:
    cache = make_cache(store)
    await answer(cache, ours, "where is my card")
    assert (await cache.look(ours, "i want a refund", "en")).hit is None


async def test_another_fact_is_not_answered(store: ReuseStore, ours: Partition) -> None:
    cache = make_cache(store)
    await answer(cache, ours, "where is my card 17")
    assert (await cache.look(ours, "where is my card 17", "en")).hit is not None
    assert (await cache.look(ours, "where is my card 18", "en")).hit is None


@pytest.mark.parametrize(
    "change", [{"tenant": "theirs"}, {"prompt_version": "v2"}, {"engine": "model-b"}]
)
async def test_answers_stay_in_their_partition(
    store: ReuseStore, ours: Partition, change: dict[str, str]
) -> None:
    cache, other = make_cache(store), replace(ours, **change)
    await answer(cache, ours, "where is my card")
    assert (await cache.look(other, "where is my card", "en")).judgement is None


async def test_another_language_is_not_answered(store: ReuseStore, ours: Partition) -> None:
    cache = make_cache(store)
    await answer(cache, ours, "where is my card")
    assert (await cache.look(ours, "where is my card", "nl")).judgement is None


async def test_vectors_of_another_model_are_not_compared(
    store: ReuseStore, ours: Partition
) -> None:
    await answer(make_cache(store, dimensions=384), ours, "where is my card")
    other = make_cache(store, dimensions=768)
    assert (await other.look(ours, "where is my card", "en")).judgement is None


async def test_the_index_goes_on_behind_nearer_entries_of_others(
    store: ReuseStore, database: Database, ours: Partition
) -> None:
    cache, theirs = make_cache(store, GateSettings(), dimensions=384), make_partition()
    for _ in range(60):
        await answer(cache, theirs, "where is my card")
    await answer(cache, ours, "when does my card arrive")
    # The planner takes the index by itself where there is much to sort.
    planned = Database(database.url + "&options=-c%20enable_sort%3Doff%20-c%20enable_seqscan%3Doff")
    await planned.open()
    (vector,) = await TableEmbedder(384).embed(["where is my card"])
    found = await ReuseStore(planned, GroupCommit(planned)).nearest(
        ours, "table-384", vector, "en", 8
    )
    await planned.close()
    assert [one.neighbour.similarity for one in found] == [pytest.approx(0.96)]


async def test_evidence_of_two_processes_opens_the_gate_of_both(
    store: ReuseStore, ours: Partition
) -> None:
    settings = GateSettings(error_budget=0.2)
    first, second = make_cache(store, settings), make_cache(store, settings)
    for _ in range(40):
        await answer(first, ours, "where is my card")
        await answer(second, ours, "where is my card")
    await first.exchange()
    await second.exchange()
    await first.look(ours, "where is my card", "en")
    await first.exchange()
    for cache in (first, second):
        hit = (await cache.look(ours, "where is my card", "en")).hit
        assert hit is not None
        assert hit.is_guaranteed
        assert hit.error_bound <= 0.2


async def test_a_new_process_goes_on_from_what_is_known(store: ReuseStore, ours: Partition) -> None:
    settings = GateSettings(error_budget=0.2)
    first = make_cache(store, settings)
    for _ in range(80):
        await answer(first, ours, "where is my card")
    await first.exchange()
    assert (await make_cache(store, settings).look(ours, "where is my card", "en")).hit is not None


async def test_audits_that_turn_wrong_close_the_gates_of_all_processes(
    store: ReuseStore, ours: Partition
) -> None:
    settings = GateSettings(error_budget=0.2, audit_rate=1.0)
    first, second = make_cache(store, settings), make_cache(store, settings)
    for _ in range(80):
        await answer(first, ours, "where is my card")
    await answer(first, ours, "i want a refund", category="refund")
    await first.exchange()
    look = await second.look(ours, "where is my card", "en")
    assert await judge(first, ours) is await judge(second, ours) is Verdict.AUDIT
    for _ in range(40):
        await second.settle(look, Fresh("refund", b"{}", uuid.uuid4().hex, NOW))
    for cache in (second, first):
        await judge(cache, ours)
        await cache.exchange()
        assert await judge(cache, ours) is Verdict.COMPARE


async def test_the_oldest_entries_leave_when_there_are_too_many(
    store: ReuseStore, database: Database, ours: Partition
) -> None:
    cache = SemanticCache(store, TableEmbedder(FEW), GateSettings(), always, most_entries=3)
    for _ in range(5):
        await answer(cache, ours, "where is my card")
    assert await count_entries(database, ours.tenant) == 3


async def test_a_tenant_that_is_deleted_leaves_nothing_and_others_keep_theirs(
    store: ReuseStore, database: Database, ours: Partition
) -> None:
    cache, theirs = make_cache(store), make_partition()
    await answer(cache, ours, "where is my card")
    await answer(cache, theirs, "where is my card")
    async with database.connection("test") as connection:
        await delete_reuse(connection, ours.tenant)
    assert await count_entries(database, ours.tenant) == 0
    assert await count_entries(database, theirs.tenant) == 1


async def test_an_entry_that_is_not_json_harms_no_other(
    store: ReuseStore, database: Database, ours: Partition
) -> None:
    cache = make_cache(store)
    look = await cache.look(ours, "where is my card", "en")
    with pytest.raises(psycopg.Error):
        await cache.settle(look, Fresh("card", b"{", uuid.uuid4().hex, NOW))
    await answer(cache, ours, "where is my card")
    assert await count_entries(database, ours.tenant) == 1


async def test_a_look_that_is_given_up_leaves_no_connection_that_commits_late(
    database: Database,
) -> None:
    store, partition = ReuseStore(database, GroupCommit(database)), Partition("t", "p", "e")
    for _ in range(20):
        with suppress(TimeoutError):
            async with asyncio.timeout(0):
                await store.nearest(partition, "table-2", np.zeros(2, np.float32), "en", 5)
    async with database.connection("one") as one, database.connection("other") as other:
        assert [c.pgconn.pipeline_status for c in (one, other)] == [PipelineStatus.OFF] * 2
